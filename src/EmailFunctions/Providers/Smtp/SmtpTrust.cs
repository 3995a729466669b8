using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;

namespace EmailFunctions.Providers.Smtp;

/// <summary>Whose certificates a connection trusts.</summary>
internal static class SmtpTrust
{
    /// <summary>Lets certificate authorities count beside the system's.</summary>
    public static void Add(SmtpClient client, X509Certificate2Collection authorities)
    {
        if (authorities.Count > 0)
            client.ServerCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, authorities);
    }

    private static bool IsTrusted(
        X509Certificate? certificate, X509Chain? systemChain, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is null)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in systemChain?.ChainElements.AsEnumerable() ?? [])
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        using var copy = new X509Certificate2(certificate);
        return chain.Build(copy);
    }
}
