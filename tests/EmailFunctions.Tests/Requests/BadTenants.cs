using static EmailFunctions.Tests.Requests.BadRequest;

namespace EmailFunctions.Tests.Requests;

/// <summary>What is asked wrongly about tenants as a whole, and about who did what.</summary>
internal static class BadTenants
{
    private const string Activity = "/api/v1/admin/email/activity";
    private const string Tenants = "/api/v1/admin/email/tenants/";

    public static IEnumerable<BadRequest> All()
    {
        yield return Get("the activity of a bad tenant", Activity + "?tenant_id=a%2Fb", "tenant_id");
        yield return Get("an action that there is not", Activity + "?action=canary7f3a", "action");
        yield return Get("an actor without a name", Activity + "?actor=", "actor");
        yield return Get("activity since no date", Activity + "?start_date=canary7f3a", "start_date");
        yield return Get("activity until no date", Activity + "?end_date=31.12.2026", "end_date");
        yield return Get("activity of a time that ends before it begins", Activity + "?start_date=2026-02-01&end_date=2026-01-01", "start_date");
        yield return Get("no activity", Activity + "?limit=0", "limit");
        yield return Get("activity from nowhere on", Activity + "?cursor=Canary7f3a", "cursor");
        yield return Get("a tenant's activity from nowhere on", ConfigPath + "/activity?cursor=Canary7f3a", "cursor");
        yield return Get("the activity of the system", "/api/v1/email/configs/system/activity", "tenant_id");
        yield return Get("the state of a bad tenant", Tenants + "a%20b", "tenant_id");
        yield return Get("the state of the system", Tenants + "system", "tenant_id");
        yield return Get("an export from nowhere on", Tenants + "acme/export?cursor=canary7f3a", "cursor");
        yield return Raw("a suspension without a body", Tenants + "acme/suspend", "");
        yield return Raw("a suspension without a reason", Tenants + "acme/suspend", "{}", "reason");
        yield return Raw("a suspension for nothing", Tenants + "acme/suspend", """{"reason":"  "}""", "reason");
        yield return Raw("a suspension for too much", Tenants + "acme/suspend", $$"""{"reason":{{Repeat('r', 501)}}}""", "reason");
        yield return Raw("a suspension for a line break", Tenants + "acme/suspend", """{"reason":"canary7f3a\nx"}""", "reason");
        yield return Raw("a suspension by an unknown field", Tenants + "acme/suspend", """{"why":"canary7f3a"}""", "why");
        yield return Raw("a suspension of the system", Tenants + "system/suspend", """{"reason":"canary7f3a"}""", "tenant_id");
        yield return new BadRequest("offboarding of a tenant that is not suspended", "DELETE", Tenants + "acme", null, null, 409);
        yield return new BadRequest("letting go of a tenant that is not suspended", "POST", Tenants + "acme/resume", null, null, 409);
    }
}
