using System.Collections.Immutable;
using System.Text.Json.Serialization;
using EmailFunctions.Wire;

namespace EmailFunctions.Messages;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(Rfc3339Converter)])]
[JsonSerializable(typeof(ImmutableArray<HistoryEntry>))]
internal sealed partial class MessageJson : JsonSerializerContext;
