using System.Net;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Access;

/// <summary>Without authentication the service answers to names of this machine alone, so that a page from elsewhere can't rebind its name to it.</summary>
public sealed class LoopbackHostTests
{
    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST:7071", true)]
    [InlineData("127.0.0.1:7071", true)]
    [InlineData("127.8.9.1", true)]
    [InlineData("[::1]:7071", true)]
    [InlineData("attacker.example", false)]
    [InlineData("localhost.attacker.example", false)]
    [InlineData("127.0.0.1.attacker.example", false)]
    [InlineData("192.168.0.10:7071", false)]
    [InlineData("[::2]", false)]
    [InlineData("0.0.0.0", false)]
    public async Task A_request_is_for_this_machine_by_its_own_name(string host, bool isAnswered)
    {
        await using var service = ServiceHost.Start();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/email/send") { Content = ServiceHost.Json("""{"to":["you@example.com"],"subject":"Hello","body":"Hello."}""") };
        request.Headers.Host = host;

        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(isAnswered ? HttpStatusCode.Accepted : HttpStatusCode.MisdirectedRequest, answer.StatusCode);
        if (!isAnswered)
            Assert.Contains("EMAIL_AUTH", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://localhost:7071", true)]
    [InlineData("https://app.example.com", true)]
    [InlineData("http://[::1]:3000", true)]
    [InlineData("http://localhost.attacker.example", false)]
    [InlineData("file://", false)]
    [InlineData("https://attacker.example", false)]
    [InlineData("null", false)]
    public async Task A_page_from_elsewhere_can_do_nothing_either(string origin, bool isAnswered)
    {
        await using var service = ServiceHost.Start(new Dictionary<string, string> { ["EMAIL_CORS_ORIGINS"] = "https://app.example.com" });
        // As a form sends it, without asking first.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/admin/email/configs/invalidate-cache") { Headers = { { "Origin", origin }, { "Host", "localhost:7071" } } };

        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(isAnswered, answer.IsSuccessStatusCode);
        if (!isAnswered)
            Assert.Contains("foreign-page", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_authentication_the_service_may_have_any_name()
    {
        await using var bench = await AccessBench.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/email/configs/acme/usage") { Headers = { Host = "mail.example.com", Authorization = new("Bearer", bench.TokenOf("acme")) } };

        Assert.Equal(HttpStatusCode.OK, (await bench.CallAsync(request)).Status);
    }
}
