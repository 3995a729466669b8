using System.Net;
using System.Net.Sockets;
using System.Text;
using EmailFunctions.TestKit.FunctionsHost;
using Microsoft.AspNetCore.Http;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

/// <summary>How a public request looks to the worker, in each of the three ways.</summary>
public sealed class HttpTests : IDisposable
{
    private readonly ScriptFolder _folder = new ScriptFolder().AddHttp("Docs", "docs/{*asset}").AddHttp("Message", "v1/messages/{id}");

    private readonly ScriptedWorker.Handler _handler = Host.Handler(async context =>
    {
        context.Response.StatusCode = 418;
        context.Response.Headers["X-Answer"] = new(["one", "two"]);
        await context.Response.WriteAsync("short and stout");
    });

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(HttpMode.Proxying)]
    [InlineData(HttpMode.Forwarding)]
    [InlineData(HttpMode.ForwardingDecoded)]
    public async Task Method_path_body_and_headers_arrive_and_the_answer_comes_back(HttpMode mode)
    {
        await using var host = await StartAsync(mode);
        using var client = new HttpClient();
        using var content = new StringContent("{\"a\":1}", Encoding.UTF8, "application/json");
        content.Headers.Add("X-Of-Caller", "yes");
        using var answer = await client.PutAsync(new Uri(host.Address, "v1/messages/7?x=1"), content, Host.Token);
        var seen = _handler.Only;
        Assert.Equal(("PUT", "/v1/messages/7?x=1", "{\"a\":1}"), (seen.Method, seen.Target, seen.Body));
        Assert.Equal("application/json; charset=utf-8", seen.Headers.ContentType.ToString());
        Assert.Equal("yes", seen.Headers["X-Of-Caller"].ToString());
        Assert.Equal(418, (int)answer.StatusCode);
        Assert.Equal(["one", "two"], answer.Headers.GetValues("X-Answer"));
        Assert.Equal("short and stout", await answer.Content.ReadAsStringAsync(Host.Token));
        Assert.True(Assert.Single(host.Invocations) is { Succeeded: true, Function: "Message", DeliveryCount: 0 });
    }

    [Fact]
    public async Task A_proxied_request_names_its_invocation_in_two_headers_that_a_caller_cannot_set()
    {
        await using var host = await StartAsync(HttpMode.Proxying);
        await SendAsync(host, "GET /docs/a HTTP/1.1", "Host: mail.example", "x-ms-invocation-id: mine", "X-Azure-Functions-InvocationId: mine", "User-Agent: caller");
        var seen = _handler.Only;
        var id = host.Invocations.Single().Id.ToString();
        Assert.Equal((id, id), (seen.Headers["x-ms-invocation-id"].ToString(), seen.Headers["X-Azure-Functions-InvocationId"].ToString()));
        Assert.Equal("4.1052.200.26101", seen.Headers["X-Azure-Functions-HostVersion"].ToString());
        Assert.Equal("caller", seen.Headers.UserAgent.ToString());
    }

    [Fact]
    public async Task A_proxied_request_has_the_workers_own_Host_and_the_public_one_as_forwarded()
    {
        await using var host = await StartAsync(HttpMode.Proxying);
        await SendAsync(host, "GET /docs/a HTTP/1.1", "Host: mail.example", "X-Forwarded-For: 203.0.113.9");
        var seen = _handler.Only;
        Assert.StartsWith("127.0.0.1:", seen.Headers.Host.ToString(), StringComparison.Ordinal);
        Assert.Equal("mail.example", seen.Headers["X-Forwarded-Host"].ToString());
        Assert.Equal(("127.0.0.1", "http"), (seen.Headers["X-Forwarded-For"].ToString(), seen.Headers["X-Forwarded-Proto"].ToString()));
    }

    [Theory]
    [InlineData(HttpMode.Forwarding)]
    [InlineData(HttpMode.ForwardingDecoded)]
    public async Task A_forwarded_request_keeps_its_Host_and_the_host_adds_to_what_the_caller_sent(HttpMode mode)
    {
        await using var host = await StartAsync(mode);
        await SendAsync(host, "GET /docs/a HTTP/1.1", "Host: mail.example", "X-Azure-Functions-InvocationId: mine", "User-Agent: caller", "x-ms-invocation-id: mine");
        var seen = _handler.Only;
        Assert.Equal("mail.example", seen.Headers.Host.ToString());
        Assert.Equal($"mine, {host.Invocations.Single().Id}", string.Join(", ", seen.Headers["X-Azure-Functions-InvocationId"].ToArray()));
        Assert.Equal("caller Azure-Functions-Host/4.1052.200.26101", seen.Headers.UserAgent.ToString());
        Assert.Equal("mine", seen.Headers["x-ms-invocation-id"].ToString());
        Assert.False(seen.Headers.ContainsKey("X-Forwarded-Host"));
    }

    [Theory]
    [InlineData(HttpMode.Proxying, "?a=1&b=%2F+x&a=2&&c", "?a=1&b=%2F+x&a=2&&c")]
    [InlineData(HttpMode.Forwarding, "?a=1&b=%2F+x&a=2&&c", "?a=1,2&b=%2F%20x&c=")]
    [InlineData(HttpMode.ForwardingDecoded, "?a=1&b=%2F+x&a=2&&c", "?a=1,2&b=%2F%20x&c=")]
    public async Task The_query_is_kept_by_the_proxy_and_made_anew_by_forwarding_with_one_value_a_key(HttpMode mode, string query, string expected)
    {
        await using var host = await StartAsync(mode);
        await SendAsync(host, $"GET /docs/a{query} HTTP/1.1", "Host: a");
        Assert.Equal("/docs/a" + expected, _handler.Only.Target);
    }

    [Theory]
    [InlineData("/docs/a%2Fb", "/docs/a%252Fb", "/docs/a%2Fb", "/docs/a%2Fb")]
    [InlineData("/docs/%41%20b", "/docs/A%20b", "/docs/%41%20b", "/docs/A%20b")]
    [InlineData("/docs/%C3%A9", "/docs/%C3%A9", "/docs/%C3%A9", "/docs/%C3%A9")]
    [InlineData("/docs/%252e%252e/DispatchEmail", "/docs/%252e%252e/DispatchEmail", "/docs/%252e%252e/DispatchEmail", "/DispatchEmail")]
    [InlineData("/docs/%252e%252e%2FDispatchEmail", "/docs/%252e%252e%252FDispatchEmail", "/docs/%252e%252e%2FDispatchEmail", "/docs/..%2FDispatchEmail")]
    public async Task A_path_that_is_escaped_twice_reaches_another_path_only_where_forwarding_decodes_it(
        string path, string proxied, string forwarded, string decoded)
    {
        foreach (var (mode, expected) in new[] { (HttpMode.Proxying, proxied), (HttpMode.Forwarding, forwarded), (HttpMode.ForwardingDecoded, decoded) })
        {
            var before = _handler.Seen.Count;
            await using var host = await StartAsync(mode);
            await SendAsync(host, $"GET {path} HTTP/1.1", "Host: a");
            Assert.Equal((mode, expected), (mode, _handler.Seen[before].Target));
        }
    }

    [Theory]
    [InlineData("/docs/../DispatchEmail")]
    [InlineData("/docs/%2e%2e/DispatchEmail")]
    public async Task Dot_segments_are_gone_before_a_route_is_looked_for(string path)
    {
        await using var host = await StartAsync(HttpMode.ForwardingDecoded);
        Assert.StartsWith("HTTP/1.1 404", await SendAsync(host, $"GET {path} HTTP/1.1", "Host: a"), StringComparison.Ordinal);
        Assert.Empty(_handler.Seen);
    }

    [Fact]
    public async Task A_body_without_a_length_passes_the_proxy()
    {
        await using var host = await StartAsync(HttpMode.Proxying);
        await SendAsync(host, "POST /docs/a HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "", "3", "abc", "0", "");
        Assert.Equal("abc", _handler.Only.Body);
    }

    [Theory]
    [InlineData(HttpMode.Forwarding)]
    [InlineData(HttpMode.ForwardingDecoded)]
    public async Task A_body_without_a_length_cannot_be_forwarded(HttpMode mode)
    {
        await using var host = await StartAsync(mode);
        var answer = await SendAsync(host, "POST /docs/a HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "", "3", "abc", "0", "");
        Assert.StartsWith("HTTP/1.1 500", answer, StringComparison.Ordinal);
        Assert.Empty(_handler.Seen);
    }

    [Theory]
    [InlineData(HttpMode.Proxying, "gzip")]
    [InlineData(HttpMode.Forwarding, "")]
    public async Task Forwarding_loses_the_encoding_of_a_body(HttpMode mode, string expected)
    {
        await using var host = await StartAsync(mode);
        await SendAsync(host, "POST /docs/a HTTP/1.1", "Host: a", "Content-Length: 3", "Content-Encoding: gzip", "", "abc");
        Assert.Equal(expected, _handler.Only.Headers.ContentEncoding.ToString());
    }

    [Theory]
    [InlineData(HttpMode.Proxying)]
    [InlineData(HttpMode.Forwarding)]
    public async Task A_redirect_is_handed_on_and_not_followed(HttpMode mode)
    {
        var handler = Host.Handler(context =>
        {
            context.Response.Redirect("/docs/elsewhere");
            return Task.CompletedTask;
        });
        await using var host = await Host.StartAsync(_folder, handler, options => options with { HttpMode = mode });
        Assert.Contains("Location: /docs/elsewhere", await SendAsync(host, "GET /docs/a HTTP/1.1", "Host: a"), StringComparison.Ordinal);
        Assert.Single(handler.Seen);
    }

    [Theory]
    [InlineData(HttpMode.Proxying, true)]
    [InlineData(HttpMode.Forwarding, false)]
    public async Task The_proxy_gives_out_what_has_come_and_forwarding_waits_for_the_end(HttpMode mode, bool streams)
    {
        using var goOn = new SemaphoreSlim(0);
        var handler = Host.Handler(async context =>
        {
            await context.Response.WriteAsync("first");
            await context.Response.Body.FlushAsync();
            await goOn.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync("last");
        });
        await using var host = await Host.StartAsync(_folder, handler, options => options with { HttpMode = mode });
        using var client = new HttpClient();
        var asking = client.GetAsync(new Uri(host.Address, "docs/a"), HttpCompletionOption.ResponseHeadersRead, Host.Token);
        if (streams)
        {
            using var early = await asking;
            Assert.Equal(0, goOn.Release());
            Assert.Equal("firstlast", await early.Content.ReadAsStringAsync(Host.Token));
        }
        else
        {
            await Host.UntilAsync(() => handler.Seen.Count == 1, "the request");
            await Task.Delay(200, Host.Token);
            Assert.False(asking.IsCompleted);
            goOn.Release();
            using var late = await asking;
            Assert.Equal("firstlast", await late.Content.ReadAsStringAsync(Host.Token));
        }
    }

    [Theory]
    [InlineData("GET /docs/a HTTP/1.1", 2)]
    [InlineData("POST /docs/a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 1)]
    public async Task The_proxy_tries_a_request_without_a_body_again_when_its_connection_breaks(string request, int expected)
    {
        var calls = 0;
        var handler = Host.Handler(context =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                context.Abort();
            }

            return Task.CompletedTask;
        });
        await using var host = await Host.StartAsync(_folder, handler);
        var lines = request.Split("\r\n");
        var answer = await SendAsync(host, [lines[0], "Host: a", .. lines[1..]]);
        Assert.StartsWith(expected == 2 ? "HTTP/1.1 200" : "HTTP/1.1 500", answer, StringComparison.Ordinal);
        Assert.Equal(expected, handler.Seen.Count);
    }

    private Task<FakeFunctionsHost> StartAsync(HttpMode mode) =>
        Host.StartAsync(_folder, _handler, options => options with { HttpMode = mode });

    // As bytes, since HttpClient would tidy up the path and the headers. An empty line ends the headers.
    private static async Task<string> SendAsync(FakeFunctionsHost host, params string[] lines)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Address.Port, Host.Token);
        await using var stream = client.GetStream();
        var text = string.Join("\r\n", [lines[0], "Connection: close", .. lines[1..], .. lines.Contains("") ? Array.Empty<string>() : ["", ""]]);
        if (text.Contains("chunked", StringComparison.Ordinal))
        {
            text += "\r\n";
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), Host.Token);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Host.Token);
    }
}
