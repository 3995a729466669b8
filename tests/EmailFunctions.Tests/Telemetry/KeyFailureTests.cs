using EmailFunctions.Keys;
using EmailFunctions.Storage;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace EmailFunctions.Tests.Telemetry;

/// <summary>Failing access to the key-encryption key, as <c>/metrics</c> shows it.</summary>
public sealed class KeyFailureTests
{
    [Fact]
    public async Task A_call_that_the_keys_home_refuses_is_counted_and_one_that_it_answers_is_not()
    {
        await using var service = ServiceHost.Start();
        var keys = service.Services.GetRequiredService<IKeyWrapper>();
        var wrapped = await keys.WrapAsync(new byte[32], TestContext.Current.CancellationToken);
        await keys.UnwrapAsync(wrapped, TestContext.Current.CancellationToken);
        var before = await Scrape.OfAsync(service.Client);

        await Assert.ThrowsAsync<KeyUnavailableException>(() => keys.UnwrapAsync(wrapped with { KeyId = "another" }, TestContext.Current.CancellationToken));

        Assert.Equal(0, before.Sum("email_key_failures_total"));
        Assert.Equal(1, (await Scrape.OfAsync(service.Client)).Sum("email_key_failures_total"));
    }

    [Fact]
    public async Task A_tenants_own_key_that_is_damaged_is_none_of_its_failures()
    {
        await using var service = ServiceHost.Start();
        await service.SendAsync(HttpMethod.Post, "/api/v1/email/configs/acme", """{"provider_type":"smtp","smtp_host":"127.0.0.1","smtp_username":"a","smtp_password":"b","from_email":"a@example.com"}""");
        var table = service.Services.GetRequiredService<IEntityTable>();
        var config = (await table.GetAsync(new EntityKey("configs", "acme"), TestContext.Current.CancellationToken))!;
        byte[] damaged = [.. config.GetBytes("wrapped_key")!];
        damaged[^1] ^= 1;
        config["wrapped_key"] = damaged;
        await table.WriteAsync([EntityWrite.Put(config)], TestContext.Current.CancellationToken);

        await service.SendAsync(HttpMethod.Post, "/api/v1/admin/email/configs/invalidate-cache", "");
        var keys = service.Services.GetRequiredService<DataKeyCache>();
        var wrapped = new WrappedKey(config.GetString("key_id")!, 1, damaged);
        for (var tries = 0; tries < 3; tries++)
            await Assert.ThrowsAsync<KeyUnavailableException>(() => keys.UnwrapAsync(wrapped, TestContext.Current.CancellationToken));
        using var probed = await service.Client.GetAsync(new Uri("/api/v1/email/configs/acme/health", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, probed.StatusCode);
        Assert.Equal(0, (await Scrape.OfAsync(service.Client)).Sum("email_key_failures_total"));
    }
}
