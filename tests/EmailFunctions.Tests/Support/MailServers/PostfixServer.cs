using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace EmailFunctions.Tests.Support;

/// <summary>
/// A real Postfix of its own in a temporary folder, listening on loopback only.
/// It takes mail for any recipient at <see cref="Domain"/>, relays nothing and touches neither
/// <c>/etc/postfix</c> nor <c>/var/spool/postfix</c>. Several can run at once.
/// </summary>
/// <remarks>
/// Postfix is stopped and its folder removed by <see cref="DisposeAsync"/>, and also when the test process dies
/// without reaching it.
/// </remarks>
public sealed partial class PostfixServer : IRealMailServer
{
    /// <summary>The one domain that mail is taken for; a recipient elsewhere is refused with 554.</summary>
    public const string Domain = "example.test";

    /// <summary>The largest message taken, in bytes (50 MB, that is 50 × 1024 × 1024), as <c>SIZE</c> in EHLO says.</summary>
    public const int MessageSizeLimit = 50 * 1024 * 1024;

    private const int StartAttempts = 4;

    // A start takes about a second; the rest is room for a loaded build machine. The guard gives "postfix start" 30 s.
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(40);

    // The guard bounds each of its steps, 50 s in all, so this much passes only if the guard itself hangs.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan MailPoll = TimeSpan.FromMilliseconds(20);

    private readonly PostfixFolder _folder;
    private readonly Process _guard;
    private readonly GreylistPolicy _greylist;
    private readonly int _master;
    private readonly ConcurrentDictionary<string, string> _recipients = new(StringComparer.Ordinal);
    private int _disposed;

    private PostfixServer(PostfixFolder folder, Process guard, GreylistPolicy greylist, int master)
    {
        _folder = folder;
        _master = master;
        _greylist = greylist;
        _guard = guard;
        Certificate = X509CertificateLoader.LoadCertificateFromFile(folder.CertificateFile);
    }

    /// <summary>The loopback port (127.0.0.1) that speaks SMTP without TLS and wants no login.</summary>
    public int PlainPort => _folder.Ports[0];

    /// <summary>
    /// The loopback port (127.0.0.1) that offers nothing but STARTTLS first, and after it takes mail only once logged in.
    /// </summary>
    public int StartTlsPort => _folder.Ports[1];

    /// <summary>
    /// The loopback port (127.0.0.1) that speaks TLS from the first byte and takes mail only once logged in.
    /// </summary>
    public int ImplicitTlsPort => _folder.Ports[2];

    /// <summary>As <see cref="PlainPort"/>, for messages of at most <see cref="IRealMailServer.SmallBytes"/>.</summary>
    public int SmallPort => _folder.Ports[3];

    /// <summary>As <see cref="PlainPort"/>, for <see cref="IRealMailServer.FewConnections"/> at once.</summary>
    public int FewPort => _folder.Ports[4];

    /// <summary>As <see cref="PlainPort"/>, and puts off each recipient once.</summary>
    public int GreyPort => _folder.Ports[5];

    /// <summary>As <see cref="PlainPort"/>, and thinks for a minute before it answers to the content.</summary>
    public int SlowPort => _folder.Ports[6];

    /// <summary>The name to log in with, by PLAIN or LOGIN.</summary>
    public string Username { get; } = PostfixFolder.Username;

    /// <summary>The password of <see cref="Username"/>; another one for each server.</summary>
    public string Password => _folder.Password;

    /// <summary>
    /// The full path of the server's certificate in PEM, without the key, to be trusted as a root. It is good for
    /// <c>localhost</c> and 127.0.0.1. The file is gone after <see cref="DisposeAsync"/>.
    /// </summary>
    public string CertificatePemPath => _folder.CertificateFile;

    /// <summary>The server's certificate without the key, to be trusted as a root; disposed of with the server.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Says whether a server can be started here.</summary>
    /// <returns><see langword="null"/> when it can, otherwise one sentence with what is missing and how to get it.</returns>
    public static string? WhyUnavailable()
    {
        if (!OperatingSystem.IsLinux())
            return "Postfix tests need Linux: run them in a Debian container as root.";
        if (PathLookUp.Find("postfix") is null)
            return $"Postfix is not installed: {PostfixFolder.InstallCommand}";
        if (PathLookUp.Find("saslpasswd2") is null)
            return $"saslpasswd2 is not installed: {PostfixFolder.InstallCommand}";
        if (!Environment.IsPrivilegedProcess)
            return "Postfix starts as root only: run the tests as root, for example in a container.";
        return null;
    }

    /// <summary>Starts a server and waits until all three of its ports answer. Takes about a second.</summary>
    /// <param name="cancellationToken">Gives up the start; what was started is stopped first.</param>
    /// <returns>The running server.</returns>
    /// <exception cref="InvalidOperationException">
    /// Postfix is unavailable (the message is that of <see cref="WhyUnavailable"/>), or it did not start in 30 s
    /// (the message ends with the tail of its log).
    /// </exception>
    /// <exception cref="TimeoutException">
    /// Postfix started but did not answer within 40 s; the message ends with the tail of its log.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static async Task<PostfixServer> StartAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || WhyUnavailable() is not null)
            throw new InvalidOperationException(WhyUnavailable());

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await StartOnceAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (PortTakenException) when (attempt < StartAttempts)
            {
                // Between our choice of a free port and Postfix's bind somebody else got it: choose again.
            }
        }
    }

    /// <summary>Waits until a recipient has at least <paramref name="count"/> messages.</summary>
    /// <param name="recipientLocalPart">
    /// The recipient's address up to the @, without quotes; upper and lower case are the same mailbox.
    /// </param>
    /// <param name="count">How many messages to wait for; 0 returns at once with what is there.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <returns>
    /// All messages delivered to the recipient so far, in order of delivery, which may be more than
    /// <paramref name="count"/>. Each is the file's bytes: lines end in LF, and Postfix has put Return-Path,
    /// X-Original-To, Delivered-To and Received in front. Messages stay, so that a second call returns them again.
    /// </returns>
    /// <exception cref="TimeoutException">
    /// Fewer messages came in <paramref name="timeout"/>; the message ends with the tail of Postfix's log.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<IReadOnlyList<byte[]>> WaitForMailAsync(
        string recipientLocalPart, int count, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var files = FilesOf(recipientLocalPart);
            if (files.Count >= count)
                return await ReadAllAsync(files, cancellationToken).ConfigureAwait(false);
            if (waited.Elapsed >= timeout)
            {
                throw new TimeoutException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{files.Count} of {count} messages for {recipientLocalPart}@{Domain} came in {timeout.TotalSeconds} s. {_folder.LogTail()}"));
            }

            await Task.Delay(MailPoll, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads Postfix's log as written so far, for a test that asserts on it or wants to show it.</summary>
    /// <returns>The log, one event a line; empty when nothing was logged.</returns>
    public string ReadLog() => PostfixFolder.ReadIfThere(_folder.LogFile);

    void IRealMailServer.KillSessions(int port) =>
        ProcessTable.KillChildren(_master, "smtpd", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));

    /// <summary>Stops Postfix, waits until all of its processes are gone and removes its folder. Safe to call twice.</summary>
    /// <exception cref="InvalidOperationException">Postfix could not be stopped, so that it may still run.</exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Certificate.Dispose();
        await using (_greylist)
        using (_guard)
            await StopAsync(_folder, _guard).ConfigureAwait(false);
    }

    [SupportedOSPlatform("linux")]
    private static async Task<PostfixServer> StartOnceAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartLimit);
        var greylist = GreylistPolicy.Start();
        var folder = PostfixFolder.Create(greylist.Port);
        Process? guard = null;
        try
        {
            await folder.AddLoginAsync(limit.Token).ConfigureAwait(false);
            guard = StartGuard(folder);
            if (await guard.StandardOutput.ReadLineAsync(limit.Token).ConfigureAwait(false) is not { } started)
                throw folder.StartFailure();
            await ProbeAsync(folder, limit.Token).ConfigureAwait(false);
            return new PostfixServer(folder, guard, greylist, int.Parse(started.Split(' ')[1], CultureInfo.InvariantCulture));
        }
        catch (Exception failure)
        {
            // The log goes with the folder, so it is read before the clean-up.
            var tail = folder.LogTail();
            await CleanUpAfterFailureAsync(folder, guard).ConfigureAwait(false);
            await greylist.DisposeAsync().ConfigureAwait(false);
            if (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new TimeoutException($"Postfix did not come up in {StartLimit.TotalSeconds:0} s. {tail}", failure);
            throw;
        }
    }

    private static async Task CleanUpAfterFailureAsync(PostfixFolder folder, Process? guard)
    {
        if (guard is null)
        {
            folder.Remove();
            return;
        }

        using (guard)
            await StopAsync(folder, guard).ConfigureAwait(false);
    }

    private static Process StartGuard(PostfixFolder folder)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])["-c", PostfixFolder.GuardScript, "postfix-guard", folder.Root, PathLookUp.Require("postfix")])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    // The guard reads the end of its input as the order to stop.
    private static async Task StopAsync(PostfixFolder folder, Process guard)
    {
        using var limit = new CancellationTokenSource(StopLimit);
        try
        {
            guard.StandardInput.Close();
            await guard.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            guard.Kill(entireProcessTree: true);
            throw new InvalidOperationException(
                $"Postfix did not stop in {StopLimit.TotalSeconds:0} s and may still run in {folder.Root}. {folder.LogTail()}");
        }

        if (guard.ExitCode == PostfixFolder.StillRunning)
            throw new InvalidOperationException($"Postfix still runs in {folder.Root}. {folder.LogTail()}");
        folder.Remove();
    }

    // A greeting under TLS proves more than an open port: smtpd sends it only once certificate and SASL are in order.
    private static async Task ProbeAsync(PostfixFolder folder, CancellationToken cancellationToken)
    {
        foreach (var port in folder.Ports)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken).ConfigureAwait(false);
            Stream stream = client.GetStream();
            if (port == folder.Ports[2])
                stream = await SecureAsync(stream, folder, cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
                await GreetAsync(stream, port, folder, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<SslStream> SecureAsync(Stream stream, PostfixFolder folder, CancellationToken cancellationToken)
    {
        using var root = X509CertificateLoader.LoadCertificateFromFile(folder.CertificateFile);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(root);
        var secure = new SslStream(stream);
        var options = new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy };
        try
        {
            await secure.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
            return secure;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw new InvalidOperationException($"Postfix's TLS port gives no good handshake. {folder.LogTail()}", failure);
        }
    }

    private static async Task GreetAsync(Stream stream, int port, PostfixFolder folder, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        var greeting = await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (greeting?.StartsWith("220 ", StringComparison.Ordinal) != true)
        {
            throw new InvalidOperationException(
                $"Postfix's port {port} greets with \"{greeting}\"; all of these must be installed: {PostfixFolder.InstallCommand}. {folder.LogTail()}");
        }

        await stream.WriteAsync("QUIT\r\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false);
    }

    private List<FileInfo> FilesOf(string localPart) =>
    [
        .. new DirectoryInfo(_folder.NewMail).EnumerateFiles()
            .Where(file => string.Equals(RecipientOf(file), localPart, StringComparison.OrdinalIgnoreCase))
            .OrderBy(file => file.LastWriteTimeUtc)
            .ThenBy(file => file.Name, StringComparer.Ordinal),
    ];

    // A file in new/ never changes, so its recipient is read once.
    private string RecipientOf(FileInfo file) => _recipients.GetOrAdd(file.Name, static (_, path) => DeliveredTo(path), file.FullName);

    private static string DeliveredTo(string path)
    {
        // The delivery agent writes its own Delivered-To above anything that the sender wrote.
        const string Field = "Delivered-To: ";
        var line = File.ReadLines(path).TakeWhile(text => text.Length > 0).FirstOrDefault(
            text => text.StartsWith(Field, StringComparison.Ordinal)) ?? "";
        var at = line.LastIndexOf('@');
        return at < Field.Length ? "" : Unquote(line[Field.Length..at]);
    }

    private static string Unquote(string localPart) =>
        localPart is ['"', .. var quoted, '"'] ? QuotedPair().Replace(quoted, "$1") : localPart;

    [GeneratedRegex(@"\\(.)")]
    private static partial Regex QuotedPair();

    private static async Task<IReadOnlyList<byte[]>> ReadAllAsync(List<FileInfo> files, CancellationToken cancellationToken)
    {
        var messages = new List<byte[]>(files.Count);
        foreach (var file in files)
            messages.Add(await File.ReadAllBytesAsync(file.FullName, cancellationToken).ConfigureAwait(false));
        return messages;
    }

    internal sealed class PortTakenException(string message) : InvalidOperationException(message);
}
