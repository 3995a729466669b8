namespace EmailFunctions.Tests.Support;

/// <summary>The configuration of <see cref="EximServer"/>.</summary>
internal static class EximConfig
{
    /// <summary>The text.</summary>
    /// <param name="root">The server's folder.</param>
    /// <param name="program">Exim.</param>
    /// <param name="ports">Plain, STARTTLS, small, few connections, greylisting and slow, in this order.</param>
    /// <param name="password">Of the one user.</param>
    public static string Text(string root, string program, int[] ports, string password) => $$"""
        primary_hostname = mail.{{PostfixServer.Domain}}
        exim_path = {{program}}
        spool_directory = {{root}}/own/spool
        log_file_path = {{root}}/own/log/%slog
        pid_file_path = {{root}}/own/spool/exim.pid
        deliver_drop_privilege = true
        never_users =
        keep_environment =

        # Loopback only, and nothing is asked of DNS.
        local_interfaces = 127.0.0.1
        daemon_smtp_ports = {{string.Join(" : ", ports)}}
        host_lookup =
        rfc1413_hosts =

        smtputf8_advertise_hosts = *
        tls_advertise_hosts = ${if {{On(ports[1])}} {*} }
        tls_certificate = {{root}}/own/certificate.pem
        tls_privatekey = {{root}}/own/key.pem
        auth_advertise_hosts = ${if def:tls_in_cipher {*} }
        message_size_limit = ${if {{On(ports[2])}} {{{IRealMailServer.SmallBytes}}} {50M} }
        smtp_accept_max = 200
        smtp_accept_max_per_host = ${if {{On(ports[3])}} {{{IRealMailServer.FewConnections}}} {200} }
        smtp_accept_queue_per_connection = 0
        acl_smtp_mail = acl_mail
        acl_smtp_rcpt = acl_rcpt
        acl_smtp_data = acl_data

        begin acl

        acl_mail:
          deny condition = ${if {{On(ports[1])}} }
               !authenticated = *
               message = 530 5.7.0 authentication required
          accept

        acl_rcpt:
          deny !domains = {{PostfixServer.Domain}}
               message = 550 5.7.1 relay not permitted
          deny local_parts = refused
               message = 550 5.1.1 nobody of that name
          defer local_parts = deferred
               message = 450 4.2.0 busy
          defer condition = ${if {{On(ports[4])}} }
               !seen = 1h / key=$local_part
               message = 451 4.7.1 greylisted
          accept

        acl_data:
          accept condition = ${if {{On(ports[5])}} }
               delay = 60s
          accept

        begin routers

        all:
          driver = accept
          transport = maildir

        begin transports

        maildir:
          driver = appendfile
          directory = {{root}}/own/mail
          maildir_format
          envelope_to_add
          user = Debian-exim
          batch_max = 1

        begin retry

        * * F,1h,1s

        begin authenticators

        plain:
          driver = plaintext
          public_name = PLAIN
          server_prompts = :
          server_condition = {{Login(password)}}
          server_set_id = $auth2

        """;

    // Whether a connection came to this port.
    private static string On(int port) => $"eq{{$received_port}}{{{port}}}";

    private static string Login(string password) => "${if and{{eq{$auth2}{mailer}}{eq{$auth3}{" + password + "}}}}";
}
