using System.Diagnostics;
using Azure.Identity;
using EmailFunctions.Keys;
using EmailFunctions.Keys.KeyVault;
using Microsoft.AspNetCore.Http;

namespace EmailFunctions.Tests.Keys.KeyVault;

/// <summary>What is tried again, what is not, and what the operator is told.</summary>
public sealed class KeyVaultFailureTests : VaultBench
{
    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    [InlineData(408)]
    public async Task A_failure_that_passes_is_tried_again(int status)
    {
        var wrapped = await WrapAsync();
        Vault.NextFails(status, times: 2);

        Assert.Equal(new byte[32], await Mail.UnwrapAsync(wrapped, Cancellation));
    }

    [Theory]
    [InlineData(429, "asked too often")]
    [InlineData(500, "Check the health of Key Vault")]
    [InlineData(503, "Check the health of Key Vault")]
    public async Task A_failure_that_stays_is_given_up_after_three_tries(int status, string said)
    {
        var wrapped = await WrapAsync();
        var before = Vault.Calls.Count;
        Vault.NextFails(status, times: 5);

        var failure = await FailsAsync(() => Mail.UnwrapAsync(wrapped, Cancellation));

        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, Vault.Calls.Count - before);
    }

    [Theory]
    [InlineData(400, "BadParameter", null, "was not wrapped by it, or was changed (400 BadParameter)")]
    [InlineData(403, "Forbidden", "ForbiddenByRbac", "Key Vault Crypto Service Encryption User on the key")]
    [InlineData(403, "Forbidden", "ForbiddenByFirewall", "network rules")]
    [InlineData(403, "Forbidden", "KeyDisabled", "is disabled (403 Forbidden/KeyDisabled)")]
    [InlineData(403, "Forbidden", "KeyExpired", "Check its dates")]
    [InlineData(404, "KeyNotFound", null, "Check the key's name")]
    [InlineData(403, "x y z\nsecret-identity", null, "may not use the key")]
    public async Task A_refusal_is_not_tried_again_and_says_what_to_check(int status, string code, string? inner, string said)
    {
        var wrapped = await WrapAsync();
        var before = Vault.Calls.Count;
        Vault.NextFails(status, code, inner);

        var failure = await FailsAsync(() => Mail.UnwrapAsync(wrapped, Cancellation));

        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, Vault.Calls.Count - before);
        AssertTellsNothingSecret(failure);
    }

    [Theory]
    [InlineData(400, "BadParameter", null, true)]
    [InlineData(403, "Forbidden", "ForbiddenByRbac", false)]
    [InlineData(403, "Forbidden", "KeyDisabled", false)]
    [InlineData(404, "KeyNotFound", null, false)]
    [InlineData(401, "Unauthorized", null, false)]
    public async Task A_data_key_that_is_damaged_is_told_from_a_key_that_can_not_be_used(int status, string code, string? inner, bool isDamage)
    {
        var wrapped = await WrapAsync();
        Vault.NextFails(status, code, inner, times: 2);

        Assert.Equal(isDamage, (await FailsAsync(() => Mail.UnwrapAsync(wrapped, Cancellation))).IsDamage);
    }

    [Fact]
    public async Task A_request_that_is_wrong_though_no_data_key_is_in_it_is_no_damage()
    {
        Vault.NextFails(400, "BadParameter");

        Assert.False((await FailsAsync(WrapAsync)).IsDamage);
    }

    [Fact]
    public async Task A_key_that_is_not_there_is_named()
    {
        var failure = await FailsAsync(() => Open("missing").WrapAsync(new byte[32], Cancellation));

        Assert.Contains($"{Vault.Address}/keys/missing (404 KeyNotFound). Check the key's name", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_that_the_vault_asks_for_is_kept_when_it_is_short()
    {
        var wrapped = await WrapAsync();
        Vault.NextFails(429, retryAfter: "1");
        var watch = Stopwatch.StartNew();

        await Mail.UnwrapAsync(wrapped, Cancellation);

        Assert.InRange(watch.Elapsed.TotalSeconds, 0.9, 20);
    }

    [Fact]
    public async Task A_vault_that_asks_for_a_long_wait_is_not_asked_again()
    {
        var wrapped = await WrapAsync();
        var before = Vault.Calls.Count;
        Vault.NextFails(429, retryAfter: "60");

        await FailsAsync(() => Mail.UnwrapAsync(wrapped, Cancellation));

        Assert.Equal(1, Vault.Calls.Count - before);
    }

    [Fact]
    public async Task A_vault_that_hangs_is_asked_three_times_and_then_given_up()
    {
        var wrapped = await WrapAsync();
        var before = Vault.Calls.Count;
        var impatient = Open("mail", Quick(tryTimeout: TimeSpan.FromMilliseconds(200)));
        for (var i = 0; i < 3; i++)
            Vault.Next(HangAsync);

        var failure = await FailsAsync(() => impatient.UnwrapAsync(wrapped, Cancellation));

        Assert.Contains("did not answer in time", failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, Vault.Calls.Count - before);
    }

    [Fact]
    public async Task All_tries_together_have_a_limit()
    {
        var wrapped = await WrapAsync();
        var hangs = new TaskCompletionSource();
        Vault.Next(context =>
        {
            hangs.SetResult();
            return HangAsync(context);
        });

        var call = Mail.UnwrapAsync(wrapped, Cancellation);
        await hangs.Task.WaitAsync(Cancellation);
        Clock.Advance(new KeyVaultOptions().Limit);

        Assert.Contains("did not answer in time", (await FailsAsync(() => call)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_who_gives_up_gets_its_own_cancellation()
    {
        var wrapped = await WrapAsync();
        using var caller = new CancellationTokenSource();
        Vault.Next(async context =>
        {
            await caller.CancelAsync();
            await HangAsync(context);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Mail.UnwrapAsync(wrapped, caller.Token));
    }

    [Fact]
    public async Task A_connection_that_breaks_is_tried_again()
    {
        var wrapped = await WrapAsync();
        Vault.Next(static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });

        Assert.Equal(new byte[32], await Mail.UnwrapAsync(wrapped, Cancellation));
    }

    [Fact]
    public async Task A_vault_that_is_not_there_is_said_to_be_unreachable()
    {
        var wrapped = await WrapAsync();
        await Vault.DisposeAsync();

        var failure = await FailsAsync(() => Mail.UnwrapAsync(wrapped, Cancellation));

        Assert.Contains("can't be reached. Check the vault's name", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_token_the_managed_identity_is_named_as_what_to_check()
    {
        Credential.Failure = new AuthenticationFailedException("no identity");

        Assert.Contains("AZURE_CLIENT_ID", (await FailsAsync(WrapAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>Welcome</html>")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"value\":7}")]
    [InlineData("{\"value\":\"***\"}")]
    [InlineData("{\"value\":\"AAAA\"}")]
    [InlineData("{\"value\":null}")]
    public async Task An_answer_that_is_none_of_Key_Vaults_is_refused(string body)
    {
        var wrapped = await WrapAsync();
        Vault.Next(context => context.Response.WriteAsync(body, Cancellation));

        var failure = await FailsAsync(() => Mail.UnwrapAsync(wrapped, Cancellation));

        Assert.Contains("does not answer as Key Vault does", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wraps_that_come_during_a_look_up_that_fails_fail_with_it()
    {
        var release = new TaskCompletionSource();
        Vault.Next(async context =>
        {
            await release.Task;
            context.Response.StatusCode = 404;
        });

        var wraps = Enumerable.Range(0, 10).Select(_ => WrapAsync()).ToList();
        release.SetResult();

        foreach (var wrap in wraps)
            await FailsAsync(() => wrap);
        Assert.Equal(["GET key"], Vault.Calls);
    }

    [Fact]
    public async Task After_a_failed_look_up_the_next_wrap_looks_again()
    {
        Vault.NextFails(404);
        await FailsAsync(WrapAsync);

        Assert.Equal(1, (await WrapAsync()).Version);
    }

    private static Task HangAsync(HttpContext context) => Task.Delay(Timeout.Infinite, context.RequestAborted);

    private void AssertTellsNothingSecret(KeyUnavailableException failure)
    {
        var text = failure.ToString();
        Assert.DoesNotContain("secret-identity", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Vault.Token, text, StringComparison.Ordinal);
    }
}
