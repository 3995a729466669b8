using Deque.AxeCore.Playwright;
using EmailFunctions.Tests.Access;
using EmailFunctions.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EmailFunctions.Browser.Tests;

/// <summary>The status page of a service that wants to know who asks.</summary>
public sealed class SignInTests(Browser browser) : IClassFixture<Browser>
{
    private const string Label = "API key or access token";

    [Fact]
    public async Task Without_a_credential_it_shows_no_figure_and_a_wrong_one_is_told_so_and_kept_nowhere()
    {
        var page = await browser.NewPageAsync();
        await using var service = await GuardedService.StartAsync();

        await page.GotoAsync(service.Address + "dashboard");
        await Expect(page.GetByLabel(Label)).ToBeFocusedAsync();
        await Expect(page.Locator("#figures")).ToBeHiddenAsync();
        // People sign in at the issuer only where the service is a client of it.
        await Expect(page.Locator("#issuer")).ToBeHiddenAsync();
        await page.GetByLabel(Label).FillAsync("a.b.c");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This credential is not accepted");
        await Expect(page.GetByLabel(Label)).ToBeEmptyAsync();
        await AssertKeptNowhereAsync(page);
    }

    [Fact]
    public async Task An_api_key_shows_the_figures_until_the_page_is_gone()
    {
        var page = await browser.NewPageAsync();
        await using var service = await GuardedService.StartAsync();

        await page.GotoAsync(service.Address + "dashboard/");
        await page.GetByLabel(Label).FillAsync(await service.NewKeyAsync());
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("#figures")).ToBeVisibleAsync();
        await AssertKeptNowhereAsync(page);
        await page.ReloadAsync();
        await Expect(page.GetByLabel(Label)).ToBeVisibleAsync();
        await Expect(page.Locator("#figures")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_person_signs_in_at_the_issuer_by_keyboard_and_the_token_stays_in_the_pages_memory()
    {
        var page = await browser.NewPageAsync();
        await using var service = await GuardedService.StartAsync(clientId: "pages");
        var messages = new List<string>();
        page.Console += (_, message) => messages.Add(message.Text);

        await page.GotoAsync(service.Address + "dashboard/");
        await Expect(page.Locator("#issuer")).ToHaveTextAsync($"Sign in at {new Uri(service.Issuer.Address).Authority}");
        var found = await page.RunAxe();
        Assert.Empty(found.Violations.Where(static violation => violation.Impact is "serious" or "critical").Select(static violation => $"{violation.Id}: {violation.Help}"));
        await page.Locator("#issuer").FocusAsync();
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("#figures")).ToBeVisibleAsync();
        Assert.Equal(service.Address + "dashboard/", page.Url);
        await AssertKeptNowhereAsync(page);
        var asked = Assert.Single(service.Issuer.TokenRequests);
        Assert.Equal(["client_id", "code", "code_verifier", "grant_type", "redirect_uri"], asked.Keys.Order());
        Assert.Equal(43, asked["code_verifier"].Length);
        // But for the first 401 nothing is complained of, least of all by the page's policy.
        Assert.DoesNotContain(messages, static text => text.Contains("Content Security Policy", StringComparison.Ordinal));
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign out" }).ClickAsync();
        await Expect(page.Locator("#figures")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task What_the_issuer_refuses_or_did_not_begin_here_signs_nobody_in()
    {
        var page = await browser.NewPageAsync();
        await using var service = await GuardedService.StartAsync(clientId: "pages");

        service.Issuer.Refuses = true;
        await SignInAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The issuer did not sign you in: Not you.");
        (service.Issuer.Refuses, service.Issuer.ForgetsState) = (false, true);
        await SignInAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This sign-in did not begin here");
        // Another's answer, which a link brings.
        await page.GotoAsync(service.Address + "dashboard/?state=x&code=y");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This sign-in did not begin here");

        Assert.Empty(service.Issuer.TokenRequests);
        Assert.Equal(service.Address + "dashboard/", page.Url);
        await AssertKeptNowhereAsync(page);

        async Task SignInAsync()
        {
            await page.GotoAsync(service.Address + "dashboard/");
            await Expect(page.Locator("#issuer")).ToBeVisibleAsync();
            await page.Locator("#issuer").ClickAsync();
        }
    }

    private static async Task AssertKeptNowhereAsync(IPage page) =>
        Assert.Equal("0 0 ", await page.EvaluateAsync<string>("`${localStorage.length} ${sessionStorage.length} ${document.cookie}`"));
}
