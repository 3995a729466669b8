using EmailFunctions.Tests.Support;
using Xunit.Sdk;
using Xunit.v3;

// One more at a time than there are processors: those that go first wait for the clock, and leave the processors to the others.
[assembly: Parallelization(MaxThreads = 3)]
[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace EmailFunctions.Tests.Support;

/// <summary>Begins with the tests on the published service, which take minutes of real time: begun last they would be all that runs.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderByDescending(static collection => collection.TestCollectionDisplayName.Contains("Hosted", StringComparison.Ordinal))];
}
