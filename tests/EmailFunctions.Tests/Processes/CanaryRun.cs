using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EmailFunctions.TestKit;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>
/// A service that has seen secrets and people's mail, well-behaved and not, and was stopped: every secret, recipient, subject and
/// body in it was a canary. Two messages wait on purpose, and one went through the file provider.
/// </summary>
public sealed class CanaryRun : IAsyncLifetime
{
    /// <summary>Names of canaries in mail that waits begin so.</summary>
    public const string Waiting = "waiting";

    /// <summary>Names of those that may be found begin so.</summary>
    public const string InFile = "filed";

    private const int MailCount = 150;

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["EMAIL_RETRY_BASE_SECONDS"] = "1",
        ["EMAIL_RETRY_MAX_SECONDS"] = "2",
        ["EMAIL_RETRY_MAX_ATTEMPTS"] = "100",
        ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0",
        ["EMAIL_ALLOW_HTTP_ENDPOINTS"] = "true",
    };

    private static readonly string[] AnswerPaths =
    [
        "/health", "/dashboard/", "/api/v1/email/configs/acme", "/api/v1/email/configs/acme/health", "/api/v1/email/configs/acme/usage", "/api/v1/email/configs/acme/audit-logs",
        "/api/v1/email/configs/acme/audit-logs/export", "/api/v1/admin/email/usage", "/api/v1/admin/email/overview", "/api/v1/admin/email/configs", "/api/v1/admin/email/health",
        "/api/v1/admin/email/breakers", "/api/v1/admin/email/queue", "/api/v1/admin/email/budgets", "/api/v1/admin/email/dead-letters",
    ];

    private readonly TempFolder _folder = new();
    private readonly ConcurrentDictionary<string, bool> _heldBack = new();
    private readonly List<(string Id, string Status)> _expected = [];
    private ServiceProcess? _service;
    private string _quoted = "";

    internal Canaries Canaries { get; } = new();

    /// <summary>The data folder, after the stop.</summary>
    public string Folder => _folder.FullPath;

    /// <summary>The files at the top of it just after the stop: whoever looks into the database then leaves others.</summary>
    public IReadOnlyList<string> Left { get; private set; } = [];

    /// <summary>All that the process printed.</summary>
    public string Printed { get; private set; } = "";

    /// <summary>What <c>/metrics</c> said before the stop.</summary>
    public string Scraped { get; private set; } = "";

    /// <summary>What it answered to those who asked for figures, lists and messages.</summary>
    public string Answered { get; private set; } = "";

    /// <summary>The metrics, spans and logs that it sent to Azure Monitor.</summary>
    public string Exported { get; private set; } = "";

    private HttpClient Client => _service!.Client;

    public async ValueTask InitializeAsync()
    {
        await using var taking = await VendorServer.StartAsync(Take);
        await using var refusing = await VendorServer.StartAsync(Refuse);
        var credentials = new SmtpSinkCredentials("mailer", Canaries.New("password"));
        await using var sink = SmtpSink.Start(new SmtpSinkOptions { Credentials = credentials, Fault = Answer });
        await using var azure = await AzureMonitorSink.StartAsync();
        var settings = new Dictionary<string, string>([.. Settings, .. azure.Settings]) { ["EMAIL_ENCRYPTION_KEY"] = Convert.ToBase64String(Canaries.NewBytes("encryption key", 32)) };
        _service = await ServiceProcess.StartAsync(Folder, settings);

        await ConfigureAsync(sink.Port);
        await SendAsync();
        await SendWhatWaitsAsync();
        await SendThroughVendorsAsync(taking.Address, refusing.Address);
        await SendNonsenseAsync();
        foreach (var (id, status) in _expected)
            await Client.WaitForStatusAsync(id, status);
        await Client.MustAsync(HttpMethod.Delete, "/api/v1/email/configs/beta", "");
        Scraped = (await Scrape.OfAsync(Client)).Text;
        foreach (var path in AnswerPaths)
            Answered += await Client.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        foreach (var (id, _) in _expected)
            Answered += await Client.ReadMessageAsync(id);
        await _service.StopAsync();
        Left = [.. Directory.GetFiles(Folder).Select(Path.GetFileName).Order()!];
        Printed = _service.Output + _service.Errors;
        Exported = azure.Text;
        Assert.Empty(sink.Errors);
    }

    public ValueTask DisposeAsync()
    {
        _service?.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    // Servers like to quote what they refuse.
    private SmtpFault? Answer(SmtpFaultContext context)
    {
        if (context.Stage != SmtpStage.RcptTo)
            return null;
        var address = context.Command[(context.Command.IndexOf('<') + 1)..context.Command.IndexOf('>')];
        return address[(address.IndexOf('@') + 1)..] switch
        {
            "refused.example" => SmtpFault.Reply($"550 5.1.1 <{address}>: {address}: no user {address.Split('@')[0]} here"),
            "later.example" when _heldBack.TryAdd(address, true) => SmtpFault.Reply($"451 4.7.1 <{address}>: greylisted"),
            "waiting.example" => SmtpFault.Reply($"451 4.2.2 <{address}>: mailbox full"),
            _ => null,
        };
    }

    // Each secret is saved, read back, tried, replaced and removed.
    private async Task ConfigureAsync(int port)
    {
        var server = $"\"smtp_host\":\"127.0.0.1\",\"smtp_port\":{port},\"smtp_use_tls\":false,\"smtp_username\":\"mailer\",\"from_email\":\"hello@acme.example\"";
        await Client.ConfigureAsync("acme", $$"""{"provider_type":"smtp",{{server}},"smtp_password":"{{Canaries.New("wrong password")}}"}""");
        await TestAsync("acme", "");
        await Client.MustAsync(HttpMethod.Put, "/api/v1/email/configs/acme", $$"""{"smtp_password":"{{Canaries["password"]}}"}""");
        await TestAsync("acme", "");
        await TestAsync("acme", $$""","test_config":{"provider_type":"smtp",{{server}},"smtp_password":"{{Canaries.New("unsaved password")}}"}""");
        await Client.ConfigureAsync("beta", $$"""{"provider_type":"mailgun","api_key":"{{Canaries.New("first mailgun key")}}","from_email":"hello@beta.example"}""");
        await Client.MustAsync(HttpMethod.Put, "/api/v1/email/configs/beta", $$"""{"api_key":"{{Canaries.New("second mailgun key")}}"}""");
        await Client.ConfigureAsync("gamma", $$"""
            {"provider_type":"aws_ses","aws_region":"eu-west-1","aws_access_key":"{{Canaries.New("access key")}}","aws_secret_key":"{{Canaries.New("secret key")}}","from_email":"hello@gamma.example"}
            """);
        await Client.ConfigureAsync("gamma", $$"""{"provider_type":"sendgrid","api_key":"{{Canaries.New("sendgrid key")}}","from_email":"hello@gamma.example"}""");
        foreach (var tenant in new[] { "acme", "beta", "gamma" })
        {
            using var config = await Client.GetAsync(new Uri($"/api/v1/email/configs/{tenant}", UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Empty(Canaries.SearchText("answer", await config.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        }
    }

    private async Task TestAsync(string tenant, string further)
    {
        var to = Canaries.New($"test recipient {Guid.NewGuid()}");
        await Client.MustAsync(HttpMethod.Post, $"/api/v1/email/configs/{tenant}/test", $$"""{"to":"{{to}}@refused.example"{{further}}}""");
    }

    private async Task SendAsync()
    {
        for (var number = 0; number < MailCount; number++)
        {
            var (domain, status) = (number % 10) switch
            {
                3 => ("refused.example", "failed"),
                6 => ("later.example", "sent"),
                _ => ("ok.example", "sent"),
            };
            // Rows of all sizes, so that the database has to move and split them; some contents are too large for a row.
            var size = number % 30 == 0 ? 100 * 1024 : number * number;
            _expected.Add((await Client.AcceptAsync(Mail($"mail {number}", "acme", domain, size)), status));
        }

        _expected.Add((await Client.AcceptAsync(Mail(InFile, "system", "file.example", 100)), "sent"));
    }

    private async Task SendWhatWaitsAsync()
    {
        _expected.Add((await Client.AcceptAsync(Mail(Waiting + " small", "acme", "waiting.example", 2000)), "deferred"));
        _expected.Add((await Client.AcceptAsync(Mail(Waiting + " large", "acme", "waiting.example", 100 * 1024)), "deferred"));
    }

    private async Task SendThroughVendorsAsync(Uri taking, Uri refusing)
    {
        foreach (var (provider, address, status) in from provider in (string[])["aws_ses", "sendgrid", "mailgun"] from end in new[] { (taking, "sent"), (refusing, "failed") } select (provider, end.Item1, end.Item2))
        {
            var tenant = $"{provider}-{status}";
            var keys = provider == "aws_ses"
                ? $"\"aws_region\":\"eu-west-1\",\"aws_access_key\":\"{Canaries.New(tenant + ": access key")}\",\"aws_secret_key\":\"{Canaries.New(tenant + ": secret key")}\""
                : $"\"api_key\":\"{Canaries.New(tenant + ": key")}\"";
            await Client.ConfigureAsync(tenant, $$"""{"provider_type":"{{provider}}","api_endpoint":"{{address}}",{{keys}},"from_email":"hello@{{provider.Replace('_', '-')}}.example"}""");
            var mail = Mail(tenant, tenant, "ok.example", 100);
            _quoted = Canaries[tenant + ": recipient"];
            var id = await Client.AcceptAsync(mail);
            await Client.WaitForStatusAsync(id, status);
            _expected.Add((id, status));
        }
    }

    private static VendorReply Take(VendorRequest request) =>
        VendorReply.Answer(request.Target.EndsWith("/mail/send", StringComparison.Ordinal) ? 202 : 200, """{"MessageId":"m-1","id":"<m-1@vendor.example>","message":"Queued. Thank you."}""");

    // Vendors quote what they refuse, too. A probe sends nothing that could be quoted.
    private VendorReply Refuse(VendorRequest request)
    {
        if (request.Method == "GET")
            return VendorReply.Answer(404, """{"message":"no such thing"}""");
        var message = $"{_quoted}@ok.example is no address: {_quoted}";
        return VendorReply.Answer(400, JsonSerializer.Serialize(new { message, errors = new[] { new { message, field = "personalizations.0.to.0.email" } } }), ("x-amzn-ErrorType", "MessageRejected"));
    }

    private string Mail(string name, string tenant, string domain, int size) => new JsonObject
    {
        ["tenant_id"] = tenant,
        ["to"] = new JsonArray($"{Canaries.New(name + ": recipient")}@{domain}"),
        ["bcc"] = new JsonArray($"{Canaries.New(name + ": hidden recipient")}@{domain}"),
        ["subject"] = $"About {Canaries.New(name + ": subject")}",
        ["body"] = $"Dear {Canaries.New(name + ": text")},\n{new string('x', size)}",
        ["body_html"] = $"<p>Dear {Canaries.New(name + ": HTML")}</p>",
        ["headers"] = new JsonObject { ["X-About"] = Canaries.New(name + ": header") },
        ["metadata"] = new JsonObject { ["customer"] = Canaries.New(name + ": metadata") },
        ["attachments"] = new JsonArray(new JsonObject
        {
            ["filename"] = Canaries.New(name + ": file name"),
            ["content_type"] = "text/plain",
            ["content"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Canaries.New(name + ": attachment"))),
        }),
    }.ToJsonString();

    // What is refused must not be kept either, nor told to the log.
    private async Task SendNonsenseAsync()
    {
        var canary = Canaries.New("nonsense");
        foreach (var json in NonsensicalMail(canary))
            await RefusedAsync(HttpMethod.Post, "/api/v1/email/send", json, HttpStatusCode.BadRequest);
        await RefusedAsync(HttpMethod.Put, "/api/v1/email/configs/acme", $$"""{"smtp_pasword":"{{canary}}"}""", HttpStatusCode.BadRequest);
        await RefusedAsync(HttpMethod.Put, "/api/v1/email/configs/acme", $$"""{"smtp_port":"{{canary}}"}""", HttpStatusCode.BadRequest);
        await RefusedAsync(HttpMethod.Post, $"/api/v1/email/configs/!{canary}", "{}", HttpStatusCode.BadRequest);
        await RefusedAsync(HttpMethod.Get, $"/api/v1/email/messages/{canary}", "", HttpStatusCode.NotFound);
        await RefusedAsync(HttpMethod.Get, $"/{canary}?q={canary}", "", HttpStatusCode.NotFound);
        await Client.MustAsync(HttpMethod.Get, $"/api/v1/email/configs/acme/audit-logs?recipient={canary}@ok.example", "");
        var key = Canaries.New("idempotency key");
        using var first = await Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", Mail("keyed", "acme", "ok.example", 100 * 1024), key);
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        _expected.Add((first.Headers.Location!.OriginalString.Split('/')[^1], "sent"));
        using var second = await Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", Mail("keyed differently", "acme", "ok.example", 100 * 1024), key);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, second.StatusCode);
    }

    private static string[] NonsensicalMail(string canary) =>
    [
        $$"""{"to":["{{canary}}@ok.example"],"subject":"{{canary}}","body":"{{canary}}""",
        $$"""{"to":["{{canary}}"],"subject":"{{canary}}","body":"{{canary}}"}""",
        $$"""{"to":["{{canary}}@ok.example"],"subject":"{{canary}}","body":"{{canary}}","{{canary}}":1}""",
        $$"""{"to":"{{canary}}@ok.example","subject":"{{canary}}","body":["{{canary}}"]}""",
        $$"""{"to":["{{canary}}@ok.example"],"subject":"{{canary}}\n{{canary}}","body":"{{canary}}","headers":{"Bcc":"{{canary}}@ok.example"} }""",
    ];

    private async Task RefusedAsync(HttpMethod method, string path, string json, HttpStatusCode status)
    {
        using var answer = await Client.SendJsonAsync(method, path, json);
        Assert.Equal(status, answer.StatusCode);
    }
}
