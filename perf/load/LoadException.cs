namespace EmailFunctions.Load;

/// <summary>The run cannot go on or its numbers would mean nothing; the text is for the user.</summary>
internal sealed class LoadException(string message) : Exception(message);
