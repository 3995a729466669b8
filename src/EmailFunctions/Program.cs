using EmailFunctions.Composition;

try
{
    var command = Command.Of(args);
    var builder = WebApplication.CreateBuilder(args);
    command.Prepare(builder);
    builder.AddEmailFunctions();
    await using var app = builder.Build();
    app.MapEmailFunctions();
    await command.RunAsync(app);
    return 0;
}
catch (Exception exception) when (StartFailure.Explain(exception) is { } sentence)
{
    await Console.Error.WriteLineAsync(sentence);
    return StartFailure.ExitCode;
}
