using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.RealServers;

/// <summary>Postfix, with the ways of Debian.</summary>
public sealed class PostfixContractTests(PostfixFixture fixture) : MailServerContract, IClassFixture<PostfixFixture>
{
    private protected override IRealMailServer Server => Require(fixture.Server, PostfixServer.WhyUnavailable());
}

/// <summary>An Exim that lives as long as the tests of this class; none where it is not there.</summary>
public sealed class EximFixture : IAsyncLifetime
{
    internal IRealMailServer? Server { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (OperatingSystem.IsLinux() && EximServer.WhyUnavailable() is null)
            Server = await EximServer.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
    }
}

/// <summary>Exim, which does most of this in words of its own.</summary>
public sealed class EximContractTests(EximFixture fixture) : MailServerContract, IClassFixture<EximFixture>
{
    private protected override IRealMailServer Server => Require(fixture.Server, EximServer.WhyUnavailable());
}
