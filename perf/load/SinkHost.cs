using System.Globalization;
using EmailFunctions.TestKit;

namespace EmailFunctions.Load;

/// <summary>
/// The sink in its own process, so that receiving costs raw and service the same. One command a line on standard
/// input, answers on standard output; it ends when its input does. Timestamps are Stopwatch ticks, which all
/// processes of one machine share.
/// </summary>
internal static class SinkHost
{
    /// <summary>The header that tells the messages apart.</summary>
    public const string IdHeader = "X-Test-Id";

    /// <param name="latency">How long it takes with each message, in milliseconds.</param>
    public static async Task<int> RunAsync(string latency)
    {
        var fault = latency == "0" ? null : SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.Delay(TimeSpan.FromMilliseconds(Parse(latency))));
        await using var sink = SmtpSink.Start(new() { CaptureHeaders = [IdHeader], Fault = fault });
        await using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = false };
        await AnswerAsync(output, Number(sink.Port));
        while (await Console.In.ReadLineAsync() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["clear"]:
                    sink.Clear();
                    await AnswerAsync(output, "ok");
                    break;
                case ["wait", var count, var seconds]:
                    await AnswerAsync(output, Number(await WaitAsync(sink, Parse(count), Parse(seconds))));
                    break;
                case ["opened"]:
                    await AnswerAsync(output, Number(sink.Counts.ConnectionsOpened));
                    break;
                case ["records"]:
                    await WriteRecordsAsync(output, sink.Messages);
                    break;
                default:
                    return ExitCodes.Usage;
            }
        }

        return ExitCodes.Ok;
    }

    private static async Task<int> WaitAsync(SmtpSink sink, int count, int seconds)
    {
        try
        {
            await sink.WaitForCountAsync(count, TimeSpan.FromSeconds(seconds));
        }
        catch (TimeoutException)
        {
            // The count in the answer says so.
        }

        return sink.Counts.MessagesAccepted;
    }

    private static async Task WriteRecordsAsync(StreamWriter output, IReadOnlyList<SmtpSinkMessage> messages)
    {
        await output.WriteLineAsync(Number(messages.Count));
        foreach (var message in messages)
        {
            await output.WriteLineAsync(
                string.Create(CultureInfo.InvariantCulture, $"{message.ArrivalTimestamp} {message.Size} {message.Header(IdHeader)}"));
        }

        await output.FlushAsync();
    }

    private static async Task AnswerAsync(StreamWriter output, string line)
    {
        await output.WriteLineAsync(line);
        await output.FlushAsync();
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static int Parse(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
