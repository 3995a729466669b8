using System.Globalization;

namespace EmailFunctions.Load;

/// <summary>The command line.</summary>
internal sealed record LoadOptions
{
    public const string Usage = """
        usage: run [--no-publish] [options]
          --service PATH    the service's executable or .dll (skips publishing it)
          --raw-only        measure MailKit alone; needs no service
          --rounds N        rounds, each one raw and one service (5)
          --messages N      messages in each half of a round (5000)
          --warmup N        rounds before the first one that counts (12)
          --clients N       concurrent HTTP clients (64)
          --connections N   SMTP connections, raw's and the service's limit (8)
          --bytes N         size of a raw message on the wire, in bytes (4600)
          --timeout S       seconds to wait for the last message of a round (120)
        """;

    public string? Service { get; private set; }

    public bool RawOnly { get; private set; }

    public int Rounds { get; private set; } = 5;

    public int Messages { get; private set; } = 5000;

    /// <summary>Rounds without a report: the runtime goes on compiling hot code anew for some 20 s, which is no cost of a message.</summary>
    public int Warmup { get; private set; } = 12;

    public int Clients { get; private set; } = 64;

    public int Connections { get; private set; } = 8;

    public int Bytes { get; private set; } = 4600;

    public TimeSpan Timeout { get; private set; } = TimeSpan.FromSeconds(120);

    /// <summary>The options, or null with the problem.</summary>
    public static LoadOptions? TryParse(string[] args, out string problem)
    {
        var options = new LoadOptions();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--raw-only")
            {
                options.RawOnly = true;
            }
            else if (i + 1 == args.Length || !options.TrySet(args[i], args[++i]))
            {
                problem = $"not understood: {args[i]}";
                return null;
            }
        }

        problem = options.Service is null && !options.RawOnly ? "--service is missing" : "";
        return problem.Length == 0 ? options : null;
    }

    private bool TrySet(string name, string value)
    {
        if (name == "--service")
        {
            Service = value;
            return true;
        }

        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
        {
            return false;
        }

        switch (name)
        {
            case "--rounds": Rounds = number; break;
            case "--messages": Messages = number; break;
            case "--warmup": Warmup = number; break;
            case "--clients": Clients = number; break;
            case "--connections": Connections = number; break;
            case "--bytes": Bytes = number; break;
            case "--timeout": Timeout = TimeSpan.FromSeconds(number); break;
            default: return false;
        }

        return true;
    }
}
