using EmailFunctions.Problems;
using EmailFunctions.Storage;

namespace EmailFunctions.Sending;

/// <summary>Accepts a message: it is durable in the ledger before the answer, and then on the queue.</summary>
internal sealed class MessageAcceptor(Drafts drafts, Admission admission, WaitEstimate estimate, Intake intake)
{
    /// <exception cref="ProblemException">It is refused; 422: the key was used for another message.</exception>
    /// <exception cref="StoreUnavailableException">Nothing is known to be accepted; the client asks again.</exception>
    public async Task<Acceptance> AcceptAsync(Submission submission, CancellationToken cancellationToken)
    {
        var draft = await drafts.BeginAsync(submission, cancellationToken);
        if (await admission.FindRefusalAsync(submission, [], cancellationToken) is { } refusal)
        {
            return await intake.FindFirstAsync(draft, cancellationToken) is { } earlier
                ? draft.Replay(earlier)
                : throw new ProblemException(refusal);
        }

        draft = draft with { Wait = draft.Wait ?? await estimate.FindAsync(submission, cancellationToken) };
        draft = await drafts.StoreAsync(draft, cancellationToken);
        while (!await intake.TryEnterAsync(draft, cancellationToken))
        {
            if (await intake.FindFirstAsync(draft, cancellationToken) is not { } first)
                continue;
            await drafts.DiscardAsync(draft, cancellationToken);
            return draft.Replay(first);
        }

        return draft.Accepted;
    }
}
