import java.util.BitSet;

/** What was found for a volume in an interval: the tracks, their number where they are not kept, and counters. */
final class Row {
    final BitSet tracks = new BitSet();
    long writes;
    long writtenBytes;

    void add(long offset, long length, int trackBytes) {
        writes++;
        writtenBytes += length;
        tracks.set((int) (offset / trackBytes), (int) ((offset + length - 1) / trackBytes) + 1);
    }
}
