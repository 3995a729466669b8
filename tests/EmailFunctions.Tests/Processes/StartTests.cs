using System.Net;
using System.Security.Cryptography;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>What a service says and does when it starts, on a new folder or on one that was used under other settings.</summary>
public sealed class StartTests : IAsyncDisposable
{
    private const string Mail = """{"tenant_id":"acme","to":["you@example.com"],"subject":"Hello","body":"Hello."}""";

    private static readonly SmtpSinkCredentials User = new("me", "right");

    private readonly TempFolder _folder = new();
    private readonly SmtpSink _sink = SmtpSink.Start(new SmtpSinkOptions { Credentials = User, RequireAuthentication = false });

    public async ValueTask DisposeAsync()
    {
        await _sink.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_first_line_says_where_it_listens_and_where_the_data_is()
    {
        using var service = await ServiceProcess.StartAsync(_folder.FullPath);
        await service.StopAsync();

        Assert.Contains($"Listening on http://127.0.0.1:{service.Port}; data in {_folder.FullPath}.", service.Output, StringComparison.Ordinal);
        Assert.Contains("EMAIL_AUTH is none: whoever reaches this loopback address may do everything.", service.Output, StringComparison.Ordinal);
        Assert.Empty(service.Errors);
    }

    [Fact]
    public async Task Without_a_setting_the_data_goes_to_dot_data_where_it_was_started()
    {
        using var service = await ServiceProcess.StartAsync(dataFolder: null, workingFolder: _folder.FullPath);
        await service.StopAsync();

        Assert.True(File.Exists(_folder.Combine(".data/email.db")));
        Assert.Equal([".data"], Directory.GetFileSystemEntries(_folder.FullPath).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Under_another_key_mail_waits_for_the_right_one_nothing_new_is_taken_and_the_log_names_the_key()
    {
        var (right, wrong) = (NewKey(), NewKey());
        _sink.Fault = SmtpFaults.Always(SmtpStage.RcptTo, SmtpFault.Reply("451 4.7.1 later"));
        string id;
        using (var service = await StartAsync(right))
        {
            await service.Client.UseSinkAsync("acme", _sink.Port, $",\"smtp_username\":\"{User.UserName}\",\"smtp_password\":\"{User.Password}\"");
            id = await service.Client.AcceptAsync(Mail);
            await service.Client.WaitForStatusAsync(id, "deferred");
            await service.StopAsync();
        }

        _sink.Fault = null;
        _sink.Clear();
        using (var service = await StartAsync(wrong, mustBeReady: false))
        {
            Assert.Contains($"Version 1 of the key-encryption key ({KeyId(right)}) can't be used", service.Output, StringComparison.Ordinal);
            Assert.False(await service.IsReadyAsync());
            // What it encrypted under this key could not be read once the right one is back: neither of a tenant that has keys nor of a new one.
            foreach (var mail in new[] { Mail, Mail.Replace("acme", "newcomer", StringComparison.Ordinal) })
            {
                using var answer = await service.Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", mail);
                Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            }

            await WaitUntilDueAsync(service, id);
            Assert.Equal("deferred", (await service.Client.ReadMessageAsync(id)).Status());
            await service.StopAsync();
            Assert.Contains(KeyId(wrong), service.Output, StringComparison.Ordinal);
        }

        Assert.Equal(0, _sink.Counts.ConnectionsOpened);
        using (var service = await StartAsync(right))
        {
            await service.Client.WaitForStatusAsync(id, "sent");
            Assert.Equal(User.UserName, Assert.Single(_sink.Messages).AuthenticatedAs);
        }
    }

    [Fact]
    public async Task Switched_off_it_takes_no_mail_and_sends_none_until_it_is_switched_on_again()
    {
        _sink.Fault = SmtpFaults.Always(SmtpStage.RcptTo, SmtpFault.Reply("451 4.7.1 later"));
        string id;
        using (var service = await StartAsync(null))
        {
            await service.Client.UseSinkAsync("acme", _sink.Port);
            id = await service.Client.AcceptAsync(Mail);
            await service.Client.WaitForStatusAsync(id, "deferred");
            await service.StopAsync();
        }

        _sink.Fault = null;
        _sink.Clear();
        using (var service = await StartAsync(null, ("EMAIL_ENABLED", "false")))
        {
            using var answer = await service.Client.SendJsonAsync(HttpMethod.Post, "/api/v1/email/send", Mail);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Contains("EMAIL_ENABLED", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            await WaitUntilDueAsync(service, id);
            Assert.Equal("deferred", (await service.Client.ReadMessageAsync(id)).Status());
            await service.StopAsync();
        }

        Assert.Equal(0, _sink.Counts.ConnectionsOpened);
        using var on = await StartAsync(null);
        await on.Client.WaitForStatusAsync(id, "sent");
    }

    private Task<ServiceProcess> StartAsync(string? key, params (string Name, string Value)[] further) => StartAsync(key, mustBeReady: true, further);

    private Task<ServiceProcess> StartAsync(string? key, bool mustBeReady, params (string Name, string Value)[] further)
    {
        var settings = further.ToDictionary(pair => pair.Name, pair => pair.Value);
        settings.TryAdd("EMAIL_RETRY_BASE_SECONDS", "1");
        settings.TryAdd("EMAIL_RETRY_MAX_SECONDS", "1");
        settings.TryAdd("EMAIL_RETRY_MAX_ATTEMPTS", "20");
        if (key is not null)
            settings.Add("EMAIL_ENCRYPTION_KEY", key);
        return ServiceProcess.StartAsync(_folder.FullPath, settings, mustBeReady: mustBeReady);
    }

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private static string KeyId(string key) => "local:" + Convert.ToHexStringLower(SHA256.HashData(Convert.FromBase64String(key)))[..16];

    // Its time has come, and some more has passed, in which a running pump would have sent it.
    private static async Task WaitUntilDueAsync(ServiceProcess service, string id)
    {
        var due = (await service.Client.ReadMessageAsync(id))["scheduled_for"]!.GetValue<DateTimeOffset>();
        while (DateTimeOffset.UtcNow < due + TimeSpan.FromSeconds(1))
            await Task.Delay(50, TestContext.Current.CancellationToken);
    }
}
