using System.Text.Json;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Ses;
using EmailFunctions.TestKit.Vendors;
using MimeKit;

namespace EmailFunctions.Tests.Providers.Ses;

/// <summary>What a call of SendEmail says (docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html).</summary>
public sealed class SesRequestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_is_posted_to_the_path_for_sending_and_its_id_comes_back()
    {
        await using var bench = await SesBench.StartAsync();
        var result = await bench.SendAsync();
        Assert.Equal((SendStatus.Sent, SesBench.MessageId, "200"), (result.Status, result.ProviderMessageId, result.Answer));
        var request = bench.Request();
        Assert.Equal(("POST", "/v2/email/outbound-emails", "application/json"), (request.Method, request.Target, request.Header("content-type")));
        Assert.Equal($"{request.Body.Length}", request.Header("content-length"));
    }

    [Fact]
    public async Task It_holds_the_fields_that_the_vendor_knows_and_no_others()
    {
        await using var bench = await SesBench.StartAsync(settings: SesBench.Settings with { AwsConfigurationSet = "mine" });
        await bench.SendAsync(RichEmail.Content with { To = ["to@example.com"] });
        var json = bench.Request().Json();
        Assert.Equal(["Destination", "ConfigurationSetName", "EmailTags", "Content"], json.EnumerateObject().Select(static member => member.Name));
        Assert.Equal("mine", json.GetProperty("ConfigurationSetName").GetString());
        Assert.Equal(["Raw"], json.GetProperty("Content").EnumerateObject().Select(static member => member.Name));
        Assert.Equal(["Data"], json.GetProperty("Content").GetProperty("Raw").EnumerateObject().Select(static member => member.Name));
    }

    [Fact]
    public async Task Recipients_stand_where_they_stood_and_domains_are_ascii()
    {
        await using var bench = await SesBench.StartAsync();
        await bench.SendAsync(Emails.Small with { To = ["a@example.com"], Cc = ["info@bücher.example"], Bcc = ["c@example.com", "d@example.com"] });
        var destination = bench.Request().Json().GetProperty("Destination");
        Assert.Equal(["a@example.com"], Strings(destination, "ToAddresses"));
        Assert.Equal(["info@xn--bcher-kva.example"], Strings(destination, "CcAddresses"));
        Assert.Equal(["c@example.com", "d@example.com"], Strings(destination, "BccAddresses"));
    }

    [Fact]
    public async Task A_call_for_some_recipients_names_only_them_and_the_headers_name_all()
    {
        await using var bench = await SesBench.StartAsync();
        var email = Emails.Outgoing(Emails.Small with { To = ["a@example.com", "b@example.com"], Cc = ["c@example.com"], Bcc = ["d@example.com"] }) with { Recipients = [1, 3] };
        await bench.Provider.SendAsync(email, bench.Account, Token);
        var json = bench.Request().Json();
        var destination = json.GetProperty("Destination");
        Assert.Equal(["b@example.com"], Strings(destination, "ToAddresses"));
        Assert.False(destination.TryGetProperty("CcAddresses", out _));
        Assert.Equal(["d@example.com"], Strings(destination, "BccAddresses"));
        using var message = Mime(bench.Request());
        Assert.Equal(["a@example.com", "b@example.com"], message.To.Mailboxes.Select(static mailbox => mailbox.Address));
        Assert.Equal(["c@example.com"], message.Cc.Mailboxes.Select(static mailbox => mailbox.Address));
    }

    [Fact]
    public async Task Metadata_and_tags_become_tags_in_the_characters_that_ses_takes()
    {
        await using var bench = await SesBench.StartAsync();
        await bench.SendAsync(Emails.Small with
        {
            Metadata = new Dictionary<string, string> { ["order"] = "A 47/11", ["näme"] = "", ["n_me"] = "x", ["long"] = new string('y', 300), [new string('k', 300)] = "1" },
            Tags = ["invoice", "order", "größe"],
        });
        var tags = Tags(bench.Request());
        Assert.Equal(
            [("order", "A_47_11"), ("n_me", "_"), ("n_me_2", "x"), ("long", new string('y', 256)), (new string('k', 256), "1"), ("invoice", "1"), ("order_2", "1"), ("gr__e", "1")],
            tags);
    }

    [Fact]
    public async Task More_than_fifty_of_them_are_cut_off_and_all_names_differ()
    {
        await using var bench = await SesBench.StartAsync();
        var metadata = Enumerable.Range(0, 60).ToDictionary(static n => new string('k', 256) + n, static n => $"{n}");
        await bench.SendAsync(Emails.Small with { Metadata = metadata });
        var tags = Tags(bench.Request());
        Assert.Equal(50, tags.Count);
        Assert.Equal(50, tags.Select(static tag => tag.Name).Distinct().Count());
        Assert.All(tags, static tag => Assert.InRange(tag.Name!.Length, 1, 256));
    }

    [Theory]
    [InlineData("eu-west-1", "https://email.eu-west-1.amazonaws.com/v2/email/account")]
    [InlineData("us-gov-west-1", "https://email.us-gov-west-1.amazonaws.com/v2/email/account")]
    [InlineData("cn-north-1", "https://email.cn-north-1.amazonaws.com.cn/v2/email/account")]
    public void Each_region_has_its_own_host(string region, string address)
    {
        Assert.True(ProviderGrammar.IsAwsRegion(region));
        Assert.Equal(address, SesEndpoint.Of(new() { Type = ProviderType.AwsSes, AwsRegion = region }, "v2/email/account").ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("evil.example/#")]
    [InlineData("eu-west-1\n")]
    [InlineData("eu-west-1.evil-1")]
    [InlineData("EU-WEST-1")]
    public async Task What_is_no_region_is_never_called(string? region)
    {
        await using var bench = await SesBench.StartAsync(settings: SesBench.Settings with { AwsRegion = region });
        var result = await bench.SendAsync();
        Assert.Equal((SendStatus.Misconfigured, ErrorCategory.Config), (result.Status, result.Category));
        Assert.Equal((false, ErrorCategory.Config), ((await bench.ProbeAsync()).IsHealthy, (await bench.ProbeAsync()).Category));
        Assert.Empty(bench.Server.Requests);
    }

    [Theory]
    [MemberData(nameof(International))]
    public async Task An_address_that_ses_can_not_write_is_refused_without_a_call(EmailContent content)
    {
        await using var bench = await SesBench.StartAsync();
        var result = await bench.SendAsync(content);
        Assert.Equal((SendStatus.Permanent, ErrorCategory.Recipient), (result.Status, result.Category));
        Assert.Empty(bench.Server.Requests);
    }

    [Fact]
    public async Task Recipients_that_ses_can_not_write_are_refused_and_the_others_get_it()
    {
        await using var bench = await SesBench.StartAsync();
        var result = await bench.SendAsync(Mixed);
        Assert.Equal((SendStatus.Sent, false), (result.Status, result.IsNotAsked));
        Assert.Equal([1, 2, 4], result.RefusedRecipients);
        var destination = bench.Request().Json().GetProperty("Destination");
        Assert.Equal(["a@example.com"], Strings(destination, "ToAddresses"));
        Assert.False(destination.TryGetProperty("CcAddresses", out _));
        Assert.Equal(["b@example.com"], Strings(destination, "BccAddresses"));
        using var message = Mime(bench.Request());
        Assert.Equal(["a@example.com"], message.To.Mailboxes.Select(static mailbox => mailbox.Address));
        Assert.Empty(message.Cc);
        Assert.True(System.Text.Ascii.IsValid(bench.Request().Json().GetProperty("Content").GetProperty("Raw").GetProperty("Data").GetBytesFromBase64()));
    }

    [Fact]
    public async Task A_call_for_others_is_not_kept_back_by_them_and_its_headers_leave_them_out()
    {
        await using var bench = await SesBench.StartAsync();
        var result = await bench.Provider.SendAsync(Emails.Outgoing(Mixed) with { Recipients = [0, 3] }, bench.Account, Token);
        Assert.Equal(SendStatus.Sent, result.Status);
        Assert.Empty(result.RefusedRecipients);
        using var message = Mime(bench.Request());
        Assert.Equal((1, 0), (message.To.Count, message.Cc.Count));
    }

    [Fact]
    public async Task A_call_for_them_alone_is_refused_without_being_made()
    {
        await using var bench = await SesBench.StartAsync();
        var result = await bench.Provider.SendAsync(Emails.Outgoing(Mixed) with { Recipients = [1, 2, 4] }, bench.Account, Token);
        Assert.Equal((SendStatus.Permanent, ErrorCategory.Recipient, true), (result.Status, result.Category, result.IsNotAsked));
        Assert.Empty(bench.Server.Requests);
    }

    [Fact]
    public async Task Nobody_is_refused_while_the_others_have_not_got_it()
    {
        await using var bench = await SesBench.StartAsync(VendorReply.Answer(503));
        var result = await bench.SendAsync(Mixed);
        Assert.Equal(SendStatus.Transient, result.Status);
        Assert.Empty(result.RefusedRecipients);
    }

    private static EmailContent Mixed => Emails.Small with { To = ["a@example.com", "jürgen@example.com"], Cc = ["用户@example.com"], Bcc = ["b@example.com", "käthe@example.com"] };

    public static TheoryData<EmailContent> International => new()
    {
        Emails.Small with { To = ["jürgen@example.com"] },
        Emails.Small with { To = ["jürgen@example.com"], Bcc = ["用户@example.com"] },
        Emails.Small with { FromEmail = "jürgen@acme.example" },
        Emails.Small with { ReplyTo = "jürgen@acme.example" },
    };

    [Fact]
    public void It_takes_fifty_recipients_a_call_and_forty_megabytes()
    {
        var provider = new SesProvider(null!, null!, TimeProvider.System);
        Assert.Equal((50, 40_000_000L), (provider.MaxRecipientsPerCall, provider.MaxEncodedBytes(SesBench.Settings)));
    }

    private static MimeMessage Mime(VendorRequest request) =>
        MimeMessage.Load(new MemoryStream(request.Json().GetProperty("Content").GetProperty("Raw").GetProperty("Data").GetBytesFromBase64()), Token);

    private static List<(string? Name, string? Value)> Tags(VendorRequest request) =>
        [.. request.Json().GetProperty("EmailTags").EnumerateArray().Select(static tag => (tag.GetProperty("Name").GetString(), tag.GetProperty("Value").GetString()))];

    private static IEnumerable<string?> Strings(JsonElement element, string name) =>
        element.GetProperty(name).EnumerateArray().Select(static item => item.GetString());
}
