using MimeKit;

namespace EmailFunctions.Providers.Mime;

/// <summary>Addresses as vendors write them.</summary>
internal static class MailAddress
{
    /// <summary>The address with its domain in ASCII (RFC 5891); a local part has no such form.</summary>
    public static string Ascii(string address) => MimeBuilder.Mailbox(null, address).GetAddress(idnEncode: true);

    /// <summary>Name and address as they stand in a header field, in clear: whoever takes them encodes them.</summary>
    public static string Named(string? name, string address) => name is null ? Ascii(address) : MimeBuilder.Mailbox(name, Ascii(address)).ToString(encode: false);

    /// <summary>The domain in ASCII.</summary>
    public static string AsciiDomain(string address)
    {
        var ascii = Ascii(address);
        return ascii[(ascii.LastIndexOf('@') + 1)..];
    }

    /// <summary>The same of what may be no address; null: it is none.</summary>
    public static string? AsciiDomainOrNull(string? address) => MailboxAddress.TryParse(address, out var mailbox) ? AsciiDomain(mailbox.Address) : null;

    /// <summary>Whether the part before the at sign needs SMTPUTF8 (RFC 6531).</summary>
    public static bool IsInternational(string address) => !System.Text.Ascii.IsValid(address.AsSpan(0, Math.Max(address.LastIndexOf('@'), 0)));
}
