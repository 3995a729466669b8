namespace EmailFunctions.TestKit;

/// <summary>Small fault scripts for <see cref="SmtpSinkOptions.Fault"/>.</summary>
public static class SmtpFaults
{
    /// <summary>The fault every time a stage is reached.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="fault">The fault.</param>
    public static Func<SmtpFaultContext, SmtpFault?> Always(SmtpStage stage, SmtpFault fault) =>
        context => context.Stage == stage ? fault : null;

    /// <summary>
    /// The fault for the next <paramref name="times"/> times that any connection reaches a stage, counted from
    /// when this script was made.
    /// </summary>
    /// <param name="times">How often.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="fault">The fault.</param>
    public static Func<SmtpFaultContext, SmtpFault?> First(int times, SmtpStage stage, SmtpFault fault)
    {
        var used = 0;
        return context => context.Stage == stage && Interlocked.Increment(ref used) <= times ? fault : null;
    }

    /// <summary>Asks several scripts in order; the first fault counts.</summary>
    /// <param name="scripts">The scripts.</param>
    public static Func<SmtpFaultContext, SmtpFault?> FirstOf(params Func<SmtpFaultContext, SmtpFault?>[] scripts) =>
        context =>
        {
            foreach (var script in scripts)
            {
                if (script(context) is { } fault)
                {
                    return fault;
                }
            }

            return null;
        };
}
