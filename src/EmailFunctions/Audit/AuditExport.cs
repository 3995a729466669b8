using System.Buffers;
using System.Text.Json;

namespace EmailFunctions.Audit;

/// <summary>Writes audit rows as JSON lines while they are read, so that no number of them is too large.</summary>
internal static class AuditExport
{
    /// <summary>One JSON value on each line; there is no registered type for it, and this is what tools use.</summary>
    public const string ContentType = "application/x-ndjson";

    // A failure before the first page is an ordinary answer; one after it ends the connection, so that nobody takes a part for the whole.
    public static async Task WriteAsync(HttpResponse response, IAsyncEnumerable<IReadOnlyList<AuditRow>> pages, CancellationToken cancellationToken)
    {
        response.ContentType = ContentType;
        await using var json = new Utf8JsonWriter(response.BodyWriter, new JsonWriterOptions { SkipValidation = true });
        await foreach (var page in pages.WithCancellation(cancellationToken))
        {
            foreach (var row in page)
            {
                json.Reset();
                JsonSerializer.Serialize(json, AuditLog.Of(row), AuditJson.Default.AuditLog);
                json.Flush();
                response.BodyWriter.Write("\n"u8);
            }

            // Waits while the client reads slowly.
            await response.BodyWriter.FlushAsync(cancellationToken);
        }
    }
}
