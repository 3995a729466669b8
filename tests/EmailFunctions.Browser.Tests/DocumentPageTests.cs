using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EmailFunctions.Browser.Tests;

/// <summary>The pages of the API, in a browser that holds them to their policy.</summary>
public sealed class DocumentPageTests(Browser browser) : IClassFixture<Browser>
{
    [Theory]
    [InlineData("docs", ".opblock-summary")]
    [InlineData("redoc", "[data-section-id]")]
    public async Task Each_shows_the_operations_and_its_policy_stops_nothing_of_its_own(string path, string operation)
    {
        await using var service = await GuardedService.StartAsync();
        var (page, messages) = await OpenAsync(service, path);

        await Expect(page.Locator(operation).First).ToBeVisibleAsync();

        // ReDoc asks for its maker's logo, which is not the service's: the policy does not let it.
        Assert.DoesNotContain(messages, static text => !text.Contains("'https://cdn.redoc.ly/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_an_api_key_an_operation_can_be_tried()
    {
        await using var service = await GuardedService.StartAsync();
        var (page, _) = await OpenAsync(service, "docs");

        await page.Locator(".btn.authorize").ClickAsync();
        await page.Locator(".modal-ux input[type=text], .modal-ux input[type=password]").First.FillAsync(await service.NewKeyAsync());
        await page.Locator(".modal-ux button.authorize").First.ClickAsync();
        await page.Locator(".modal-ux button.btn-done").First.ClickAsync();

        await TryAsync(page);
        Assert.Equal("0 0", await page.EvaluateAsync<string>("`${localStorage.length} ${sessionStorage.length}`"));
    }

    [Fact]
    public async Task Signed_in_at_the_issuer_an_operation_can_be_tried()
    {
        await using var service = await GuardedService.StartAsync(clientId: "pages");
        var (page, messages) = await OpenAsync(service, "docs");

        await page.Locator(".btn.authorize").ClickAsync();
        // The last of the ways: the code flow, whose client's name is filled in.
        var way = page.Locator(".modal-ux .auth-container").Last;
        await Expect(way.Locator("input[data-name=clientId], #client_id_authorizationCode").First).ToHaveValueAsync("pages");
        await way.Locator("button.authorize").ClickAsync();
        await Expect(way.GetByText("Logout")).ToBeVisibleAsync();
        await way.Locator("button.btn-done").ClickAsync();

        await TryAsync(page);
        var asked = Assert.Single(service.Issuer.TokenRequests);
        Assert.True(asked["code_verifier"].Length >= 43);
        Assert.Empty(asked.GetValueOrDefault("client_secret", ""));
        Assert.DoesNotContain(messages, static text => text.Contains("Content Security Policy", StringComparison.Ordinal));
        Assert.Equal("0 0", await page.EvaluateAsync<string>("`${localStorage.length} ${sessionStorage.length}`"));
    }

    private async Task<(IPage Page, List<string> Messages)> OpenAsync(GuardedService service, string path)
    {
        var page = await browser.NewPageAsync();
        var messages = new List<string>();
        // ReDoc says its name.
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                messages.Add(message.Text);
        };
        page.PageError += (_, error) => messages.Add(error);
        await page.GotoAsync($"{service.Address}{path}/index.html");
        return (page, messages);
    }

    private static async Task TryAsync(IPage page)
    {
        var operation = page.Locator(".opblock").Filter(new LocatorFilterOptions { HasText = "/api/v1/email/providers" }).First;
        await operation.Locator(".opblock-summary").ClickAsync();
        await operation.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Try it out" }).ClickAsync();
        await operation.Locator("button.execute").ClickAsync();
        await Expect(operation.Locator(".live-responses-table .response-col_status").Last).ToContainTextAsync("200");
    }
}
