using EmailFunctions.Providers.Mime;

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
        using var message = MimeDocument.Of(email, account.Settings);
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            await output.WriteLineAsync($"----- message {email.Id}");
            await using (var text = new TextStream(output))
            {
                // Half a message would not be one that was not sent.
                await message.WriteToAsync(text, CancellationToken.None);
            }

            await output.WriteLineAsync();
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
