using EmailFunctions.Providers;

namespace EmailFunctions.Tests.Providers.Smtp;

public sealed class SmtpProviderContractTests : EmailProviderContract
{
    private readonly SmtpBench _bench = new(new() { KeepContent = true });

    private protected override IEmailProvider Provider => _bench.Provider;

    private protected override ProviderAccount Account => Emails.Account(_bench.Settings);

    private protected override IReadOnlyList<ArrivedEmail> Arrived =>
        [.. _bench.Sink.Messages.Select(static message => ArrivedEmail.OfMime(message.Content.ToArray(), [.. message.Recipients]))];

    public override ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task The_senders_address_is_on_the_envelope()
    {
        await _bench.SendAsync(Rich);
        Assert.Equal(Rich.FromEmail, Assert.Single(_bench.Sink.Messages).MailFrom);
    }
}
