using System.Diagnostics;
using System.Text.Json;
using EmailFunctions.TestKit.Vendors;

namespace EmailFunctions.Tests.Providers.Ses;

/// <summary>The vendor's own library for Python agrees with each request: its signature, and its body by the model that comes with it.</summary>
public sealed class BotocoreTests
{
    // Without any network: it signs what it is given, and compares the body with the description of the operation.
    private const string Check =
        """
        import base64, json, sys
        import botocore.session
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        from botocore.validate import ParamValidator

        given = json.load(sys.stdin)
        request = AWSRequest(method=given["method"], url=given["url"], headers=given["headers"], data=base64.b64decode(given["body"]))
        request.context["timestamp"] = given["time"]
        auth = SigV4Auth(Credentials(given["key"], given["secret"], given["token"]), "ses", given["region"])
        canonical = auth.canonical_request(request)
        signature = auth.signature(auth.string_to_sign(request, canonical), request)
        model = botocore.session.get_session().get_service_model("sesv2").operation_model("SendEmail")
        report = ParamValidator().validate(json.loads(request.data), model.input_shape) if request.data else None
        print(json.dumps({"signature": signature, "errors": report.generate_report() if report else "", "path": model.http["requestUri"]}))
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null)]
    [InlineData("FwoGZXIvYXdzEXAMPLE/token+with=signs")]
    public async Task It_signs_as_we_do_and_knows_all_our_fields(string? token)
    {
        var python = await FindPythonAsync();
        Assert.SkipWhen(python is null, "No Python with botocore: apt-get install python3-botocore");
        await using var bench = await SesBench.StartAsync(settings: SesBench.Settings with { AwsConfigurationSet = "mine" }, secrets: SesBench.Secrets with { AwsSessionToken = token });
        await bench.SendAsync(RichEmail.Content with { To = ["to@example.com"] });
        var request = bench.Request();
        var seen = await AskAsync(python, request, bench.Server.Address, token);
        Assert.Equal(SigV4.Authorization.Parse(request.Header("authorization")).Signature, seen.GetProperty("signature").GetString());
        Assert.Equal("", seen.GetProperty("errors").GetString());
        Assert.Equal(request.Target, seen.GetProperty("path").GetString());
    }

    private static async Task<JsonElement> AskAsync(string python, VendorRequest request, Uri server, string? token)
    {
        var authorization = SigV4.Authorization.Parse(request.Header("authorization"));
        var given = JsonSerializer.Serialize(new
        {
            method = request.Method,
            url = new Uri(server, request.Target).ToString(),
            headers = authorization.SignedHeaders.ToDictionary(static name => name, request.Header),
            body = Convert.ToBase64String(request.Body),
            time = request.Header("x-amz-date"),
            key = SesBench.Secrets.AwsAccessKey,
            secret = SesBench.Secrets.AwsSecretKey,
            token,
            region = authorization.Region,
        });
        using var document = JsonDocument.Parse(await RunAsync(python, Check, given) ?? throw new InvalidOperationException("The check failed."));
        return document.RootElement.Clone();
    }

    // Debian's package is for Debian's interpreter, which need not be the first on the path.
    private static async Task<string?> FindPythonAsync()
    {
        foreach (var python in new[] { "/usr/bin/python3", "python3" })
        {
            if (await RunAsync(python, "import botocore", "") is not null)
                return python;
        }

        return null;
    }

    private static async Task<string?> RunAsync(string python, string script, string input)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(python, ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = process.StandardOutput.ReadToEndAsync(Token);
            var errors = process.StandardError.ReadToEndAsync(Token);
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(Token);
            TestContext.Current.SendDiagnosticMessage(await errors);
            return process.ExitCode == 0 ? await output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
