using System.Diagnostics;

namespace EmailFunctions.Tests.Access;

internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits until something holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var waited = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(waited.Elapsed < Patience, "It did not come to hold.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
