using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using EmailFunctions.Tests.Support;

namespace EmailFunctions.Tests.Architecture;

/// <summary>The house rules that a reader relies on, held against the compiled service.</summary>
public sealed class ArchitectureTests
{
    private const string Root = "EmailFunctions";

    private static readonly ArchUnitNET.Domain.Architecture Service = new ArchLoader().LoadAssemblies(typeof(Program).Assembly).Build();

    /// <summary>Which SDK may be used where: in adapters, and nowhere else.</summary>
    private static readonly Dictionary<string, string[]> Sdks = new()
    {
        ["Microsoft.Data.Sqlite"] = ["EmailFunctions.Storage.Sqlite", "EmailFunctions.Queueing.Sqlite"],
        ["SQLitePCL"] = ["EmailFunctions.Storage.Sqlite"],
        ["MailKit"] = ["EmailFunctions.Providers.Smtp"],
        ["MimeKit"] = ["EmailFunctions.Providers.Mime", "EmailFunctions.Providers.Smtp"],
        ["Amazon"] = ["EmailFunctions.Providers.Ses"],
        ["SendGrid"] = ["EmailFunctions.Providers.SendGrid"],
        ["Azure.Core"] = ["EmailFunctions.Keys.KeyVault", "EmailFunctions.Storage.AzureCore", "EmailFunctions.Storage.AzureTables", "EmailFunctions.Payloads.Blobs", "EmailFunctions.Queueing.StorageQueues", "EmailFunctions.Queueing.ServiceBus", "EmailFunctions.Telemetry.Export", "EmailFunctions.Composition"],
        ["Azure.Monitor"] = ["EmailFunctions.Telemetry.Export"],
        ["OpenTelemetry"] = ["EmailFunctions.Telemetry.Export"],
        ["Azure.Identity"] = ["EmailFunctions.Storage.AzureCore", "EmailFunctions.Keys.KeyVault", "EmailFunctions.Composition"],
        ["Azure.Data.Tables"] = ["EmailFunctions.Storage.AzureTables", "EmailFunctions.Composition"],
        ["Azure.Storage.Blobs"] = ["EmailFunctions.Payloads.Blobs", "EmailFunctions.Composition"],
        ["Azure.Storage.Queues"] = ["EmailFunctions.Queueing.StorageQueues", "EmailFunctions.Composition"],
        ["Amqp"] = ["EmailFunctions.Queueing.ServiceBus"],
        ["Microsoft.AspNetCore.Authentication"] = ["EmailFunctions.Access"],
        ["Swashbuckle"] = ["EmailFunctions.ApiDocs"],
        ["Microsoft.OpenApi"] = ["EmailFunctions.ApiDocs"],
        ["Polly"] = ["EmailFunctions.Delivery"],
        ["FluentValidation"] = ["EmailFunctions.Validation", "EmailFunctions.Configs"],
        ["Microsoft.Extensions.Caching.Hybrid"] = ["EmailFunctions.Configs", "EmailFunctions.Providers", "EmailFunctions.Composition"],
    };

    /// <summary>Which part may use which: a part that is not named here uses none of the others. Composition uses all.</summary>
    private static readonly Dictionary<string, string[]> Uses = new()
    {
        ["Access"] = ["Problems", "Tenants"],
        ["Activities"] = ["Access", "ApiDocs", "Problems", "Storage", "Sweeps", "Tenants", "Wire"],
        ["Admin"] = ["Access", "Activities", "ApiDocs", "Configs", "DeadLetters", "Delivery", "Limits", "Problems", "Providers", "Queueing", "Telemetry", "Tenants", "Wire"],
        ["ApiDocs"] = ["Access", "Hardening", "Problems", "Spooling"],
        ["ApiKeys"] = ["Access", "Activities", "ApiDocs", "Keys", "Problems", "Storage", "Tenants", "Wire"],
        ["Audit"] = ["Access", "Activities", "ApiDocs", "Keys", "Problems", "Providers", "Storage", "Sweeps", "Tenants", "Validation", "Wire"],
        ["Configs"] = ["Access", "Activities", "ApiDocs", "Brakes", "Keys", "Limits", "Messages", "Outbound", "Problems", "Providers", "Spooling", "Storage", "Telemetry", "Tenants", "Validation", "Wire"],
        ["Brakes"] = ["Access", "Problems", "Tenants"],
        ["Dashboard"] = ["Access", "Hardening", "Problems"],
        ["Delivery"] = ["Audit", "Configs", "Keys", "Limits", "Messages", "Providers", "Queueing", "Storage", "Sweeps", "Telemetry", "Tenants", "Usage"],
        ["DeadLetters"] = ["Access", "Activities", "ApiDocs", "Audit", "Delivery", "Ingest", "Keys", "Messages", "Problems", "Providers", "Storage", "Sweeps", "Tenants", "Wire"],
        ["Functions"] = ["Delivery", "Health", "Ingest", "Keys", "Problems", "Sending", "Storage", "Sweeps", "Telemetry"],
        ["Hardening"] = ["Problems"],
        ["Health"] = ["Keys", "Problems", "Queueing", "Storage"],
        ["Ingest"] = ["Access", "ApiDocs", "Keys", "Messages", "Problems", "Queueing", "Sending", "Spooling", "Storage", "Telemetry", "Tenants", "Wire"],
        ["Keys"] = ["Storage", "Tenants"],
        ["Lifecycle"] = ["Access", "Activities", "ApiDocs", "ApiKeys", "Audit", "Configs", "Delivery", "Keys", "Messages", "Problems", "Storage", "Sweeps", "Tenants", "Tracking", "Usage", "Wire"],
        ["Limits"] = ["Messages", "Storage", "Tenants"],
        ["Messages"] = ["Keys", "Payloads", "Spooling", "Storage", "Tenants", "Wire"],
        ["Outbound"] = ["Validation"],
        ["Payloads"] = ["Spooling", "Storage"],
        ["Problems"] = ["Keys", "Storage", "Wire"],
        ["Providers"] = ["Access", "ApiDocs", "Messages", "Outbound", "Spooling", "Storage", "Telemetry", "Tenants", "Validation"],
        ["Queueing"] = ["Storage"],
        ["Rotation"] = ["Access", "Activities", "ApiDocs", "Keys", "Problems", "Storage", "Sweeps"],
        ["Sending"] = ["Access", "ApiDocs", "Configs", "Delivery", "Keys", "Limits", "Messages", "Problems", "Providers", "Spooling", "Storage", "Sweeps", "Telemetry", "Tenants", "Validation", "Wire"],
        ["Settings"] = ["Access", "Activities", "Audit", "Brakes", "Configs", "DeadLetters", "Delivery", "Ingest", "Keys", "Outbound", "Providers", "Queueing", "Sending", "Telemetry", "Tenants", "Usage", "Validation"],
        ["Spooling"] = ["Storage"],
        ["Storage"] = [],
        ["Sweeps"] = ["Storage", "Tenants"],
        ["Telemetry"] = ["Access", "Keys", "Queueing", "Tenants"],
        ["Tenants"] = ["Storage"],
        ["Tracking"] = ["Access", "ApiDocs", "Configs", "Delivery", "Limits", "Messages", "Problems", "Providers", "Storage", "Tenants", "Wire"],
        ["Usage"] = ["Access", "ApiDocs", "Configs", "Problems", "Storage", "Sweeps", "Telemetry", "Tenants", "Wire"],
        ["Validation"] = ["Wire"],
        ["Wire"] = ["Problems", "Spooling"],
    };

    private static readonly string[] StaticClocks =
    [
        "System.DateTime::get_Now", "System.DateTime::get_UtcNow", "System.DateTime::get_Today",
        "System.DateTimeOffset::get_Now", "System.DateTimeOffset::get_UtcNow", "System.Threading.Thread::Sleep",
    ];

    [Fact]
    public void Sdk_namespaces_are_used_in_adapters_only()
    {
        var strays =
            from edge in Edges()
            from sdk in Sdks
            where IsWithin(edge.To, sdk.Key) && !sdk.Value.Any(room => IsWithin(edge.From, room))
            select $"{edge.Type} uses {sdk.Key}";

        Assert.Empty(strays.Distinct());
    }

    [Fact]
    public void An_adapter_is_known_to_the_composition_alone()
    {
        var strays =
            from edge in Edges()
            let adapter = AdapterOf(edge.To)
            where adapter is not null && !IsWithin(edge.From, $"{Root}.Composition") && !IsWithin(edge.From, $"{Root}.Settings") && AdapterOf(edge.From) is null
            select $"{edge.Type} uses {edge.To}";

        Assert.Empty(strays.Distinct());
    }

    [Fact]
    public void Features_use_only_the_parts_that_they_may()
    {
        var strays =
            from edge in Edges()
            let @from = PartOf(edge.From)
            let to = PartOf(edge.To)
            where @from is not null && to is not null && @from != to && @from != "Composition" && !Uses.GetValueOrDefault(@from, []).Contains(to)
            select $"{@from} uses {to} ({edge.Type})";

        Assert.Empty(strays.Distinct());
    }

    [Fact]
    public void The_table_of_uses_names_nothing_that_is_not_there()
    {
        var real = Edges()
            .Select(static edge => (From: PartOf(edge.From), To: PartOf(edge.To)))
            .Where(static edge => edge.From != edge.To)
            .ToHashSet();

        Assert.Empty(from use in Uses from to in use.Value where !real.Contains((use.Key, to)) select $"{use.Key} uses {to}");
    }

    [Fact]
    public void Nothing_in_the_service_reads_a_static_clock_or_sleeps()
    {
        var calls =
            from type in OwnTypes()
            from member in type.Members
            from call in member.MemberDependencies.OfType<ArchUnitNET.Domain.Dependencies.MethodCallDependency>()
            let target = $"{call.TargetMember.DeclaringType.FullName}::{call.TargetMember.Name.Split('(')[0]}"
            where StaticClocks.Contains(target)
            select $"{type.FullName} calls {target}";

        Assert.Empty(calls);
    }

    [Fact]
    public void Program_is_a_table_of_contents()
    {
        var lines = System.IO.File.ReadAllLines(Path.Combine(Repository.Root, "src", "EmailFunctions", "Program.cs"));

        Assert.InRange(lines.Length, 1, 25);
    }

    // Without the JSON contexts: their code is generated, and alike in all features, which the loader takes for one another's.
    private static IEnumerable<IType> OwnTypes() =>
        Service.Types.Where(static type => IsWithin(type.Namespace?.FullName ?? "", Root) && !type.Name.EndsWith("Json", StringComparison.Ordinal));

    private static IEnumerable<(string Type, string From, string To)> Edges() =>
        from type in OwnTypes()
        from dependency in type.Dependencies
        let to = dependency.Target.Namespace?.FullName
        where to is not null
        select (type.FullName, type.Namespace.FullName, to);

    private static bool IsWithin(string name, string space) =>
        name == space || name.StartsWith(space + ".", StringComparison.Ordinal);

    private static string? PartOf(string space) =>
        space.StartsWith(Root + ".", StringComparison.Ordinal) ? space.Split('.')[1] : null;

    // A port's adapters are a level below it; the pump, the timers and the MIME builder are no adapters of a port.
    private static string? AdapterOf(string space) =>
        space.StartsWith(Root + ".", StringComparison.Ordinal) && space.Split('.') is { Length: > 2 } parts && parts[1] is "Storage" or "Queueing" or "Payloads" or "Keys" or "Providers"
            ? space
            : null;
}
