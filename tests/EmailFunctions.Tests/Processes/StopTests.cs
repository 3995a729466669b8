using System.Diagnostics;
using EmailFunctions.Messages;
using EmailFunctions.TestKit;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Processes;

/// <summary>A service that is asked to stop finishes what it has in hand, or gives it back; nothing is lost.</summary>
public sealed class StopTests : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["EMAIL_RETRY_BASE_SECONDS"] = "1",
        ["EMAIL_RETRY_MAX_SECONDS"] = "2",
        ["EMAIL_PUMP_CONCURRENCY"] = "16",
    };

    private readonly TempFolder _folder = new();
    private readonly SmtpHold _hold = new();
    private readonly SmtpSink _sink = SmtpSink.Start();

    private DataFiles Data => new(_folder.FullPath);

    public async ValueTask DisposeAsync()
    {
        await _sink.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Mail_in_flight_is_finished_before_the_process_ends()
    {
        _sink.Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.HangAfterAccept(_hold));
        using (var service = await StartAsync())
        {
            await SendAsync(service, 1);
            await _hold.WaitForArrivalsAsync(1, Soon, TestContext.Current.CancellationToken);

            service.RequestStop();
            await WaitUntilClosedAsync(service);
            _hold.Release();
            await service.WaitForStopAsync();
        }

        Assert.Equal(new() { [MessageStatus.Sent] = 1 }, Data.CountByStatus());
        Assert.Equal(0, Data.CountQueued());
    }

    [Fact]
    public async Task Mail_whose_answer_does_not_come_is_given_back_and_noted_as_unknown()
    {
        _sink.Fault = SmtpFaults.Always(SmtpStage.EndOfData, SmtpFault.HangAfterAccept(_hold));
        string id;
        var stopping = new Stopwatch();
        using (var service = await StartAsync())
        {
            id = (await SendAsync(service, 1)).Single();
            await _hold.WaitForArrivalsAsync(1, Soon, TestContext.Current.CancellationToken);
            stopping.Start();
            await service.StopAsync();
            stopping.Stop();
        }

        Assert.InRange(stopping.Elapsed, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(28));
        Assert.Equal(new() { [MessageStatus.Deferred] = 1 }, Data.CountByStatus());
        _hold.Release();
        using var again = await ServiceProcess.StartAsync(_folder.FullPath, Settings);
        var message = await again.Client.WaitForStatusAsync(id, "sent");
        Assert.Equal(1, message.CountInHistory("unknown"));
        Assert.Equal(2, _sink.Counts.MessagesAccepted);
    }

    [Fact]
    public async Task What_a_stopped_service_had_not_begun_is_sent_after_the_next_start()
    {
        const int Count = 60;
        _sink.Fault = SmtpFaults.Always(SmtpStage.RcptTo, SmtpFault.Hang(_hold));
        using (var service = await StartAsync())
        {
            await SendAsync(service, Count);
            await _hold.WaitForArrivalsAsync(1, Soon, TestContext.Current.CancellationToken);
            service.RequestStop();
            await WaitUntilClosedAsync(service);
            _hold.Release();
            await service.WaitForStopAsync();
        }

        // More than the pump has in hand, so some were not begun; what was begun was finished.
        Assert.InRange(Data.CountByStatus()[MessageStatus.Queued], 1, Count - 1);
        Assert.Equal([MessageStatus.Queued, MessageStatus.Sent], Data.CountByStatus().Keys.Order());
        using var again = await ServiceProcess.StartAsync(_folder.FullPath, Settings);
        await _sink.WaitForCountAsync(Count, Soon, TestContext.Current.CancellationToken);
        await again.StopAsync();
        Assert.Equal(new() { [MessageStatus.Sent] = Count }, Data.CountByStatus());
        Assert.Equal(Count, _sink.Counts.MessagesAccepted);
    }

    private async Task<ServiceProcess> StartAsync()
    {
        var service = await ServiceProcess.StartAsync(_folder.FullPath, Settings);
        await service.Client.UseSinkAsync("acme", _sink.Port);
        return service;
    }

    private static async Task<List<string>> SendAsync(ServiceProcess service, int count)
    {
        var ids = new List<string>();
        for (var number = 0; number < count; number++)
            ids.Add(await service.Client.AcceptAsync("""{"tenant_id":"acme","to":["you@example.com"],"subject":"Hello","body":"Hello."}"""));
        return ids;
    }

    // A stopping service takes no more requests: from then on the hold is all that keeps it.
    private static async Task WaitUntilClosedAsync(ServiceProcess service)
    {
        var waiting = Stopwatch.StartNew();
        while (await service.IsReadyAsync())
        {
            Assert.True(waiting.Elapsed < Soon, "The service goes on taking requests.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
