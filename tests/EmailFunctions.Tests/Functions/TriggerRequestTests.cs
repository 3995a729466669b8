using System.Text;
using EmailFunctions.Functions;
using Microsoft.AspNetCore.Http;

namespace EmailFunctions.Tests.Functions;

/// <summary>How calls of the host are read, in each of the encodings that hosts use.</summary>
public sealed class TriggerRequestTests
{
    [Theory]
    [InlineData("""{"Data":{"trigger":"eyJpZCI6MX0="},"Metadata":{}}""", """{"id":1}""")]
    [InlineData("""{"Data":{"trigger":"\"{\\\"id\\\":1}\""},"Metadata":{}}""", """{"id":1}""")]
    [InlineData("""{"Data":{"trigger":"{\"id\":1}"},"Metadata":{}}""", """{"id":1}""")]
    [InlineData("""{"Data":{"trigger":{"id":1}},"Metadata":{}}""", """{"id":1}""")]
    [InlineData("""{"data":{"TRIGGER":"eyJpZCI6MX0="}}""", """{"id":1}""")]
    [InlineData("""{"Data":{"trigger":"acme~slot~12"},"Metadata":{}}""", "acme~slot~12")]
    [InlineData("""{"Data":{"trigger":"\"acme~slot~12\""},"Metadata":{}}""", "acme~slot~12")]
    [InlineData("""{"Data":{"trigger":""},"Metadata":{}}""", "")]
    [InlineData("""{"Data":{"trigger":null},"Metadata":{}}""", "")]
    [InlineData("""{"Data":{"trigger":{"ScheduleStatus":null}},"Metadata":{}}""", """{"ScheduleStatus":null}""")]
    public async Task The_message_is_what_was_put_on_the_queue(string call, string message) =>
        Assert.Equal(message, Encoding.UTF8.GetString((await ReadAsync(call)).Body.Span));

    [Theory]
    [InlineData("""{"MessageId":"\"m-1\"","DeliveryCount":"3"}""", "m-1", 3)]
    [InlineData("""{"MessageId":"m-1","DeliveryCount":3}""", "m-1", 3)]
    [InlineData("""{"Id":"\"q-9\"","DequeueCount":"\"2\""}""", "q-9", 2)]
    [InlineData("""{"Id":"\"q-9\"","DequeueCount":"2","MessageReceiver":"{\"IsClosed\":false}"}""", "q-9", 2)]
    [InlineData("""{}""", "", 1)]
    [InlineData("""{"SequenceNumber":"5"}""", "sequence-5", 1)]
    [InlineData("""{"MessageId":"m","SequenceNumber":"5000000000"}""", "m", 1)]
    [InlineData("""{"DeliveryCount":"many"}""", "", 1)]
    public async Task The_name_and_the_count_are_read_in_any_encoding(string metadata, string id, int count)
    {
        var call = await ReadAsync($$"""{"Data":{"trigger":"eA=="},"Metadata":{{metadata}}}""");

        Assert.Equal((id, count), (call.MessageId, call.DeliveryCount));
    }

    [Theory]
    [InlineData("""{"ApplicationProperties":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}""", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("""{"ApplicationProperties":{"Diagnostic-Id":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}""", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("""{"ApplicationProperties":{}}""", null)]
    [InlineData("""{"ApplicationProperties":{"traceparent":"zoe@example.com zoe@example.com zoe@example.com"}}""", null)]
    [InlineData("""{"ApplicationProperties":{"traceparent":""}}""", null)]
    public async Task The_senders_trace_is_read(string metadata, string? trace) =>
        Assert.Equal(trace, (await ReadAsync($$"""{"Data":{"trigger":"eA=="},"Metadata":{{metadata}}}""")).TraceParent);

    [Theory]
    [InlineData("""{}""", null)]
    [InlineData("""{"ApplicationProperties":null}""", null)]
    [InlineData("""{"ApplicationProperties":{}}""", null)]
    [InlineData("""{"ApplicationProperties":{"email_tenant":"acme"}}""", "acme")]
    [InlineData("""{"ApplicationProperties":{"EMAIL_TENANT":"other","Email_Tenant":"other","email_tenant":"acme"}}""", "acme")]
    [InlineData("""{"ApplicationProperties":{"EMAIL_TENANT":"other"}}""", null)]
    [InlineData("""{"ApplicationProperties":"{\"email_tenant\":\"acme\"}"}""", "acme")]
    [InlineData("""{"ApplicationProperties":{"email_tenant":"\"acme\""}}""", "acme")]
    [InlineData("""{"ApplicationProperties":{"email_tenant":7}}""", "")]
    [InlineData("""{"ApplicationProperties":{"email_tenant":null}}""", "")]
    [InlineData("""{"ApplicationProperties":{"email_tenant":""}}""", "")]
    [InlineData("""{"ApplicationProperties":["email_tenant","acme"]}""", "")]
    public async Task The_tenant_that_the_queue_names_is_read_by_no_other_spelling(string metadata, string? tenant) =>
        Assert.Equal(tenant, (await ReadAsync($$"""{"Data":{"trigger":"eA=="},"Metadata":{{metadata}}}""")).ProducerTenant);

    [Theory]
    [InlineData("")]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"Data":""")]
    public async Task What_no_host_says_is_refused(string call) => await Assert.ThrowsAsync<FormatException>(() => ReadAsync(call));

    private static Task<TriggerCall> ReadAsync(string call)
    {
        var context = new DefaultHttpContext { Request = { Body = new MemoryStream(Encoding.UTF8.GetBytes(call)) } };
        return TriggerRequest.ReadAsync(context.Request, TestContext.Current.CancellationToken);
    }
}
