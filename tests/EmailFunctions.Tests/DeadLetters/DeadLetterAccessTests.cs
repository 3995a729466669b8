using System.Net;
using EmailFunctions.Access;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EmailFunctions.Tests.DeadLetters;

public sealed class DeadLetterAccessTests
{
    private const string Root = "/api/v1/admin/email/";
    private const string Own = "acme~00000000000000000000000000000000";

    [Theory]
    [InlineData("GET", "dead-letters")]
    [InlineData("GET", "dead-letters?tenant_id=acme")]
    [InlineData("POST", "dead-letters/replay")]
    [InlineData("POST", "dead-letters/" + Own + "/replay")]
    [InlineData("DELETE", "dead-letters/" + Own)]
    [InlineData("POST", "messages/" + Own + "/release")]
    public async Task Only_an_admin_gets_at_dead_letters_and_held_messages_be_they_its_own(string method, string path)
    {
        await using var service = ServiceHost.Start(services: static services => services.Replace(ServiceDescriptor.Singleton(new Caller(DeliveryBench.Tenant, IsAdmin: false))));
        using var request = new HttpRequestMessage(new HttpMethod(method), Root + path) { Content = ServiceHost.Json("{}") };

        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }
}
