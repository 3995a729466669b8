using System.Text.Json.Serialization.Metadata;
using EmailFunctions.Access.Tokens;
using EmailFunctions.Activities;
using EmailFunctions.Admin;
using EmailFunctions.ApiKeys;
using EmailFunctions.Audit;
using EmailFunctions.Configs;
using EmailFunctions.DeadLetters;
using EmailFunctions.Health;
using EmailFunctions.Lifecycle;
using EmailFunctions.Problems;
using EmailFunctions.Providers;
using EmailFunctions.Rotation;
using EmailFunctions.Sending;
using EmailFunctions.Tracking;
using EmailFunctions.Usage;

namespace EmailFunctions.Composition;

/// <summary>The JSON types of all features, for answers and for the OpenAPI document.</summary>
internal static class WireTypes
{
    public static IReadOnlyList<IJsonTypeInfoResolver> Resolvers { get; } =
    [
        ConfigJson.Default, ActivityJson.Default, ApiKeyJson.Default, SendJson.Default, TrackingJson.Default, DeadLetterJson.Default, UsageJson.Default, AuditJson.Default, AdminJson.Default, ProviderJson.Default, HealthJson.Default, ProblemJson.Default, TenantJson.Default, ExportJson.Default, SignInJson.Default, RotationJson.Default,
    ];
}
