// An empty ASP.NET Core service: what perf/startup measures ours against.
var app = WebApplication.CreateBuilder(args).Build();
app.MapGet("/", static () => "ok");
app.Run();
