namespace EmailFunctions.Messages.Sealing;

/// <summary>Another content, encrypted while it is read; however often that is, the bytes are the same.</summary>
/// <param name="source">It must not change: two contents under one header would give both away.</param>
/// <param name="key">The tenant's.</param>
/// <param name="identity">What the object is.</param>
internal sealed class SealedContent(FileContent source, byte[] key, byte[] identity) : FileContent
{
    private readonly byte[] _header = ObjectCipher.NewHeader();

    public override long Length => ObjectCipher.SealedLength(source.Length);

    public override Stream OpenRead() => new SealingStream(source.OpenRead(), source.Length, new ObjectCipher(key, _header, identity), _header);
}
