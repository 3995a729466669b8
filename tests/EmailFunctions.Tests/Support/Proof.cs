using System.Globalization;

namespace EmailFunctions.Tests.Support;

/// <summary>Size and seed of the tests that prove by number.</summary>
public static class Proof
{
    /// <summary>Scales large counts down for a quick run: 1 is the full proof (the default), 0.05 a twentieth of it.</summary>
    public static double Scale { get; } =
        double.TryParse(Environment.GetEnvironmentVariable("PROOF_SCALE"), CultureInfo.InvariantCulture, out var scale) ? scale : 1;

    /// <summary>A seed: the one that <c>PROOF_SEED</c> names, to replay a failure, or a fresh one. Print it.</summary>
    public static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("PROOF_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : Random.Shared.Next();

    /// <summary>A count, scaled, but at least <paramref name="minimum"/>; with a scale of 0 it is one, to replay a seed.</summary>
    public static int Count(int full, int minimum) => Scale == 0 ? 1 : Math.Max(minimum, (int)(full * Scale));
}
