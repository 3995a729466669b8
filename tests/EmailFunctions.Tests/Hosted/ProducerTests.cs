using System.Globalization;
using Amqp;
using Amqp.Framing;
using Amqp.Sasl;
using EmailFunctions.Tests.Support;
using EmailFunctions.Tests.Support.Azurite;
using EmailFunctions.Tests.Support.Hosted;

namespace EmailFunctions.Tests.Hosted;

/// <summary>An event producer that has a plain AMQP client and the contract, and nothing of ours.</summary>
[Collection("Hosted")]
public sealed class ProducerTests(StagedApp staged, AzuriteFixture azurite)
{
    private const int Malformed = 50;

    private static readonly string[] Mistakes =
    [
        "this is no JSON",
        "",
        """["a list"]""",
        """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"s","body":"b","colour":"red"}""",
        """{"tenant_id":"acme","to":[],"subject":"s","body":"b"}""",
        """{"tenant_id":"acme","to":["not an address"],"subject":"s","body":"b"}""",
        """{"tenant_id":"a/b","to":["zoe@example.com"],"subject":"s","body":"b"}""",
        """{"to":["zoe@example.com"],"subject":"s","body":"b"}""",
        """{"tenant_id":"acme","to":["zoe@example.com"],"subject":"s","body":"b","expires_at":"2020-01-01T00:00:00Z"}""",
        """{"tenant_id":"acme","to":["zoe@example.com"],"subject":5,"body":"b"}""",
    ];

    [Fact]
    public async Task All_good_messages_are_sent_and_all_others_parked_with_the_reason_and_none_goes_round()
    {
        var good = Proof.Count(950, 100);
        await using var app = await HostedApp.StartAsync(
            staged, (await azurite.GetAsync()).ConnectionString, new HostedOptions { Settings = new Dictionary<string, string> { ["EMAIL_RATE_LIMIT_PER_MINUTE"] = "0" } });
        await app.ConfigureAsync("acme");

        await ProduceAsync(app.Broker!.Port, good);

        await HostedApp.UntilAsync(
            () => Task.FromResult(app.Sink.Messages.Count >= good && app.Broker.Queue("email-in").Messages.Count == 0 && app.Broker.Queue("email-dispatch").Messages.Count == 0),
            TimeSpan.FromMinutes(5),
            () => $"{app.Sink.Messages.Count} of {good} were sent.\n{app.Say()}");
        Assert.Equal(good, app.Sink.Messages.Count);
        Assert.Equal(good, app.Sink.Messages.Select(static mail => mail.Header("Subject")).Distinct().Count());
        var parked = await app.DeadLettersAsync();
        Assert.Equal(Malformed, parked.Count);
        Assert.All(parked, static letter => Assert.Equal(("parked", true), (letter["reason"]!.GetValue<string>(), letter["provider_answer"]!.GetValue<string>().Length > 5)));
        Assert.All(
            app.Host.Invocations.Where(static invocation => invocation.Function is "IngestEmail" or "DispatchEmail"),
            static invocation => Assert.True(invocation is { Succeeded: true, DeliveryCount: 1 }, $"{invocation}"));
        Assert.Equal(good + Malformed, app.Host.Invocations.Count(static invocation => invocation.Function == "IngestEmail"));
        Assert.Empty(app.Broker.Queue("email-in").DeadLetterQueue!.Messages);
    }

    private static async Task ProduceAsync(int port, int good)
    {
        var connection = await new ConnectionFactory { SASL = { Profile = SaslProfile.Anonymous } }.CreateAsync(new Address($"amqp://127.0.0.1:{port}"));
        var session = new Session(connection);
        var sender = new SenderLink(session, "producer", "email-in");
        var sends = new List<Task>();
        for (var number = 0; number < good + Malformed; number++)
        {
            var step = (good + Malformed) / Malformed;
            var isBad = number % step == step - 1 && number / step < Malformed;
            var body = isBad
                ? Mistakes[number / step % Mistakes.Length]
                : string.Create(CultureInfo.InvariantCulture, $$"""{"tenant_id":"acme","to":["zoe@example.com"],"subject":"Event {{number}}","body":"b"}""");
            sends.Add(sender.SendAsync(new Message
            {
                BodySection = new Data { Binary = System.Text.Encoding.UTF8.GetBytes(body) },
                Properties = new Properties { MessageId = $"event-{number}", ContentType = "application/json" },
            }));
        }

        await Task.WhenAll(sends);
        await sender.CloseAsync();
        await session.CloseAsync();
        await connection.CloseAsync();
    }
}
