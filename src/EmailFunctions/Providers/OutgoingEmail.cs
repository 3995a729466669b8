using EmailFunctions.Messages;

namespace EmailFunctions.Providers;

/// <summary>A message on its way out.</summary>
public sealed record OutgoingEmail
{
    public OutgoingEmail(MessageId id, DateTimeOffset date, EmailContent content)
    {
        (Id, Date, Content) = (id, date, content);
        Recipients = [.. Enumerable.Range(0, content.RecipientCount)];
    }

    /// <summary>Names it, the same in every attempt.</summary>
    public MessageId Id { get; }

    /// <summary>When it was accepted; becomes its Date.</summary>
    public DateTimeOffset Date { get; }

    /// <summary>What it says.</summary>
    public EmailContent Content { get; }

    /// <summary>
    /// Positions in <see cref="EmailContent.Recipients"/> of those whom this call is for, ascending: all, or those who have not got it
    /// yet. The headers To and Cc name all in any case.
    /// </summary>
    public IReadOnlyList<int> Recipients { get; init; }

    /// <summary>Whether this call is for all recipients.</summary>
    public bool IsForAll => Recipients.Count == Content.RecipientCount;

    /// <summary>The addresses of <see cref="Recipients"/>, in that order.</summary>
    public IReadOnlyList<string> Addresses()
    {
        var all = Content.Recipients.ToList();
        return [.. Recipients.Select(position => all[position])];
    }
}
