using EmailFunctions.Providers.Mime;

namespace EmailFunctions.Providers.File;

/// <summary>
/// Writes each message as an <c>.eml</c> file, for development. A message that is sent again replaces its own file, so that this
/// provider never shows a duplicate.
/// </summary>
internal sealed class FileProvider(string folder) : IEmailProvider
{
    private static readonly AnswerRow Written = new("The file is written", SendStatus.Sent, null);
    private static readonly AnswerRow NotWritten = new("The file can't be written", SendStatus.Transient, ErrorCategory.ProviderUnavailable);

    /// <summary>What can become of a message.</summary>
    public static IReadOnlyList<AnswerRow> Answers { get; } = [Written, NotWritten];

    public ProviderType Type => ProviderType.File;

    public async Task<SendResult> SendAsync(OutgoingEmail email, ProviderAccount account, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var message = MimeDocument.Of(email, account.Settings);
        var path = Path.Combine(folder, FolderOf(email), $"{email.Id.Unique}.eml");
        try
        {
            CreateFolder();
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // A reader that looks into the folder sees whole files only.
            var unfinished = path + ".part";
            await using (var file = System.IO.File.Create(unfinished))
            {
                await message.WriteToAsync(file, cancellationToken);
            }

            System.IO.File.Move(unfinished, path, overwrite: true);
            return Written.ToResult("written") with { ProviderMessageId = Path.GetFileName(path) };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return NotWritten.ToResult("The file can't be written.");
        }
    }

    public Task<ProbeResult> ProbeAsync(ProviderAccount account, CancellationToken cancellationToken)
    {
        try
        {
            CreateFolder();
            return Task.FromResult(ProbeResult.Healthy);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Task.FromResult(ProbeResult.Unhealthy(ErrorCategory.ProviderUnavailable, "The folder for mail can't be written."));
        }
    }

    // The mail lies in it in clear, so it is its owner's alone.
    private void CreateFolder()
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    // A folder per tenant. The prefix keeps names such as "..." from meaning anything to a file system.
    private static string FolderOf(OutgoingEmail email) => "tenant-" + email.Id.Tenant.Value;
}
