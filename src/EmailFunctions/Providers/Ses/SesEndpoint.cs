using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace EmailFunctions.Providers.Ses;

/// <summary>Where an account's region is called.</summary>
internal static partial class SesEndpoint
{
    public const string SendPath = "v2/email/outbound-emails";

    public const string AccountPath = "v2/email/account";

    /// <summary>Whether the settings name a region. It becomes part of a host's name, so it may be nothing else.</summary>
    public static bool HasRegion([NotNullWhen(true)] string? region) => region is not null && Region().IsMatch(region);

    /// <summary>The address of a path of the API (docs.aws.amazon.com/general/latest/gr/ses.html).</summary>
    public static Uri Of(ProviderSettings settings, string path)
    {
        var suffix = settings.AwsRegion!.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";
        var root = settings.ApiEndpoint ?? $"https://email.{settings.AwsRegion}.{suffix}";
        return new Uri($"{root.TrimEnd('/')}/{path}");
    }

    [GeneratedRegex(@"^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}\z")]
    private static partial Regex Region();
}
