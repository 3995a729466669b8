using EmailFunctions.Settings;

namespace EmailFunctions.Composition;

/// <summary>The adapters of Azure.</summary>
internal static class AzureComposition
{
    public static void AddAzureAdapters(this IServiceCollection services, ServiceSettings settings, AzureSettings azure) => throw new NotSupportedException();
}
