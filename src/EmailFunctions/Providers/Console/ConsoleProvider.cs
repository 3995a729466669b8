using System.Text;
using EmailFunctions.Providers.Mime;
using MimeKit;

namespace EmailFunctions.Providers.Console;

/// <summary>Prints each message, for development. Its output is the mail, not a log.</summary>
internal sealed class ConsoleProvider(TextWriter output) : IEmailProvider, IDisposable
{
    private static readonly AnswerRow Printed = new("Printed", SendStatus.Sent, null);

    private readonly SemaphoreSlim _oneAtATime = new(1, 1);

    /// <summary>What can become of a message.</summary>
    public static IReadOnlyList<AnswerRow> Answers { get; } = [Printed];

    public ProviderType Type => ProviderType.Console;

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        using var message = MimeBuilder.Build(email, account.Settings);
        message.Prepare(EncodingConstraint.SevenBit);
        using var bytes = new MemoryStream();
        await message.WriteToAsync(bytes, cancellationToken);
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            await output.WriteLineAsync($"----- message {email.Id}");
            // An international local part has no ASCII form.
            await output.WriteLineAsync(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
            await output.WriteLineAsync("-----");
            await output.FlushAsync(CancellationToken.None);
        }
        finally
        {
            _oneAtATime.Release();
        }

        return Printed.ToResult("printed");
    }

    public Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken) =>
        Task.FromResult(ProbeResult.Healthy);

    public void Dispose() => _oneAtATime.Dispose();
}
