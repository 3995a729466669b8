using Deque.AxeCore.Playwright;
using EmailFunctions.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EmailFunctions.Browser.Tests;

/// <summary>The status page as an operator uses it.</summary>
public sealed class DashboardTests(Browser browser, OperatedService service) : IClassFixture<Browser>, IClassFixture<OperatedService>
{
    [Fact]
    public async Task An_operator_sees_traffic_arrive()
    {
        var page = await OpenAsync();
        // Of a tenant that no other test sends for.
        var row = page.Locator("#tenants tr", new PageLocatorOptions { Has = page.GetByRole(AriaRole.Rowheader, new PageGetByRoleOptions { Name = "newcomer", Exact = true }) });
        await Expect(row).ToHaveCountAsync(0);

        for (var number = 0; number < 5; number++)
            await service.SendAsync("newcomer");

        await Expect(row.Locator("td").First).ToHaveTextAsync("5");
        await Expect(page.GetByText("Success rate")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Meter).First).ToBeVisibleAsync();
        await page.GetByLabel("Tenant", new PageGetByLabelOptions { Exact = true }).First.FillAsync("slo");
        await Expect(row).ToHaveCountAsync(0);
    }

    [Theory]
    [InlineData("budgets", "Quotas and budgets")]
    [InlineData("dead-letters", "Dead letters")]
    [InlineData("health", "Providers’ health")]
    [InlineData("queue", "Queues")]
    public async Task A_call_that_fails_is_named_and_takes_nothing_else_with_it(string call, string name)
    {
        var page = await browser.NewPageAsync();
        await page.RouteAsync($"**/admin/email/{call}*", static route => route.FulfillAsync(new RouteFulfillOptions
        {
            Status = 503,
            ContentType = "application/problem+json",
            Body = """{"title":"Service Unavailable","detail":"The data store can't be reached."}""",
        }));

        await page.GotoAsync(service.Page);

        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync($"{name}: The data store can't be reached.");
        await Expect(page.Locator("#kpis")).ToContainTextAsync("Success rate");
        await Expect(page.Locator("#hours")).ToContainTextAsync("From");
        if (call != "dead-letters")
            await Expect(page.Locator("#dead")).ToContainTextAsync("oldest first");
        if (call != "budgets")
            await Expect(page.Locator("#budgets")).ToContainTextAsync("acme");
        await page.UnrouteAllAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Refresh" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeHiddenAsync();
    }

    [Fact]
    public async Task An_operator_finds_a_tenant_that_is_not_among_those_with_the_most_mail()
    {
        for (var number = 0; number < 60; number++)
        {
            await service.SendAsync($"crowd-{number}");
            await service.SendAsync($"crowd-{number}");
        }

        await service.SendAsync("hermit");
        var page = await OpenAsync();
        var filter = page.GetByLabel("Tenant", new PageGetByLabelOptions { Exact = true }).First;
        await Expect(page.Locator("#tenants")).ToContainTextAsync("_other");

        await filter.FillAsync("HERM");

        await Expect(page.Locator("#tenants tbody th").First).ToHaveTextAsync("hermit");
        await Expect(page.Locator("#tenants tbody td").First).ToHaveTextAsync("1");
        await filter.FillAsync("nobody-of-this-name");
        await Expect(page.Locator("#tenants")).ToContainTextAsync("No tenant with this in its name had mail.");
    }

    [Fact]
    public async Task An_operator_finds_a_message_and_what_became_of_it()
    {
        var id = await service.SendAsync("acme");
        await service.Service.Client.WaitForStatusAsync(id, "sent");
        var page = await OpenAsync();

        await page.GetByLabel("Message id").FillAsync(id);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Find" }).ClickAsync();

        await Expect(page.Locator("#found")).ToContainTextAsync("sent");
        await Expect(page.Locator("#found li")).ToHaveCountAsync(3);
        await page.GetByLabel("Message id").FillAsync("acme~00000000000000000000000000000000");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#found")).ToContainTextAsync("There is no message with this id");
    }

    [Fact]
    public async Task An_operator_replays_a_dead_letter_by_keyboard_alone()
    {
        var page = await OpenAsync();
        var replay = page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = $"Replay {service.DeadId}" });
        await Expect(replay).ToBeVisibleAsync();
        service.Mend();

        await TabToAsync(page, $"Replay {service.DeadId}");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("#dead-status")).ToContainTextAsync($"{service.DeadId} is queued again");
        await service.Service.Client.WaitForStatusAsync(service.DeadId, "sent");
        await Expect(replay).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task An_operator_sends_a_test_and_is_told_what_is_wrong_with_one()
    {
        var page = await OpenAsync();
        await page.GetByLabel("Tenant", new PageGetByLabelOptions { Exact = true }).Last.FillAsync("acme");
        await page.GetByLabel("To", new PageGetByLabelOptions { Exact = true }).FillAsync("tester@example.com");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Send" }).ClickAsync();

        await Expect(page.Locator("#tested")).ToContainTextAsync("Sent.");
        Assert.Contains(service.Mail, static mail => mail.Recipients.Contains("tester@example.com"));
        await page.GetByLabel("Tenant", new PageGetByLabelOptions { Exact = true }).Last.FillAsync("nobody");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Send" }).ClickAsync();
        await Expect(page.Locator("#tested .bad")).Not.ToBeEmptyAsync();
    }

    [Theory]
    [InlineData("phone-light", 390, ColorScheme.Light)]
    [InlineData("phone-dark", 390, ColorScheme.Dark)]
    [InlineData("desk-light", 1280, ColorScheme.Light)]
    [InlineData("desk-dark", 1280, ColorScheme.Dark)]
    public async Task The_page_fits_and_has_no_serious_fault_of_accessibility(string name, int width, ColorScheme scheme)
    {
        var page = await OpenAsync(width, scheme);
        await Expect(page.GetByRole(AriaRole.Rowheader, new PageGetByRoleOptions { Name = "acme", Exact = true }).First).ToBeVisibleAsync();
        await page.Locator("summary").ClickAsync();

        var folder = Directory.CreateDirectory(Repository.PathOf(Path.Combine("artifacts", "screenshots")));
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder.FullName, $"dashboard-{name}.png"), FullPage = true });
        var found = await page.RunAxe();

        Assert.Empty(found.Violations.Where(static violation => violation.Impact is "serious" or "critical").Select(static violation => $"{violation.Id}: {violation.Help}: {string.Join(", ", violation.Nodes.Select(static node => node.Html))}"));
        Assert.True(found.Passes.Length > 15);
        // What is too wide scrolls by itself, and not with the page.
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"));
    }

    [Fact]
    public async Task It_asks_no_other_host_and_its_policy_stops_nothing_of_its_own()
    {
        var page = await browser.NewPageAsync();
        var (strays, messages) = (new List<string>(), new List<string>());
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith($"http://127.0.0.1:{service.Service.Port}/", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                strays.Add(request.Url);
        };
        page.Console += (_, message) => messages.Add(message.Text);
        page.PageError += (_, error) => messages.Add(error);

        var answer = await page.GotoAsync(service.Page);
        await Expect(page.Locator("#asof")).Not.ToBeEmptyAsync();

        Assert.Contains("script-src 'self';", answer!.Headers["content-security-policy"], StringComparison.Ordinal);
        Assert.Empty(strays);
        Assert.Empty(messages);
    }

    private async Task<IPage> OpenAsync(int width = 1280, ColorScheme scheme = ColorScheme.Light)
    {
        var page = await browser.NewPageAsync(width, scheme: scheme);
        await page.GotoAsync(service.Page);
        await Expect(page.Locator("#figures")).ToBeVisibleAsync();
        return page;
    }

    private static async Task TabToAsync(IPage page, string label)
    {
        for (var tries = 0; await page.EvaluateAsync<string?>("document.activeElement.getAttribute('aria-label')") != label; tries++)
        {
            Assert.True(tries < 200, $"{label} can't be reached by the tabulator.");
            await page.Keyboard.PressAsync("Tab");
        }
    }
}
