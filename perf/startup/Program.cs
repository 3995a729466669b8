using System.Globalization;
using EmailFunctions.Startup;

const int Rounds = 7;
const double Target = 2.0;

if (args is not [var service, var empty])
{
    Console.Error.WriteLine("Usage: EmailFunctions.Startup SERVICE EMPTY (the two executables; perf/startup/run publishes and names them)");
    return 2;
}

// As in Azure, where nothing is called while it starts; the endpoint needs no store either.
Candidate[] candidates =
[
    new("service", service, "/api/v1/email/providers", static port => new()
    {
        ["FUNCTIONS_CUSTOMHANDLER_PORT"] = port.ToString(CultureInfo.InvariantCulture),
        ["EMAIL_MODE"] = "azure",
        ["EMAIL_QUEUE"] = "storagequeue",
        ["EMAIL_AUTH"] = "none",
        ["EMAIL_ENCRYPTION_KEY"] = Convert.ToBase64String(new byte[32]),
        ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
    }),
    new("empty", empty, "/", static port => new() { ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}" }),
];

// One of each before, for the files to be in memory; then in turn, so that what else the machine does touches both.
var times = candidates.ToDictionary(static candidate => candidate.Name, static _ => new List<double>());
for (var round = 0; round <= Rounds; round++)
{
    foreach (var candidate in candidates)
    {
        var time = (await candidate.MeasureAsync()).TotalMilliseconds;
        if (round > 0)
            times[candidate.Name].Add(time);
    }
}

double Median(string name) => times[name].Order().ElementAt(Rounds / 2);
foreach (var (name, all) in times)
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-8} median {Median(name):F0} ms of {string.Join(", ", all.Order().Select(static time => time.ToString("F0", CultureInfo.InvariantCulture)))}"));
var ratio = Median("service") / Median("empty");
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ratio    {ratio:F2} (target {Target:F1})"));
return ratio <= Target ? 0 : 1;
