using System.Globalization;
using System.Text.Json;
using EmailFunctions.Wire;
using FluentValidation;

namespace EmailFunctions.Validation;

/// <summary>Rules that more than one kind of request needs, with messages that say what a field must be.</summary>
internal static class Rules
{
    public static IRuleBuilderOptions<T, string?> Address<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(static value => value is null || EmailAddress.IsValid(value)).WithMessage(EmailAddress.Requirement);

    public static IRuleBuilderOptions<T, string?> Text<T>(this IRuleBuilder<T, string?> rule, int minimum, int maximum) =>
        rule
            .Must(value => value is null || (value.Length >= minimum && value.Length <= maximum))
            .WithMessage(string.Create(CultureInfo.InvariantCulture, $"must have {minimum} to {maximum} characters"))
            .Must(static value => value is null || !value.Any(char.IsControl))
            .WithMessage("must not hold control characters such as line breaks");

    public static IRuleBuilderOptions<T, int?> Between<T>(this IRuleBuilder<T, int?> rule, int minimum, int maximum) =>
        rule
            .Must(value => value is null || (value >= minimum && value <= maximum))
            .WithMessage(maximum == int.MaxValue
                ? string.Create(CultureInfo.InvariantCulture, $"must be {minimum} or more")
                : string.Create(CultureInfo.InvariantCulture, $"must be {minimum} to {maximum}"));

    public static IRuleBuilderOptions<T, decimal?> Money<T>(this IRuleBuilder<T, decimal?> rule) =>
        rule
            .Must(static value => value is null or (>= 0 and <= 1_000_000_000))
            .WithMessage("must be 0 to 1000000000")
            .Must(static value => value is null || decimal.Round(value.Value, 9) == value.Value)
            .WithMessage("must have at most 9 decimal places");

    /// <summary>Runs a validator and adds what it finds, by the fields' names on the wire.</summary>
    public static void Collect<T>(this IValidator<T> validator, T value, FieldErrors errors, string prefix = "")
    {
        foreach (var failure in validator.Validate(value).Errors)
            errors.Add(prefix + failure.PropertyName, failure.ErrorMessage);
    }

    /// <summary>Names fields as the wire does, in all validators of this process.</summary>
    public static void UseWireNames() =>
        ValidatorOptions.Global.PropertyNameResolver = static (_, member, _) =>
            member is null ? null : JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Name);
}
