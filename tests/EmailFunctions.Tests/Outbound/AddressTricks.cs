namespace EmailFunctions.Tests.Outbound;

/// <summary>Ways to write, or to let a name server say, an address that is not to be called.</summary>
internal static class AddressTricks
{
    /// <summary>Hosts that are refused by how they are written, whatever a name server would say of them.</summary>
    public static IReadOnlyList<string> Hosts { get; } =
    [
        // This machine: as it is, short, decimal, octal, hexadecimal, and mixed.
        "127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.1", "2130706433", "017700000001", "0177.0.0.1", "0177.0.0.01", "0x7f000001", "0X7F000001", "0x7f.1", "0x7f.0.0.0x1", "00127.0.0.1", "127.0.0.01",
        "0", "00", "0x", "0x0", "0.0.0.0", "0.0.0.1", "::", "::1", "[::1]", "0:0:0:0:0:0:0:1", "::0001",
        // IPv4 in IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP.
        "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:7f00:1", "[::ffff:169.254.169.254]", "::ffff:8.8.8.8", "::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2620:0:2d0:200::5efe:10.0.0.1", "2620:0:2d0:200:0200:5efe:0a00:0001",
        // Private, shared, and the link.
        "10.0.0.1", "10.255.255.255", "10.1", "012.0.0.1", "0xa.0.0.1", "167772161", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.257", "0xc0a80001", "100.64.0.1", "100.127.255.255",
        "fc00::1", "fd12:3456:789a::1", "fec0::1", "fe80::1", "fe80::1%eth0", "fe80::1%25eth0", "::1%lo", "[fe80::1%2]",
        // Metadata of clouds, and Azure's host.
        "169.254.169.254", "169.254.0.1", "169.254.43518", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "fd00:ec2::254", "100.100.100.200", "192.0.0.192",
        "168.63.129.16", "2822734096", "0xa83f8110", "0250.077.0201.020", "::ffff:168.63.129.16",
        // Set aside: protocols, documentation, benchmarks, multicast, reserved, broadcast.
        "192.0.0.1", "192.88.99.1", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "198.19.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "4294967295", "0xffffffff",
        "100::1", "2001:2::1", "2001:10::1", "2001:db8::1", "3fff::1", "4000::1", "5f00::1", "ff02::1",
        // Names of this machine and of private networks, in whatever case, with dots behind.
        "localhost", "LOCALHOST", "LocalHost", "localhost.", "LOCALHOST.", "a.localhost", "localhost.localdomain", "localhost6", "printer.local", "metadata.google.internal", "vault.corp.internal", "router.home.arpa", "redis", "kubernetes",
        "127.0.0.1.", "127.1.", "0x7f.1.", "mail.example.com.", "mail.example.com..", ".mail.example.com", "mail..example.com",
        // Letters and digits that some readers turn into others, dots that some take for dots, and characters that nobody sees.
        "１２７.０.０.１", "127。0。0。1", "127．0．0．1", "①②⑦.⓪.⓪.①", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "¹²⁷.0.0.1", "ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "loc\u00ADalhost", "local\u200Bhost", "localhost\u3002", "\u202Elocalhost", "xn--a.example",
        // More than a host.
        "127.0.0.1:25", "[::1]:25", "[127.0.0.1]", "mail.example.com:25", "user@127.0.0.1", "mail.example.com@127.0.0.1", "mail.example.com#127.0.0.1", "mail.example.com/127.0.0.1", "127.0.0.1\\.example.com", "127.0.0.1%00.example.com",
        "%31%32%37.0.0.1", "127.0.0.1%2eexample.com", "127%2E0%2E0%2E1", "localhost\0.example.com", "mail.example.com\r\nlocalhost", " 127.0.0.1", "127.0.0.1 ", "http://127.0.0.1", "//127.0.0.1", "-mail.example.com", "mail_.example.com", "127.0.0.0x1", "mail.example.1",
    ];

    /// <summary>Names that look honest, and the addresses that a name server has for them.</summary>
    public static IReadOnlyDictionary<string, string[]> Names { get; } = new Dictionary<string, string[]>
    {
        ["loopback.example.com"] = ["127.0.0.1"],
        ["loopback6.example.com"] = ["::1"],
        ["mapped.example.com"] = ["::ffff:127.0.0.1"],
        ["mapped-public.example.com"] = ["::ffff:8.8.8.8"],
        ["compatible.example.com"] = ["::10.0.0.1"],
        ["nat64.example.com"] = ["64:ff9b::a00:1"],
        ["local-nat64.example.com"] = ["64:ff9b:1::a9fe:a9fe"],
        ["sixtofour.example.com"] = ["2002:a00:1::1"],
        ["teredo.example.com"] = ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
        ["isatap.example.com"] = ["2620:0:2d0:200::5efe:a00:1"],
        ["unspecified.example.com"] = ["0.0.0.0"],
        ["unspecified6.example.com"] = ["::"],
        ["private10.example.com"] = ["10.20.30.40"],
        ["private172.example.com"] = ["172.20.1.1"],
        ["private192.example.com"] = ["192.168.1.1"],
        ["shared.example.com"] = ["100.64.1.1"],
        ["metadata.example.com"] = ["169.254.169.254"],
        ["metadata6.example.com"] = ["fd00:ec2::254"],
        ["azure.example.com"] = ["168.63.129.16"],
        ["link.example.com"] = ["fe80::1"],
        ["unique.example.com"] = ["fd12:3456::1"],
        ["site.example.com"] = ["fec0::1"],
        ["multicast.example.com"] = ["224.0.0.251"],
        ["reserved.example.com"] = ["250.1.2.3"],
        ["broadcast.example.com"] = ["255.255.255.255"],
        ["documentation.example.com"] = ["198.51.100.1"],
        ["benchmark.example.com"] = ["198.18.0.1"],
        // A public address before or behind the other, in whichever order the connections would be tried.
        ["both.example.com"] = ["8.8.8.8", "10.0.0.1"],
        ["both-turned.example.com"] = ["10.0.0.1", "8.8.8.8"],
        ["both6.example.com"] = ["2606:4700::1111", "::1"],
        ["many.example.com"] = ["8.8.8.8", "8.8.4.4", "9.9.9.9", "169.254.169.254"],
        ["xn--bcher-kva.example"] = ["127.0.0.1"],
    };

    /// <summary>Endpoints that are refused by how they are written.</summary>
    public static IReadOnlyList<string> Endpoints { get; } =
    [
        "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://00127.0.0.1/", "https://0x08080808/", "https://134744072/", "https://[0:0:0:0:0:0:0:1]/", "https://0/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:a9fe:a9fe]/", "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1%25eth0]/", "https://169.254.169.254/latest/meta-data", "https://168.63.129.16/", "https://10.0.0.1/", "https://LOCALHOST/", "https://localhost./", "https://127.0.0.1./", "https://metadata.google.internal/",
        "https://redis/", "https://１２７.０.０.１/", "https://127。0。0。1/", "https://%31%32%37.0.0.1/", "https://127%2E0%2E0%2E1/", "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        // A user before the host, a fragment or a query behind it, slashes of two kinds.
        "https://api.mailgun.net@127.0.0.1/", "https://api.mailgun.net:443@169.254.169.254/", "https://user:pass@api.mailgun.net/", "https://127.0.0.1#@api.mailgun.net/", "https://api.mailgun.net#@127.0.0.1/", "https://127.0.0.1?.mailgun.net",
        "https://api.mailgun.net\\@127.0.0.1/", "https:\\\\127.0.0.1/", "https://127.0.0.1\\.mailgun.net/",
        // Other ports and schemes, and what is no address.
        "https://api.mailgun.net:22/", "https://api.mailgun.net:80/", "https://api.mailgun.net:0/", "https://api.mailgun.net:2375/", "http://api.mailgun.net/", "ftp://api.mailgun.net/", "file:///etc/passwd", "gopher://127.0.0.1:25/", "//127.0.0.1/", "127.0.0.1", "https:", "https://", "https:///127.0.0.1/", "https://api.mailgun.net./",
    ];

    /// <summary>The host as it stands in a URL.</summary>
    public static string InUrl(string host) => host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') ? $"[{host}]" : host;
}
