using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using EmailFunctions.Ingest;
using EmailFunctions.Sending;
using EmailFunctions.Tests.Support;
using EmailFunctions.Wire;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;

namespace EmailFunctions.Tests.Sending;

/// <summary>Long texts from the request to the provider: they arrive as they were sent, however they were written, and the rules for them are those for short ones.</summary>
public sealed class LongTextSendTests : IAsyncDisposable
{
    private readonly ServiceHost _service = ServiceHost.Start();
    private readonly Random _random = new(Proof.Seed);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Texts_of_every_length_arrive_as_they_were_sent()
    {
        for (var count = 0; count < Proof.Count(60, 6); count++)
        {
            var (text, html, file) = Next();
            await AssertArrivedAsync(await _service.AcceptAsync(Write(text, html, file)), text, html, file);
        }
    }

    [Fact]
    public async Task In_a_batch_they_arrive_as_well()
    {
        var all = Enumerable.Range(0, 5).Select(_ => Next()).ToList();
        using var answer = await _service.SendAsync(HttpMethod.Post, "/api/v1/email/send/batch", $$"""{"messages":[{{string.Join(',', all.Select(each => Write(each.Text, each.Html, each.File)))}}]}""");
        var results = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!["results"]!.AsArray();
        for (var index = 0; index < all.Count; index++)
            await AssertArrivedAsync(results[index]!["message_id"]!.GetValue<string>(), all[index].Text, all[index].Html, all[index].File);
    }

    [Fact]
    public async Task From_a_producer_they_arrive_as_well()
    {
        var (text, html, file) = Next();
        var acceptance = await _service.Services.GetRequiredService<ProducerInbox>().AcceptAsync(new Delivered(Encoding.UTF8.GetBytes(Write(text, html, file)), "q-1", null), Cancellation);
        await AssertArrivedAsync(acceptance.MessageId, text, html, file);
    }

    [Fact]
    public async Task The_same_text_written_otherwise_is_the_same_message_and_another_is_not()
    {
        var text = Texts.Random(_random, 2 * ValueExtractor.MaxTextBytes);
        var first = await SendAsync(Write(text, text, null));
        var second = await SendAsync(Write(text, text, null));
        var other = await SendAsync(Write(text, text + "x", null));

        Assert.Equal((HttpStatusCode.Accepted, first.Body["message_id"]!.ToString()), (second.Status, second.Body["message_id"]!.ToString()));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.Status);
    }

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "body", "a\\u0000", "must not hold the character U+0000" },
        { "body_html", "\\u0000", "must not hold the character U+0000" },
        { "body", "\\ud83d", "must be a string of valid Unicode" },
        { "body_html", "\\ude00\\ud83d", "must be a string of valid Unicode" },
        { "$", "\\x", "is not valid JSON" },
        { "$", "\n", "is not valid JSON" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task What_is_wrong_with_a_text_is_told_alike_whatever_its_length(string field, string wrong, string message)
    {
        var name = field == "body_html" ? field : "body";
        foreach (var length in new[] { 0, ValueExtractor.MaxTextBytes - 1, ValueExtractor.MaxTextBytes, 300_000 })
        {
            var (before, after) = (new string('a', length / 2), new string('b', length - (length / 2)));
            var (status, body) = await SendAsync($$"""{"tenant_id":"acme","to":["a@example.com"],"subject":"s","{{name}}":"{{before}}{{wrong}}{{after}}"}""");

            Assert.Equal(HttpStatusCode.BadRequest, status);
            var error = Assert.Single(body["errors"]!.AsObject());
            Assert.Equal(field, error.Key);
            Assert.StartsWith(message, error.Value![0]!.GetValue<string>(), StringComparison.Ordinal);
            if (field == "$")
                Assert.EndsWith(Place(name, before, wrong), error.Value[0]!.GetValue<string>(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0, HttpStatusCode.Accepted)]
    [InlineData(1, HttpStatusCode.BadRequest)]
    public async Task A_text_counts_as_utf8(int more, HttpStatusCode expected)
    {
        // One byte is the subject's.
        var html = string.Concat(Enumerable.Repeat("\\u00e4", 100_000)) + new string('x', SendValidator.MaxMessageBytes - 1 - 200_000 + more);

        var (status, body) = await SendAsync($$"""{"tenant_id":"acme","to":["a@example.com"],"subject":"s","body_html":"{{html}}"}""");

        Assert.Equal(expected, status);
        Assert.Equal(expected == HttpStatusCode.Accepted, body["errors"]?["$"] is null);
    }

    // The place of what is no JSON; a character that is no escape is named itself.
    private static string Place(string name, string before, string wrong) => string.Create(
        CultureInfo.InvariantCulture,
        $"line 1, byte {$$"""{"tenant_id":"acme","to":["a@example.com"],"subject":"s","{{name}}":"{{before}}""".Length + wrong.Length}");

    private (string? Text, string? Html, byte[]? File) Next()
    {
        var (text, html) = (NextText(), NextText());
        var file = _random.Next(2) == 0 ? null : new byte[_random.Next(100_000)];
        if (file is not null)
            _random.NextBytes(file);
        return (text ?? (html is null ? "~0" : null), html, file);
    }

    private string? NextText() => _random.Next(6) switch
    {
        0 => null,
        1 => new string('x', ValueExtractor.MaxTextBytes + _random.Next(-1, 2)),
        2 => "~" + _random.Next(3),
        3 => Texts.Random(_random, 100),
        _ => Texts.Random(_random, _random.Next(400_000)),
    };

    private string Write(string? text, string? html, byte[]? file)
    {
        var members = new List<string> { "\"tenant_id\":\"acme\"", "\"to\":[\"a@example.com\"]", "\"subject\":\"s\"" };
        if (text is not null)
            members.Add($"\"body\":{Write(text)}");
        if (html is not null)
            members.Add($"\"body_html\":{Write(html)}");
        if (file is not null)
            members.Add($$"""
                "attachments":[{"filename":"a.bin","content_type":"application/octet-stream","content":"{{Convert.ToBase64String(file)}}"}]
                """);
        return $"{{{string.Join(',', members.OrderBy(_ => _random.Next()))}}}";
    }

    // Every character as it is, where it may be, or as an escape of either case.
    private string Write(string text)
    {
        var share = _random.Next(3) * 4;
        var json = new StringBuilder("\"");
        foreach (var unit in text)
        {
            if (char.IsSurrogate(unit) ? share == 8 : unit is < ' ' or '"' or '\\' || _random.Next(10) < share)
                json.Append(CultureInfo.InvariantCulture, $"\\u{(_random.Next(2) == 0 ? ((int)unit).ToString("x4", CultureInfo.InvariantCulture) : ((int)unit).ToString("X4", CultureInfo.InvariantCulture))}");
            else
                json.Append(unit);
        }

        return json.Append('"').ToString();
    }

    private async Task AssertArrivedAsync(string id, string? text, string? html, byte[]? file)
    {
        await _service.WaitForAsync(id, "sent");
        var path = Assert.Single(Directory.GetFiles(_service.Data.Combine("mail"), $"{id.Split('~')[1]}.eml", SearchOption.AllDirectories));
        using var message = await MimeMessage.LoadAsync(path, Cancellation);
        Assert.True(AreEqual(text, message.TextBody), $"Seed {Proof.Seed}: the text");
        Assert.True(AreEqual(html, message.HtmlBody), $"Seed {Proof.Seed}: the HTML");
        using var bytes = new MemoryStream();
        if (message.Attachments.SingleOrDefault() is MimePart part)
            await part.Content!.DecodeToAsync(bytes, Cancellation);
        Assert.True((file ?? []).AsSpan().SequenceEqual(bytes.ToArray()), $"Seed {Proof.Seed}: the file");
    }

    // A last line may gain its end.
    private static bool AreEqual(string? expected, string? actual) =>
        (expected is null && actual is null) || Texts.AreEqual((expected ?? "").TrimEnd('\r', '\n'), actual?.TrimEnd('\r', '\n'));

    private async Task<(HttpStatusCode Status, JsonNode Body)> SendAsync(string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/email/send") { Content = ServiceHost.Json(json) };
        request.Headers.Add("Idempotency-Key", "key");
        using var answer = await _service.Client.SendAsync(request, Cancellation);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!);
    }
}
