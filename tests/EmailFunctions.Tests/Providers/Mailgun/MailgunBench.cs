using EmailFunctions.Providers;
using EmailFunctions.Providers.Mailgun;
using EmailFunctions.TestKit.Vendors;
using EmailFunctions.Tests.Providers.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace EmailFunctions.Tests.Providers.Mailgun;

/// <summary>A field of a form.</summary>
internal sealed record FormField(string Name, string? FileName, string? Type, byte[] Bytes)
{
    public string Text => System.Text.Encoding.UTF8.GetString(Bytes);
}

/// <summary>The Mailgun provider and a server for it.</summary>
internal static class MailgunBench
{
    public const string Key = "key-0123456789abcdef0123456789abcdef";

    public const string MessageId = "<20260314150926.1.ABCDEF@acme.example>";

    public static ProviderSettings Settings { get; } = new() { Type = ProviderType.Mailgun, FromEmail = Emails.Sender };

    public static VendorReply Accepted { get; } = VendorReply.Answer(200, $$"""{"id":"{{MessageId}}","message":"Queued. Thank you."}""");

    public static Task<VendorBench> StartAsync(VendorReply? reply = null, bool testMode = false, ProviderSettings? settings = null) => VendorBench.StartAsync(
        bench => new MailgunProvider(bench.Caller, new MailgunOptions(testMode), bench.Clock), settings ?? Settings, new ProviderSecrets { ApiKey = Key }, reply ?? Accepted);

    public static VendorReply Error(int status, string message) => VendorReply.Answer(status, $$"""{"message":"{{message}}"}""");

    /// <summary>The fields of the form that was posted, in order.</summary>
    public static IReadOnlyList<FormField> Form(this VendorRequest request)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(request.Header("content-type")).Boundary).Value!;
        var reader = new MultipartReader(boundary, new MemoryStream(request.Body));
        var fields = new List<FormField>();
        while (reader.ReadNextSectionAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult() is { } section)
        {
            var disposition = ContentDispositionHeaderValue.Parse(section.ContentDisposition!);
            using var bytes = new MemoryStream();
            section.Body.CopyToAsync(bytes, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
            fields.Add(new FormField(HeaderUtilities.RemoveQuotes(disposition.Name).Value!, HeaderUtilities.RemoveQuotes(disposition.FileName).Value, section.ContentType, bytes.ToArray()));
        }

        return fields;
    }

    /// <summary>The values of a field, in order.</summary>
    public static IReadOnlyList<string> All(this IEnumerable<FormField> form, string name) => [.. form.Where(field => field.Name == name).Select(static field => field.Text)];
}
