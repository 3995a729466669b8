using Azure.Core;
using EmailFunctions.Queueing.ServiceBus;

namespace EmailFunctions.Tests.Queueing.ServiceBus;

public sealed class ServiceBusOptionsTests
{
    [Fact]
    public void A_connection_string_of_service_bus_means_tls_on_5671_and_a_key()
    {
        var options = ServiceBusOptions.Parse("Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=abc+/=;EntityPath=other");

        Assert.Equal(("contoso.servicebus.windows.net", 5671, true), (options.Host, options.Port, options.UseTls));
        Assert.Equal(new SharedAccessKey("send", "abc+/="), options.Key);
        Assert.True(options.IsServiceBus);
    }

    [Fact]
    public void The_emulator_is_plain_on_5672_unless_its_endpoint_names_a_port()
    {
        const string Emulator = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;";

        var usual = ServiceBusOptions.Parse("Endpoint=sb://localhost;" + Emulator);
        var elsewhere = ServiceBusOptions.Parse("Endpoint=sb://localhost:15672;" + Emulator);

        Assert.Equal(("localhost", 5672, false, true), (usual.Host, usual.Port, usual.UseTls, usual.IsServiceBus));
        Assert.Equal(15672, elsewhere.Port);
    }

    [Fact]
    public void Another_broker_is_named_with_its_login_or_without()
    {
        var login = ServiceBusOptions.Parse("Endpoint=amqp://us%40er:p%3Ass@broker:1234");
        var anonymous = ServiceBusOptions.Parse("Endpoint=amqps://broker");

        Assert.Equal((1234, false, false), (login.Port, login.UseTls, login.IsServiceBus));
        Assert.Equal(new BrokerLogin("us@er", "p:ss"), login.Login);
        Assert.Equal((5671, true, null), (anonymous.Port, anonymous.UseTls, anonymous.Login));
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("=secret")]
    [InlineData("Endpoint=secret")]
    [InlineData("Endpoint=http://secret")]
    [InlineData("Endpoint=sb://secret;SharedAccessKeyName=a")]
    [InlineData("Endpoint=sb://secret;SharedAccessKey=secret")]
    [InlineData("Endpoint=sb://secret;SharedAccessKeyName=;SharedAccessKey=secret")]
    [InlineData("Endpoint=sb://secret;SharedAccessKeyName=a;SharedAccessKey=secret;SharedAccessKey=secret")]
    [InlineData("Endpoint=sb://secret;SharedAccessKeyName=a;SharedAccessKey=b;Secret=c")]
    public void What_is_no_connection_string_is_refused_without_a_word_of_it(string text)
    {
        var exception = Assert.Throws<FormatException>(() => ServiceBusOptions.Parse(text));

        Assert.DoesNotContain("secret", exception.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Keys_and_passwords_are_not_printed()
    {
        var key = ServiceBusOptions.Parse("Endpoint=sb://host;SharedAccessKeyName=a;SharedAccessKey=secret");
        var login = ServiceBusOptions.Parse("Endpoint=amqp://user:secret@host");

        Assert.DoesNotContain("secret", $"{key}{login}", StringComparison.Ordinal);
    }

    [Fact]
    public void An_identity_goes_to_its_namespace_with_tls()
    {
        var options = ServiceBusOptions.ForNamespace("contoso.servicebus.windows.net", DelegatedTokenCredential.Create(static (_, _) => default));

        Assert.Equal(("contoso.servicebus.windows.net", 5671, true, true), (options.Host, options.Port, options.UseTls, options.IsServiceBus));
    }
}
