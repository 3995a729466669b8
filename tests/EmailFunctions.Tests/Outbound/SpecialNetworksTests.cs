using System.Net;
using EmailFunctions.Outbound;

namespace EmailFunctions.Tests.Outbound;

/// <summary>Where the public address space ends.</summary>
public sealed class SpecialNetworksTests
{
    public static TheoryData<string> Networks => [.. SpecialNetworks.All.Select(static special => special.Network.ToString())];

    [Theory]
    [MemberData(nameof(Networks))]
    public void The_first_and_the_last_address_of_each_part_are_special(string text)
    {
        var network = IPNetwork.Parse(text);
        var last = network.BaseAddress.GetAddressBytes();
        for (var bit = network.PrefixLength; bit < last.Length * 8; bit++)
            last[bit / 8] |= (byte)(0x80 >> (bit % 8));

        Assert.NotNull(SpecialNetworks.Find(network.BaseAddress));
        Assert.NotNull(SpecialNetworks.Find(new IPAddress(last)));
    }

    [Theory]
    [InlineData("1.0.0.0")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.0")]
    [InlineData("168.63.129.15")]
    [InlineData("168.63.129.17")]
    [InlineData("169.253.255.255")]
    [InlineData("169.255.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("191.255.255.255")]
    [InlineData("192.0.1.0")]
    [InlineData("192.0.3.0")]
    [InlineData("192.88.98.255")]
    [InlineData("192.88.100.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("198.51.99.255")]
    [InlineData("203.0.114.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2000::")]
    [InlineData("2001:200::")]
    [InlineData("2001:db7:ffff::")]
    [InlineData("2001:db9::")]
    [InlineData("2003::")]
    [InlineData("2606:4700::1111")]
    [InlineData("2620:0:2d0:200:1:5efe:a00:1")]
    [InlineData("3ffe:ffff::")]
    public void Its_neighbours_are_public(string address) => Assert.Null(SpecialNetworks.Find(IPAddress.Parse(address)));
}
