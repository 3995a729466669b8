namespace EmailFunctions.Storage;

/// <summary>The address of an entity. Both parts compare ordinally and case-sensitively.</summary>
/// <param name="Partition">What a batch may span; a tenant's rows share one. At most 512 characters.</param>
/// <param name="Row">Unique within the partition; range queries order by it. At most 512 characters.</param>
public readonly record struct EntityKey(string Partition, string Row);
