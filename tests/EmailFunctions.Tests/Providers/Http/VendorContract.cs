using EmailFunctions.Providers;
using EmailFunctions.TestKit.Vendors;

namespace EmailFunctions.Tests.Providers.Http;

/// <summary>What every provider must do, for vendors: what arrives are the requests at their server.</summary>
public abstract class VendorContract : EmailProviderContract
{
    private VendorBench _bench = null!;

    private protected override IEmailProvider Provider => _bench.Provider;

    private protected override ProviderAccount Account => _bench.Account;

    private protected override IReadOnlyList<ArrivedEmail> Arrived => [.. _bench.Server.Requests.Where(static request => request.Method == "POST").Select(Read)];

    /// <summary>The answer to a message, and to a probe.</summary>
    private protected abstract (VendorReply Sent, VendorReply Healthy) Replies { get; }

    public override async ValueTask InitializeAsync()
    {
        _bench = await StartAsync();
        _bench.Server.Script = request => request.Method == "POST" ? Replies.Sent : Replies.Healthy;
    }

    public override ValueTask DisposeAsync() => _bench.DisposeAsync();

    private protected abstract Task<VendorBench> StartAsync();

    private protected abstract ArrivedEmail Read(VendorRequest request);
}
