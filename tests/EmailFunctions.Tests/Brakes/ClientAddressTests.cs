using System.Net;
using EmailFunctions.Brakes;
using EmailFunctions.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace EmailFunctions.Tests.Brakes;

/// <summary>By what an address is known to a brake.</summary>
public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "20010DB800010002")]
    [InlineData("2001:db8:1:2::", "20010DB800010002")]
    [InlineData("2001:db8:1:3::", "20010DB800010003")]
    public void An_ipv6_address_stands_for_its_network(string address, string name) => Assert.Equal(name, ClientAddress.NameOf(IPAddress.Parse(address)));

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("203.0.113.7:51234", "203.0.113.7")]
    [InlineData("198.51.100.1, 203.0.113.7:51234", "203.0.113.7")]
    [InlineData("nonsense,203.0.113.7", "203.0.113.7")]
    [InlineData("[2001:db8::1]:443", "2001:db8::1")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    [InlineData("", null)]
    [InlineData("203.0.113.7, ", null)]
    [InlineData("203.0.113.7, unknown", null)]
    public void Only_what_the_front_end_wrote_counts_of_the_header(string header, string? address) => Assert.Equal(address, ClientAddress.Forwarded(header)?.ToString());

    [Fact]
    public void Where_no_front_end_writes_the_header_it_says_nothing()
    {
        var (plain, forged) = (NewContext(), NewContext());
        forged.Request.Headers["X-Forwarded-For"] = "198.51.100.1";

        Assert.Equal(ClientAddress.KeyOf(plain, isBehindFrontEnd: false), ClientAddress.KeyOf(forged, isBehindFrontEnd: false));
        Assert.NotEqual(ClientAddress.KeyOf(plain, isBehindFrontEnd: true), ClientAddress.KeyOf(forged, isBehindFrontEnd: true));
    }

    [Fact]
    public void A_million_addresses_share_a_bounded_number_of_counters()
    {
        var addresses = Proof.Count(1_000_000, 50_000);
        using var brake = new Brake(60, TimeSpan.FromMinutes(1));
        var context = NewContext();
        var keys = new HashSet<string>();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var number = 0; number < addresses; number++)
        {
            context.Connection.RemoteIpAddress = new IPAddress([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
            var key = ClientAddress.KeyOf(context, isBehindFrontEnd: false);
            keys.Add(key);
            brake.Take(key);
        }

        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        TestContext.Current.SendDiagnosticMessage($"{addresses} addresses, {keys.Count} keys, {grown / 1024} KB.");
        Assert.InRange(keys.Count, ClientAddress.Keys / 2, ClientAddress.Keys);
    }

    private static DefaultHttpContext NewContext() => new() { Connection = { RemoteIpAddress = IPAddress.Parse("203.0.113.7") } };
}
