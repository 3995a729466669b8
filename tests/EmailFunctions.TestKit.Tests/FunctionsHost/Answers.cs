using Microsoft.AspNetCore.Http;

namespace EmailFunctions.TestKit.Tests.FunctionsHost;

/// <summary>What a worker can answer to a trigger.</summary>
internal static class Answers
{
    public static Task Empty(HttpContext context) => Task.CompletedTask;

    public static Task Success(HttpContext context) => Json("{}")(context);

    public static Func<HttpContext, Task> Json(string json) => With(StatusCodes.Status200OK, "application/json", json);

    public static Func<HttpContext, Task> With(int status, string? contentType, string body) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(body);
    };
}
