using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EmailFunctions.Tests.Support;

/// <summary>An Exim of its own in a temporary folder.</summary>
internal sealed class EximServer : IRealMailServer
{
    private const string Name = "exim4";
    private const string User = "Debian-exim";

    // Where .ci/run unpacks it: it can't be installed beside Postfix.
    private const string Unpacked = "/opt/exim4/usr/sbin/exim4";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly TempFolder _folder;
    private readonly BrokerProcess _process;
    private readonly int[] _ports;
    private readonly ConcurrentDictionary<string, string> _recipients = new(StringComparer.Ordinal);

    private EximServer(TempFolder folder, BrokerProcess process, int[] ports, string password)
    {
        (_folder, _process, _ports, Password) = (folder, process, ports, password);
        Certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder.FullPath, "own", "certificate.pem"));
    }

    public int PlainPort => _ports[0];

    public int StartTlsPort => _ports[1];

    public int SmallPort => _ports[2];

    public int FewPort => _ports[3];

    public int GreyPort => _ports[4];

    public int SlowPort => _ports[5];

    public string Username => "mailer";

    public string Password { get; }

    public X509Certificate2 Certificate { get; }

    /// <summary>Null where it can be started, else what is missing and how to get it.</summary>
    public static string? WhyUnavailable() =>
        !OperatingSystem.IsLinux() ? "Exim tests need Linux: run them in a Debian container as root."
        : Program() is null ? $"Exim is neither on the PATH nor in {Unpacked}: .ci/run shows how it is unpacked there."
        : !Environment.IsPrivilegedProcess ? "Exim starts as root only: run the tests as root, for example in a container."
        : null;

    [SupportedOSPlatform("linux")]
    public static async Task<EximServer> StartAsync(CancellationToken cancellationToken)
    {
        var folder = new TempFolder();
        try
        {
            var ports = PostfixFolder.FreePorts(6);
            var password = RandomNumberGenerator.GetHexString(32, lowercase: true);
            Fill(folder.FullPath, ports, password);
            var root = folder.FullPath;
            // What Exim reads and writes is its user's.
            var process = await BrokerProcess.StartAsync(
                root, ["/bin/sh", "-c", $"chown -R {User} {root}/own && exec {Program()} -C {root}/exim.conf -bdf"], [], ports[0], readyText: "", cancellationToken);
            return new EximServer(folder, process, ports, password);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public async Task<IReadOnlyList<byte[]>> WaitForMailAsync(string recipientLocalPart, int count, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var until = TimeProvider.System.GetUtcNow() + timeout;
        while (true)
        {
            var files = Directory.EnumerateFiles(Path.Combine(_folder.FullPath, "own", "mail", "new")).Where(file => RecipientOf(file) == recipientLocalPart).Order(StringComparer.Ordinal).ToList();
            if (files.Count >= count)
                return [.. files.Select(File.ReadAllBytes)];
            Assert.True(TimeProvider.System.GetUtcNow() < until, string.Create(CultureInfo.InvariantCulture, $"{files.Count} of {count} messages came. Exim's log: {ReadLog()}"));
            await Task.Delay(Poll, cancellationToken);
        }
    }

    // Its processes don't show their ports. Those that have nothing to do are no loss.
    public void KillSessions(int port) => ProcessTable.KillChildren(
        int.Parse(File.ReadAllText(Path.Combine(_folder.FullPath, "own", "spool", "exim.pid")).Trim(), CultureInfo.InvariantCulture), Name, argument: "");

    public async ValueTask DisposeAsync()
    {
        Certificate.Dispose();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private static string? Program() => PathLookUp.Find(Name) ?? (File.Exists(Unpacked) ? Unpacked : null);

    // A file in new/ never changes, so its recipient is read once.
    private string RecipientOf(string file) => _recipients.GetOrAdd(file, static path =>
    {
        const string Field = "Envelope-to: ";
        return File.ReadLines(path).First(static line => line.StartsWith(Field, StringComparison.Ordinal))[Field.Length..].Split('@')[0];
    });

    private string ReadLog() => PostfixFolder.ReadIfThere(Path.Combine(_folder.FullPath, "own", "log", "mainlog"));

    [SupportedOSPlatform("linux")]
    private static void Fill(string root, int[] ports, string password)
    {
        File.SetUnixFileMode(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        foreach (var name in (string[])["spool", "log", "mail/new", "mail/cur", "mail/tmp"])
            Directory.CreateDirectory(Path.Combine(root, "own", name));
        using var key = RSA.Create(2048);
        using var certificate = LoopbackCertificate.SelfSign(key);
        File.WriteAllText(Path.Combine(root, "own", "certificate.pem"), certificate.ExportCertificatePem() + "\n");
        File.WriteAllText(Path.Combine(root, "own", "key.pem"), key.ExportPkcs8PrivateKeyPem() + "\n");
        var file = Path.Combine(root, "exim.conf");
        File.WriteAllText(file, EximConfig.Text(root, Program()!, ports, password));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
    }
}
