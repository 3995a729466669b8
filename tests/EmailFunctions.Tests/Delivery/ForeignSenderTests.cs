using EmailFunctions.Delivery;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Delivery;

/// <summary>Mail that was accepted while its tenant might send it, and is to be sent when it may not any more.</summary>
public sealed class ForeignSenderTests
{
    private const string Own = """{"provider_type":"smtp","smtp_host":"mail.example.com","from_email":"a@acme.example"}""";
    private const string Bounded = """{"provider_type":"smtp","smtp_host":"mail.example.com","from_email":"a@acme.example","allowed_from_domains":["acme.example"]}""";

    private static readonly SendResult Down = SendResult.Failed(SendStatus.Transient, ErrorCategory.ProviderUnavailable, "503");

    [Fact]
    public async Task It_is_held_with_the_reason_and_goes_once_the_configuration_allows_it()
    {
        await using var bench = NewBench();
        await bench.Client.ConfigureAsync("acme", Own);
        var (foreign, own) = (await bench.AcceptAsync(from: "a@other.example"), await bench.AcceptAsync(from: "b@acme.example"));
        await bench.Client.ConfigureAsync("acme", Bounded);

        await bench.DispatchAsync(foreign);
        await bench.DispatchAsync(own);

        await AssertHeldAsync(bench, foreign, "allowed_from_domains");
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(own)).Status);
        Assert.Equal("b@acme.example", Assert.Single(bench.Primary.Given).Content.FromEmail);

        await bench.Client.ConfigureAsync("acme", Bounded.Replace("[\"acme.example\"]", "[\"acme.example\",\"other.example\"]", StringComparison.Ordinal));
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(foreign)).Status);
    }

    [Theory]
    [InlineData("DELETE", "")]
    [InlineData("PUT", """{"is_active":false}""")]
    public async Task Without_its_configuration_it_is_not_sent_through_the_system_default_as_somebody_else(string method, string json)
    {
        await using var bench = NewBench();
        await bench.Client.ConfigureAsync("acme", Own);
        var (foreign, plain) = (await bench.AcceptAsync(from: "a@acme.example"), await bench.AcceptAsync());
        await bench.Client.MustAsync(new HttpMethod(method), "/api/v1/email/configs/acme", json);

        await bench.DispatchAsync(foreign);
        await bench.DispatchAsync(plain);

        await AssertHeldAsync(bench, foreign, "EMAIL_FROM_EMAIL");
        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(plain)).Status);
        Assert.Equal("no-reply@system.example", Assert.Single(bench.Provider.Accounts).Settings.FromEmail);
        Assert.Null(Assert.Single(bench.Provider.Given).Content.FromEmail);

        await bench.Client.ConfigureAsync("acme", Own);
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(foreign)).Status);
    }

    [Fact]
    public async Task No_fallback_sends_it_either_not_even_the_systems()
    {
        await using var bench = NewBench();
        const string Route = ""","fallback":{"provider_type":"console"},"fallback_to_system":true}""";
        await bench.Client.ConfigureAsync("acme", Own[..^1] + Route);
        var id = await bench.AcceptAsync(from: "a@other.example");
        await bench.Client.ConfigureAsync("acme", Bounded[..^1] + Route);
        bench.Primary.Answer = _ => Down;

        await bench.DispatchAsync(id);

        await AssertHeldAsync(bench, id, "allowed_from_domains");
        Assert.Empty(bench.Primary.Given.Concat(bench.Fallback.Given).Concat(bench.Provider.Given));
    }

    [Fact]
    public async Task A_message_of_its_own_goes_on_to_the_system_default_from_the_systems_address()
    {
        await using var bench = NewBench();
        await bench.Client.ConfigureAsync("acme", Bounded[..^1] + ""","fallback_to_system":true}""");
        var id = await bench.AcceptAsync(from: "b@acme.example");
        bench.Primary.Answer = _ => Down;

        await bench.DispatchAsync(id);

        Assert.Equal(MessageStatus.Sent, (await bench.ReadAsync(id)).Status);
        var given = Assert.Single(bench.Provider.Given).Content;
        Assert.Equal((null, "b@acme.example"), (given.FromEmail, given.ReplyTo));
    }

    [Fact]
    public async Task A_release_does_not_send_it_while_the_rule_stands()
    {
        await using var bench = NewBench();
        await bench.Client.ConfigureAsync("acme", Own);
        var id = await bench.AcceptAsync(from: "a@other.example");
        await bench.Client.ConfigureAsync("acme", Bounded);
        await bench.DispatchAsync(id);

        await bench.Client.MustAsync(HttpMethod.Post, $"/api/v1/admin/email/messages/{id}/release", "");
        await bench.RunQueueAsync(TimeSpan.FromMinutes(1));

        await AssertHeldAsync(bench, id, "allowed_from_domains");
        Assert.Empty(bench.Primary.Given);
    }

    private static DeliveryBench NewBench() => new(new Dictionary<string, string> { ["EMAIL_FROM_EMAIL"] = "no-reply@system.example", ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" });

    private static async Task AssertHeldAsync(DeliveryBench bench, MessageId id, string setting)
    {
        var entry = await bench.ReadAsync(id);
        Assert.Equal((MessageStatus.Deferred, true, "configuration", "config"), (entry.Status, entry.IsHeld, entry.Reason, entry.ErrorCategory));
        Assert.Contains(setting, entry.ProviderAnswer, StringComparison.Ordinal);
        Assert.DoesNotContain("other.example", entry.ProviderAnswer, StringComparison.Ordinal);
    }
}
