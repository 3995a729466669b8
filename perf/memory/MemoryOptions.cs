using System.Globalization;

namespace EmailFunctions.Memory;

/// <summary>The command line.</summary>
internal sealed record MemoryOptions
{
    public const string Usage = """
        usage: run [--no-publish] [options]
          --service PATH    the service's executable or .dll (skips publishing it)
          --bytes N         bytes of a message's attachment or text at most (as many as its provider takes)
          --at-once N       messages at once, after one alone (4)
          --provider NAME   only this one
          --kind NAME       only messages with a file, or only with HTML: file or html
        """;

    public string Service { get; private set; } = "";

    public int Bytes { get; private set; } = int.MaxValue;

    public int AtOnce { get; private set; } = 4;

    public string? Provider { get; private set; }

    public string? Kind { get; private set; }

    /// <summary>What is to be measured.</summary>
    public IEnumerable<MemoryCase> Cases => MemoryCase.All
        .Where(each => Provider is null || each.Provider == Provider)
        .Where(each => Kind is null || each.Kind.Equals(Kind, StringComparison.OrdinalIgnoreCase))
        .Select(each => each with { Bytes = Math.Min(each.Bytes, Bytes) });

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
        switch (name)
        {
            case "--service": Service = value; return true;
            case "--provider": Provider = value; return true;
            case "--kind": Kind = value; return true;
            default: return TrySetNumber(name, value);
        }
    }

    private bool TrySetNumber(string name, string value)
    {
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
