using System.Globalization;
using EmailFunctions.Messages;
using EmailFunctions.Providers;
using EmailFunctions.Tenants;

namespace EmailFunctions.Tests.Providers;

/// <summary>Messages and accounts for the tests of providers.</summary>
internal static class Emails
{
    public const string Sender = "sender@acme.example";

    /// <summary>A whole second, since the Date header knows nothing finer.</summary>
    public static readonly DateTimeOffset AcceptedAt = new(2026, 3, 14, 15, 9, 26, TimeSpan.Zero);

    /// <summary>A message of one recipient and one line.</summary>
    public static EmailContent Small { get; } = new() { To = ["to@example.com"], Subject = "Hello", Text = "Hello.\r\n" };

    public static TenantId Tenant(string name) => TenantId.TryParse(name, out var tenant) ? tenant : throw new ArgumentException(name);

    public static OutgoingEmail Outgoing(EmailContent? content = null, string tenant = "acme") =>
        new(MessageId.New(Tenant(tenant), AcceptedAt), AcceptedAt, content ?? Small);

    /// <summary>A message with several recipients, named <c>r0@example.com</c> and so on.</summary>
    public static EmailContent To(int recipients) => Small with
    {
        To = [.. Enumerable.Range(0, recipients).Select(static n => string.Create(CultureInfo.InvariantCulture, $"r{n}@example.com"))],
    };

    public static ProviderAccount Account(ProviderSettings settings, ProviderSecrets? secrets = null, string owner = "acme", string version = "1") =>
        new(Tenant(owner), version, settings, secrets ?? ProviderSecrets.None);
}
