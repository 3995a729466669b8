using System.Net;
using EmailFunctions.Access;
using EmailFunctions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EmailFunctions.Tests.Admin;

public sealed class AdminAccessTests
{
    [Theory]
    [InlineData("GET", "health")]
    [InlineData("GET", "providers/distribution")]
    [InlineData("GET", "configs?provider=smtp")]
    [InlineData("POST", "configs/invalidate-cache?tenant_id=acme")]
    [InlineData("GET", "breakers")]
    [InlineData("GET", "queue")]
    [InlineData("GET", "budgets")]
    public async Task Only_an_admin_sees_over_all_tenants(string method, string path)
    {
        await using var service = ServiceHost.Start(services: static services => services.Replace(ServiceDescriptor.Singleton(new Caller(DeliveryBench.Tenant, IsAdmin: false))));
        using var request = new HttpRequestMessage(new HttpMethod(method), "/api/v1/admin/email/" + path);

        using var answer = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Theory]
    [InlineData("configs?active_only=yes", "active_only")]
    [InlineData("configs?provider=pigeon", "provider")]
    [InlineData("configs?limit=0", "limit")]
    [InlineData("configs?cursor=a%20b", "cursor")]
    [InlineData("budgets?limit=201", "limit")]
    [InlineData("budgets?cursor=", "cursor")]
    public async Task What_is_wrong_with_a_question_is_named(string path, string field)
    {
        await using var service = ServiceHost.Start();

        using var answer = await service.Client.GetAsync(new Uri("/api/v1/admin/email/" + path, UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains($"\"{field}\":[", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
