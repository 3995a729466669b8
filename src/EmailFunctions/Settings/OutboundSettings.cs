using System.Globalization;
using EmailFunctions.Outbound;

namespace EmailFunctions.Settings;

/// <summary>Reads which places tenants may name.</summary>
internal static class OutboundSettings
{
    /// <param name="reader">Reads the settings.</param>
    /// <param name="isDesk">Whether whoever calls is on this machine as it is, so that tenants may name it.</param>
    /// <param name="allowHttp">Whether endpoints may be plain http, which has a port of its own.</param>
    public static OutboundRules Read(SettingsReader reader, bool isDesk, bool allowHttp)
    {
        var rules = isDesk ? OutboundRules.Desk : OutboundRules.Public;
        return rules with
        {
            SmtpPorts = [.. rules.SmtpPorts.Union(ReadPorts(reader, OutboundRules.SmtpPortsSetting))],
            HttpPorts = [.. rules.HttpPorts.Union(allowHttp ? [80] : []).Union(ReadPorts(reader, OutboundRules.HttpPortsSetting))],
            Allowed = [.. ReadAllowed(reader)],
        };
    }

    private static IEnumerable<int> ReadPorts(SettingsReader reader, string name)
    {
        foreach (var text in Parts(reader, name))
        {
            if (AllowedPlace.IsPort(text))
                yield return int.Parse(text, CultureInfo.InvariantCulture);
            else
                reader.Reject(name, "must be numbers of ports, 1 to 65535, with commas between them");
        }
    }

    private static IEnumerable<AllowedPlace> ReadAllowed(SettingsReader reader)
    {
        const string Name = OutboundRules.AllowedSetting;
        foreach (var text in Parts(reader, Name))
        {
            if (!AllowedPlace.TryParse(text, out var place))
                reader.Reject(Name, $"must be hosts and networks with commas between them, such as relay.corp.internal, 10.1.0.0/16 or [fd12::1]:25, which {text} is not");
            else if (place.IsInVain)
                reader.Reject(Name, $"can't allow {text}: metadata services, links, multicast and unspecified addresses are never called");
            else
                yield return place;
        }
    }

    private static string[] Parts(SettingsReader reader, string name) =>
        reader.Text(name)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
