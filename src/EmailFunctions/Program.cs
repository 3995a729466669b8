using EmailFunctions.Composition;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddEmailFunctions();
    await using var app = builder.Build();
    app.MapEmailFunctions();
    if (args is ["write-functions", var folder])
        app.WriteFunctions(folder);
    else
        await app.RunEmailFunctionsAsync();
    return 0;
}
catch (Exception exception) when (StartFailure.Explain(exception) is { } sentence)
{
    await Console.Error.WriteLineAsync(sentence);
    return StartFailure.ExitCode;
}
