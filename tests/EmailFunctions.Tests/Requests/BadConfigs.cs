using static EmailFunctions.Tests.Requests.BadRequest;

namespace EmailFunctions.Tests.Requests;

/// <summary>Configurations, and questions about them, that must be refused.</summary>
internal static class BadConfigs
{
    private static readonly string[] Strings =
    [
        "provider_type", "smtp_host", "smtp_username", "smtp_password", "aws_region", "aws_configuration_set", "aws_access_key", "aws_secret_key", "api_key",
        "api_endpoint", "mailgun_domain", "from_email", "from_name", "reply_to", "over_quota", "on_unknown",
    ];

    public static IEnumerable<BadRequest> All() => [.. Types(), .. Senders(), .. Values(), .. PerProvider(), .. Patches(), .. Tests(), .. Questions()];

    private static IEnumerable<BadRequest> Types()
    {
        foreach (var field in Strings)
        {
            yield return Config($"{field} is a number", field, (field, "7"));
            yield return Config($"{field} is an array", field, (field, "[]"));
        }

        foreach (var field in new[] { "is_active", "smtp_use_tls", "smtp_use_ssl", "rate_limiting_enabled", "usage_logging_enabled", "audit_logging_enabled" })
        {
            yield return Config($"{field} is a string", field, (field, "\"true\""));
            yield return Config($"{field} is a number", field, (field, "1"));
        }

        foreach (var field in new[] { "smtp_port", "rate_limit_per_minute", "rate_limit_per_hour", "daily_quota" })
        {
            yield return Config($"{field} is a string", field, (field, "\"25\""));
            yield return Config($"{field} is a fraction", field, (field, "1.5"));
            yield return Config($"{field} is huge", field, (field, "99999999999999999999"));
            yield return Config($"{field} is negative", field, (field, "-1"));
        }

        foreach (var (field, maximum) in new[] { ("max_recipients_per_message", 100), ("max_message_bytes", 26_214_400) })
        {
            yield return Config($"{field} is a string", field, (field, "\"10\""));
            yield return Config($"{field} is a fraction", field, (field, "1.5"));
            yield return Config($"{field} is 0", field, (field, "0"));
            yield return Config($"{field} is negative", field, (field, "-1"));
            yield return Config($"{field} is one too many", field, (field, $"{maximum + 1}"));
            yield return Config($"{field} is huge", field, (field, "99999999999999999999"));
        }

        foreach (var field in new[] { "cost_per_email_usd", "monthly_budget_usd" })
        {
            yield return Config($"{field} is a string", field, (field, "\"0.1\""));
            yield return Config($"{field} is negative", field, (field, "-0.01"));
            yield return Config($"{field} is too fine", field, (field, "0.0000000001"));
            yield return Config($"{field} is beyond all numbers", field, (field, "1e400"));
        }

        yield return Config("an unknown field", "smtp_hots", ("smtp_hots", "\"canary7f3a\""));
        yield return Config("a field that only answers have", "has_api_key", ("has_api_key", "true"));
    }

    private static IEnumerable<BadRequest> Senders()
    {
        const string Field = "allowed_from_domains";
        yield return Config("domains as a string", Field, (Field, "\"canary7f3a.example\""));
        yield return Config("domains as an object", Field, (Field, "{}"));
        yield return Config("no domains", Field, (Field, "[]"));
        yield return Config("51 domains", Field, (Field, "[" + string.Join(',', Enumerable.Range(0, 51).Select(static n => $"\"d{n}.example.com\"")) + "]"));
        yield return Config("a domain that is a number", Field + "[0]", (Field, "[7]"));
        foreach (var domain in new[] { "", "*", "*.", "*.com", "com", "*example.com", "a.*.example.com", "**.example.com", ".example.com", "example.com.", " example.com", "canary7f3a@example.com", "@example.com", "https://example.com" })
            yield return Config($"the domain '{domain}'", Field + "[1]", (Field, $"[\"example.com\",{Text(domain)}]"));
        foreach (var domain in new[] { "example.com:25", "example.com/", "exam_ple.com", "127.0.0.1", "[::1]", "a\r\nb.example", "example\u3002com", "xn--.com", "a." + new string('b', 64) + ".com", string.Join('.', Enumerable.Repeat("abcdefgh", 32)) + ".com" })
            yield return Config($"the domain '{domain}'", Field + "[1]", (Field, $"[\"example.com\",{Text(domain)}]"));
        yield return Config("a domain that is null", Field + "[1]", (Field, "[\"example.com\",null]"));
        yield return Config("a sender outside the domains", "from_email", (Field, "[\"other.example\"]"));
        yield return Config("a sender below a domain that stands for itself", "from_email", (Field, "[\"example.com\"]"), ("from_email", "\"canary7f3a@sub.example.com\""));
        yield return Config("a sender of a domain that stands for those below it", "from_email", (Field, "[\"*.example.com\"]"));
        yield return Config("a fallback's sender outside the domains", "fallback.from_email", (Field, "[\"example.com\"]"), ("fallback", """{"provider_type":"console","from_email":"canary7f3a@other.example"}"""));
        yield return Raw("a test with a sender outside the domains", ConfigPath + "/test", """{"to":"a@example.com","test_config":{"provider_type":"file","from_email":"a@example.com","allowed_from_domains":["b.example"]}}""", "test_config.from_email");
    }

    private static IEnumerable<BadRequest> Values()
    {
        yield return Config("an unknown provider", "provider_type", ("provider_type", "\"canary7f3a\""));
        yield return Config("a provider in capitals", "provider_type", ("provider_type", "\"SMTP\""));
        yield return Config("no provider", "provider_type", ("provider_type", ""));
        yield return Config("port 0", "smtp_port", ("smtp_port", "0"));
        yield return Config("port 65536", "smtp_port", ("smtp_port", "65536"));
        yield return Config("a host of 256", "smtp_host", ("smtp_host", Repeat('h', 256)));
        yield return Config("an empty host", "smtp_host", ("smtp_host", "\"\""));
        yield return Config("a host with a space", "smtp_host", ("smtp_host", "\"a b\""));
        yield return Config("a host that is a URL", "smtp_host", ("smtp_host", "\"http://example.com\""));
        yield return Config("a host with CRLF", "smtp_host", ("smtp_host", "\"a\\r\\nb\""));
        yield return Config("a user of 256", "smtp_username", ("smtp_username", Repeat('u', 256)), ("smtp_password", "\"canary7f3a\""));
        yield return Config("a user with CRLF", "smtp_username", ("smtp_username", "\"a\\r\\nb\""), ("smtp_password", "\"canary7f3a\""));
        yield return Config("a password of 1,025", "smtp_password", ("smtp_username", "\"u\""), ("smtp_password", Repeat('p', 1_025)));
        yield return Config("an empty password", "smtp_password", ("smtp_username", "\"u\""), ("smtp_password", "\"\""));
        yield return Config("a region of 51", "aws_region", ("aws_region", Repeat('r', 51)));
        yield return Config("a region with a dot", "aws_region", ("aws_region", "\"eu.west\""));
        yield return Config("a region that is no region's name", "aws_region", ("aws_region", "\"ireland\""));
        yield return Config("a region in capitals", "aws_region", ("aws_region", "\"EU-WEST-1\""));
        yield return Config("an access key with a space", "aws_access_key", ("aws_access_key", "\"canary7f3a \""));
        yield return Config("a session token with a space", "aws_session_token", ("aws_session_token", "\"canary7f3a canary7f3a\""));
        yield return Config("a key beyond ASCII", "api_key", ("api_key", "\"canary7f3a\u00fc\""));
        yield return Config("a key with a space", "api_key", ("api_key", "\"Bearer canary7f3a\""));
        yield return Config("an empty key", "api_key", ("api_key", "\"\""));
        yield return Config("a configuration set of 256", "aws_configuration_set", ("aws_configuration_set", Repeat('s', 256)));
        yield return Config("an endpoint without TLS", "api_endpoint", ("api_endpoint", "\"http://api.example.com\""));
        yield return Config("an endpoint with a user", "api_endpoint", ("api_endpoint", "\"https://u:canary7f3a@api.example.com\""));
        yield return Config("an endpoint that is a path", "api_endpoint", ("api_endpoint", "\"/v3\""));
        yield return Config("an endpoint of 256", "api_endpoint", ("api_endpoint", Text("https://" + new string('a', 248))));
        yield return Config("a Mailgun domain with a slash", "mailgun_domain", ("mailgun_domain", "\"a/b\""));
        yield return Config("a bad sender", "from_email", ("from_email", "\"canary7f3a\""));
        yield return Config("a sender with CRLF", "from_email", ("from_email", "\"a@example.com\\r\\nBcc: b@example.com\""));
        yield return Config("a sender's name of 101", "from_name", ("from_name", Repeat('n', 101)));
        yield return Config("a sender's name with LF", "from_name", ("from_name", "\"a\\nb\""));
        yield return Config("an unknown way with mail over quota", "over_quota", ("over_quota", "\"drop\""));
        yield return Config("a way with mail over quota in capitals", "over_quota", ("over_quota", "\"Defer\""));
        yield return Config("an unknown way with unknown outcomes", "on_unknown", ("on_unknown", "\"canary7f3a\""));
        yield return Config("an empty way with unknown outcomes", "on_unknown", ("on_unknown", "\"\""));
        yield return Config("a bad reply-to", "reply_to", ("reply_to", "\"canary7f3a\""));
    }

    private static IEnumerable<BadRequest> PerProvider()
    {
        yield return Config("SMTP without a host", "smtp_host", ("smtp_host", ""));
        yield return Config("SMTP without a sender", "from_email", ("from_email", ""));
        yield return Config("SMTP with both kinds of TLS", "smtp_use_ssl", ("smtp_use_tls", "true"), ("smtp_use_ssl", "true"));
        yield return Config("a user without a password", "smtp_username", ("smtp_username", "\"u\""));
        yield return Config("a password without a user", "smtp_password", ("smtp_password", "\"canary7f3a\""));
        yield return Config("SES without a region", "aws_region", ("provider_type", "\"aws_ses\""), ("aws_access_key", "\"canary7f3a\""), ("aws_secret_key", "\"canary7f3a\""));
        yield return Config("SES without an access key", "aws_access_key", ("provider_type", "\"ses\""), ("aws_region", "\"eu-west-1\""), ("aws_secret_key", "\"canary7f3a\""));
        yield return Config("SES without a secret key", "aws_secret_key", ("provider_type", "\"aws_ses\""), ("aws_region", "\"eu-west-1\""), ("aws_access_key", "\"canary7f3a\""));
        yield return Config("SendGrid without a key", "api_key", ("provider_type", "\"sendgrid\""));
        yield return Config("Mailgun without a key", "api_key", ("provider_type", "\"mailgun\""));
        yield return Config("Mailgun without a sender", "from_email", ("provider_type", "\"mailgun\""), ("api_key", "\"canary7f3a\""), ("from_email", ""));
    }

    private static IEnumerable<BadRequest> Patches()
    {
        yield return Put("a patch that is no object", "[]", "$");
        yield return Put("a patch with an unknown field", """{"frm_name":"x"}""", "frm_name");
        yield return Put("a patch of the wrong type", """{"smtp_port":"25"}""", "smtp_port");
        yield return Put("a patch that clears what is required", """{"from_email":null}""", "from_email");
        yield return Put("a patch that clears the provider", """{"provider_type":null}""", "provider_type");
        yield return Put("a patch with a field twice", """{"from_name":"a","from_name":"b"}""", "from_name");
        yield return Put("a weak ETag", """{"from_name":"a"}""", "If-Match") with { Headers = new() { ["If-Match"] = "W/\"x\"" } };
        yield return Put("two ETags", """{"from_name":"a"}""", "If-Match") with { Headers = new() { ["If-Match"] = "\"x\", \"y\"" } };
        yield return Put("a stale ETag", """{"from_name":"a"}""", null!) with { Headers = new() { ["If-Match"] = "\"x\"" }, Field = null, Status = 412 };
        yield return Raw("the reserved tenant", "/api/v1/email/configs/system", """{"provider_type":"file"}""", "tenant_id");
        yield return Raw("a tenant of 65", "/api/v1/email/configs/" + new string('t', 65), """{"provider_type":"file"}""", "tenant_id");
        yield return Raw("a tenant with an escaped slash", "/api/v1/email/configs/a%2Fb", """{"provider_type":"file"}""", "tenant_id");
        yield return Raw("a configuration over 256 KB", ConfigPath, "{\"from_name\":\"" + new string('x', 256 * 1024) + "\"}", "$", 413);
    }

    private static IEnumerable<BadRequest> Tests()
    {
        yield return Raw("a test without a recipient", ConfigPath + "/test", "{}", "to");
        yield return Raw("a test to no address", ConfigPath + "/test", """{"to":"canary7f3a"}""", "to");
        yield return Raw("a test to an array", ConfigPath + "/test", """{"to":["a@example.com"]}""", "to");
        yield return Raw("a test with an unknown field", ConfigPath + "/test", """{"to":"a@example.com","x":1}""", "x");
        yield return Raw("a test with a flag that is a string", ConfigPath + "/test", """{"to":"a@example.com","use_tenant_config":"no"}""", "use_tenant_config");
        yield return Raw("a test with a bad configuration", ConfigPath + "/test", """{"to":"a@example.com","test_config":{"provider_type":"smtp","from_email":"a@example.com"}}""", "test_config.smtp_host");
        yield return Raw("a test with a configuration that is a string", ConfigPath + "/test", """{"to":"a@example.com","test_config":"smtp"}""", "test_config");
    }

    private static IEnumerable<BadRequest> Questions()
    {
        yield return Get("a start that is no date", ConfigPath + "/usage?start_date=canary7f3a", "start_date");
        yield return Get("an end that is no date", ConfigPath + "/usage?end_date=31.12.2026", "end_date");
        yield return Get("a start after the end", ConfigPath + "/usage?start_date=2026-02-01&end_date=2026-01-01", "start_date");
        yield return Get("two years", ConfigPath + "/usage?start_date=2024-01-01&end_date=2026-01-01", "start_date");
        yield return Get("a grouping by hour", ConfigPath + "/usage?group_by=hour", "group_by");
        yield return Get("a limit of 0", ConfigPath + "/audit-logs?limit=0", "limit");
        yield return Get("a limit of 201", ConfigPath + "/audit-logs?limit=201", "limit");
        yield return Get("a limit that is no number", ConfigPath + "/audit-logs?limit=ten", "limit");
        yield return Get("a status that is none", ConfigPath + "/audit-logs?status=canary7f3a", "status");
        yield return Get("a recipient that is no address", ConfigPath + "/audit-logs?recipient=canary7f3a", "recipient");
        yield return Get("a cursor of our own make", ConfigPath + "/audit-logs?cursor=%2F..", "cursor");
        yield return Get("a message that is none", "/api/v1/email/messages/canary7f3a", null, 404);
        yield return Get("a message with bad digits", "/api/v1/email/messages/acme~XYZ", null, 404);
        yield return Get("a configuration that is not there", "/api/v1/email/configs/nobody", null, 404);
        yield return Get("a path that is none", "/api/v1/email/nothing", null, 404);
        yield return Get("the root", "/", null, 404);
        yield return Get("a method that a path has not", SendPath, null, 405);
        yield return new BadRequest("a DELETE of nothing", "DELETE", "/api/v1/email/configs/nobody", null, null, 404);
        yield return new BadRequest("a PATCH", "PATCH", ConfigPath, "{}"u8.ToArray(), null, 405);
    }

    private static BadRequest Put(string name, string json, string field) =>
        new(name, "PUT", ConfigPath, System.Text.Encoding.UTF8.GetBytes(json), field);
}
