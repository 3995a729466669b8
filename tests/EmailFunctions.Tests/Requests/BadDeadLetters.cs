using static EmailFunctions.Tests.Requests.BadRequest;

namespace EmailFunctions.Tests.Requests;

/// <summary>Questions about dead letters that must be refused.</summary>
internal static class BadDeadLetters
{
    private const string Path = "/api/v1/admin/email/dead-letters";
    private const string Absent = "acme~00000000000000000000000000000000";

    public static IEnumerable<BadRequest> All() => [.. Questions(), .. Replays(), .. Absentees()];

    private static IEnumerable<BadRequest> Questions()
    {
        yield return Get("dead letters of a bad tenant", Path + "?tenant_id=a%2Fb", "tenant_id");
        yield return Get("dead letters of an unknown category", Path + "?error_category=canary7f3a", "error_category");
        yield return Get("dead letters of an unknown provider", Path + "?provider=canary7f3a", "provider");
        yield return Get("dead letters since no date", Path + "?from=canary7f3a", "from");
        yield return Get("dead letters until no date", Path + "?to=31.12.2026", "to");
        yield return Get("dead letters of a time that ends before it begins", Path + "?from=2026-02-01&to=2026-01-01", "from");
        yield return Get("no dead letters", Path + "?limit=0", "limit");
        yield return Get("201 dead letters", Path + "?limit=201", "limit");
        yield return Get("some dead letters", Path + "?limit=canary7f3a", "limit");
        yield return Get("dead letters from nowhere on", Path + "?cursor=canary7f3a", "cursor");
        yield return Get("dead letters from a bad place on", Path + "?cursor=acme~2026-canary7f3a", "cursor");
    }

    private static IEnumerable<BadRequest> Replays()
    {
        yield return Raw("a replay without a body", Path + "/replay", "");
        yield return Raw("a replay of a list", Path + "/replay", "[]");
        yield return Raw("a replay by an unknown field", Path + "/replay", """{"tenant":"canary7f3a"}""", "tenant");
        yield return Raw("a replay for a bad tenant", Path + "/replay", """{"tenant_id":"canary 7f3a"}""", "tenant_id");
        yield return Raw("a replay of an unknown category", Path + "/replay", """{"error_category":"canary7f3a"}""", "error_category");
        yield return Raw("a replay of an unknown provider", Path + "/replay", """{"provider":"canary7f3a"}""", "provider");
        yield return Raw("a replay since no time", Path + "/replay", """{"from":"canary7f3a"}""", "from");
        yield return Raw("a replay of none", Path + "/replay", """{"limit":0}""", "limit");
        yield return Raw("a replay of 501", Path + "/replay", """{"limit":501}""", "limit");
        yield return Raw("a replay of a string", Path + "/replay", """{"limit":"5"}""", "limit");
        yield return Raw("a replay from nowhere on", Path + "/replay", """{"cursor":"canary7f3a"}""", "cursor");
    }

    private static IEnumerable<BadRequest> Absentees()
    {
        yield return Absentee("a replay of a message that is not there", "POST", $"{Path}/{Absent}/replay");
        yield return Absentee("a replay of what is no id", "POST", $"{Path}/canary7f3a/replay");
        yield return Absentee("a discard of a message that is not there", "DELETE", $"{Path}/{Absent}");
        yield return Absentee("a discard of what is no id", "DELETE", $"{Path}/canary7f3a");
        yield return Absentee("a release of a message that is not there", "POST", $"/api/v1/admin/email/messages/{Absent}/release");
    }

    private static BadRequest Absentee(string name, string method, string path) => new(name, method, path, null, null, 404);
}
