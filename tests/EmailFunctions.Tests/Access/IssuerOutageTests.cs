using System.Diagnostics;
using System.Net;

namespace EmailFunctions.Tests.Access;

/// <summary>An issuer that can't be asked is nothing that a caller could mend.</summary>
public sealed class IssuerOutageTests
{
    private const string Mine = "/api/v1/email/configs/acme/usage";

    [Fact]
    public async Task While_the_issuer_is_down_callers_are_told_to_come_back_and_then_are_served()
    {
        await using var bench = await AccessBench.StartAsync();
        bench.Issuer.IsDown = true;

        var answer = await bench.GetAsync(bench.TokenOf("acme"), Mine);

        AssertUnavailable(answer);
        Assert.Contains("600 Access tokens can't be checked", bench.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(bench.TokenOf("acme"), bench.Log.Text, StringComparison.Ordinal);
        // Whoever has no token is told so all the same.
        (await bench.GetAsync(token: null, Mine)).AssertUnauthenticated();

        bench.Issuer.IsDown = false;
        await Waiting.UntilAsync(async () => (await bench.GetAsync(bench.TokenOf("acme"), Mine)).Status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_issuer_that_does_not_answer_holds_nobody_up_for_longer_than_its_time()
    {
        var patience = TimeSpan.FromSeconds(2);
        await using var bench = await AccessBench.StartAsync(patience);
        bench.Issuer.Hangs = true;

        // Many at once: one behind the other they would wait for many times as long.
        var waited = Stopwatch.StartNew();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => bench.GetAsync(bench.TokenOf("acme"), Mine)));

        Assert.All(answers, AssertUnavailable);
        Assert.True(waited.Elapsed < patience * 4, $"It took {waited.Elapsed}.");
        bench.Issuer.Hangs = false;
        await Waiting.UntilAsync(async () => (await bench.GetAsync(bench.TokenOf("acme"), Mine)).Status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_issuer_that_goes_down_later_is_not_missed()
    {
        await using var bench = await AccessBench.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(bench.TokenOf("acme"), Mine)).Status);
        bench.Issuer.IsDown = true;

        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(bench.TokenOf("acme"), Mine)).Status);
        // Forged tokens, for whose keys the service asks again in vain, change nothing.
        foreach (var _ in Enumerable.Range(0, 5))
        {
            var forged = bench.TokenOf("acme", static token => token.SigningCredentials = new(FakeIssuer.NewKey(), "RS256"));
            (await bench.GetAsync(forged, Mine)).AssertUnauthenticated();
        }

        Assert.Equal(HttpStatusCode.OK, (await bench.GetAsync(bench.TokenOf("acme"), Mine)).Status);
    }

    private static void AssertUnavailable(Answer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.ServiceUnavailable, $"{answer.Status} {answer.Body}");
        Assert.Contains("Retry-After: ", answer.Headers, StringComparison.Ordinal);
        Assert.Equal("urn:email-functions:problem:unavailable", answer.Json["type"]!.GetValue<string>());
    }
}
