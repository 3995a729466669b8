using System.Text.Json;
using EmailFunctions.Providers;
using EmailFunctions.Providers.Http;
using EmailFunctions.Providers.Ses;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;

namespace EmailFunctions.Tests.Providers.Ses;

/// <summary>The Amazon SES provider and a server for it.</summary>
internal static class SesBench
{
    public const string MessageId = "0102018f3a4b5c6d-11111111-2222-3333-4444-555555555555-000000";

    public static ProviderSettings Settings { get; } = new() { Type = ProviderType.AwsSes, FromEmail = Emails.Sender, AwsRegion = "eu-west-1" };

    // The keys of the vendor's own examples.
    public static ProviderSecrets Secrets { get; } = new() { AwsAccessKey = "AKIDEXAMPLE", AwsSecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

    public static VendorReply Accepted { get; } = VendorReply.Answer(200, $$"""{"MessageId":"{{MessageId}}"}""");

    public static Task<VendorBench> StartAsync(
        VendorReply? reply = null, ProviderSettings? settings = null, ProviderSecrets? secrets = null, SesOptions? ses = null, HttpProviderOptions? options = null) =>
        VendorBench.StartAsync(
            bench => new SesProvider(bench.Caller, new SesCredentials(ses ?? new SesOptions(), bench.Clock), bench.Clock),
            settings ?? Settings,
            secrets ?? Secrets,
            reply ?? Accepted,
            options);

    /// <summary>What was asked for.</summary>
    public static JsonElement Json(this VendorRequest request)
    {
        using var document = JsonDocument.Parse(request.Body);
        return document.RootElement.Clone();
    }
}
