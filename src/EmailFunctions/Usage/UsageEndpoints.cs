using System.Globalization;
using System.Net.Mime;
using System.Text;
using System.Text.Json.Serialization;
using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
using EmailFunctions.Problems;
using EmailFunctions.Tenants;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace EmailFunctions.Usage;

/// <summary>The routes that show usage and cost: a tenant's, and, to an admin, that of all.</summary>
internal static class UsageEndpoints
{
    private const int DefaultDays = 30;
    private const int MaxDays = 366;

    // Whoever asks is not kept waiting longer; within it come some hundred thousand tenant days, or rows.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly MediaTypeHeaderValue Csv = new(UsageCsv.ContentType);
    private static readonly MediaTypeHeaderValue Json = new(MediaTypeNames.Application.Json);

    public static void MapUsage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/email/configs/{tenant_id}/usage", GetAsync).WithTags(ApiTags.EmailConfiguration).Needs(Scopes.Read).WithName("GetUsage")
            .WithSummary("A tenant's usage and cost; by default of the last 30 days").Produces<UsageReport>().AlsoProducesText(UsageCsv.ContentType).ProducesProblems(400, 403);
        var admin = routes.MapGroup("/admin/email").WithTags(ApiTags.EmailAdmin).NeedsForAllTenants(Scopes.Admin);
        admin.MapGet("/usage", GetAllAsync).WithName("GetAllUsage").WithSummary("Usage and cost of all tenants, over whole UTC days up to now").ProducesProblems(400, 403);
        admin.MapGet("/overview", GetOverviewAsync).WithName("GetUsageOverview").WithSummary("The last 24 hours of all tenants, by tenant, provider and hour").ProducesProblems(400, 403);
    }

    private static async Task<IResult> GetAsync(
        string tenant_id, string? start_date, string? end_date, string? group_by, HttpContext context, Caller caller, UsageReader usage, TimeProvider time, CancellationToken cancellationToken)
    {
        var tenant = caller.Require(tenant_id);
        var period = ReadPeriod(start_date, end_date, group_by, time.GetUtcNow());
        var tally = await InTimeAsync(time, cancellation => usage.ReadAsync(tenant, period, cancellation), cancellationToken);
        context.Response.Headers.Vary = HeaderNames.Accept;
        return WantsCsv(context.Request)
            ? TypedResults.Text(UsageCsv.Write(tally), UsageCsv.ContentType, Encoding.UTF8)
            : TypedResults.Ok(UsageReport.Of(tally));
    }

    private static async Task<Ok<AdminUsage>> GetAllAsync(string? days, AdminUsageReader usage, TimeProvider time, CancellationToken cancellationToken)
    {
        var count = DefaultDays;
        if (days is not null && (!int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > MaxDays))
            throw Problem.Invalid("days", string.Create(CultureInfo.InvariantCulture, $"must be 1 to {MaxDays}"));
        return TypedResults.Ok(await InTimeAsync(time, cancellation => usage.ReadAsync(count, cancellation), cancellationToken));
    }

    private static async Task<Ok<UsageOverview>> GetOverviewAsync(string? tenant, UsageOverviewReader usage, TimeProvider time, CancellationToken cancellationToken)
    {
        if (tenant is { Length: 0 or > TenantId.MaxLength })
            throw Problem.Invalid("tenant", string.Create(CultureInfo.InvariantCulture, $"must be 1 to {TenantId.MaxLength} characters"));
        return TypedResults.Ok(await InTimeAsync(time, cancellation => usage.ReadAsync(tenant, cancellation), cancellationToken));
    }

    private static async Task<T> InTimeAsync<T>(TimeProvider time, Func<CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await read(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Problem.Unavailable("Too much usage to add up in time: ask for fewer days.");
        }
    }

    // JSON unless CSV is wanted more.
    private static bool WantsCsv(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        return accepted.Count > 0 && Quality(Csv) > Quality(Json);

        double Quality(MediaTypeHeaderValue type) => accepted.Where(type.IsSubsetOf)
            .OrderBy(static range => range.MatchesAllTypes).ThenBy(static range => range.MatchesAllSubTypes)
            .Select(static range => range.Quality ?? 1).FirstOrDefault();
    }

    private static UsagePeriod ReadPeriod(string? startText, string? endText, string? groupText, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        // A day as the end means that whole day. Where nobody asks for a minute, the period begins with an hour, since the part of one is read row by row.
        var end = Read("end_date", endText, now, TimeSpan.FromDays(1));
        var start = Read("start_date", startText, UsageTime.HourOf(end - TimeSpan.FromDays(DefaultDays)), TimeSpan.Zero);
        UsageGrouping? grouping = groupText switch
        {
            null or "day" => UsageGrouping.Day,
            "week" => UsageGrouping.Week,
            "month" => UsageGrouping.Month,
            _ => null,
        };
        if (grouping is null)
            errors.Add("group_by", "must be day, week or month");
        if (!errors.Any && start >= end)
            errors.Add("start_date", "must be before end_date");
        if (!errors.Any && end - start > TimeSpan.FromDays(MaxDays))
            errors.Add("start_date", string.Create(CultureInfo.InvariantCulture, $"must be at most {MaxDays} days before end_date"));
        return errors.Any ? throw Problem.Invalid(errors) : new UsagePeriod(start, end, grouping!.Value);

        DateTimeOffset Read(string field, string? text, DateTimeOffset fallback, TimeSpan afterDay)
        {
            return QueryTime.Read(field, text, afterDay, errors) ?? fallback;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(UsageReport))]
[JsonSerializable(typeof(AdminUsage))]
[JsonSerializable(typeof(UsageOverview))]
internal sealed partial class UsageJson : JsonSerializerContext;
