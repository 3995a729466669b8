namespace EmailFunctions.Providers;

/// <summary>Measures messages as they are sent.</summary>
public interface IMessageMeasure
{
    /// <summary>The message's bytes as MIME, in the shortest form in which the provider may take it. It builds the message for that, and reads its files.</summary>
    Task<long> MeasureAsync(OutgoingEmail email, ProviderSettings settings, CancellationToken cancellationToken);
}
