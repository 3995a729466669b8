using EmailFunctions.Providers;

namespace EmailFunctions.Tests.Providers.Smtp;

public sealed class SmtpProviderContractTests : EmailProviderContract
{
    private readonly SmtpBench _bench = new(new() { KeepContent = true });

    private protected override IEmailProvider Provider => _bench.Provider;

    private protected override ProviderSettings Settings => _bench.Settings;

    private protected override IReadOnlyList<byte[]> Arrived => [.. _bench.Sink.Messages.Select(static message => message.Content.ToArray())];

    public override ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task All_recipients_are_on_the_envelope_in_order()
    {
        var content = new RichEmail().Content;
        await _bench.SendAsync(content);
        var message = Assert.Single(_bench.Sink.Messages);
        Assert.Equal(content.FromEmail, message.MailFrom);
        Assert.Equal(100, message.Recipients.Count);
        Assert.Equal(content.Recipients, message.Recipients);
    }
}
