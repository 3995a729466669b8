using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace EmailFunctions.Tests.Support;

// The programs are in /usr/sbin, which the PATH of a service or a cron job often lacks.
internal static class PathLookUp
{
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Append("/usr/sbin")
            .Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    public static string Require(string program) =>
        Find(program) ?? throw new InvalidOperationException($"{program} is not installed: {PostfixFolder.InstallCommand}");
}

/// <summary>The temporary folder with everything that one Postfix reads and writes.</summary>
internal sealed partial class PostfixFolder
{
    public const string InstallCommand =
        "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y postfix sasl2-bin libsasl2-modules libsasl2-modules-db";

    public const string Username = "mailer";

    /// <summary>The guard's exit code when it could not stop Postfix.</summary>
    public const int StillRunning = 75;

    /// <summary>
    /// Starts Postfix, says so, waits for the end of its input, and stops Postfix. A shell between the tests and
    /// Postfix ends Postfix also when the test process is killed, because the kernel then closes the input.
    /// </summary>
    /// <remarks>
    /// "postfix stop" would sleep a whole second whenever master is not gone at once, and leaves its children
    /// to go by themselves; "abort" and a wait for the whole process group is quicker and surer.
    /// </remarks>
    public const string GuardScript = """
        root=$1
        postfix=$2
        # Ctrl-C reaches the whole terminal group; the guard must outlive the tests.
        trap '' INT HUP
        exec 3>&1 >"$root/guard.log" 2>&1
        # Runs a Postfix command for so many seconds at most.
        run()
        {
            timeout "$1" "$postfix" -c "$root/etc" "$2" </dev/null 3>&-
        }
        # Says whether any process of Postfix's group is left; one that only waits to be reaped is not.
        alive()
        {
            sed -n "s/.*) [^ZX] [0-9]* $master .*/alive/p" /proc/[0-9]*/stat 2>/dev/null | grep -q alive
        }
        # Master holds a lock on the file, which keeps .NET from reading it.
        master_pid()
        {
            pid="$root/queue/pid/master.pid"
            test ! -e "$pid" || sed -n 's/^ *\([0-9][0-9]*\).*/\1/p;1q' "$pid"
        }
        chown -R 65534:65534 "$root/mail" && chown postfix "$root/sasldb" || exit
        run 30 start
        code=$?
        if test $code -eq 0
        then
            echo "started $(master_pid)" >&3
            read -r end
        else
            echo "postfix start ended with $code (124: it hung)"
        fi
        exec 3>&-
        master=$(master_pid)
        if test -n "$master" && run 5 status
        then
            run 5 abort
            tries=100
            while alive && test $tries -gt 0
            do
                tries=$((tries - 1))
                sleep 0.05
            done
            alive && kill -s KILL -- "-$master"
            run 5 status && exit 75
        fi
        test $code -ne 0 || rm -rf "$root"
        exit $code
        """;

    private const int TailLines = 25;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode OthersMayPass =
        OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly int _policyPort;

    private PostfixFolder(string root, int policyPort)
    {
        Root = root;
        _policyPort = policyPort;
        Password = RandomNumberGenerator.GetHexString(32, lowercase: true);
        Ports = FreePorts(7);
    }

    public string Root { get; }

    public string Password { get; }

    /// <summary>Plain, STARTTLS, implicit TLS, and those of a server that is small, that takes few connections, that greylists and that is slow, in this order.</summary>
    public int[] Ports { get; }

    public string CertificateFile => Path.Combine(Root, "certificate.pem");

    public string LogFile => Path.Combine(Root, "postfix.log");

    /// <summary>
    /// The new/ of the one Maildir. The virtual agent refuses $1 in its look-up tables, so a catch-all table can
    /// name one Maildir only; the recipients are told apart by the Delivered-To that the agent writes.
    /// </summary>
    public string NewMail => Path.Combine(Root, "mail", "all", "new");

    private string KeyFile => Path.Combine(Root, "key.pem");

    private string SaslDatabase => Path.Combine(Root, "sasldb");

    [SupportedOSPlatform("linux")]
    public static PostfixFolder Create(int policyPort)
    {
        var folder = new PostfixFolder(Directory.CreateTempSubdirectory("postfix-").FullName, policyPort);
        try
        {
            folder.Fill();
            return folder;
        }
        catch
        {
            folder.Remove();
            throw;
        }
    }

    public static string ReadIfThere(string path)
    {
        try
        {
            // Postfix goes on writing while we read.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd();
        }
        catch (IOException)
        {
            return "";
        }
    }

    public async Task AddLoginAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(PathLookUp.Require("saslpasswd2"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["-p", "-c", "-f", SaslDatabase, "-u", PostfixServer.Domain, Username])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.StandardInput.Write(Password);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = await process.StandardError.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await output.ConfigureAwait(false);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode != 0 || !File.Exists(SaslDatabase))
        {
            throw new InvalidOperationException(
                $"saslpasswd2 made no login (exit code {process.ExitCode}, {error.Trim()}); all of these must be installed: {InstallCommand}");
        }
    }

    public InvalidOperationException StartFailure()
    {
        var tail = LogTail();
        return tail.Contains("Address already in use", StringComparison.Ordinal)
            ? new PostfixServer.PortTakenException($"No port stayed free for Postfix. {tail}")
            : new InvalidOperationException($"Postfix did not start. {tail}");
    }

    public string LogTail()
    {
        var lines = (ReadIfThere(Path.Combine(Root, "guard.log")) + ReadIfThere(LogFile))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines is []
            ? "Postfix logged nothing."
            : "The log ends:\n" + string.Join('\n', lines.TakeLast(TailLines));
    }

    public void Remove()
    {
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    /// <summary>So many ports that nobody listens on.</summary>
    public static int[] FreePorts(int count)
    {
        // All are held at once, so that no port is handed out twice.
        var holders = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        try
        {
            holders.ForEach(holder => holder.Start());
            return [.. holders.Select(holder => ((IPEndPoint)holder.LocalEndpoint).Port)];
        }
        finally
        {
            holders.ForEach(holder => holder.Dispose());
        }
    }

    [SupportedOSPlatform("linux")]
    private void Fill()
    {
        // Postfix's daemons run as another user and must get to their files below the folder.
        File.SetUnixFileMode(Root, OthersMayPass);
        foreach (var name in (string[])["etc/sasl", "queue", "mail/all/new", "mail/all/cur", "mail/all/tmp"])
            MakeFolder(name);
        WriteCertificate();
        Write("etc/main.cf", MainCf());
        Write("etc/master.cf", MasterCf());
        Write("etc/sasl/smtpd.conf", SmtpdConf());
    }

    [SupportedOSPlatform("linux")]
    private void MakeFolder(string name)
    {
        // One by one, and past the umask, which for root may be 077.
        var path = Root;
        foreach (var part in name.Split('/'))
        {
            path = Path.Combine(path, part);
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, OthersMayPass);
        }
    }

    [SupportedOSPlatform("linux")]
    private void Write(string name, string text)
    {
        var path = Path.Combine(Root, name);
        File.WriteAllText(path, text);

        // Postfix reads a file that changed this second again and again until the second is over, which costs 1.5 s.
        File.SetLastWriteTimeUtc(path, TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-1));
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    [SupportedOSPlatform("linux")]
    private void WriteCertificate()
    {
        using var key = RSA.Create(2048);
        using var certificate = LoopbackCertificate.SelfSign(key);
        Write(Path.GetFileName(CertificateFile), certificate.ExportCertificatePem() + "\n");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using var writer = new StreamWriter(KeyFile, options);
        writer.Write(key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    private string SmtpdConf() => $"""
        pwcheck_method: auxprop
        auxprop_plugin: sasldb
        sasldb_path: {SaslDatabase}
        mech_list: PLAIN LOGIN

        """;

    private string MainCf() => $$"""
        compatibility_level = 3.6
        queue_directory = {{Root}}/queue
        data_directory = {{Root}}/data
        maillog_file = {{LogFile}}
        maillog_file_prefixes = {{Root}}
        syslog_name = {{Path.GetFileName(Root)}}

        # Loopback only, and nothing is asked of DNS.
        inet_interfaces = loopback-only
        inet_protocols = ipv4
        smtp_dns_support_level = disabled
        smtpd_peername_lookup = no
        myhostname = mail.{{PostfixServer.Domain}}
        mydomain = {{PostfixServer.Domain}}
        mynetworks = 127.0.0.0/8

        # Any recipient of the one domain goes into the one Maildir; nothing is relayed, and nothing is local.
        mydestination =
        alias_maps =
        alias_database =
        local_recipient_maps =
        local_transport = error:no local delivery
        default_transport = error:no delivery elsewhere
        relay_domains =
        smtpd_relay_restrictions = reject_unauth_destination
        refusals = check_recipient_access inline:{ { refused@{{PostfixServer.Domain}} = 550 5.1.1 nobody of that name }, { deferred@{{PostfixServer.Domain}} = 450 4.2.0 busy } }
        smtpd_recipient_restrictions = $refusals
        virtual_mailbox_domains = {{PostfixServer.Domain}}
        virtual_mailbox_base = {{Root}}/mail
        virtual_mailbox_maps = inline:{ { @{{PostfixServer.Domain}} = all/ } }
        virtual_uid_maps = static:65534
        virtual_gid_maps = static:65534
        allow_min_user = yes
        smtputf8_enable = yes
        biff = no
        notify_classes =

        # What a client sent is delivered as it is, without header fields added for a client of the own network.
        local_header_rewrite_clients =

        message_size_limit = {{PostfixServer.MessageSizeLimit}}
        mailbox_size_limit = 0
        virtual_mailbox_limit = 0

        # A test may connect, fail and send as often and as fast as it likes.
        default_process_limit = 200
        # A process that is killed with its first client is thought to be broken.
        service_throttle_time = 1s
        in_flow_delay = 0s
        smtpd_client_event_limit_exceptions = static:all
        smtpd_client_connection_count_limit = 0
        smtpd_client_connection_rate_limit = 0
        smtpd_client_message_rate_limit = 0
        smtpd_client_recipient_rate_limit = 0
        smtpd_client_auth_rate_limit = 0
        smtpd_error_sleep_time = 0s
        smtpd_soft_error_limit = 100000
        smtpd_hard_error_limit = 100000
        smtpd_junk_command_limit = 100000

        smtpd_tls_chain_files = {{KeyFile}}, {{CertificateFile}}
        smtpd_tls_auth_only = yes
        smtpd_tls_loglevel = 1
        smtpd_sasl_type = cyrus
        smtpd_sasl_path = smtpd
        smtpd_sasl_local_domain = {{PostfixServer.Domain}}
        smtpd_sasl_security_options = noanonymous
        # Debian's Postfix looks in this very folder whatever is set here; others go by the setting.
        cyrus_sasl_config_path = {{Root}}/etc/sasl

        """;

    // Postfix's way to give an option that has spaces.
    private static string Braced(string option) => "{ " + option + " }";

    private string MasterCf() => $"""
        127.0.0.1:{Ports[0]} inet n - n - - smtpd
          -o smtpd_tls_security_level=none
        127.0.0.1:{Ports[1]} inet n - n - - smtpd
          -o smtpd_tls_security_level=encrypt
          -o smtpd_sasl_auth_enable=yes
          -o smtpd_client_restrictions=permit_sasl_authenticated,reject
        127.0.0.1:{Ports[2]} inet n - n - - smtpd
          -o smtpd_tls_wrappermode=yes
          -o smtpd_sasl_auth_enable=yes
          -o smtpd_client_restrictions=permit_sasl_authenticated,reject
        127.0.0.1:{Ports[3]} inet n - n - - smtpd
          -o smtpd_tls_security_level=none
          -o message_size_limit={IRealMailServer.SmallBytes}
        127.0.0.1:{Ports[4]} inet n - n - - smtpd
          -o smtpd_tls_security_level=none
          -o smtpd_client_connection_count_limit={IRealMailServer.FewConnections}
          -o smtpd_client_event_limit_exceptions=
        127.0.0.1:{Ports[5]} inet n - n - - smtpd
          -o smtpd_tls_security_level=none
          -o {Braced($"smtpd_recipient_restrictions = $refusals, check_policy_service inet:127.0.0.1:{_policyPort}")}
        127.0.0.1:{Ports[6]} inet n - n - - smtpd
          -o smtpd_tls_security_level=none
          -o {Braced("smtpd_end_of_data_restrictions = sleep 60")}
        postlog unix-dgram n - n - 1 postlogd
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 300 1 qmgr
        tlsmgr unix - - n 1000? 1 tlsmgr
        rewrite unix - - n - - trivial-rewrite
        bounce unix - - n - 0 bounce
        defer unix - - n - 0 bounce
        trace unix - - n - 0 bounce
        verify unix - - n - 1 verify
        flush unix n - n 1000? 0 flush
        proxymap unix - - n - - proxymap
        showq unix n - n - - showq
        error unix - - n - - error
        retry unix - - n - - error
        discard unix - - n - - discard
        virtual unix - n n - - virtual
        anvil unix - - n - 1 anvil

        """;
}
