namespace EmailFunctions.Providers.Ses;

/// <summary>Where an account's region is called.</summary>
internal static class SesEndpoint
{
    public const string SendPath = "v2/email/outbound-emails";

    public const string AccountPath = "v2/email/account";

    /// <summary>The address of a path of the API (docs.aws.amazon.com/general/latest/gr/ses.html).</summary>
    public static Uri Of(ProviderSettings settings, string path)
    {
        var suffix = settings.AwsRegion!.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";
        var root = settings.ApiEndpoint ?? $"https://email.{settings.AwsRegion}.{suffix}";
        return new Uri($"{root.TrimEnd('/')}/{path}");
    }
}
