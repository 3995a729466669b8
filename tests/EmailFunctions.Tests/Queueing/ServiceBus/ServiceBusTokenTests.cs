using Azure.Core;
using EmailFunctions.Queueing.ServiceBus;
using EmailFunctions.Storage;
using EmailFunctions.TestKit.ServiceBus;
using ServiceBusToken = EmailFunctions.TestKit.ServiceBus.ServiceBusToken;

namespace EmailFunctions.Tests.Queueing.ServiceBus;

/// <summary>How the adapter is let in, and stays in.</summary>
public sealed class ServiceBusTokenTests
{
    private static readonly ServiceBusTimes Renewing = ServiceBusBench.Quick with
    {
        RenewBefore = TimeSpan.FromMilliseconds(1_500),
        RenewJitter = TimeSpan.Zero,
        RenewAtLeast = TimeSpan.FromMilliseconds(100),
    };

    [Fact]
    public async Task A_key_signs_tokens_for_this_queue_that_the_broker_can_check()
    {
        await using var bench = ServiceBusBench.Start(new ServiceBusBrokerOptions { CheckToken = static token => token.CheckSignature(ServiceBusBench.Rule, ServiceBusBench.Key) });

        await bench.SendAsync("1");

        var token = Assert.Single(bench.Broker.Tokens);
        Assert.Equal(ServiceBusToken.Sas, token.Type);
        Assert.Equal($"amqps://127.0.0.1/{ServiceBusBench.QueueName}", token.Audience);
        Assert.DoesNotContain(ServiceBusBench.Key, token.Text, StringComparison.Ordinal);
        Assert.Equal(["1"], bench.Bodies);
    }

    [Fact]
    public async Task A_wrong_key_is_unauthorized_and_the_message_says_where_to_look()
    {
        await using var bench = ServiceBusBench.Start(new ServiceBusBrokerOptions { CheckToken = static token => token.CheckSignature(ServiceBusBench.Rule, "another") });

        var exception = await Assert.ThrowsAsync<StoreUnavailableException>(() => bench.SendAsync("1"));

        Assert.Equal(ServiceBusFailure.Unauthorized, ServiceBusBench.FailureOf(exception));
        Assert.Contains("connection string", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(ServiceBusBench.Key, exception.ToString(), StringComparison.Ordinal);
        Assert.Single(bench.Broker.Tokens);
        Assert.Empty(bench.Bodies);
    }

    [Fact]
    public async Task An_identity_brings_its_token_for_service_bus()
    {
        var identity = new FakeIdentity(TimeSpan.FromHours(1));
        await using var bench = Start(identity);

        await bench.SendAsync("1");

        Assert.Equal(["https://servicebus.azure.net/.default"], identity.Scopes);
        Assert.Equal((ServiceBusToken.Jwt, "token-1"), (bench.Broker.Tokens[0].Type, bench.Broker.Tokens[0].Text));
        Assert.Equal(["1"], bench.Bodies);
    }

    [Fact]
    public async Task An_identity_without_the_role_is_unauthorized_and_the_message_names_the_role()
    {
        await using var bench = Start(new FakeIdentity(TimeSpan.FromHours(1)), static _ => null);

        var exception = await Assert.ThrowsAsync<StoreUnavailableException>(() => bench.SendAsync("1"));

        Assert.Equal(ServiceBusFailure.Unauthorized, ServiceBusBench.FailureOf(exception));
        Assert.Contains("Azure Service Bus Data Sender", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_identity_that_gets_no_token_is_unauthorized_and_nothing_is_repeated()
    {
        var identity = new FakeIdentity(TimeSpan.FromHours(1)) { Fails = true };
        await using var bench = Start(identity);

        Assert.Equal(ServiceBusFailure.Unauthorized, await bench.FailAsync());

        Assert.Equal(1, identity.Asked);
    }

    [Fact]
    public async Task A_link_that_is_refused_for_want_of_rights_is_unauthorized_and_open_again_when_they_are_given()
    {
        await using var bench = Start(new FakeIdentity(TimeSpan.FromHours(1)));
        bench.Broker.RefuseLinks(1, "amqp:unauthorized-access");

        Assert.Equal(ServiceBusFailure.Unauthorized, await bench.FailAsync());
        await bench.SendAsync("1");

        Assert.Equal(["1"], bench.Bodies);
    }

    [Fact]
    public async Task A_token_is_renewed_before_it_ends_so_that_the_link_never_notices()
    {
        var identity = new FakeIdentity(TimeSpan.FromSeconds(2));
        await using var bench = Start(identity, times: Renewing);
        await bench.SendAsync("1");

        // Longer than the first token's life.
        await WaitAsync(() => bench.Broker.Tokens.Count >= 6);
        await bench.SendAsync("2");

        Assert.Equal(["1", "2"], bench.Bodies);
        Assert.Equal((1, 1), (bench.Broker.ConnectionsAccepted, bench.Broker.LinksOpened));
        Assert.All(bench.Broker.Tokens, static token => Assert.Equal($"amqps://127.0.0.1/{ServiceBusBench.QueueName}", token.Audience));
    }

    [Fact]
    public async Task A_token_that_ended_costs_the_link_and_the_next_send_brings_another()
    {
        var never = ServiceBusBench.Quick with { RenewAtLeast = TimeSpan.FromHours(1) };
        await using var bench = Start(new FakeIdentity(TimeSpan.FromSeconds(1)), times: never);
        await bench.SendAsync("1");
        await WaitAsync(() => bench.Broker.LinksOpen == 0);

        await bench.SendAsync("2");

        Assert.Equal(["1", "2"], bench.Bodies);
        Assert.Equal((2, 1), (bench.Broker.Tokens.Count, bench.Broker.ConnectionsAccepted));
    }

    [Fact]
    public async Task A_renewal_that_fails_is_tried_again_while_the_old_token_lasts()
    {
        var identity = new FakeIdentity(TimeSpan.FromSeconds(2));
        await using var bench = Start(identity, times: Renewing);
        await bench.SendAsync("1");

        identity.Fails = true;
        var asked = identity.Asked;
        await WaitAsync(() => identity.Asked >= asked + 2);
        identity.Fails = false;
        await WaitAsync(() => bench.Broker.Tokens.Count >= 3);
        await bench.SendAsync("2");

        Assert.Equal(["1", "2"], bench.Bodies);
        Assert.Equal(1, bench.Broker.LinksOpened);
    }

    [Fact]
    public async Task Nothing_is_renewed_once_the_queue_is_closed()
    {
        var identity = new FakeIdentity(TimeSpan.FromSeconds(2));
        await using var bench = Start(identity, times: Renewing);
        await bench.SendAsync("1");

        await bench.Queue.DisposeAsync();
        var asked = identity.Asked;
        await Task.Delay(TimeSpan.FromMilliseconds(700), ServiceBusBench.Cancellation);

        Assert.Equal(asked, identity.Asked);
    }

    [Fact]
    public void A_renewal_is_seven_minutes_early_and_a_bit_and_never_within_a_minute()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var clock = new ServiceBusClock(time, new ServiceBusTimes(), static () => 0.5);
        var now = time.GetUtcNow();

        Assert.Equal(TimeSpan.FromMinutes(53) - TimeSpan.FromSeconds(15), clock.UntilRenewal(now.AddHours(1)));
        Assert.Equal(TimeSpan.FromMinutes(1), clock.UntilRenewal(now.AddMinutes(5)));
        Assert.Equal(TimeSpan.FromMinutes(1), clock.UntilRenewal(now.AddMinutes(-5)));
        Assert.Equal(TimeSpan.FromDays(1), clock.UntilRenewal(now.AddDays(100)));
    }

    private static ServiceBusBench Start(FakeIdentity identity, Func<ServiceBusToken, DateTimeOffset?>? check = null, ServiceBusTimes? times = null) => ServiceBusBench.Start(
        new ServiceBusBrokerOptions { CheckToken = check ?? identity.Check },
        options: ServiceBusOptions.ForNamespace("example.test", identity) with { UseTls = false },
        times: times);

    private static async Task WaitAsync(Func<bool> reached)
    {
        var end = DateTimeOffset.UtcNow + ServiceBusBench.Patience;
        while (!reached())
        {
            Assert.True(DateTimeOffset.UtcNow < end, "It did not come to that.");
            await Task.Delay(10, ServiceBusBench.Cancellation);
        }
    }

    /// <summary>Numbers its tokens; the broker knows them.</summary>
    private sealed class FakeIdentity(TimeSpan life) : TokenCredential
    {
        private readonly Dictionary<string, DateTimeOffset> _given = [];

        public List<string> Scopes { get; } = [];

        public bool Fails { get; set; }

        public int Asked { get; private set; }

        public DateTimeOffset? Check(ServiceBusToken token)
        {
            lock (_given)
                return token.Type == ServiceBusToken.Jwt && _given.TryGetValue(token.Text, out var end) ? end : null;
        }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            lock (_given)
            {
                Asked++;
                Scopes.AddRange(requestContext.Scopes);
                if (Fails)
                    throw new InvalidOperationException("No identity here.");
                var token = $"token-{_given.Count + 1}";
                _given[token] = DateTimeOffset.UtcNow + life;
                return new AccessToken(token, _given[token]);
            }
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
