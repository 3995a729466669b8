using System.Net;
using System.Net.Sockets;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.TestKit.Vendors;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>Where the rows of a vendor's table are provoked.</summary>
public sealed class VendorScene : IAsyncDisposable
{
    private readonly VendorBench _bench;

    internal VendorScene(VendorBench bench) => _bench = bench;

    /// <summary>The vendor's server, in clear.</summary>
    public string Plain => _bench.Server.Address.ToString();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Sends while the server answers so.</summary>
    public Task<SendResult> SendAsync(VendorReply? reply, Func<ProviderAccount, ProviderAccount>? change = null, EmailContent? content = null)
    {
        if (reply is not null)
            _bench.Server.Script = _ => reply;
        return _bench.SendAsync(change?.Invoke(_bench.Account) ?? _bench.Account, content);
    }

    /// <summary>Sends to another endpoint.</summary>
    public Task<SendResult> SendToAsync(string endpoint) =>
        SendAsync(null, account => account with { Settings = account.Settings with { ApiEndpoint = endpoint } });

    /// <summary>Sends to a server whose certificate nobody vouches for.</summary>
    public async Task<SendResult> SendToUntrustedAsync()
    {
        using var certificate = VendorServer.MakeCertificate();
        await using var server = await VendorServer.StartAsync(static _ => VendorReply.Answer(200), certificate);
        return await SendToAsync(server.Address.ToString());
    }

    /// <summary>Sends to who closes every connection at once.</summary>
    public async Task<SendResult> SendToCloserAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var sending = SendToAsync($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        (await listener.AcceptSocketAsync(Token)).Dispose();
        return await sending;
    }

    /// <summary>Sends to who takes connections and says nothing, until the time to connect is over.</summary>
    public async Task<SendResult> SendToSilenceAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var sending = SendToAsync($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        using var accepted = await listener.AcceptSocketAsync(Token);
        _bench.Clock.Advance(_bench.Options.ConnectTimeout);
        return await sending;
    }

    /// <summary>Sends to a server that stops somewhere, until the time to send is over.</summary>
    public async Task<SendResult> HangAsync(Func<VendorHold, VendorReply> reply, EmailContent? content)
    {
        var hold = new VendorHold();
        var sending = SendAsync(reply(hold), content: content);
        await hold.WaitForArrivalsAsync(1, VendorBench.Limit, Token);
        _bench.Clock.Advance(_bench.Options.SendTimeout);
        var result = await sending;
        hold.Release();
        return result;
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();
}
