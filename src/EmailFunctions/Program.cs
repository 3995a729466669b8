using EmailFunctions.Composition;

try
{
    var builder = WebApplication.CreateBuilder(args);
    var folder = args is ["write-functions", var name] ? name : null;
    if (folder is not null)
        builder.UseStagingSettings();
    builder.AddEmailFunctions();
    await using var app = builder.Build();
    app.MapEmailFunctions();
    if (folder is not null)
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
