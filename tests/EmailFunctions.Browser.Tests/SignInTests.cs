using System.Text;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EmailFunctions.Browser.Tests;

/// <summary>The status page of a service that wants to know who asks.</summary>
public sealed class SignInTests(Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task Without_a_token_it_shows_no_figure_and_a_wrong_one_is_told_so_and_kept_nowhere()
    {
        var page = await browser.NewPageAsync();
        using var folder = new TempFolder();
        await using var issuer = await VendorServer.StartAsync(static request => VendorReply.Answer(200, Discovery(request)));
        using var service = await ServiceProcess.StartAsync(folder.FullPath, new Dictionary<string, string>
        {
            ["EMAIL_AUTH"] = "required",
            ["EMAIL_AUTH_AUTHORITY"] = issuer.Address.ToString(),
            ["EMAIL_AUTH_AUDIENCE"] = "email",
        });

        await page.GotoAsync($"http://127.0.0.1:{service.Port}/dashboard");
        await Expect(page.GetByLabel("Access token")).ToBeFocusedAsync();
        await Expect(page.Locator("#figures")).ToBeHiddenAsync();
        await page.GetByLabel("Access token").FillAsync("a.b.c");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This token is not accepted");
        await Expect(page.GetByLabel("Access token")).ToBeEmptyAsync();
        Assert.Equal("0 0 ", await page.EvaluateAsync<string>("`${localStorage.length} ${sessionStorage.length} ${document.cookie}`"));
    }

    private static string Discovery(VendorRequest request) => request.Target.Contains("openid-configuration", StringComparison.Ordinal)
        ? new StringBuilder().Append("{\"issuer\":\"http://").Append(request.Header("Host")).Append("/\",\"jwks_uri\":\"http://").Append(request.Header("Host")).Append("/keys\"}").ToString()
        : """{"keys":[]}""";
}
