namespace EmailFunctions.Outbound;

/// <summary>The parts of the guard.</summary>
internal static class OutboundServices
{
    public static IServiceCollection AddOutbound(this IServiceCollection services, OutboundRules rules) =>
        services.AddSingleton(rules).AddSingleton<IHostResolver, SystemResolver>().AddSingleton<ISocketConnector, TcpConnector>().AddSingleton<OutboundGuard>();
}
