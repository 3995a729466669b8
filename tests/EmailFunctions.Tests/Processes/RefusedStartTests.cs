using System.Net;
using System.Runtime.Versioning;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>A start that can't succeed ends at once, with exit code 2 and one message that names what is to be mended.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RefusedStartTests : IDisposable
{
    private const string Smtp = "EMAIL_BACKEND=smtp|EMAIL_SMTP_HOST=mail.example.com|EMAIL_FROM_EMAIL=hello@example.com|";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Settings as <c>NAME=value|NAME=value</c>, and the name in the message where it is not that of the last one.</summary>
    public static TheoryData<string, string?> Mistakes => new()
    {
        { "EMAIL_ENCRYPTION_KEY=secret", null },
        { "EMAIL_ENCRYPTION_KEY=c2l4dGVlbiBieXRlcyE=", null },
        { "EMAIL_ENCRYPTION_KEY_PREVIOUS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,secret", null },
        { "EMAIL_BACKEND=pigeon", null },
        { "EMAIL_BACKEND=aws_ses|EMAIL_FROM_EMAIL=hello@example.com|AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID" },
        { "EMAIL_BACKEND=aws_ses|EMAIL_FROM_EMAIL=hello@example.com|AWS_REGION=eu-west-1|AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY" },
        { "EMAIL_BACKEND=aws_ses|EMAIL_FROM_EMAIL=hello@example.com|AWS_REGION=eu-west-1|AWS_SECRET_ACCESS_KEY=secret", "AWS_ACCESS_KEY_ID" },
        { "EMAIL_BACKEND=aws_ses|EMAIL_FROM_EMAIL=hello@example.com|EMAIL_AWS_DEFAULT_CREDENTIALS=true", "AWS_REGION" },
        { "EMAIL_BACKEND=aws_ses|EMAIL_FROM_EMAIL=hello@example.com|EMAIL_AWS_DEFAULT_CREDENTIALS=true|AWS_REGION=evil.example/", null },
        { "EMAIL_BACKEND=aws_ses|EMAIL_AWS_DEFAULT_CREDENTIALS=true|AWS_REGION=eu-west-1", "EMAIL_FROM_EMAIL" },
        { "EMAIL_BACKEND=sendgrid|EMAIL_FROM_EMAIL=hello@example.com", "SENDGRID_API_KEY" },
        { "EMAIL_BACKEND=sendgrid|EMAIL_FROM_EMAIL=hello@example.com|SENDGRID_API_KEY=a secret", null },
        { "EMAIL_BACKEND=mailgun|EMAIL_FROM_EMAIL=hello@example.com", "MAILGUN_API_KEY" },
        { "EMAIL_FROM_EMAIL=nobody", null },
        { "EMAIL_FROM_NAME=two\nlines", null },
        { "EMAIL_BACKEND=smtp|EMAIL_FROM_EMAIL=hello@example.com", "EMAIL_SMTP_HOST" },
        { "EMAIL_BACKEND=smtp|EMAIL_FROM_EMAIL=hello@example.com|EMAIL_SMTP_HOST=no host", null },
        { "EMAIL_BACKEND=smtp|EMAIL_SMTP_HOST=mail.example.com", "EMAIL_FROM_EMAIL" },
        { Smtp + "EMAIL_SMTP_USERNAME=me", "EMAIL_SMTP_PASSWORD" },
        { Smtp + "EMAIL_SMTP_PASSWORD=secret", "EMAIL_SMTP_USERNAME" },
        { Smtp + "EMAIL_SMTP_PORT=70000", null },
        { Smtp + "EMAIL_SMTP_PORT=smtp", null },
        { Smtp + "EMAIL_SMTP_USE_TLS=perhaps", null },
        { "EMAIL_SMTP_MAX_CONNECTIONS=0", null },
        { "EMAIL_SMTP_IDLE_SECONDS=1.5", null },
        { "EMAIL_SMTP_CHUNKING=perhaps", null },
        { "EMAIL_SMTP_CA_FILE=/nowhere/ca.pem", null },
        { "EMAIL_SMTP_CA_FILE=/dev/null", null },
        { "EMAIL_RETRY_MAX_ATTEMPTS=0", null },
        { "EMAIL_RETRY_BASE_SECONDS=-1", null },
        { "EMAIL_RETRY_MAX_SECONDS=604801", null },
        { "EMAIL_RETRY_BASE_SECONDS=60|EMAIL_RETRY_MAX_SECONDS=10", null },
        { "EMAIL_RETRY_MAX_AGE_SECONDS=0", null },
        { "EMAIL_DEAD_LETTER_DAYS=0", null },
        { "EMAIL_DEAD_LETTER_DAYS=month", null },
        { "EMAIL_AUDIT_RETENTION_DAYS=-1", null },
        { "EMAIL_AUDIT_RETENTION_DAYS=ever", null },
        { "EMAIL_USAGE_RETENTION_DAYS=-1", null },
        { "EMAIL_USAGE_RETENTION_DAYS=6", null },
        { "EMAIL_RATE_LIMIT_PER_MINUTE=-1", null },
        { "EMAIL_RATE_LIMIT_PER_MINUTE=unlimited", null },
        { "EMAIL_RATE_LIMITING_ENABLED=some", null },
        { "EMAIL_RATE_LIMITING_PERCENT=101", null },
        { "EMAIL_USAGE_LOGGING_PERCENT=-1", null },
        { "EMAIL_AUDIT_LOGGING_PERCENT=12.5", null },
        { "EMAIL_PUMP_CONCURRENCY=1001", null },
        { "EMAIL_ENABLED=maybe", null },
        { "EMAIL_USAGE_LOGGING_ENABLED=2", null },
        { "EMAIL_AUDIT_LOGGING_ENABLED=never", null },
        { "EMAIL_ALLOW_HTTP_ENDPOINTS=?", null },
        { "EMAIL_ALLOWED_PRIVATE_HOSTS=10.0.0.0/8,everywhere at all", null },
        { "EMAIL_ALLOWED_PRIVATE_HOSTS=169.254.169.254", null },
        { "EMAIL_SMTP_EXTRA_PORTS=smtp", null },
        { "EMAIL_HTTPS_EXTRA_PORTS=0", null },
        { "EMAIL_AWS_DEFAULT_CREDENTIALS=own", null },
        { "ASPNETCORE_URLS=http://0.0.0.0:7071", null },
        { "ASPNETCORE_URLS=http://*:7071", null },
        { "ASPNETCORE_URLS=http://localhost:7071;http://[::]:7071", null },
        { "ASPNETCORE_URLS=https://localhost:7071", null },
        { "ASPNETCORE_URLS=localhost", null },
        { "ASPNETCORE_URLS=;", null },
        { "Kestrel__Endpoints__Http__Url=http://0.0.0.0:0", "Kestrel:Endpoints" },
        { "EMAIL_MODE=cloud", null },
        { "EMAIL_MODE=azure", "FUNCTIONS_CUSTOMHANDLER_PORT is set by the Functions host" },
        { "EMAIL_MODE=azure|ServiceBus=Endpoint=sb://mine.servicebus.windows.net;SharedAccessKey=secret", "ServiceBus can't be used" },
        { "EMAIL_MODE=azure|AzureWebJobsStorage=AccountName=mine;AccountKey=not-secret", "AzureWebJobsStorage must be a connection string" },
        { "EMAIL_QUEUE=servicebus", null },
        { "EMAIL_AUTH=required|EMAIL_AUTH_AUTHORITY=https://login.example.com", "EMAIL_AUTH_AUDIENCE" },
        { "EMAIL_AUTH=sometimes", null },
        { "EMAIL_DATA_DIR=/dev/null/data", null },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_setting_that_cannot_work_is_named(string settings, string? named)
    {
        var values = settings.Split('|').Select(setting => setting.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);

        var start = await ServiceProcess.RefusedAsync(_folder.FullPath, values);

        AssertRefused(start, named ?? values.Keys.Last());
        Assert.DoesNotContain("secret", start.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_mistakes_are_named_in_one_message()
    {
        var start = await ServiceProcess.RefusedAsync(_folder.FullPath, new Dictionary<string, string>
        {
            ["EMAIL_MODE"] = "azure",
            ["EMAIL_ENABLED"] = "maybe",
            ["EMAIL_ENCRYPTION_KEY"] = "secret",
        });

        foreach (var name in new[] { "FUNCTIONS_CUSTOMHANDLER_PORT", "AzureWebJobsStorage", "ServiceBus", "EMAIL_KEY_VAULT_KEY", "EMAIL_ENABLED", "EMAIL_ENCRYPTION_KEY" })
            AssertRefused(start, $"  - {name} ");
    }

    [Theory]
    [InlineData("EMAIL_ENCRYPTION_KEY", "--EMAIL_ENCRYPTION_KEY=secret-value")]
    [InlineData("EMAIL_ENCRYPTION_KEY_PREVIOUS", "--email_encryption_key_previous", "secret-value")]
    [InlineData("EMAIL_SMTP_PASSWORD", "EMAIL_SMTP_PASSWORD=secret-value")]
    [InlineData("SENDGRID_API_KEY", "/SENDGRID_API_KEY=secret-value")]
    [InlineData("AzureWebJobsStorage", "--AzureWebJobsStorage=AccountName=mine;AccountKey=secret-value")]
    public async Task A_secret_on_the_command_line_is_refused_by_its_name(string named, params string[] arguments)
    {
        var start = await ServiceProcess.RunAsync(_folder.FullPath, new Dictionary<string, string>(), arguments);

        AssertRefused(start, $"  - {named} must not be a command-line option");
        Assert.DoesNotContain("secret-value", start.Errors + start.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_start_makes_no_data_folder()
    {
        var folder = _folder.Combine("data");

        await ServiceProcess.RefusedAsync(folder, new Dictionary<string, string> { ["EMAIL_MODE"] = "azure" });

        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_key_file_that_others_may_read_is_refused()
    {
        var key = _folder.Combine("key");
        await File.WriteAllTextAsync(key, Convert.ToBase64String(new byte[32]), TestContext.Current.CancellationToken);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        AssertRefused(await ServiceProcess.RefusedAsync(_folder.FullPath), $"chmod 600 {key}");
    }

    [Fact]
    public async Task A_damaged_key_file_is_refused_rather_than_replaced()
    {
        var key = _folder.Combine("key");
        await File.WriteAllTextAsync(key, "no key", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        AssertRefused(await ServiceProcess.RefusedAsync(_folder.FullPath), key);
        Assert.Equal("no key", await File.ReadAllTextAsync(key, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_folder_belongs_to_one_process_and_a_port_too()
    {
        using var first = await ServiceProcess.StartAsync(_folder.Combine("first"));

        var sameFolder = await ServiceProcess.RefusedAsync(_folder.Combine("first"));
        var samePort = await ServiceProcess.RefusedAsync(_folder.Combine("second"), port: first.Port);

        AssertRefused(sameFolder, $"EMAIL_DATA_DIR: the folder {_folder.Combine("first")} is in use by another process of this service");
        AssertRefused(samePort, $"http://127.0.0.1:{first.Port}");
        Assert.Contains("ASPNETCORE_URLS", samePort.Errors, StringComparison.Ordinal);
        using var answer = await first.Client.GetAsync(new Uri("/health", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static void AssertRefused(EndedProcess start, string named)
    {
        Assert.Contains(named, start.Errors, StringComparison.Ordinal);
        Assert.True(start.ExitCode == 2, $"Exit code {start.ExitCode}: {start.Errors}");
        // A sentence, not the inside of the program.
        Assert.DoesNotContain("   at ", start.Errors + start.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", start.Errors + start.Output, StringComparison.Ordinal);
    }
}
