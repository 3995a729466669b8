using EmailFunctions.Access;
using EmailFunctions.Activities;
using EmailFunctions.ApiDocs;
using EmailFunctions.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EmailFunctions.Rotation;

/// <summary>The admin's routes for the rotation of the key-encryption key.</summary>
internal static class RotationEndpoints
{
    public static void MapRotation(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/admin/email/encryption").WithTags(ApiTags.EmailAdmin).NeedsForAllTenants(Scopes.Admin);
        group.MapPost("/rotate", StartAsync).WithName("RotateKeys").WithSummary("Wrap all keys in the store under the newest version of the key-encryption key, in the background").ProducesProblems(403);
        group.MapGet("/rotation", GetAsync).WithName("GetRotation").WithSummary("How far the rotation is that is under way, or was last").ProducesProblems(403, 404);
    }

    private static async Task<Accepted<RotationProgress>> StartAsync(
        HttpContext context, Caller caller, KeyRotations rotations, AdminAudit audit, TimeProvider time, CancellationToken cancellationToken)
    {
        var rotation = await audit.RunAsync(new AdminDeed(caller, AdminActions.EncryptionRotate), () => rotations.StartAsync(cancellationToken), cancellationToken);
        var path = context.Request.Path.Value!;
        return TypedResults.Accepted(path[..path.LastIndexOf('/')] + "/rotation", rotation.ToProgress(time.GetUtcNow()));
    }

    private static async Task<Ok<RotationProgress>> GetAsync(KeyRotations rotations, TimeProvider time, CancellationToken cancellationToken) =>
        await rotations.ReadAsync(cancellationToken) is { } rotation
            ? TypedResults.Ok(rotation.ToProgress(time.GetUtcNow()))
            : throw Problem.NotFound("Keys were never rotated; POST /api/v1/admin/email/encryption/rotate begins.");
}
