using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using EmailFunctions.Tenants;

namespace EmailFunctions.Configs;

/// <summary>A feature that is switched on for all tenants, for none, or for a part of them that grows with the percentage.</summary>
/// <param name="Name">Part of what places a tenant, so that features don't all begin with the same tenants.</param>
/// <param name="Enabled">False: for nobody, whatever a tenant says.</param>
/// <param name="Percent">The part of the tenants, 0 to 100, that has it unless they say otherwise.</param>
public sealed record Rollout(string Name, bool Enabled, int Percent)
{
    /// <summary>Whether a tenant has it. The same at every instance and after every start; who is in at 10 % is in at 20 %.</summary>
    public bool Includes(TenantId tenant, bool? own) => Enabled && (own ?? PlaceOf(tenant) < Percent);

    private int PlaceOf(TenantId tenant) =>
        (int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{Name} {tenant}"))) % 100);
}
