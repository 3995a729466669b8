using System.Globalization;
using EmailFunctions.Messages;
using EmailFunctions.Sending;
using EmailFunctions.Spooling;
using EmailFunctions.Wire;

namespace EmailFunctions.Tests.Providers.Mime;

/// <summary>Requests made to break out of their fields; only those that pass the validator are given out.</summary>
internal sealed class HostileRequests(int seed)
{
    private static readonly string[] Pieces =
    [
        "\r\n", "\n", "\r", "\0", "\t", "\v", "\f", "\u0085", "\u2028", "\u2029", "\u200B", "\uFEFF", "\u202E",
        "Bcc: x@evil.example", "Bcc:", "\r\nBcc: x@evil.example", "\n X-Evil: 1", "\r\n\r\n<p>", " ", "  ", ":", ";", ",", "\"", "\\", "\\\"", "'",
        "<", ">", "(", ")", "[", "]", "@", "%0d%0aBcc:", "=0D=0A", "=?utf-8?q?", "?=", "=?utf-8?b?DQpCY2M6IHhAZXZpbC5leGFtcGxlDQo=?=",
        "=?utf-8?q?=0D=0ABcc:_x@evil.example?=", "ä", "🎉", "例", "a", "b", "x@y.example", "word", "--", "=", "\r\n.\r\n", "filename*=utf-8''x",
    ];

    private static readonly string[] Names = ["X-A", "x-b", "X-C.d", "X(1)", "X\"", "X@", "X-Ä", "X Y", "X:", "X\r\nBcc", "Subject", "bcc", "List-Id", "References", "In-Reply-To", "Comments", "X<>", "X[1]", "X;,", "!#$%&'*+-/=?^_`{|}~", "X\\"];
    private static readonly string[] Types = ["application/pdf", "text/plain; charset=utf-8", "image/png; name=\"a\\\"b\"", "text/html;\r\n Bcc: x", "message/rfc822", "a/b; c=d; e=\"f;g\"", "a/b (comment)", "x/y; =", "a/b; name*=utf-8''%0D%0A", "a/b; boundary=\"x y\""];

    private static readonly SpoolSlice File = MakeFile();

    private readonly Random _random = new(seed);

    /// <summary>The next request that the validator lets through.</summary>
    public EmailContent Next()
    {
        while (true)
        {
            // Fields are judged one by one, so that one bad field does not throw away the rest.
            var request = new SendRequest { To = [Address()], Subject = "s", Body = Text(6) };
            foreach (var change in Changes())
            {
                var changed = change(request);
                var errors = new FieldErrors();
                SendValidator.Validate(changed, DateTimeOffset.UnixEpoch, errors);
                if (!errors.Any)
                    request = changed;
            }

            if (request.Subject != "s" || request.Headers is not null || request.Attachments is not null)
                return SendGate.ToContent(request);
        }
    }

    private IEnumerable<Func<SendRequest, SendRequest>> Changes() =>
    [
        r => r with { To = [.. r.To!, .. Several(4, Address)] },
        r => r with { Cc = Several(4, Address) },
        r => r with { Bcc = Several(3, Address) },
        r => r with { Subject = Text(8) },
        r => r with { BodyHtml = Text(8) },
        r => r with { FromEmail = Address() },
        r => r with { FromName = Text(5) },
        r => r with { ReplyTo = Address() },
        r => r with { Headers = With(r.Headers, Pick(Names), Text(6)) },
        r => r with { Headers = With(r.Headers, "X-" + Text(2), Text(40)) },
        r => r with { Headers = With(r.Headers, "X-Long", Long(2_000)) },
        r => r with { Headers = With(r.Headers, "X-Long", $"a{Long(1_990)}b") },
        r => r with { Tags = Several(3, () => Text(4)) },
        r => r with { Tags = [Long(128)] },
        r => r with { Metadata = With(r.Metadata, Text(3), Text(6)) },
        r => r with { Metadata = With(r.Metadata, "long", Long(4_000)) },
        r => r with { Attachments = [.. r.Attachments ?? [], Attachment()] },
        r => r with { Attachments = [.. r.Attachments ?? [], Attachment() with { ContentId = Text(3) }] },
        r => r with { Attachments = [.. r.Attachments ?? [], Attachment() with { Filename = Long(255) }] },
    ];

    private static SpoolSlice MakeFile()
    {
        var spool = Spools.InTemporaryFolder().Create();
        spool.Append([1, 2, 3]);
        return spool.Slice(0, 3);
    }

    private AttachmentRequest Attachment() =>
        new() { Filename = Text(5), ContentType = _random.Next(4) == 0 ? Pick(Types) + Text(2) : Pick(Types), Content = File };

    private string Address() => _random.Next(4) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"u{_random.Next(1_000)}@example.com"),
        1 => "ü@bücher.example",
        2 => "!#$%&'*+-/=?^_`{|}~@example.com",
        _ => Text(2) + "@" + Text(1) + "example.com",
    };

    private string Text(int pieces) => string.Concat(Enumerable.Range(0, _random.Next(1, pieces + 1)).Select(_ => Pick(Pieces)));

    // One piece again and again: nowhere to fold, or nothing but places to fold.
    private string Long(int length)
    {
        var piece = Pick(Pieces);
        return string.Concat(Enumerable.Repeat(piece, length / piece.Length));
    }

    private string Pick(string[] from) => from[_random.Next(from.Length)];

    private List<string> Several(int most, Func<string> make) => [.. Enumerable.Range(0, _random.Next(1, most + 1)).Select(_ => make())];

    private static Dictionary<string, string> With(Dictionary<string, string>? pairs, string name, string value) => new(pairs ?? []) { [name] = value };
}
