using System.Text;
using System.Text.Json;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using MimeKit;

namespace EmailFunctions.Tests.Providers;

/// <summary>What every provider that takes MIME must do. An adapter's tests inherit it and say how to reach what has arrived.</summary>
public abstract class EmailProviderContract : IAsyncDisposable
{
    private static readonly RichEmail Rich = new();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected abstract IEmailProvider Provider { get; }

    private protected abstract ProviderSettings Settings { get; }

    /// <summary>The messages that have arrived, oldest first, as bytes; a message that replaced itself counts once.</summary>
    private protected abstract IReadOnlyList<byte[]> Arrived { get; }

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task A_rich_message_arrives_part_by_part_and_byte_by_byte()
    {
        var email = Emails.Outgoing(Rich.Content);
        using var message = await SendAsync(email);
        Rich.AssertSame(message);
    }

    [Fact]
    public async Task Names_addresses_and_subject_arrive_as_they_were_given()
    {
        using var message = await SendAsync(Emails.Outgoing(Rich.Content));
        Assert.Equal(Rich.Content.Subject, message.Subject);
        Assert.Equal((Rich.Content.FromName, Rich.Content.FromEmail), (message.From.Mailboxes.Single().Name, message.From.Mailboxes.Single().Address));
        Assert.Equal(Rich.Content.ReplyTo, message.ReplyTo.Mailboxes.Single().Address);
        Assert.Equal(Rich.Content.To, message.To.Mailboxes.Select(static mailbox => mailbox.Address));
        Assert.Equal(Rich.Content.Cc, message.Cc.Mailboxes.Select(static mailbox => mailbox.Address));
    }

    [Fact]
    public async Task Headers_tags_and_metadata_arrive_as_headers()
    {
        using var message = await SendAsync(Emails.Outgoing(Rich.Content));
        foreach (var (name, value) in Rich.Content.Headers)
            Assert.Equal(value, message.Headers[name]);
        Assert.Equal(Rich.Content.Tags, message.Headers.Where(static header => header.Field == "X-Tag").Select(static header => header.Value));
        Assert.Equal(Rich.Content.Metadata, JsonSerializer.Deserialize<Dictionary<string, string>>(message.Headers["X-Metadata"]!));
    }

    [Fact]
    public async Task Blind_copies_are_in_no_byte_of_the_message()
    {
        await SendAsync(Emails.Outgoing(Rich.Content));
        var text = Encoding.UTF8.GetString(Assert.Single(Arrived));
        Assert.DoesNotContain("Bcc", text[..text.IndexOf("\n--", StringComparison.Ordinal)], StringComparison.OrdinalIgnoreCase);
        Assert.All(Rich.Content.Bcc, static address => Assert.StartsWith("hidden.", address, StringComparison.Ordinal));
        Assert.DoesNotContain("hidden.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_message_id_is_of_the_senders_domain_and_the_same_in_every_attempt()
    {
        var email = Emails.Outgoing(Emails.Small with { FromEmail = "jane@bücher.example" });
        await SendAsync(email);
        using var again = await SendAsync(email);
        Assert.All(Arrived, static bytes => Assert.Single(IdsIn(bytes)));
        Assert.Equal([$"<{email.Id.Unique}@xn--bcher-kva.example>"], Arrived.SelectMany(IdsIn).Distinct());
    }

    [Fact]
    public async Task The_date_is_when_the_message_was_accepted()
    {
        using var message = await SendAsync(Emails.Outgoing());
        Assert.Equal(Emails.AcceptedAt, message.Date);
    }

    [Fact]
    public async Task An_international_address_arrives_as_it_is()
    {
        using var message = await SendAsync(Emails.Outgoing(Emails.Small with { To = ["jürgen@example.com", "用户@example.com"] }));
        Assert.Equal(["jürgen@example.com", "用户@example.com"], message.To.Mailboxes.Select(static mailbox => mailbox.Address));
    }

    [Fact]
    public async Task A_message_cancelled_before_it_starts_is_not_sent()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Provider.SendAsync(Emails.Outgoing(), Emails.Account(Settings), new CancellationToken(canceled: true)));
        Assert.Empty(Arrived);
    }

    [Fact]
    public async Task A_working_provider_is_healthy_and_the_probe_sends_nothing()
    {
        Assert.Equal(ProbeResult.Healthy, await Provider.ProbeAsync(Emails.Account(Settings), Token));
        Assert.Empty(Arrived);
    }

    [Fact]
    public async Task A_sent_message_has_no_failure()
    {
        var result = await Provider.SendAsync(Emails.Outgoing(), Emails.Account(Settings), Token);
        Assert.Equal((SendStatus.Sent, null), (result.Status, result.Category));
        Assert.NotNull(result.Answer);
        Assert.Empty(result.RefusedRecipients);
    }

    private static IEnumerable<string> IdsIn(byte[] message) =>
        Encoding.UTF8.GetString(message).Split('\n').Where(static line => line.StartsWith("Message-Id:", StringComparison.OrdinalIgnoreCase)).Select(static line => line[11..].Trim());

    private async Task<MimeMessage> SendAsync(OutgoingEmail email)
    {
        var result = await Provider.SendAsync(email, Emails.Account(Settings), Token);
        Assert.True(result.Status == SendStatus.Sent, result.ToString());
        return await MimeMessage.LoadAsync(new MemoryStream(Arrived[^1]), Token);
    }
}
