using EmailFunctions.Messages;

namespace EmailFunctions.Tests.RealServers;

/// <summary>A large file that has something done when half of it was read the second time: the first time it is measured, the second time sent.</summary>
internal sealed class InterruptedFile(int length, Action interrupt) : FileContent
{
    public override long Length => length;

    public override Stream OpenRead() => new InterruptedStream(length, interrupt);

    private sealed class InterruptedStream(int length, Action interrupt) : MemoryStream(new byte[length], writable: false)
    {
        private int _halves;

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = base.Read(buffer, offset, count);
            Note(read);
            return read;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await base.ReadAsync(buffer, cancellationToken);
            Note(count);
            return count;
        }

        private void Note(int count)
        {
            if (Position - count < Length / 2 && Position >= Length / 2 && ++_halves == 2)
                interrupt();
        }
    }
}
