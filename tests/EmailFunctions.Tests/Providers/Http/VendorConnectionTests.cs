using EmailFunctions.Providers;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Ses;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>Connections and credentials are each owner's own.</summary>
public sealed class VendorConnectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tenants_that_send_at_once_share_neither_connections_nor_keys()
    {
        const int Tenants = 10, Messages = 40;
        await using var bench = await SesBench.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, Tenants * Messages).Select(n => Task.Run(() => bench.SendAsync(AccountOf(bench, n % Tenants)), Token)));
        Assert.Equal(Tenants * Messages, bench.Server.Requests.Count);
        var keys = bench.Server.Requests.Select(static request => (request.ConnectionNumber, request.RemotePort, Key: SigV4.Authorization.Parse(request.Header("authorization")).AccessKey)).Distinct().ToList();
        Assert.Equal(Tenants, keys.Select(static pair => pair.Key).Distinct().Count());
        Assert.Equal(keys.Count, keys.Select(static pair => pair.ConnectionNumber).Distinct().Count());
        Assert.All(bench.Server.Requests, static request => Assert.Contains($"of-{SigV4.Authorization.Parse(request.Header("authorization")).AccessKey}@", From(request), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fifty_messages_at_once_share_the_allowed_connections()
    {
        const int Messages = 50, Places = 4;
        var hold = new VendorHold();
        await using var bench = await SesBench.StartAsync(VendorReply.HangAfterBody(hold, SesBench.Accepted), options: new() { MaxConnections = Places });
        var sending = Enumerable.Range(0, Messages).Select(_ => bench.SendAsync()).ToList();
        await hold.WaitForArrivalsAsync(Places, VendorBench.Limit, Token);
        hold.Release();
        Assert.All(await Task.WhenAll(sending), static result => Assert.Equal(SendStatus.Sent, result.Status));
        Assert.Equal((Messages, Places, Places), (bench.Server.Requests.Count, bench.Server.ConnectionsOpened, bench.Server.ConnectionsAtOnce));
    }

    [Fact]
    public async Task Messages_one_after_the_other_use_one_connection()
    {
        await using var bench = await SesBench.StartAsync();
        for (var n = 0; n < 10; n++)
            Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal((10, 1), (bench.Server.Requests.Count, bench.Server.ConnectionsOpened));
    }

    [Fact]
    public async Task A_connection_that_is_idle_too_long_is_closed()
    {
        await using var bench = await SesBench.StartAsync(options: new() { IdleTime = TimeSpan.FromMilliseconds(200) });
        await bench.SendAsync();
        await bench.Server.WaitForNoConnectionsAsync(VendorBench.Limit, Token);
        Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal(2, bench.Server.ConnectionsOpened);
    }

    [Fact]
    public async Task A_connection_is_renewed_after_its_lifetime_so_that_names_are_looked_up_again()
    {
        await using var bench = await SesBench.StartAsync(options: new() { ConnectionLifetime = TimeSpan.Zero });
        for (var n = 0; n < 3; n++)
            Assert.Equal(SendStatus.Sent, (await bench.SendAsync()).Status);
        Assert.Equal(3, bench.Server.ConnectionsOpened);
    }

    // Keys and senders that name their tenant, so that a mixture shows.
    private static ProviderAccount AccountOf(VendorBench bench, int tenant)
    {
        var settings = bench.Settings with { FromEmail = $"of-AKID{tenant}@acme.example" };
        return Emails.Account(settings, new ProviderSecrets { AwsAccessKey = $"AKID{tenant}", AwsSecretKey = $"secret {tenant}" }, owner: $"tenant{tenant}");
    }

    private static string From(VendorRequest request)
    {
        using var stream = new MemoryStream(request.Json().GetProperty("Content").GetProperty("Raw").GetProperty("Data").GetBytesFromBase64());
        using var message = MimeKit.MimeMessage.Load(stream, Token);
        return message.From.ToString();
    }
}
