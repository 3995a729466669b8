using System.Globalization;
using System.Text.Json.Serialization;
using EmailFunctions.Access;
using EmailFunctions.ApiDocs;
using EmailFunctions.Problems;
using EmailFunctions.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Usage;

/// <summary>The route that shows a tenant's usage and cost.</summary>
internal static class UsageEndpoints
{
    private const int DefaultDays = 30;
    private const int MaxDays = 366;

    public static void MapUsage(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/email/configs/{tenant_id}/usage", GetAsync).WithTags(ApiTags.EmailConfiguration).WithName("GetUsage")
            .WithSummary("A tenant's usage and cost; by default of the last 30 days").ProducesProblems(400, 403);

    private static async Task<Ok<UsageReport>> GetAsync(
        string tenant_id, string? start_date, string? end_date, string? group_by, Caller caller, UsageReader usage, TimeProvider time, CancellationToken cancellationToken)
    {
        var tenant = caller.Require(tenant_id);
        return TypedResults.Ok(await usage.ReadAsync(tenant, ReadPeriod(start_date, end_date, group_by, time.GetUtcNow()), cancellationToken));
    }

    private static UsagePeriod ReadPeriod(string? startText, string? endText, string? groupText, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        // A day as the end means that whole day.
        var end = Read("end_date", endText, now, TimeSpan.FromDays(1));
        var start = Read("start_date", startText, end - TimeSpan.FromDays(DefaultDays), TimeSpan.Zero);
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
            if (text is null)
                return fallback;
            if (QueryTime.TryRead(text, afterDay, out var time))
                return time;
            errors.Add(field, QueryTime.Requirement);
            return fallback;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(UsageReport))]
internal sealed partial class UsageJson : JsonSerializerContext;
