using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Providers;

/// <summary>What every provider must do. An adapter's tests inherit it and say how to reach what has arrived.</summary>
public abstract class EmailProviderContract : IAsyncLifetime
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected abstract IEmailProvider Provider { get; }

    private protected abstract ProviderAccount Account { get; }

    /// <summary>The messages that have arrived, oldest first; a message that replaced itself counts once.</summary>
    private protected abstract IReadOnlyList<ArrivedEmail> Arrived { get; }

    /// <summary>A message with all that the provider can carry.</summary>
    private protected virtual EmailContent Rich => RichEmail.Content;

    private protected virtual bool TakesInternationalAddresses => true;

    public virtual ValueTask InitializeAsync() => default;

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task A_rich_messages_texts_arrive_as_alternatives_and_its_inline_files_with_the_html()
    {
        var message = await SendAsync(Emails.Outgoing(Rich));
        Assert.Equal((Rich.Text?.InMemory, Rich.Html?.InMemory), (message.Text, message.Html));
        if (message.Shape is { } shape)
            Assert.Equal(RichEmail.ShapeOf(Rich), shape);
    }

    [Fact]
    public async Task Long_texts_from_a_spool_arrive_as_alternatives_and_whole()
    {
        var random = new Random(Proof.Seed);
        var (text, html) = (Texts.Random(random, 200_000) + "\r\n", "<p>" + Texts.Random(random, 300_000) + "\r\n");
        using var spools = new Texts();
        var message = await SendAsync(Emails.Outgoing(Rich with { Text = spools.Spooled(text), Html = spools.Spooled(html) }));
        Assert.True(Texts.AreEqual(text, message.Text), $"Seed {Proof.Seed}: the text");
        Assert.True(Texts.AreEqual(html, message.Html), $"Seed {Proof.Seed}: the HTML");
        if (message.Shape is { } shape)
            Assert.Equal(RichEmail.ShapeOf(Rich), shape);
    }

    [Fact]
    public async Task Long_texts_alone_arrive_whole()
    {
        var random = new Random(Proof.Seed);
        var text = Texts.Random(random, 100_000) + "\r\n";
        using var spools = new Texts();
        foreach (var content in new[] { Emails.Small with { Text = spools.Spooled(text) }, Emails.Small with { Text = null, Html = spools.Spooled(text) } })
        {
            var message = await SendAsync(Emails.Outgoing(content));
            Assert.True(Texts.AreEqual(text, content.Html is null ? message.Text : message.Html), $"Seed {Proof.Seed}");
        }
    }

    [Fact]
    public async Task A_rich_messages_files_arrive_byte_by_byte_with_names_types_and_ids()
    {
        var message = await SendAsync(Emails.Outgoing(Rich));
        Assert.Equal(
            Rich.Attachments.OrderBy(static file => file.FileName, StringComparer.Ordinal).Select(file => (file.FileName, TypeOf(file), file.ContentId, file.ContentId is null ? "attachment" : "inline")),
            message.Files.OrderBy(static file => file.Name, StringComparer.Ordinal).Select(static file => (file.Name, file.Type, file.ContentId, file.Disposition)));
        foreach (var file in Rich.Attachments)
            Assert.True(file.Content.ToArray().AsSpan().SequenceEqual(message.Files.Single(arrived => arrived.Name == file.FileName).Bytes), file.FileName);
    }

    [Fact]
    public async Task Names_addresses_and_subject_arrive_as_they_were_given()
    {
        var message = await SendAsync(Emails.Outgoing(Rich));
        Assert.Equal(Rich.Subject, message.Subject);
        Assert.Equal((Rich.FromName, Rich.FromEmail, Rich.ReplyTo), (message.FromName, message.From, message.ReplyTo));
        Assert.Equal(Rich.To, message.To);
        Assert.Equal(Rich.Cc.Select(InClear), message.Cc.Select(InClear));
    }

    [Fact]
    public async Task Headers_tags_and_metadata_arrive()
    {
        var message = await SendAsync(Emails.Outgoing(Rich));
        foreach (var (name, value) in Rich.Headers)
            Assert.Equal(value, message.Headers[name]);
        Assert.Equal(Rich.Tags, message.Tags);
        Assert.Equal(Rich.Metadata, message.Metadata);
    }

    [Fact]
    public async Task All_hundred_recipients_get_it_once_in_as_many_calls_as_the_provider_needs()
    {
        Assert.Equal(100, Rich.RecipientCount);
        await SendAsync(Emails.Outgoing(Rich));
        Assert.Equal(Math.Ceiling(100.0 / Math.Min(Provider.MaxRecipientsPerCall, 100)), Arrived.Count);
        Assert.All(Arrived, message => Assert.Equal((Rich.To.Count, Rich.Cc.Count), (message.To.Count, message.Cc.Count)));
        if (Arrived[0].Envelope is not null)
            Assert.Equal(Rich.Recipients.Select(InClear), Arrived.SelectMany(static message => message.Envelope!).Select(InClear));
    }

    [Fact]
    public async Task Blind_copies_are_nowhere_where_others_could_see_them()
    {
        await SendAsync(Emails.Outgoing(Rich));
        Assert.All(Rich.Bcc, static address => Assert.StartsWith("hidden.", address, StringComparison.Ordinal));
        Assert.All(Arrived, static message => Assert.DoesNotContain("hidden.", message.Visible, StringComparison.Ordinal));
        Assert.All(Arrived, static message => Assert.DoesNotContain("Bcc", message.Headers.Keys, StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_message_id_is_of_the_senders_domain_and_the_same_in_every_attempt()
    {
        var email = Emails.Outgoing(Emails.Small with { FromEmail = "jane@bücher.example" });
        await SendAsync(email);
        await SendAsync(email);
        Assert.Equal([$"<{email.Id.Unique}@xn--bcher-kva.example>"], Arrived.Select(static message => message.MessageId).Distinct());
    }

    [Fact]
    public async Task The_date_is_when_the_message_was_accepted_unless_the_provider_writes_it()
    {
        var message = await SendAsync(Emails.Outgoing());
        Assert.Equal(Emails.AcceptedAt, message.Date ?? Emails.AcceptedAt);
    }

    [Fact]
    public async Task The_accounts_sender_and_reply_address_count_where_the_message_names_none()
    {
        var account = Account with { Settings = Account.Settings with { FromName = "Acme", ReplyTo = "answers@acme.example" } };
        await Provider.SendAsync(Emails.Outgoing(), account, Token);
        Assert.Equal((Emails.Sender, "Acme", "answers@acme.example"), (Arrived[^1].From, Arrived[^1].FromName, Arrived[^1].ReplyTo));
        await Provider.SendAsync(Emails.Outgoing(Emails.Small with { FromEmail = "other@acme.example" }), account, Token);
        Assert.Equal("other@acme.example", Arrived[^1].From);
        Assert.DoesNotContain(Arrived, static message => message.From == "other@acme.example" && message.FromName == "Acme");
    }

    [Theory]
    [InlineData("Only text.", null)]
    [InlineData(null, "<p>Only HTML.</p>")]
    [InlineData("", "<p>And an empty text.</p>")]
    [InlineData("And an empty HTML.", "")]
    [InlineData("", null)]
    public async Task A_message_may_have_text_or_html_alone_and_they_may_be_empty(string? text, string? html)
    {
        var message = await SendAsync(Emails.Outgoing(Emails.Small with { Text = text, Html = html }));
        Assert.Equal((text ?? "", html ?? ""), ((message.Text ?? "").Trim(), (message.Html ?? "").Trim()));
    }

    [Fact]
    public async Task An_international_address_arrives_as_it_is_or_is_refused_at_once()
    {
        string[] addresses = ["jürgen@example.com", "用户@example.com"];
        var email = Emails.Outgoing(Emails.Small with { To = addresses });
        if (TakesInternationalAddresses)
        {
            Assert.Equal(addresses, (await SendAsync(email)).To);
            return;
        }

        var result = await Provider.SendAsync(email, Account, Token);
        Assert.Equal((SendStatus.Permanent, ErrorCategory.Recipient), (result.Status, result.Category));
        Assert.Empty(Arrived);
    }

    [Fact]
    public async Task A_message_cancelled_before_it_starts_is_not_sent()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Provider.SendAsync(Emails.Outgoing(), Account, new CancellationToken(canceled: true)));
        Assert.Empty(Arrived);
    }

    [Fact]
    public async Task A_working_provider_is_healthy_and_the_probe_sends_nothing()
    {
        Assert.Equal(ProbeResult.Healthy, await Provider.ProbeAsync(Account, Token));
        Assert.Empty(Arrived);
    }

    [Fact]
    public async Task A_sent_message_has_no_failure()
    {
        var result = await Provider.SendAsync(Emails.Outgoing(), Account, Token);
        Assert.Equal((SendStatus.Sent, null), (result.Status, result.Category));
        Assert.NotNull(result.Answer);
        Assert.Empty(result.RefusedRecipients);
    }

    /// <summary>The type with which a file must arrive. As MIME, whole messages are plain files.</summary>
    private protected virtual string TypeOf(EmailAttachment file)
    {
        var type = file.ContentType.Split(';')[0];
        return type.StartsWith("message/", StringComparison.Ordinal) || type.StartsWith("multipart/", StringComparison.Ordinal) ? "application/octet-stream" : type;
    }

    // A domain has two forms that mean the same.
    private static string InClear(string address) => address.Replace("xn--bcher-kva", "bücher", StringComparison.Ordinal);

    // Returns the first of what has arrived; where there are several calls, they differ in their envelope only.
    private async Task<ArrivedEmail> SendAsync(OutgoingEmail email)
    {
        var before = Arrived.Count;
        foreach (var part in email.Recipients.Chunk(Math.Min(Provider.MaxRecipientsPerCall, 1_000)))
        {
            var result = await Provider.SendAsync(email with { Recipients = part }, Account, Token);
            Assert.True(result.Status == SendStatus.Sent, result.ToString());
        }

        return Arrived[Math.Min(before, Arrived.Count - 1)];
    }
}
