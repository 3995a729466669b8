using EmailFunctions.Storage;

namespace EmailFunctions.Delivery;

/// <summary>Outlasts a short outage of the store where giving up at once would leave a message in doubt.</summary>
internal static class StoreOutage
{
    private static readonly TimeSpan[] Waits = [.. new[] { 0.1, 0.3, 1, 3, 10 }.Select(TimeSpan.FromSeconds)];

    /// <summary>Reads, again and again if need be, for some fifteen seconds.</summary>
    /// <exception cref="StoreUnavailableException">The store stayed away.</exception>
    public static async Task<T> OutlastAsync<T>(Func<Task<T>> read, TimeProvider time)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await read();
            }
            catch (StoreUnavailableException) when (failures < Waits.Length)
            {
                await Task.Delay(Waits[failures], time, CancellationToken.None);
            }
        }
    }
}
