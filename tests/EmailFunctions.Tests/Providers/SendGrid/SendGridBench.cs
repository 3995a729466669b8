using EmailFunctions.Providers;
using EmailFunctions.Providers.SendGrid;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;

namespace EmailFunctions.Tests.Providers.SendGrid;

/// <summary>The SendGrid provider and a server for it.</summary>
internal static class SendGridBench
{
    public const string Key = "SG.abcdefghijklmnop.qrstuvwxyz0123456789";

    public const string MessageId = "14c5d75ce93.dfd.64b469";

    public static ProviderSettings Settings { get; } = new() { Type = ProviderType.SendGrid, FromEmail = Emails.Sender };

    public static VendorReply Accepted { get; } = VendorReply.Answer(202, "", ("X-Message-Id", MessageId));

    public static Task<VendorBench> StartAsync(VendorReply? reply = null, bool sandbox = false) => VendorBench.StartAsync(
        bench => new SendGridProvider(bench.Caller, new SendGridOptions(sandbox), bench.Clock), Settings, new ProviderSecrets { ApiKey = Key }, reply ?? Accepted);

    public static VendorReply Error(int status, string message, string? field = null) =>
        VendorReply.Answer(status, $$"""{"errors":[{"message":"{{message}}","field":{{(field is null ? "null" : $"\"{field}\"")}},"help":null}]}""");
}
