namespace EmailFunctions.Load;

/// <summary>Waits for a round's messages and makes sure that each came exactly once.</summary>
internal static class ArrivalCheck
{
    /// <summary>The arrivals by id.</summary>
    /// <param name="sink">The sink.</param>
    /// <param name="ids">The ids that were sent.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="LoadException">A message is missing, came twice, or has no or a foreign id.</exception>
    public static async Task<Dictionary<string, Arrival>> CollectAsync(SinkProcess sink, string[] ids, TimeSpan timeout)
    {
        await sink.WaitAsync(ids.Length, timeout);
        var records = await sink.RecordsAsync();
        var byId = new Dictionary<string, Arrival>(records.Length);
        var extra = 0;
        foreach (var record in records)
        {
            extra += byId.TryAdd(record.Id, record) ? 0 : 1;
        }

        var lost = ids.Count(id => !byId.ContainsKey(id));
        var foreign = byId.Count - (ids.Length - lost);
        return lost + extra + foreign == 0
            ? byId
            : throw new LoadException(
                $"Of {ids.Length} messages {lost} did not arrive, {extra} came more than once, {foreign} were not this round's.");
    }
}
