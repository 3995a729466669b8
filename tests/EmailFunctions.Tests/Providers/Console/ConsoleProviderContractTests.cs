using System.Text;
using System.Text.RegularExpressions;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Console;

namespace EmailFunctions.Tests.Providers.Console;

public sealed partial class ConsoleProviderContractTests : EmailProviderContract
{
    private readonly StringWriter _output = new();
    private readonly ConsoleProvider _provider;

    public ConsoleProviderContractTests() => _provider = new ConsoleProvider(_output);

    private protected override IEmailProvider Provider => _provider;

    private protected override ProviderAccount Account { get; } = Emails.Account(new() { Type = ProviderType.Console, FromEmail = Emails.Sender });

    private protected override IReadOnlyList<ArrivedEmail> Arrived => [.. Mails().Select(static mail => ArrivedEmail.OfMime(Encoding.UTF8.GetBytes(mail)))];

    public override async ValueTask DisposeAsync()
    {
        _provider.Dispose();
        await _output.DisposeAsync();
    }

    [Fact]
    public async Task Messages_at_the_same_time_are_printed_one_after_the_other()
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => _provider.SendAsync(Emails.Outgoing(), Account, Token), Token)));
        Assert.Equal(50, Mails().Count());
        Assert.All(Mails(), static mail => Assert.DoesNotContain("----- message", mail, StringComparison.Ordinal));
    }

    private IEnumerable<string> Mails() => Printed().Matches(_output.ToString()).Select(static match => match.Groups["mail"].Value);

    [GeneratedRegex(@"^----- message \S+\r?\n(?<mail>.*?)\r?\n-----\r?$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Printed();
}
