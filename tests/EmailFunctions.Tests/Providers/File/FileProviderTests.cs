using System.Text;
using EmailFunctions.Providers;
using EmailFunctions.Providers.File;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Providers.File;

public sealed class FileProviderTests
{
    private static readonly ProviderSettings Settings = new() { Type = ProviderType.File, FromEmail = Emails.Sender };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_that_is_sent_again_replaces_its_file()
    {
        using var folder = new TempFolder();
        var provider = new FileProvider(folder.FullPath);
        var email = Emails.Outgoing();
        await provider.SendAsync(email, Emails.Account(Settings), Token);
        var result = await provider.SendAsync(email, Emails.Account(Settings), Token);
        Assert.Equal($"{email.Id.Unique}.eml", result.ProviderMessageId);
        Assert.Equal(folder.Combine($"tenant-acme/{email.Id.Unique}.eml"), Assert.Single(Files(folder)));
    }

    [Fact]
    public async Task What_is_written_is_its_owners_alone()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows has no such modes.");
        using var folder = new TempFolder();
        var mail = folder.Combine("mail");
        await new FileProvider(mail).SendAsync(Emails.Outgoing(), Emails.Account(Settings), Token);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, new DirectoryInfo(mail).UnixFileMode);
    }

    [Theory]
    [InlineData("...")]
    [InlineData("-rf")]
    [InlineData("Acme.Ltd_2-b")]
    public async Task Every_tenant_has_a_folder_of_its_own_below_the_mail_folder(string tenant)
    {
        using var folder = new TempFolder();
        var email = Emails.Outgoing(tenant: tenant);
        await new FileProvider(folder.FullPath).SendAsync(email, Emails.Account(Settings, owner: tenant), Token);
        Assert.Equal(folder.Combine($"tenant-{tenant}/{email.Id.Unique}.eml"), Assert.Single(Files(folder)));
    }

    [Fact]
    public async Task A_file_is_plain_mail_with_the_line_ends_of_mail()
    {
        using var folder = new TempFolder();
        await new FileProvider(folder.FullPath).SendAsync(Emails.Outgoing(Emails.Small with { Text = "Grüße\n\nbis\rbald" }), Emails.Account(Settings), Token);
        var bytes = await System.IO.File.ReadAllBytesAsync(Assert.Single(Files(folder)), Token);
        Assert.True(Ascii.IsValid(bytes));
        var text = Encoding.ASCII.GetString(bytes).Replace("\r\n", "", StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
        Assert.DoesNotContain('\n', text);
    }

    [Fact]
    public async Task Where_no_file_can_be_written_the_message_is_tried_again_and_the_probe_says_so()
    {
        using var folder = new TempFolder();
        var blocked = folder.Combine("mail");
        await System.IO.File.WriteAllTextAsync(blocked, "a file where the folder should be", Token);
        var provider = new FileProvider(blocked);
        var result = await provider.SendAsync(Emails.Outgoing(), Emails.Account(Settings), Token);
        Assert.Equal((SendStatus.Transient, ErrorCategory.ProviderUnavailable), (result.Status, result.Category));
        var probe = await provider.ProbeAsync(Emails.Account(Settings), Token);
        Assert.Equal((false, ErrorCategory.ProviderUnavailable), (probe.IsHealthy, probe.Category));
    }

    private static string[] Files(TempFolder folder) => Directory.GetFiles(folder.FullPath, "*", SearchOption.AllDirectories);
}
