using EmailFunctions.Keys;
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
}
