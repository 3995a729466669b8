using System.Text.Json.Nodes;

namespace EmailFunctions.ApiDocs;

/// <summary>An example for each body in the document, by the endpoint's name.</summary>
internal static class OpenApiExamples
{
    private const string Config =
        """
        {"provider_type":"smtp","smtp_host":"mail.example.com","smtp_port":587,"smtp_username":"acme","smtp_password":"…","from_email":"hello@example.com","from_name":"Acme"}
        """;

    private const string ConfigAnswer =
        """
        {"id":"019abc0e7c4d7b7c8f6a2f0d5e4c3b2a","tenant_id":"acme","provider_type":"smtp","is_active":true,"smtp_host":"mail.example.com","smtp_port":587,"smtp_username":"acme","smtp_use_tls":true,"smtp_use_ssl":false,"aws_region":null,"aws_configuration_set":null,"api_endpoint":null,"mailgun_domain":null,"from_email":"hello@example.com","from_name":"Acme","reply_to":null,"allowed_from_domains":["example.com"],"max_recipients_per_message":null,"max_message_bytes":null,"rate_limit_per_minute":null,"rate_limit_per_hour":null,"daily_quota":null,"cost_per_email_usd":null,"monthly_budget_usd":null,"over_quota":"defer","on_unknown":"resend","rate_limiting_enabled":null,"usage_logging_enabled":null,"audit_logging_enabled":null,"has_smtp_password":true,"has_aws_credentials":false,"has_api_key":false,"encryption_version":1,"created_at":"2026-01-31T08:00:00.000Z","updated_at":"2026-01-31T08:00:00.000Z"}
        """;

    private const string AuditLog =
        """
        {"id":"2516444927999999999-019abc0e7c4d7b7c8f6a2f0d5e4c3b2a-000","tenant_id":"acme","recipient_hash":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","template_name":null,"status":"sent","provider":"smtp","message_id":"acme~019abc0e7c4d7b7c8f6a2f0d5e4c3b2a","error_category":null,"trace_id":"0af7651916cd43dd8448eb211c80319c","created_at":"2026-01-31T08:00:00.120Z"}
        """;

    private const string Health =
        """
        {"status":"healthy","live":true,"ready":true,"checks":[{"name":"store","healthy":true,"error":null},{"name":"queue","healthy":true,"error":null},{"name":"key","healthy":true,"error":null}]}
        """;

    private const string Figures =
        """
        {"sent":98,"failed":2,"delayed":5,"recipients":98,"cost_usd":0.098,"success_rate":98,"average_cost_per_email":0.001,"p50_ms":87,"p95_ms":240,"p99_ms":410}
        """;

    // Without its last letters, so that no secret scanner takes it for a key.
    private const string ApiKeyText = "emf_9a1b2c3de4f5061728394a5b_…";

    private const string ApiKey =
        """
        "name":"shop","scopes":["send"],"created_at":"2026-01-31T08:00:00.000Z","created_by":"key:00000000f1c2a4b5d6e7f809","expires_at":"2027-01-31T00:00:00.000Z"
        """;

    private const string ActivityRow =
        """
        {"id":"2516444927999999999-5d1c9a7e","created_at":"2026-01-31T08:00:00.000Z","actor":"key:00000000f1c2a4b5d6e7f809","action":"config_change","tenant_id":"acme","target":null,"outcome":"done","changed_fields":["from_name","smtp_password"],"detail":null,"trace_id":"0af7651916cd43dd8448eb211c80319c"}
        """;

    private const string Suspended =
        """
        {"tenant_id":"acme","state":"suspended","reason":"Complaints about its mail are looked into.","suspended_at":"2026-01-31T08:00:00.000Z","suspended_by":"key:00000000f1c2a4b5d6e7f809","state_since":"2026-01-31T08:00:00.000Z","removed_rows":0}
        """;

    public static JsonNode? Request(string endpoint) => Parse(endpoint switch
    {
        "CreateConfig" => Config,
        "UpdateConfig" => """{"from_name":"Acme Inc.","reply_to":null}""",
        "TestConfig" => """{"to":"me@example.com","use_tenant_config":true}""",
        "SuspendTenant" => """{"reason":"Complaints about its mail are looked into."}""",
        "EraseRecipient" => """{"recipient":"you@example.com"}""",
        "CreateApiKey" => """{"name":"shop","scopes":["send"],"expires_at":"2027-01-31T00:00:00Z"}""",
        "CreateAdminKey" => """{"name":"operators","scopes":["read","admin"]}""",
        "SendEmail" => """{"tenant_id":"acme","to":["you@example.com"],"subject":"Hello","body":"Hello, you.","body_html":"<p>Hello, you.</p>","tags":["welcome"]}""",
        "ReplayDeadLetters" => """{"tenant_id":"acme","error_category":"network","from":"2026-01-31T00:00:00Z","limit":200}""",
        "SendBatch" => """{"messages":[{"tenant_id":"acme","to":["you@example.com"],"subject":"Hello","body":"Hello, you.","idempotency_key":"hello-1"},{"tenant_id":"acme","to":["nobody"],"subject":"Hello","body":"Hello, you."}]}""",
        _ => null,
    });

    public static JsonNode? Response(string endpoint) => Parse(endpoint switch
    {
        "CreateConfig" or "GetConfig" or "UpdateConfig" => ConfigAnswer,
        "TestConfig" => """{"success":true,"message_id":"acme~019abc0e7c4d7b7c8f6a2f0d5e4c3b2a","provider":"smtp","duration_ms":87,"error":null,"error_code":null}""",
        "GetConfigHealth" => """{"overall_healthy":true,"checks":[{"provider":"smtp","tenant_id":"acme","healthy":true,"last_checked":"2026-01-31T08:00:00.000Z","response_time_ms":41,"error":null}],"timestamp":"2026-01-31T08:00:00.000Z"}""",
        "SendEmail" => """{"message_id":"acme~019abc0e7c4d7b7c8f6a2f0d5e4c3b2a","status":"queued","tenant_id":"acme","accepted_at":"2026-01-31T08:00:00.000Z"}""",
        "SendBatch" => """{"results":[{"index":0,"status":"queued","message_id":"acme~019abc0e7c4d7b7c8f6a2f0d5e4c3b2a","error":null},{"index":1,"status":"rejected","message_id":null,"error":{"status":400,"title":"The request is not valid.","detail":"See errors: each names a field and what it must be.","errors":{"to[0]":["must be an address like name@example.com"]}}}]}""",
        "CancelMessage" => """{"message_id":"acme~019abc0e7c4d7b7c8f6a2f0d5e4c3b2a","tenant_id":"acme","status":"cancelled","reason":null,"priority":"normal","limit":null,"scheduled_for":null,"position":null,"breaker":null,"held":false,"attempts":0,"next_attempt_at":null,"expires_at":null,"provider":null,"provider_message_id":null,"provider_answer":null,"error_category":null,"recipient_count":1,"refused_recipients":[],"created_at":"2026-01-31T08:00:00.000Z","updated_at":"2026-01-31T08:00:01.000Z","trace_id":"0af7651916cd43dd8448eb211c80319c","history":[{"status":"queued","at":"2026-01-31T08:00:00.000Z"},{"status":"cancelled","at":"2026-01-31T08:00:01.000Z"}]}""",
        "GetMessage" => """{"message_id":"acme~019abc0e7c4d7b7c8f6a2f0d5e4c3b2a","tenant_id":"acme","status":"sent","reason":null,"priority":"normal","limit":null,"scheduled_for":null,"position":null,"breaker":null,"held":false,"attempts":1,"next_attempt_at":null,"expires_at":null,"provider":"smtp","provider_message_id":null,"provider_answer":"2.0.0 Ok: queued","error_category":null,"recipient_count":1,"refused_recipients":[],"created_at":"2026-01-31T08:00:00.000Z","updated_at":"2026-01-31T08:00:00.120Z","trace_id":"0af7651916cd43dd8448eb211c80319c","history":[{"status":"queued","at":"2026-01-31T08:00:00.000Z"},{"status":"sending","at":"2026-01-31T08:00:00.020Z","attempt":1},{"status":"sent","at":"2026-01-31T08:00:00.120Z","attempt":1,"provider":"smtp","answer":"2.0.0 Ok: queued"}]}""",
        "GetUsage" => """{"tenant_id":"acme","period_start":"2026-01-01T00:00:00.000Z","period_end":"2026-01-31T00:00:00.000Z","total_emails":1,"successful_emails":1,"failed_emails":0,"success_rate":100,"emails_by_provider":{"smtp":1},"total_cost_usd":0,"cost_by_provider":{"smtp":0},"rate_limit_hits":0,"total_recipients":1,"average_duration_ms":87,"series":[{"period_start":"2026-01-30T00:00:00.000Z","total_emails":1,"successful_emails":1,"failed_emails":0,"total_recipients":1,"total_cost_usd":0}]}""",
        "GetAllUsage" => """{"period_days":30,"period_start":"2026-01-02T00:00:00.000Z","period_end":"2026-01-31T08:00:00.000Z","total_tenants_active":1,"total_tenants_configured":2,"total_emails_sent":1000,"total_cost_usd":1,"emails_by_provider":{"smtp":1000},"cost_by_provider":{"smtp":1},"top_tenants":[{"tenant_id":"acme","email_count":1000,"total_cost_usd":1}],"average_cost_per_email":0.001}""",
        "GetUsageOverview" => $$"""{"period_start":"2026-01-30T09:00:00.000Z","period_end":"2026-01-31T08:10:00.000Z","rolled_up_at":"2026-01-31T08:05:15.000Z","tenants_active":1,"configured_share":100,"total":{{Figures}},"providers":[{"provider":"smtp","figures":{{Figures}}}],"tenants":[{"tenant_id":"acme","figures":{{Figures}},"providers":[{"provider":"smtp","figures":{{Figures}}}]}],"series":[{"hour_start":"2026-01-31T08:00:00.000Z","figures":{{Figures}}}]}""",
        "GetAuditLogs" => $$"""{"logs":[{{AuditLog}}],"next_cursor":null,"has_more":false,"limit":50}""",
        "ExportAuditLogs" => AuditLog,
        "EraseRecipients" => """{"tenant_id":"acme","erased_at":"2026-01-31T08:00:00.000Z","everywhere_at":"2026-01-31T08:05:00.000Z"}""",
        "EraseRecipient" => """{"tenant_id":"acme","status":"accepted","requested_at":"2026-01-31T08:00:00.000Z"}""",
        "CreateApiKey" => $$"""{"id":"9a1b2c3de4f5061728394a5b","key":"{{ApiKeyText}}","tenant_id":"acme",{{ApiKey}}}""",
        "CreateAdminKey" => $$"""{"id":"9a1b2c3de4f5061728394a5b","key":"{{ApiKeyText}}","tenant_id":null,{{ApiKey}}}""",
        "ListApiKeys" => $$"""{"api_keys":[{"id":"9a1b2c3de4f5061728394a5b","tenant_id":"acme",{{ApiKey}},"last_used_at":"2026-01-31T08:00:00.000Z"}]}""",
        "ListAdminKeys" => $$"""{"api_keys":[{"id":"9a1b2c3de4f5061728394a5b","tenant_id":null,{{ApiKey}},"last_used_at":null}]}""",
        "ListActivity" or "ListTenantActivity" => $$"""{"activities":[{{ActivityRow}}],"next_cursor":null,"has_more":false,"limit":50}""",
        "ListTenantStates" => $$"""{"tenants":[{{Suspended}}],"timestamp":"2026-01-31T09:00:00.000Z"}""",
        "GetTenantState" or "SuspendTenant" => Suspended,
        "ResumeTenant" => """{"tenant_id":"acme","state":"active","reason":null,"suspended_at":null,"suspended_by":null,"state_since":null,"removed_rows":0}""",
        "OffboardTenant" => Suspended.Replace("\"suspended\"", "\"offboarding\"", StringComparison.Ordinal),
        "ExportTenant" => $$"""{"kind":"audit","cursor":"audit-2516444927999999999-019abc0e7c4d7b7c8f6a2f0d5e4c3b2a-000","audit":{{AuditLog}}}""",
        "GetProviders" => """{"providers":[{"provider_type":"smtp","name":"SMTP","description":"Any mail server that speaks SMTP, with STARTTLS or implicit TLS.","required_fields":["smtp_host","from_email"],"optional_fields":["smtp_port"],"supports_attachments":true,"supports_html":true,"supports_templates":false,"estimated_cost_per_1000":0}]}""",
        "ListDeadLetters" => """{"dead_letters":[{"message_id":"acme~019abc0e7c4d7b7c8f6a2f0d5e4c3b2a","tenant_id":"acme","dead_since":"2026-01-31T10:00:00.000Z","attempts":8,"error_category":"network","provider":"smtp","provider_answer":"Connection refused","recipient_count":1,"created_at":"2026-01-31T08:00:00.000Z"}],"next_cursor":null,"has_more":false,"limit":50}""",
        "ReplayDeadLetters" => """{"replayed":200,"has_more":true,"next_cursor":"acme~20260131100000000-019abc0e7c4d7b7c8f6a2f0d5e4c3b2a"}""",
        "ReplayDeadLetter" or "ReleaseMessage" => """{"message_id":"acme~019abc0e7c4d7b7c8f6a2f0d5e4c3b2a","tenant_id":"acme","status":"queued"}""",
        "GetFleetHealth" => """{"overall_healthy":false,"healthy_count":1,"total_checks":2,"health_percentage":50,"checks":[{"provider":"smtp","tenant_id":"acme","healthy":true,"status":"healthy","last_checked":"2026-01-31T08:00:00.000Z","response_time_ms":41,"error":null},{"provider":"mailgun","tenant_id":"bravo","healthy":false,"status":"unhealthy","last_checked":"2026-01-31T08:00:00.000Z","response_time_ms":80,"error":"401 Forbidden"}],"total_configs":2,"partial":false,"not_checked":0,"timestamp":"2026-01-31T08:00:00.100Z"}""",
        "GetProviderDistribution" => """{"total_configured_tenants":4,"distribution":[{"provider":"smtp","tenant_count":3},{"provider":"aws_ses","tenant_count":1}],"percentages":{"smtp":75,"aws_ses":25}}""",
        "ListConfigs" => $$"""{"configs":[{{ConfigAnswer}}],"next_cursor":"acme","has_more":true,"limit":1}""",
        "InvalidateConfigCache" => """{"tenant_id":"acme","scope":"instance","other_instances_within_seconds":30}""",
        "ListBreakers" => """{"breakers":[{"tenant_id":"acme","provider":"smtp","place":0,"state":"open","until":"2026-01-31T08:00:30.000Z"}],"has_more":false,"timestamp":"2026-01-31T08:00:00.000Z"}""",
        "GetQueueOverview" => """{"queues":[{"queue_name":"email-dispatch","messages":120,"exact":true,"unknown_because":null},{"queue_name":"email-in","messages":null,"exact":false,"unknown_because":"On a desk there is no queue for event producers."}],"dead_letters":{"count":3,"complete":true},"timestamp":"2026-01-31T08:00:00.000Z"}""",
        "ListBudgets" => """{"budgets":[{"tenant_id":"acme","daily_quota":{"used":800,"limit":1000,"percent":80},"monthly_budget_usd":{"used":4.2,"limit":10,"percent":42},"in_line":0,"waits_for":null}],"next_cursor":null,"has_more":false,"limit":50,"timestamp":"2026-01-31T08:00:00.000Z"}""",
        "RotateKeys" => """{"state":"counting","key_version":2,"total":null,"done":0,"failed":0,"remaining":null,"started_at":"2026-01-31T08:00:00.000Z","check_from":"2026-01-31T08:02:00.000Z","finished_at":null,"failures":[]}""",
        "GetRotation" => """{"state":"incomplete","key_version":2,"total":10000,"done":9999,"failed":1,"remaining":0,"started_at":"2026-01-31T08:00:00.000Z","check_from":"2026-01-31T08:02:00.000Z","finished_at":"2026-01-31T08:03:40.000Z","failures":[{"kind":"configuration","name":"acme","reason":"A data key that names the key local:0123456789abcdef was not wrapped by it, or was changed."}]}""",
        "GetHealth" or "GetRootHealth" => Health,
        _ => null,
    });

    /// <summary>Of an endpoint that answers text, too.</summary>
    public static JsonNode? TextOf(string endpoint) => endpoint switch
    {
        "GetUsage" => "period_start,provider,total_emails,successful_emails,failed_emails,total_recipients,total_cost_usd,rate_limit_hits,average_duration_ms\r\n2026-01-30T00:00:00.000Z,smtp,1,1,0,1,0.001,0,87\r\n",
        _ => null,
    };

    public static JsonNode ProblemOf(string status)
    {
        var problem = Problems.Problem.OfStatus(int.Parse(status, System.Globalization.CultureInfo.InvariantCulture));
        var example = new JsonObject
        {
            ["type"] = "urn:email-functions:problem:" + problem.Kind,
            ["title"] = problem.Title,
            ["status"] = problem.Status,
            ["detail"] = problem.Detail,
            ["instance"] = "/api/v1/email/send",
            ["trace_id"] = "0af7651916cd43dd8448eb211c80319c",
        };
        if (status == "400")
            example["errors"] = new JsonObject { ["to"] = new JsonArray("must hold 1 to 100 addresses") };
        return example;
    }

    private static JsonNode? Parse(string? json) => json is null ? null : JsonNode.Parse(json);
}
