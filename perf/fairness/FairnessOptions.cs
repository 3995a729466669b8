using System.Globalization;

namespace EmailFunctions.Fairness;

/// <summary>The command line.</summary>
internal sealed record FairnessOptions
{
    public const string Usage = """
        usage: run [--no-publish] [options]
          --service PATH    the service's executable or .dll (skips publishing it)
          --backlog N       messages of the big tenant (50000)
          --tenants N       small tenants (9)
          --each N          messages that a small tenant sends at once (10)
          --rounds N        how often they all do, a second apart, idle and again behind the backlog (10)
          --latency MS      how long the sink takes with each message (50)
        """;

    public string? Service { get; private set; }

    public int Backlog { get; private set; } = 50_000;

    public int Tenants { get; private set; } = 9;

    public int Each { get; private set; } = 10;

    public int Rounds { get; private set; } = 10;

    public int Latency { get; private set; } = 50;

    /// <summary>The options, or null with the problem.</summary>
    public static FairnessOptions? TryParse(string[] args, out string problem)
    {
        var options = new FairnessOptions();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || !options.TrySet(args[i], args[i + 1]))
            {
                problem = $"not understood: {args[i]}";
                return null;
            }
        }

        problem = options.Service is null ? "--service is missing" : "";
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
            case "--backlog": Backlog = number; break;
            case "--tenants": Tenants = number; break;
            case "--each": Each = number; break;
            case "--rounds": Rounds = number; break;
            case "--latency": Latency = number; break;
            default: return false;
        }

        return true;
    }
}
