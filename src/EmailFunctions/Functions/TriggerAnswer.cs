using System.Net.Mime;

namespace EmailFunctions.Functions;

/// <summary>
/// The answer by which the host takes a call as done. It must be a JSON object: an empty one makes the host wait until it kills
/// the process with all that is in hand, and any other kind fails the call.
/// </summary>
internal static class TriggerAnswer
{
    private static readonly byte[] Done = """{"Outputs":{},"Logs":[],"ReturnValue":null}"""u8.ToArray();

    public static async Task WriteDoneAsync(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = MediaTypeNames.Application.Json;
        response.ContentLength = Done.Length;
        await response.Body.WriteAsync(Done);
    }
}
