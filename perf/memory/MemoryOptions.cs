using System.Globalization;

namespace EmailFunctions.Memory;

/// <summary>The command line.</summary>
internal sealed record MemoryOptions
{
    public const string Usage = """
        usage: run [--no-publish] [options]
          --service PATH    the service's executable or .dll (skips publishing it)
          --bytes N         decoded size of a message's attachment (26214000, the largest there may be)
          --at-once N       messages at once, after one alone (4)
        """;

    public string Service { get; private set; } = "";

    public int Bytes { get; private set; } = 26_214_000;

    public int AtOnce { get; private set; } = 4;

    /// <summary>The options, or null with the problem.</summary>
    public static MemoryOptions? TryParse(string[] args, out string problem)
    {
        var options = new MemoryOptions();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || !options.TrySet(args[i], args[i + 1]))
            {
                problem = $"not understood: {args[i]}";
                return null;
            }
        }

        problem = options.Service.Length == 0 ? "--service is missing" : "";
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
            case "--bytes": Bytes = number; break;
            case "--at-once": AtOnce = number; break;
            default: return false;
        }

        return true;
    }
}
