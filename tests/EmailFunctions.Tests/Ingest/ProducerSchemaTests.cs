using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using EmailFunctions.Ingest;
using EmailFunctions.Problems;
using EmailFunctions.Tests.Requests;
using EmailFunctions.Tests.Support;
using NJsonSchema;

namespace EmailFunctions.Tests.Ingest;

/// <summary>The schema that producers are given says what the service does.</summary>
public sealed class ProducerSchemaTests
{
    public static TheoryData<string> GoodMessages { get; } = new()
    {
        """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi"}""",
        """{"tenant_id":"acme","message_id":"order-7","to":["zoe@example.com"],"cc":["a@example.com"],"bcc":[],"subject":"Hello","body_html":"<p>Hi</p>","priority":"high"}""",
        """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi","send_at":"2026-12-01T00:00:00Z","expires_at":"2026-12-02T00:00:00Z","tags":["a"],"metadata":{"k":"v"},"headers":{"X-A":"b"}}""",
        """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Hello","body":"Hi","attachments":[{"filename":"a.txt","content_type":"text/plain","content":"aGk="}],"reply_to":null}""",
    };

    [Theory]
    [MemberData(nameof(GoodMessages))]
    public async Task What_the_schema_allows_of_these_is_accepted(string message)
    {
        await using var bench = new DeliveryBench();

        Assert.Empty((await SchemaAsync()).Validate(message));
        await bench.Get<ProducerInbox>().AcceptAsync(new Delivered(Encoding.UTF8.GetBytes(message), "q-1", null), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_the_schema_refuses_is_refused()
    {
        await using var bench = new DeliveryBench();
        var schema = await SchemaAsync();
        var refusedBySchema = 0;
        foreach (var row in BadMessages.All().Where(static row => row.Path == BadRequest.SendPath && row.Body is { Length: < 1_000_000 }))
        {
            if (!IsRefused(schema, row.Body!))
                continue;
            refusedBySchema++;
            await Assert.ThrowsAsync<ProblemException>(
                () => bench.Get<ProducerInbox>().AcceptAsync(new Delivered(row.Body, "q-1", null), TestContext.Current.CancellationToken));
        }

        Assert.True(refusedBySchema > 30, $"The schema refuses only {refusedBySchema} of the bad messages.");
    }

    [Fact]
    public async Task The_schema_is_served()
    {
        await using var bench = new DeliveryBench();

        using var answer = await bench.Client.GetAsync(new Uri("/api/v1/email/schemas/email-in", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, "application/schema+json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        var schema = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.False(schema["additionalProperties"]!.GetValue<bool>());
        Assert.Equal(["to", "subject"], schema["required"]!.AsArray().Select(static name => name!.GetValue<string>()));
        Assert.Equal(1, schema["properties"]!["to"]!["minItems"]!.GetValue<int>());
    }

    private static bool IsRefused(JsonSchema schema, byte[] body)
    {
        try
        {
            return schema.Validate(Encoding.UTF8.GetString(body)).Count > 0;
        }
        catch (Newtonsoft.Json.JsonException)
        {
            return true;
        }
    }

    private static Task<JsonSchema> SchemaAsync() => JsonSchema.FromJsonAsync(ProducerSchema.Create().ToJsonString(), TestContext.Current.CancellationToken);
}
