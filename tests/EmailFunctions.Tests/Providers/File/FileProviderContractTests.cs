using EmailFunctions.Providers;
using EmailFunctions.Providers.File;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Providers.File;

public sealed class FileProviderContractTests : EmailProviderContract
{
    private readonly TempFolder _folder = new();

    // In the order in which they were first seen: names and times of files are too coarse to tell.
    private readonly List<string> _seen = [];

    private protected override IEmailProvider Provider => new FileProvider(_folder.FullPath);

    private protected override ProviderAccount Account { get; } = Emails.Account(new() { Type = ProviderType.File, FromEmail = Emails.Sender });

    private protected override IReadOnlyList<ArrivedEmail> Arrived
    {
        get
        {
            _seen.AddRange(Directory.GetFiles(_folder.FullPath, "*", SearchOption.AllDirectories).Except(_seen).Order(StringComparer.Ordinal));
            return [.. _seen.Select(static file => ArrivedEmail.OfMime(System.IO.File.ReadAllBytes(file)))];
        }
    }

    public override ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return default;
    }
}
