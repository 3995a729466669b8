namespace EmailFunctions.Access;

/// <summary>What a credential lets its bearer do, within the tenants that are its own. On the wire each is a word in lower case.</summary>
[Flags]
public enum Scopes
{
    None = 0,

    /// <summary>Send mail, and cancel it.</summary>
    Send = 1,

    /// <summary>See configurations, messages, usage, audit and health.</summary>
    Read = 2,

    /// <summary>Change and test configurations, and erase recipients.</summary>
    Config = 4,

    /// <summary>Make and revoke API keys; together with the right to all tenants also whatever <c>/admin</c> offers.</summary>
    Admin = 8,

    /// <summary>What a credential has that names none.</summary>
    Usual = Send | Read | Config,

    All = Usual | Admin,
}

internal static class ScopeNames
{
    public const string Requirement = "must be one or more of send, read, config and admin";

    private static readonly (string Name, Scopes Scope)[] Names = [("send", Scopes.Send), ("read", Scopes.Read), ("config", Scopes.Config), ("admin", Scopes.Admin)];

    /// <summary>The scope of a name; none where it is no scope of ours.</summary>
    public static Scopes Parse(string name) => Array.Find(Names, known => known.Name == name).Scope;

    /// <summary>The names of those that are set.</summary>
    public static string[] Of(Scopes scopes) => [.. Names.Where(known => scopes.HasFlag(known.Scope)).Select(static known => known.Name)];
}
