using System.Globalization;
using System.Text;

namespace EmailFunctions.Validation;

/// <summary>
/// Which characters beyond ASCII an address may hold: letters, digits and marks that every reader leaves as they are. Normalisation
/// (Unicode TR15, which one mail library applies and another does not) turns some into others, and some show nothing at all; an
/// address with one of those means different things to different readers. The service runs without ICU, where .NET normalises
/// nothing, so the ranges are written out.
/// </summary>
internal static class InternationalText
{
    // Compatibility forms, characters that combine into others, and marks and fillers that nobody sees; coarse where a block is
    // little else. In order, for the early end of the search.
    private static readonly (int First, int Last)[] Unstable =
    [
        (0x00AA, 0x00BA), (0x0132, 0x0133), (0x013F, 0x0140), (0x0149, 0x0149), (0x017F, 0x017F), (0x01C4, 0x01CC), (0x01F1, 0x01F3),
        (0x02B0, 0x02E4), (0x0340, 0x0345), (0x034F, 0x034F), (0x0374, 0x037A), (0x03D0, 0x03D6), (0x03F0, 0x03F9), (0x0587, 0x0587),
        (0x0675, 0x0678), (0x0958, 0x095F), (0x09DC, 0x09DF), (0x0A33, 0x0A36), (0x0A59, 0x0A5E), (0x0B5C, 0x0B5D), (0x0E33, 0x0E33),
        (0x0EB3, 0x0EB3), (0x0EDC, 0x0EDD), (0x1100, 0x11FF), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x1D2C, 0x1DBF), (0x1E9A, 0x1E9B),
        (0x1F71, 0x1F7D), (0x2070, 0x218F), (0x2460, 0x24FF), (0x2C7C, 0x2C7D), (0x2D6F, 0x2D6F), (0x3099, 0x309C), (0x309F, 0x309F),
        (0x30FF, 0x30FF), (0x3131, 0x319F), (0x3200, 0x33FF), (0xA69C, 0xA69D), (0xA770, 0xA770), (0xA7F2, 0xA7F9), (0xAB5C, 0xAB69), (0xD7B0, 0xD7FF),
        (0xF900, 0xFFFF), (0x10781, 0x107BA), (0x1D400, 0x1D7FF), (0x1EE00, 0x1F2FF), (0x1FBF0, 0x1FBF9), (0x2F800, 0x2FA1F),
        (0xE0000, 0xE0FFF),
    ];

    /// <summary>For a local part, in which case counts and an emoji is allowed.</summary>
    public static bool IsLocal(Rune rune) =>
        (Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.OtherSymbol || IsMark(rune)) && IsStable(rune);

    /// <summary>For a domain: what DNS holds, in lower case, and no accent apart from its letter (RFC 5891 section 5).</summary>
    public static bool IsDomain(Rune rune) =>
        (Rune.IsLetterOrDigit(rune) || IsMark(rune))
        && !Rune.IsUpper(rune)
        && Rune.GetUnicodeCategory(rune) is not UnicodeCategory.TitlecaseLetter
        && rune.Value is not (>= 0x0300 and <= 0x036F)
        && IsStable(rune);

    private static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool IsStable(Rune rune)
    {
        foreach (var (first, last) in Unstable)
        {
            if (rune.Value < first)
                return true;
            if (rune.Value <= last)
                return false;
        }

        return true;
    }
}
