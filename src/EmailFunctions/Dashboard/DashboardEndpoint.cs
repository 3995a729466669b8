using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using EmailFunctions.Access.Tokens;
using EmailFunctions.Hardening;
using EmailFunctions.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace EmailFunctions.Dashboard;

/// <summary>
/// The status page: files that ask the same endpoints as any client, and hold nothing themselves, so that anybody may have them. They lie in the
/// service's own file, as they lie in the folder <c>page</c>.
/// </summary>
internal static class DashboardEndpoint
{
    private const string Prefix = "dashboard/";

    private static readonly FrozenDictionary<string, PageFile> Files = Read().ToFrozenDictionary(static file => file.Path, StringComparer.Ordinal);

    public static void MapDashboard(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/dashboard/{*asset}", [HttpMethods.Get, HttpMethods.Head], Get).WithName("GetDashboard").AllowAnonymous().ExcludeFromDescription();
        routes.MapGet("/dashboard/sign-in.json", GetSignInAsync).WithName("GetSignIn").AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<Ok<SignInWays>> GetSignInAsync(SignIn signIn, CancellationToken cancellationToken) =>
        TypedResults.Ok(new SignInWays(await signIn.FindAsync(cancellationToken)));

    private static IResult Get(string? asset, HttpContext context, SignIn signIn)
    {
        // The files are named from the page on; without the slash they would be looked for beside it.
        if (string.IsNullOrEmpty(asset) && !context.Request.Path.Value!.EndsWith('/'))
            return Results.Redirect("/dashboard/");
        if (!Files.TryGetValue(string.IsNullOrEmpty(asset) ? "index.html" : asset, out var file))
            throw Problem.NotFound("There is no such file.");
        // The library of the charts sets styles by the object model, which no policy forbids.
        new PagePolicy { Issuer = signIn.Issuer }.ApplyTo(context.Response);
        context.Response.Headers.CacheControl = "no-cache";
        return Results.Bytes(file.Content, file.Type, entityTag: file.Tag);
    }

    private static IEnumerable<PageFile> Read()
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            var path = name[Prefix.Length..].Replace('\\', '/');
            yield return new PageFile(path, content, TypeOf(path), new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\""));
        }
    }

    private static string TypeOf(string path) => Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };

    private sealed record PageFile(string Path, byte[] Content, string Type, EntityTagHeaderValue Tag);
}
