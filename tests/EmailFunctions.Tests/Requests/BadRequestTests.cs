using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Requests;

/// <summary>Every bad request gets a problem that names its field, and does no harm; over real HTTP.</summary>
public sealed class BadRequestTests
{
    private static readonly string[] Members = ["type", "title", "status", "detail", "instance", "trace_id"];

    private static readonly IReadOnlyList<BadRequest> Table = [.. BadMessages.All(), .. BadConfigs.All(), .. BadBodies.All(), .. BadDeadLetters.All(), .. BadTenants.All()];

    [Fact]
    public void The_table_holds_at_least_two_hundred_bad_requests_each_once()
    {
        Assert.True(Table.Count >= 200, $"{Table.Count} rows");
        Assert.Equal(Table.Count, Table.Select(static row => (row.Name, row.Path, row.Method)).Distinct().Count());
    }

    [Fact]
    public async Task Every_bad_request_is_refused_by_a_problem_that_names_its_field()
    {
        using var data = new TempFolder();
        using var service = await ServiceProcess.StartAsync(data.FullPath);
        using var saved = await service.Client.PostAsync(
            new Uri(BadRequest.ConfigPath, UriKind.Relative),
            ServiceHost.Json("""{"provider_type":"file","from_email":"a@example.com"}"""),
            TestContext.Current.CancellationToken);
        saved.EnsureSuccessStatusCode();
        await MakeSmtpAsync(service.Client);

        var wrong = new List<string>();
        foreach (var row in Table)
        {
            if (await FindFaultAsync(service.Client, row) is { } fault)
                wrong.Add($"{row.Name}: {fault}");
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {Table.Count}:\n" + string.Join('\n', wrong));
        using var good = await service.Client.PostAsync(
            new Uri(BadRequest.SendPath, UriKind.Relative), ServiceHost.Json("""{"to":["a@example.com"],"subject":"a","body":"b"}"""), TestContext.Current.CancellationToken);
        Assert.Equal(202, (int)good.StatusCode);
        Assert.DoesNotContain(BadRequest.Canary, service.Output, StringComparison.OrdinalIgnoreCase);
    }

    // An SMTP configuration without a user, so that clearing its sender is a mistake.
    private static async Task MakeSmtpAsync(HttpClient client)
    {
        using var saved = await client.PostAsync(
            new Uri(BadRequest.ConfigPath, UriKind.Relative),
            ServiceHost.Json("""{"provider_type":"smtp","smtp_host":"localhost","from_email":"a@example.com"}"""),
            TestContext.Current.CancellationToken);
        saved.EnsureSuccessStatusCode();
    }

    private static async Task<string?> FindFaultAsync(HttpClient client, BadRequest row)
    {
        using var request = new HttpRequestMessage(new HttpMethod(row.Method), row.Path);
        if (row.Body is not null)
        {
            request.Content = new ByteArrayContent(row.Body);
            if (row.ContentType.Length > 0)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", row.ContentType);
        }

        foreach (var (name, value) in row.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content!.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return FindFault(row, (int)answer.StatusCode, answer.Content.Headers.ContentType, text);
    }

    private static string? FindFault(BadRequest row, int status, MediaTypeHeaderValue? type, string text)
    {
        if (status != row.Status)
            return $"answered {status}, not {row.Status}: {text}";
        if (type?.MediaType != "application/problem+json")
            return $"answered {type}";
        var problem = JsonNode.Parse(text)!.AsObject();
        if (Members.FirstOrDefault(name => problem[name] is null) is { } missing)
            return $"has no {missing}";
        if (row.Field is { } field && problem["errors"]?[field] is null)
            return $"does not name {field}: {problem["errors"]}";
        // The path is the client's own, and is part of every problem.
        problem.Remove("instance");
        return problem.ToJsonString().Contains(BadRequest.Canary, StringComparison.OrdinalIgnoreCase) ? $"repeats a value: {text}" : null;
    }
}
