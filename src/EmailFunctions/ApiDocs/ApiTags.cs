namespace EmailFunctions.ApiDocs;

/// <summary>The tags by which the documentation groups endpoints.</summary>
internal static class ApiTags
{
    public const string EmailConfiguration = "email-configuration";
    public const string Email = "email";
    public const string EmailAdmin = "email-admin";
    public const string Service = "service";
}
