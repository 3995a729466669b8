using EmailFunctions.Payloads;

namespace EmailFunctions.Tests.Payloads;

/// <summary>Calls of a payload store as a test writes them.</summary>
internal static class PayloadCalls
{
    /// <summary>Stores bytes.</summary>
    public static async Task PutAsync(this IPayloadStore store, PayloadName name, byte[] content, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream(content, writable: false);
        await store.PutAsync(name, stream, cancellationToken);
    }
}
