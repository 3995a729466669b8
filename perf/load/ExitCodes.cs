namespace EmailFunctions.Load;

/// <summary>The tool's exit codes.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>Messages were lost or doubled, an answer was not 202, or a process did not start.</summary>
    public const int Failed = 1;

    /// <summary>The arguments were not understood.</summary>
    public const int Usage = 2;
}
