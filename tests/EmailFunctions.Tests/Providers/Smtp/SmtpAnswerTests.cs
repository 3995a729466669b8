using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Smtp;
using EmailFunctions.TestKit;

namespace EmailFunctions.Tests.Providers.Smtp;

/// <summary>Every row of the table from answers to outcomes, provoked at a server.</summary>
public sealed class SmtpAnswerTests
{
    private const string Quota = "x.4.5 for good, or words about a daily or sending quota";
    private const string TooFast = "4xx with words about too many connections or messages, or too fast";
    private const string Closing = "421 with x.3.y or x.4.y, or words about closing down, idling or being unavailable";
    private const string Other421 = "421 otherwise";
    private const string Auth = "530, 534, 535, 538, or x.7.8, x.7.9, x.7.11, x.7.13, x.7.14";
    private const string AuthRefused = "5xx to AUTH";
    private const string Relay = "A refusal to relay, to RCPT";
    private const string Code454 = "454, other than to STARTTLS";
    private const string OpeningForNow = "4xx before MAIL, or to RCPT about the client (`Client host rejected`)";
    private const string OpeningForGood = "5xx before MAIL, or to RCPT about the client";
    private const string Size = "x.3.4, x.2.3 other than to RCPT, or 552 to MAIL or after the content";
    private const string SenderForNow = "4xx to MAIL, or to RCPT about the sender (`Sender address rejected`)";
    private const string SenderPolicy = "5xx with 5.7.y to MAIL, or to RCPT about the sender";
    private const string SenderForGood = "5xx to MAIL, or to RCPT about the sender";
    private const string RecipientSystem = "4xx with 4.3.y to RCPT";
    private const string RecipientForNow = "4xx to RCPT";
    private const string RecipientForGood = "5xx to RCPT";
    private const string LateRecipientForNow = "4xx with 4.1.y or 4.2.y after the content";
    private const string LateRecipientForGood = "5xx with 5.1.y or 5.2.y after the content";
    private const string Doubt = "4xx with 4.7.y after the content";
    private const string ContentForNow = "4xx to DATA or after the content";
    private const string ContentForGood = "5xx to DATA or after the content";
    private const string Taken = "2xx after the content";
    private const string Strange = "1xx or 3xx after the content";
    private const string AnythingElse = "Anything else";

    /// <summary>What a server says: where, in which words, and under which row that falls.</summary>
    public static TheoryData<SmtpStage, string, string> Replies => new()
    {
        { SmtpStage.Connect, "421 4.7.0 mail.example Error: too many connections from 192.0.2.1", TooFast },
        { SmtpStage.Connect, "421 4.3.2 too many connections", TooFast },
        { SmtpStage.Connect, "421 4.3.2 System not accepting network messages", Closing },
        { SmtpStage.Connect, "421 mail.example Service not available, closing transmission channel", Closing },
        { SmtpStage.Connect, "421 no", Other421 },
        { SmtpStage.Connect, "450 4.7.1 come back later", OpeningForNow },
        { SmtpStage.Connect, "554 5.7.1 no service for you", OpeningForGood },
        { SmtpStage.Ehlo, "421 4.7.0 slow down", TooFast },
        { SmtpStage.Ehlo, "421 4.3.0 shutting down", Closing },
        { SmtpStage.Ehlo, "451 4.3.0 not now", OpeningForNow },
        { SmtpStage.Ehlo, "550 5.7.1 not from your address", OpeningForGood },
        { SmtpStage.StartTls, "454 4.7.0 TLS not available due to local problem", OpeningForNow },
        { SmtpStage.StartTls, "501 5.5.4 no parameters allowed", OpeningForGood },
        { SmtpStage.Auth, "432 4.7.12 password transition needed", OpeningForNow },
        { SmtpStage.Auth, "451 4.3.0 local error", OpeningForNow },
        { SmtpStage.Auth, "454 4.7.0 temporary authentication failure", Code454 },
        { SmtpStage.Auth, "454 4.7.0 Too many login attempts, please try again later", TooFast },
        { SmtpStage.Auth, "501 5.5.2 not understood", AuthRefused },
        { SmtpStage.Auth, "530 5.7.0 must use TLS first", Auth },
        { SmtpStage.Auth, "535 5.7.8 wrong user or password", Auth },
        { SmtpStage.Auth, "550 5.7.1 account is locked", AuthRefused },
        { SmtpStage.MailFrom, "421 4.7.0 slow down", TooFast },
        { SmtpStage.MailFrom, "421 4.4.2 timeout exceeded", Closing },
        { SmtpStage.MailFrom, "450 4.7.1 Error: too much mail from 192.0.2.1", TooFast },
        { SmtpStage.MailFrom, "451 4.3.0 local error", SenderForNow },
        { SmtpStage.MailFrom, "452 4.3.1 disk full", SenderForNow },
        { SmtpStage.MailFrom, "454 4.7.0 try again", Code454 },
        { SmtpStage.MailFrom, "454 Throttling failure: Maximum sending rate exceeded.", TooFast },
        { SmtpStage.MailFrom, "454 Throttling failure: Daily message quota exceeded.", Quota },
        { SmtpStage.MailFrom, "530 5.7.0 authentication required", Auth },
        { SmtpStage.MailFrom, "550 5.7.14 log in with a browser first", Auth },
        { SmtpStage.MailFrom, "550 5.7.60 this account may not send as this sender", SenderPolicy },
        { SmtpStage.MailFrom, "552 5.3.4 message too large", Size },
        { SmtpStage.MailFrom, "552 too large", Size },
        { SmtpStage.MailFrom, "553 5.1.8 bad sender", SenderForGood },
        { SmtpStage.MailFrom, "550 no", SenderForGood },
        { SmtpStage.MailFrom, "354 go on", AnythingElse },
        { SmtpStage.RcptTo, "421 4.7.0 slow down", TooFast },
        { SmtpStage.RcptTo, "421 go away", Other421 },
        { SmtpStage.RcptTo, "450 4.2.0 greylisted", RecipientForNow },
        { SmtpStage.RcptTo, "451 4.7.1 greylisted", RecipientForNow },
        { SmtpStage.RcptTo, "451 4.3.0 temporary lookup failure", RecipientSystem },
        { SmtpStage.RcptTo, "452 4.2.2 mailbox full", RecipientForNow },
        { SmtpStage.RcptTo, "452 4.5.3 too many recipients", RecipientForNow },
        { SmtpStage.RcptTo, "452 4.7.1 Error: too many recipients from 192.0.2.1", TooFast },
        { SmtpStage.RcptTo, "454 4.7.1 Relay access denied", Relay },
        { SmtpStage.RcptTo, "554 5.7.1 Relay access denied", Relay },
        { SmtpStage.RcptTo, "550 relay not permitted", Relay },
        { SmtpStage.RcptTo, "450 4.7.1 Client host rejected: cannot find your hostname", OpeningForNow },
        { SmtpStage.RcptTo, "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", OpeningForGood },
        { SmtpStage.RcptTo, "450 4.1.8 Sender address rejected: Domain not found", SenderForNow },
        { SmtpStage.RcptTo, "550 5.1.8 Sender address rejected: Domain not found", SenderForGood },
        { SmtpStage.RcptTo, "553 5.7.1 Sender address rejected: not owned by user", SenderPolicy },
        { SmtpStage.RcptTo, "550 5.1.1 nobody", RecipientForGood },
        { SmtpStage.RcptTo, "550 5.4.5 Daily user sending limit exceeded", Quota },
        { SmtpStage.RcptTo, "550 5.7.1 not from you", RecipientForGood },
        { SmtpStage.RcptTo, "551 5.1.6 moved", RecipientForGood },
        { SmtpStage.RcptTo, "552 5.2.2 mailbox full", RecipientForGood },
        { SmtpStage.RcptTo, "552 mailbox full", RecipientForGood },
        { SmtpStage.RcptTo, "552 5.2.3 too large for this mailbox", RecipientForGood },
        { SmtpStage.RcptTo, "553 5.1.3 not an address", RecipientForGood },
        { SmtpStage.Data, "421 4.3.2 going down", Closing },
        { SmtpStage.Data, "451 4.3.0 local error", ContentForNow },
        { SmtpStage.Data, "554 5.5.1 no valid recipients", ContentForGood },
        { SmtpStage.EndOfData, "421 4.3.2 going down", Closing },
        { SmtpStage.EndOfData, "451 4.3.0 local error", ContentForNow },
        { SmtpStage.EndOfData, "451 4.4.5 congested", ContentForNow },
        { SmtpStage.EndOfData, "451 4.7.1 try again later", Doubt },
        { SmtpStage.EndOfData, "452 4.3.1 disk full", ContentForNow },
        { SmtpStage.EndOfData, "452 4.2.2 mailbox full", LateRecipientForNow },
        { SmtpStage.EndOfData, "454 Throttling failure: Daily message quota exceeded", Quota },
        { SmtpStage.EndOfData, "550 5.1.1 nobody", LateRecipientForGood },
        { SmtpStage.EndOfData, "550 5.4.5 Daily sending quota exceeded", Quota },
        { SmtpStage.EndOfData, "550 5.7.1 looks like spam", ContentForGood },
        { SmtpStage.EndOfData, "552 5.2.2 mailbox full", LateRecipientForGood },
        { SmtpStage.EndOfData, "552 5.2.3 longer than allowed", Size },
        { SmtpStage.EndOfData, "552 5.3.4 message too large", Size },
        { SmtpStage.EndOfData, "552 too much mail data", Size },
        { SmtpStage.EndOfData, "554 5.6.0 bad content", ContentForGood },
        { SmtpStage.EndOfData, "554 no", ContentForGood },
        { SmtpStage.EndOfData, "252 queued, somehow", Taken },
        { SmtpStage.EndOfData, "354 still listening", Strange },
    };

    /// <summary>What a server does without words, by the row that it falls under.</summary>
    private static readonly Dictionary<string, Func<Task<SendResult>>> Deeds = new()
    {
        ["No answer in time after the whole content"] = () => HangAsync(SmtpStage.EndOfData, static options => options.AnswerTimeout),
        ["The connection ends between the whole content and the answer"] = () => FaultAsync(SmtpStage.EndOfData, SmtpFault.CloseAfterAccept()),
        ["Not asked: the host, an address that it leads to, or the port is not one that may be called"] = () => SendAsync(new(), static settings => settings with { SmtpHost = "10.0.0.1" }),
        // As an exception, since a test asks no name server.
        ["The host name is not known"] = static () => Task.FromResult(SmtpAnswers.Read(SmtpAnswer.OfOpening(new SocketException((int)SocketError.HostNotFound)))),
        ["No connection"] = RefuseConnectionAsync,
        ["The connection ends before the whole content was sent"] = () => FaultAsync(SmtpStage.Data, SmtpFault.Close()),
        ["No answer in time, or no progress, before the whole content was sent"] = () => HangAsync(SmtpStage.Data, static options => options.DataTimeout),
        ["The greeting is no SMTP"] = GreetAsPop3Async,
        ["TLS fails, or the certificate is not trusted"] = () => SendAsync(new() { Tls = SmtpSinkTls.StartTls }, static settings => settings with { SmtpUseTls = true }),
        ["STARTTLS or AUTH is wanted and not offered"] = () => SendAsync(new(), static settings => settings with { SmtpUseTls = true }),
        // MailKit keeps no answer when a mechanism was said to be too weak for the account.
        ["No way to authenticate is good enough (534)"] = () => FaultAsync(SmtpStage.Auth, SmtpFault.Reply("534 5.7.9 too weak")),
        ["The token endpoint refuses the client or the grant (4xx)"] = () => SmtpTokenTests.SendAsync(HttpStatusCode.BadRequest),
        ["The token endpoint can't be reached or fails (5xx, 408, 429)"] = () => SmtpTokenTests.SendAsync(HttpStatusCode.BadGateway),
        ["All connections stay in use"] = SmtpConnectionLimitTests.WaitInVainAsync,
        ["The message is larger than the announced SIZE"] = () => SendAsync(new() { MaxMessageBytes = 100 }, static settings => settings),
        ["The recipient's address needs SMTPUTF8, which is not offered"] = () => SendInternationalAsync("a@example.com", "jürgen@example.com"),
        ["The sender's address needs SMTPUTF8, which is not offered"] = () => SendInternationalAsync("jürgen@example.com", "a@example.com"),
    };

    public static TheoryData<string> DeedRows => [.. Deeds.Keys];

    [Theory]
    [MemberData(nameof(Replies))]
    public async Task A_reply_means_what_its_row_says(SmtpStage stage, string reply, string row)
    {
        var expected = Assert.Single(SmtpAnswers.Answers, answer => answer.Answer == row);
        var (code, text) = (int.Parse(reply[..3], CultureInfo.InvariantCulture), reply[4..]);
        Assert.Same(expected, SmtpAnswers.RowOf(stage == SmtpStage.RcptTo ? SmtpAnswer.ToRecipient(code, text) : new SmtpAnswer(SmtpEvent.Reply, PhaseOf(stage), code, text)));
        var result = await FaultAsync(stage, SmtpFault.Reply(reply));
        Assert.Equal((expected.Status, expected.Category, reply), (result.Status, result.Category, result.Answer));
        Assert.Equal(row == Quota ? TimeSpan.FromMinutes(15) : null, result.RetryAfter);
    }

    [Theory]
    [MemberData(nameof(DeedRows))]
    public async Task What_is_done_without_words_means_what_its_row_says(string row)
    {
        var expected = Assert.Single(SmtpAnswers.Answers, answer => answer.Answer == row);
        var result = await Deeds[row]();
        Assert.True((expected.Status, expected.Category) == (result.Status, result.Category), result.ToString());
        Assert.NotNull(result.Answer);
    }

    [Fact]
    public void Every_row_is_provoked() =>
        Assert.Equal(
            SmtpAnswers.Answers.Select(static answer => answer.Answer).Order(),
            Deeds.Keys.Concat(Replies.Select(static data => data.Data.Item3)).Distinct().Order());

    private static SmtpPhase PhaseOf(SmtpStage stage) => stage switch
    {
        SmtpStage.Auth => SmtpPhase.Auth,
        SmtpStage.MailFrom => SmtpPhase.Sender,
        SmtpStage.Data => SmtpPhase.Data,
        SmtpStage.EndOfData => SmtpPhase.Answer,
        _ => SmtpPhase.Greeting,
    };

    private static async Task<SendResult> FaultAsync(SmtpStage stage, SmtpFault fault)
    {
        await using var bench = new SmtpBench(Server(stage) with { Fault = SmtpFaults.Always(stage, fault) });
        return await bench.SendAsync(Account(bench, stage));
    }

    private static async Task<SendResult> HangAsync(SmtpStage stage, Func<SmtpOptions, TimeSpan> timeout)
    {
        var hold = new SmtpHold();
        await using var bench = new SmtpBench(Server(stage) with { Fault = SmtpFaults.Always(stage, SmtpFault.Hang(hold)) });
        var sending = bench.SendAsync();
        await hold.WaitForArrivalsAsync(1, SmtpBench.Limit, TestContext.Current.CancellationToken);
        await bench.Clock.WaitForStandstillAsync();
        bench.Clock.Advance(timeout(bench.Options));
        return await sending;
    }

    private static SmtpSinkOptions Server(SmtpStage stage) => new()
    {
        Credentials = stage == SmtpStage.Auth ? new("user", "secret") : null,
        Tls = stage == SmtpStage.StartTls ? SmtpSinkTls.StartTls : SmtpSinkTls.None,
    };

    private static ProviderAccount Account(SmtpBench bench, SmtpStage stage) => Emails.Account(
        bench.Settings with { SmtpUsername = stage == SmtpStage.Auth ? "user" : null, SmtpUseTls = stage == SmtpStage.StartTls },
        new ProviderSecrets { SmtpPassword = "secret" });

    private static async Task<SendResult> SendAsync(SmtpSinkOptions server, Func<ProviderSettings, ProviderSettings> change)
    {
        await using var bench = new SmtpBench(server);
        return await bench.SendAsync(settings: change(bench.Settings));
    }

    private static async Task<SendResult> SendInternationalAsync(string from, string to)
    {
        await using var bench = new SmtpBench(new() { SmtpUtf8 = false });
        return await bench.SendAsync(Emails.Small with { FromEmail = from, To = [to] });
    }

    private static async Task<SendResult> RefuseConnectionAsync()
    {
        await using var bench = new SmtpBench();
        await bench.Sink.DisposeAsync();
        return await bench.SendAsync();
    }

    private static async Task<SendResult> GreetAsPop3Async()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var bench = new SmtpBench();
        var sending = bench.SendAsync(settings: bench.Settings with { SmtpPort = ((IPEndPoint)listener.LocalEndpoint).Port });
        using var accepted = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await accepted.SendAsync("+OK ready\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        return await sending;
    }
}
