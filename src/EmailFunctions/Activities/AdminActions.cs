namespace EmailFunctions.Activities;

/// <summary>The names of what is written down of those who administer the service and its tenants.</summary>
internal static class AdminActions
{
    public const string ConfigCreate = "config_create";
    public const string ConfigReplace = "config_replace";
    public const string ConfigChange = "config_change";
    public const string ConfigDelete = "config_delete";
    public const string ConfigTest = "config_test";
    public const string CacheInvalidate = "cache_invalidate";
    public const string ApiKeyCreate = "api_key_create";
    public const string ApiKeyRevoke = "api_key_revoke";
    public const string DeadLetterReplay = "dead_letter_replay";
    public const string DeadLettersReplay = "dead_letters_replay";
    public const string DeadLetterDiscard = "dead_letter_discard";
    public const string MessageRelease = "message_release";
    public const string RecipientErase = "recipient_erase";
    public const string RecipientsErase = "recipients_erase";
    public const string TenantSuspend = "tenant_suspend";
    public const string TenantResume = "tenant_resume";
    public const string TenantExport = "tenant_export";
    public const string TenantOffboard = "tenant_offboard";
    public const string TenantErased = "tenant_erased";
    public const string EncryptionRotate = "encryption_rotate";

    public static IReadOnlyList<string> All { get; } =
    [
        ConfigCreate, ConfigReplace, ConfigChange, ConfigDelete, ConfigTest, CacheInvalidate, ApiKeyCreate, ApiKeyRevoke, DeadLetterReplay, DeadLettersReplay, DeadLetterDiscard,
        MessageRelease, RecipientErase, RecipientsErase, TenantSuspend, TenantResume, TenantExport, TenantOffboard, TenantErased, EncryptionRotate,
    ];
}
