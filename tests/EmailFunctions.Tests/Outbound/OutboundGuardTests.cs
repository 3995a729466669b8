using System.Net;
using System.Net.Sockets;
using EmailFunctions.Outbound;

namespace EmailFunctions.Tests.Outbound;

/// <summary>Which places are called, and which are not.</summary>
public sealed class OutboundGuardTests
{
    private static readonly OutboundRules Relays = OutboundRules.Public with
    {
        Allowed = [.. new[] { "relay.corp.internal", "mailpit:1025", "10.1.0.0/16", "192.168.5.5:2500", "[fd12::/48]:25", "odd.example.com:2526" }.Select(Place)],
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Hosts => [.. AddressTricks.Hosts];

    public static TheoryData<string> Names => [.. AddressTricks.Names.Keys];

    [Fact]
    public void There_are_more_than_enough_tricks() => Assert.True(AddressTricks.Hosts.Distinct().Count() >= 60 && AddressTricks.Names.Count >= 20 && AddressTricks.Endpoints.Distinct().Count() >= 20);

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task A_host_that_is_written_so_is_refused_before_anybody_is_asked(string host)
    {
        var (guard, names, connector) = Make(OutboundRules.Public, new FakeNames().Add(host.ToLowerInvariant(), "8.8.8.8"));

        await Assert.ThrowsAsync<OutboundRefusedException>(() => guard.ConnectAsync(new OutboundPlace(host, 587, PlaceKind.Smtp), Token));

        Assert.NotNull(OutboundRules.Public.FindFault(new OutboundPlace(host, 587, PlaceKind.Smtp)));
        Assert.Empty(names.Asked);
        Assert.Empty(connector.Called);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_name_that_leads_there_is_refused_and_the_address_not_told(string name)
    {
        var (guard, names, connector) = Make(OutboundRules.Public, FakeNames.OfTricks());

        var refused = await Assert.ThrowsAsync<OutboundRefusedException>(() => guard.ConnectAsync(new OutboundPlace(name, 443, PlaceKind.Http), Token));

        Assert.Null(OutboundRules.Public.FindFault(new OutboundPlace(name, 443, PlaceKind.Http)));
        Assert.StartsWith($"The host {name} must not lead to", refused.Message, StringComparison.Ordinal);
        Assert.All(AddressTricks.Names[name], address => Assert.DoesNotContain(address, refused.Message, StringComparison.Ordinal));
        Assert.Equal([name], names.Asked);
        Assert.Empty(connector.Called);
    }

    [Theory]
    [InlineData("mail.example.com", "mail.example.com", "8.8.8.8")]
    [InlineData("MAIL.Example.COM", "mail.example.com", "8.8.8.8")]
    [InlineData("bücher.example", "xn--bcher-kva.example", "8.8.8.8")]
    [InlineData("1.mail.example.com", "1.mail.example.com", "8.8.8.8")]
    [InlineData("localhost.example.com", "localhost.example.com", "8.8.8.8")]
    [InlineData("internal.example.com", "internal.example.com", "2606:4700::1111")]
    [InlineData("8.8.8.8", null, "8.8.8.8")]
    [InlineData("2606:4700::1111", null, "2606:4700::1111")]
    [InlineData("[2606:4700::1111]", null, "2606:4700::1111")]
    public async Task An_honest_host_is_looked_up_once_and_called_at_the_address_that_was_found(string host, string? asked, string called)
    {
        var (guard, names, connector) = Make(OutboundRules.Public, asked is null ? new FakeNames() : new FakeNames().Add(asked, called).Add(asked, "127.0.0.1"));
        using var listener = Listen(connector);

        using var socket = await guard.ConnectAsync(new OutboundPlace(host, 587, PlaceKind.Smtp), Token);

        Assert.True(socket.Connected);
        Assert.Equal([new IPEndPoint(IPAddress.Parse(called), 587).ToString()], connector.Called);
        Assert.Equal(asked is null ? [] : [asked], names.Asked);
    }

    [Fact]
    public async Task A_name_server_that_answers_differently_the_second_time_is_found_out_the_second_time()
    {
        var (guard, names, connector) = Make(OutboundRules.Public, new FakeNames().Add("rebind.example.com", "8.8.8.8").Add("rebind.example.com", "169.254.169.254"));
        using var listener = Listen(connector);
        var place = new OutboundPlace("rebind.example.com", 443, PlaceKind.Http);

        using var socket = await guard.ConnectAsync(place, Token);
        // Asked again while it connects, it would have led there.
        Assert.Equal(["rebind.example.com"], names.Asked);
        Assert.Equal(["8.8.8.8:443"], connector.Called);

        await Assert.ThrowsAsync<OutboundRefusedException>(() => guard.ConnectAsync(place, Token));
        Assert.Equal(["8.8.8.8:443"], connector.Called);
    }

    [Fact]
    public async Task Of_several_addresses_the_next_is_called_where_one_does_not_answer()
    {
        var (guard, _, connector) = Make(OutboundRules.Public, new FakeNames().Add("mail.example.com", "2606:4700::1111", "8.8.8.8", "9.9.9.9", "8.8.4.4"));
        using var listener = Listen(connector, "9.9.9.9");

        using var socket = await guard.ConnectAsync(new OutboundPlace("mail.example.com", 25, PlaceKind.Smtp), Token);

        Assert.Equal(["[2606:4700::1111]:25", "8.8.8.8:25", "9.9.9.9:25"], connector.Called);
    }

    [Fact]
    public async Task What_is_not_there_is_a_failure_of_the_network_as_ever()
    {
        var (guard, _, _) = Make(OutboundRules.Public, new FakeNames().Add("empty.example.com").Add("dead.example.com", "8.8.8.8"));

        Assert.Equal(SocketError.HostNotFound, await ErrorOfAsync("unknown.example.com"));
        Assert.Equal(SocketError.HostNotFound, await ErrorOfAsync("empty.example.com"));
        Assert.Equal(SocketError.ConnectionRefused, await ErrorOfAsync("dead.example.com"));

        async Task<SocketError> ErrorOfAsync(string host) =>
            (await Assert.ThrowsAsync<SocketException>(() => guard.ConnectAsync(new OutboundPlace(host, 25, PlaceKind.Smtp), Token))).SocketErrorCode;
    }

    [Theory]
    [InlineData(PlaceKind.Smtp, 25, true)]
    [InlineData(PlaceKind.Smtp, 465, true)]
    [InlineData(PlaceKind.Smtp, 587, true)]
    [InlineData(PlaceKind.Smtp, 2465, true)]
    [InlineData(PlaceKind.Smtp, 2525, true)]
    [InlineData(PlaceKind.Smtp, 2587, true)]
    [InlineData(PlaceKind.Smtp, 443, false)]
    [InlineData(PlaceKind.Smtp, 22, false)]
    [InlineData(PlaceKind.Smtp, 6379, false)]
    [InlineData(PlaceKind.Smtp, 0, false)]
    [InlineData(PlaceKind.Http, 443, true)]
    [InlineData(PlaceKind.Http, 80, false)]
    [InlineData(PlaceKind.Http, 8443, false)]
    [InlineData(PlaceKind.Http, 25, false)]
    [InlineData(PlaceKind.Http, 2375, false)]
    public async Task Only_ports_of_the_kind_are_called(PlaceKind kind, int port, bool isCalled)
    {
        foreach (var host in new[] { "mail.example.com", "8.8.8.8" })
        {
            var (guard, _, connector) = Make(OutboundRules.Public, new FakeNames().Add("mail.example.com", "8.8.8.8"));
            var fault = OutboundRules.Public.FindFault(new OutboundPlace(host, port, kind));
            Assert.Equal((isCalled, isCalled ? null : true), (fault is null, fault?.IsAboutPort));
            await Assert.ThrowsAnyAsync<Exception>(() => guard.ConnectAsync(new OutboundPlace(host, port, kind), Token));
            Assert.Equal(isCalled ? 1 : 0, connector.Called.Count);
        }
    }

    [Theory]
    [InlineData("127.0.0.1", null, true)]
    [InlineData("127.8.9.10", null, true)]
    [InlineData("::1", null, true)]
    [InlineData("localhost", "127.0.0.1", true)]
    [InlineData("mail.localhost", "::1", true)]
    [InlineData("desk.example.com", "127.0.1.1", true)]
    [InlineData("127.1", null, false)]
    [InlineData("0.0.0.0", null, false)]
    [InlineData("::", null, false)]
    [InlineData("::ffff:127.0.0.1", null, false)]
    [InlineData("64:ff9b::7f00:1", null, false)]
    [InlineData("10.0.0.1", null, false)]
    [InlineData("169.254.169.254", null, false)]
    [InlineData("localhost", "10.0.0.1", false)]
    [InlineData("redis", "127.0.0.1", false)]
    [InlineData("desk.example.com", "8.8.8.8", false)]
    public async Task On_a_desk_this_machine_may_be_called_at_any_port_and_nothing_else(string host, string? address, bool isCalled)
    {
        var (guard, _, connector) = Make(OutboundRules.Desk, address is null ? new FakeNames() : new FakeNames().Add(host, address));

        await Assert.ThrowsAnyAsync<Exception>(() => guard.ConnectAsync(new OutboundPlace(host, 40_000, PlaceKind.Smtp), Token));

        Assert.Equal(isCalled ? 1 : 0, connector.Called.Count);
    }

    [Theory]
    // A name: whatever it leads to but what is never called, and at any port unless it names one.
    [InlineData("relay.corp.internal", 2500, "10.9.9.9", true)]
    [InlineData("RELAY.corp.internal", 2500, "fd00::1", true)]
    [InlineData("relay.corp.internal", 25, "169.254.169.254", false)]
    [InlineData("relay.corp.internal", 25, "168.63.129.16", false)]
    [InlineData("relay.corp.internal", 25, "0.0.0.0", false)]
    [InlineData("other.corp.internal", 25, "10.9.9.9", false)]
    [InlineData("mailpit", 1025, "172.18.0.2", true)]
    [InlineData("mailpit", 25, "172.18.0.2", false)]
    [InlineData("odd.example.com", 2526, "8.8.8.8", true)]
    [InlineData("odd.example.com", 2527, "8.8.8.8", false)]
    // A network: whatever name leads there.
    [InlineData("mail.example.com", 2500, "10.1.2.3", true)]
    [InlineData("mail.example.com", 25, "10.2.0.1", false)]
    [InlineData("10.1.255.255", 7, null, true)]
    [InlineData("10.0.255.255", 25, null, false)]
    [InlineData("::ffff:10.1.0.1", 25, null, false)]
    [InlineData("192.168.5.5", 2500, null, true)]
    [InlineData("192.168.5.5", 25, null, false)]
    [InlineData("192.168.5.6", 2500, null, false)]
    [InlineData("fd12::9", 25, null, true)]
    [InlineData("fd12::9", 587, null, false)]
    [InlineData("fd12:0:1::9", 25, null, false)]
    public async Task What_the_operator_allows_is_called(string host, int port, string? address, bool isCalled)
    {
        var (guard, _, connector) = Make(Relays, address is null ? new FakeNames() : new FakeNames().Add(host.ToLowerInvariant(), address));

        await Assert.ThrowsAnyAsync<Exception>(() => guard.ConnectAsync(new OutboundPlace(host, port, PlaceKind.Smtp), Token));

        Assert.Equal(isCalled ? 1 : 0, connector.Called.Count);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("168.63.129.16")]
    [InlineData("fd00:ec2::254")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("fe80::1")]
    public void Even_who_allows_everything_does_not_allow_what_is_never_called(string host)
    {
        var rules = OutboundRules.Public with { Allowed = [Place("0.0.0.0/0"), Place("::/0")] };

        Assert.NotNull(rules.FindFault(new OutboundPlace(host, 25, PlaceKind.Smtp)));
        Assert.Null(rules.FindFault(new OutboundPlace("10.0.0.1", 25, PlaceKind.Smtp)));
    }

    [Fact]
    public async Task What_the_operator_names_is_called_unchecked()
    {
        var (guard, _, connector) = Make(OutboundRules.Public, new FakeNames().Add("relay", "10.0.0.1"));

        await Assert.ThrowsAsync<SocketException>(() => guard.ConnectUncheckedAsync(new OutboundPlace("relay", 10_025, PlaceKind.Smtp), Token));

        Assert.Equal(["10.0.0.1:10025"], connector.Called);
    }

    [Fact]
    public void The_words_for_a_long_host_keep_what_is_to_be_done()
    {
        var host = string.Join('.', Enumerable.Repeat(new string('a', 60), 4));
        var refused = new OutboundRefusedException(host, OutboundRules.Public.FindFault(new OutboundPlace("10.0.0.1", 25, PlaceKind.Smtp))!);

        Assert.True(refused.Message.Length <= 300, refused.Message);
        Assert.EndsWith("EMAIL_ALLOWED_PRIVATE_HOSTS.", refused.Message, StringComparison.Ordinal);
    }

    private static (OutboundGuard Guard, FakeNames Names, RecordingConnector Connector) Make(OutboundRules rules, FakeNames names)
    {
        var connector = new RecordingConnector();
        return (new OutboundGuard(rules, names, connector), names, connector);
    }

    private static TcpListener Listen(RecordingConnector connector, string? address = null)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        connector.Route = called => address is null || called.Address.ToString() == address ? port : null;
        return listener;
    }

    private static AllowedPlace Place(string text) => AllowedPlace.TryParse(text, out var place) ? place : throw new ArgumentException(text);
}
