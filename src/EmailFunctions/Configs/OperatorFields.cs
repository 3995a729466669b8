using EmailFunctions.Access;
using EmailFunctions.Problems;

namespace EmailFunctions.Configs;

/// <summary>
/// Fields by which whoever runs the deployment bounds a tenant. Only a caller for all tenants changes them: a bound that its tenant can take
/// away is none. So neither leaving a field out of a replacement, nor removing the configuration, loses it.
/// </summary>
internal static class OperatorFields
{
    private const string AllowedFromDomains = "allowed_from_domains";

    /// <summary>A whole configuration with what the caller can't change as it was.</summary>
    /// <param name="caller">Who writes it.</param>
    /// <param name="fields">As it was given.</param>
    /// <param name="current">What is stored; null: nothing.</param>
    /// <param name="prefix">Stands before the fields' names in errors.</param>
    /// <exception cref="ProblemException">403: it gives a field another value.</exception>
    public static ConfigFields Keep(Caller caller, ConfigFields fields, TenantConfig? current, string prefix = "")
    {
        if (!caller.IsAdmin && fields.AllowedFromDomains is not null)
            EnsureUnchanged(caller, fields, current, prefix);
        return caller.IsAdmin ? fields : fields with { AllowedFromDomains = current?.Fields.AllowedFromDomains };
    }

    /// <exception cref="ProblemException">403: the caller can't change what the change changes.</exception>
    public static void EnsureUnchanged(Caller caller, ConfigFields fields, TenantConfig? current, string prefix = "")
    {
        if (!caller.IsAdmin && !(fields.AllowedFromDomains ?? []).SequenceEqual(current?.Fields.AllowedFromDomains ?? []))
            throw Problem.ForOperators(prefix + AllowedFromDomains);
    }

    /// <exception cref="ProblemException">403: the caller can't remove what the configuration says.</exception>
    public static void EnsureRemovable(Caller caller, TenantConfig current)
    {
        if (!caller.IsAdmin && current.Fields.AllowedFromDomains is not null)
            throw Problem.ForOperators(AllowedFromDomains);
    }
}
