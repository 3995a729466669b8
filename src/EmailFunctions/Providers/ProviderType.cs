using System.Collections.Frozen;

namespace EmailFunctions.Providers;

/// <summary>The kinds of provider that a configuration may name.</summary>
public enum ProviderType
{
    Smtp,
    AwsSes,
    SendGrid,
    Mailgun,
    Console,
    File,
}

/// <summary>Their names on the wire.</summary>
public static class ProviderTypes
{
    private static readonly FrozenDictionary<string, ProviderType> ByName = new Dictionary<string, ProviderType>(StringComparer.Ordinal)
    {
        ["smtp"] = ProviderType.Smtp,
        ["aws_ses"] = ProviderType.AwsSes,
        ["ses"] = ProviderType.AwsSes,
        ["sendgrid"] = ProviderType.SendGrid,
        ["mailgun"] = ProviderType.Mailgun,
        ["console"] = ProviderType.Console,
        ["file"] = ProviderType.File,
    }.ToFrozenDictionary();

    /// <summary>The names a client may choose from; <c>ses</c> is taken as another name of <c>aws_ses</c>.</summary>
    public static string Choices => "smtp, aws_ses, sendgrid, mailgun, console or file";

    public static bool TryParse(string? name, out ProviderType type) => ByName.TryGetValue(name ?? "", out type);

    public static string Name(this ProviderType type) => type switch
    {
        ProviderType.Smtp => "smtp",
        ProviderType.AwsSes => "aws_ses",
        ProviderType.SendGrid => "sendgrid",
        ProviderType.Mailgun => "mailgun",
        ProviderType.Console => "console",
        ProviderType.File => "file",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
