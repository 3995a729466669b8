namespace EmailFunctions.Tests.Requests;

/// <summary>Addresses that mail libraries read differently, or not at all.</summary>
internal static class BadAddresses
{
    public static IReadOnlyList<string> All { get; } =
    [
        "", " ", "canary7f3a", "@example.com", "canary7f3a@", "a@@example.com", "a@b@example.com", "a b@example.com", " a@example.com", "a@example.com ",
        "a@example.com\t", "\"a b\"@example.com", "\"a@b\"@example.com", "\"\"@example.com", "a(comment)@example.com", "(comment)a@example.com",
        "a@(comment)example.com", "<a@example.com>", "Canary <a@example.com>", "a@example.com, b@example.com", "a@example.com;b@example.com", "a,b@example.com",
        ".a@example.com", "a.@example.com", "a..b@example.com", "a@.example.com", "a@example.com.", "a@example..com", "a@-example.com", "a@example-.com",
        "a@exam_ple.com", "a@[127.0.0.1]", "a@[IPv6:::1]", "a@127.0.0.1", "a@1.2.3.4", "a@example.123", "a@localdomain", "a@com", "a\\@b@example.com",
        "a\r\nbcc:b@example.com", "a@example.com\r\nBcc: b@example.com", "a\n@example.com", "a\0@example.com", "a@exa\0mple.com", "a\u200b@example.com",
        "a@exam\u200bple.com", "a\u202e@example.com", "a@\u202eexample.com", "\ufeffa@example.com", "a\uff20example.com", "a@example\u3002com", "a@example\uff0ecom", "a@example\uff61com",
        "a@xn--.com", "=?utf-8?q?a?=@example.com,", "a@=?utf-8?q?example.com?=", "mailto:a@example.com", "@relay.example:a@example.com", "a%b@example.com@relay.example",
        "a@example.com:25", "a@example.com/path", "a@exam ple.com", "a:b@example.com", "a[b]@example.com", "a\u00a0b@example.com", "a@\u00a0example.com", "a\u00ad\u2028@example.com",
        new string('a', 65) + "@example.com", "a@" + new string('b', 64) + ".com", "a@" + string.Join('.', Enumerable.Repeat("abcdefgh", 32)) + ".com", new string('é', 33) + "@example.com",
    ];
}
