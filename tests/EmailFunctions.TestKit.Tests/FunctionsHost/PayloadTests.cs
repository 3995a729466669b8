using System.Text;
using EmailFunctions.TestKit.FunctionsHost;
using Newtonsoft.Json;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

public sealed class PayloadTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 3, 10, 12, 345, TimeSpan.Zero);

    public static TheoryData<object, string> Values => new()
    {
        { "abc", """
            "\"abc\""
            """ },
        { "{\"id\":1}", """
            "\"{\\\"id\\\":1}\""
            """ },
        { Encoding.UTF8.GetBytes("{\"id\":1}"), "\"eyJpZCI6MX0=\"" },
        { 3, "\"3\"" },
        { 4_000_000_000L, "\"4000000000\"" },
        { true, "\"true\"" },
        { Guid.Empty, """
            "\"00000000-0000-0000-0000-000000000000\""
            """ },
        { new[] { 1, 2 }, "\"[1,2]\"" },
        { Now.UtcDateTime, "\"2026-11-24T03:10:12\"" },
        { Now, "\"2026-11-24T03:10:12+00:00\"" },
        { new Dictionary<string, object> { ["tenant"] = "a", ["n"] = 1 }, """
            {"tenant":"a","n":1}
            """ },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_is_encoded_as_the_host_does(object value, string expected) =>
        Assert.Equal(expected, JsonConvert.SerializeObject(TriggerPayload.Encode(value)));

    [Fact]
    public void Nulls_and_the_trigger_itself_are_left_out_and_the_system_entry_comes_last()
    {
        var payload = Create("text", ("QueueTrigger", "text"), ("Id", "7"), ("ContentType", null), ("DequeueCount", 1L));
        Assert.Equal(["Id", "DequeueCount", "sys"], payload.Metadata.Keys);
        Assert.Equal("\"7\"", payload.Metadata["Id"]);
        var sys = Newtonsoft.Json.Linq.JObject.FromObject(payload.Metadata["sys"]!);
        Assert.Equal("Dispatch", (string)sys["MethodName"]!);
        Assert.Equal(36, ((string)sys["RandGuid"]!).Length);
    }

    [Fact]
    public void A_text_that_is_a_JSON_object_overwrites_what_the_host_says_about_the_message()
    {
        var payload = Create(
            """{ "messageid": "forged", "DeliveryCount": 9, "More": { "a": 1 }, "List": [1], "Nothing": null }""", ("MessageId", "real"), ("DeliveryCount", 1));
        Assert.Equal("\"forged\"", payload.Metadata["MessageId"]);
        Assert.Equal("\"9\"", payload.Metadata["DeliveryCount"]);
        Assert.Equal("""{"a":1}""", JsonConvert.SerializeObject(payload.Metadata["More"]));
        Assert.False(payload.Metadata.ContainsKey("List") || payload.Metadata.ContainsKey("Nothing"));
    }

    [Fact]
    public void Bytes_overwrite_nothing()
    {
        var payload = Create(Encoding.UTF8.GetBytes("""{ "MessageId": "forged" }"""), ("MessageId", "real"));
        Assert.Equal("\"real\"", payload.Metadata["MessageId"]);
    }

    [Theory]
    [InlineData("{ broken }")]
    [InlineData("[1]")]
    [InlineData("{")]
    [InlineData("")]
    public void Text_that_is_no_object_overwrites_nothing(string text) =>
        Assert.Equal(["MessageId", "sys"], Create(text, ("MessageId", "real")).Metadata.Keys);

    [Fact]
    public async Task A_trigger_is_posted_to_the_functions_name_as_chunked_JSON_with_the_hosts_headers()
    {
        using var folder = new ScriptFolder(file => file["extensions"] = null).AddTimer("Sweep");
        var handler = Host.Handler();
        await using var host = await Host.StartAsync(folder, handler);
        var record = await host.FireTimerAsync("Sweep");
        var seen = handler.Only;
        Assert.Equal(("POST", "/Sweep"), (seen.Method, seen.Target));
        Assert.Equal("application/json; charset=utf-8", seen.Headers.ContentType.ToString());
        Assert.Equal("chunked", seen.Headers.TransferEncoding.ToString());
        Assert.Equal(record.Id.ToString(), seen.Headers["X-Azure-Functions-InvocationId"].ToString());
        Assert.Equal("4.1052.200.26101", seen.Headers["X-Azure-Functions-HostVersion"].ToString());
        Assert.Equal("Azure-Functions-Host/4.1052.200.26101", seen.Headers.UserAgent.ToString());
        Assert.False(seen.Headers.ContainsKey("x-ms-invocation-id"));
    }

    private static TriggerPayload Create(object value, params (string Key, object? Value)[] bindingData) => TriggerPayload.Create(
        "msg", value, bindingData.Select(entry => KeyValuePair.Create(entry.Key, entry.Value)), "Dispatch", Now);
}
