using Amazon.Runtime;
using Amazon.Runtime.Credentials;
using EmailFunctions.Providers.Http;

namespace EmailFunctions.Providers.Ses;

/// <summary>What an account's calls are signed with.</summary>
internal sealed class SesCredentials(SesOptions options, TimeProvider time)
{
    // The SDK asks the machine it runs on, and takes no cancellation.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Where the service's own credentials come from; a test puts others here.</summary>
    public Func<Task<AWSCredentials>> Own { get; init; } = static () => DefaultAWSCredentialsIdentityResolver.GetCredentialsAsync();

    /// <summary>Finds them; null: the account has none, and may not use the service's own.</summary>
    /// <exception cref="CredentialsUnavailableException">The service's own can't be had now.</exception>
    public async Task<ImmutableCredentials?> FindAsync(ProviderSecrets secrets, CancellationToken cancellationToken)
    {
        if (secrets is { AwsAccessKey: { } key, AwsSecretKey: { Length: > 0 } secret } && ProviderGrammar.IsKey(key) && (secrets.AwsSessionToken is not { } token || ProviderGrammar.IsKey(token)))
            return new ImmutableCredentials(key, secret, secrets.AwsSessionToken);
        return options.AllowDefaultCredentials && secrets is { AwsAccessKey: null, AwsSecretKey: null } ? await FindOwnAsync(cancellationToken) : null;
    }

    private async Task<ImmutableCredentials> FindOwnAsync(CancellationToken cancellationToken)
    {
        try
        {
            // They may be temporary: the SDK renews them.
            var own = await Own().WaitAsync(Limit, time, cancellationToken);
            return await own.GetCredentialsAsync().WaitAsync(Limit, time, cancellationToken);
        }
#pragma warning disable CA1031 // Each of its sources fails in a way of its own.
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            throw new CredentialsUnavailableException();
        }
    }
}

/// <summary>The service's own credentials can't be had now. Says nothing more: the SDK's words may name files and addresses.</summary>
internal sealed class CredentialsUnavailableException() : Exception("The service's own AWS credentials can't be had.");
