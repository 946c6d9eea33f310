import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/**
 * Kafka Streams on one write per message, DSL: tumbling windows in memory, of counters per volume, and of the
 * number of writes per track, for which the writes are grouped anew by volume and track.
 */
final class SingleDsl extends Peer {
    private static final Duration GRACE = Duration.ofHours(1);

    private final Duration interval;

    private SingleDsl(String[] arguments) throws Exception {
        super(arguments, 2);
        interval = Duration.ofMillis(job.intervalUs() / 1000);
        meter.await(job.writes()); // each is counted, and taken apart into tracks
    }

    public static void main(String[] arguments) throws Exception {
        new SingleDsl(arguments).run();
    }

    @Override
    Topology topology() {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, byte[]> writes = builder.stream(
                job.topic(),
                Consumed.with(Serdes.String(), Serdes.ByteArray())
                        .withTimestampExtractor((message, before) -> Write.of((byte[]) message.value()).timeUs() / 1000));
        TimeWindows windows = TimeWindows.ofSizeAndGrace(interval, GRACE);
        writes.groupByKey()
                .windowedBy(windows)
                .aggregate(
                        () -> new byte[16],
                        (volume, value, counts) -> counted(value, counts),
                        Materialized.<String, byte[]>as(inMemory("counters"))
                                .withKeySerde(Serdes.String())
                                .withValueSerde(Serdes.ByteArray())
                                .withLoggingDisabled());
        writes.flatMap((volume, value) -> touched(volume, Write.of(value)))
                .groupByKey(Grouped.with(Serdes.String(), Serdes.ByteArray()))
                .windowedBy(windows)
                .aggregate(
                        () -> 0L,
                        (track, nothing, count) -> {
                            meter.done(1);
                            return count + 1;
                        },
                        Materialized.<String, Long>as(inMemory("tracks"))
                                .withKeySerde(Serdes.String())
                                .withValueSerde(Serdes.Long())
                                .withLoggingDisabled());
        return builder.build();
    }

    private WindowBytesStoreSupplier inMemory(String name) {
        return Stores.inMemoryWindowStore(name, interval.plus(GRACE), interval, false);
    }

    private byte[] counted(byte[] value, byte[] counts) {
        ByteBuffer before = ByteBuffer.wrap(counts);
        byte[] after = ByteBuffer.allocate(16)
                .putLong(before.getLong() + 1)
                .putLong(before.getLong() + Write.of(value).length())
                .array();
        meter.done(1);
        return after;
    }

    /** The tracks of a write; these are awaited from here on. */
    private List<KeyValue<String, byte[]>> touched(String volume, Write write) {
        List<KeyValue<String, byte[]>> tracks = new ArrayList<>();
        long last = (write.offset() + write.length() - 1) / job.trackBytes();
        for (long track = write.offset() / job.trackBytes(); track <= last; track++) {
            tracks.add(KeyValue.pair(volume + "/" + track, new byte[0]));
        }
        meter.await(tracks.size());
        meter.done(1);
        return tracks;
    }

    @Override
    void read(KafkaStreams streams, Rows rows) {
        Map<String, Long> tracks = new HashMap<>();
        try (var found = SingleDsl.<Long>view(streams, "tracks").all()) {
            found.forEachRemaining(entry -> tracks.merge(
                    entry.key.key().split("/")[0] + "/" + entry.key.window().start(), 1L, Long::sum));
        }
        try (var found = SingleDsl.<byte[]>view(streams, "counters").all()) {
            found.forEachRemaining(entry -> {
                ByteBuffer counts = ByteBuffer.wrap(entry.value);
                long start = entry.key.window().start();
                long number = tracks.get(entry.key.key() + "/" + start);
                rows.add(entry.key.key(), start * 1000, number, counts.getLong(0), counts.getLong(8));
            });
        }
    }

    private static <V> ReadOnlyWindowStore<String, V> view(KafkaStreams streams, String name) {
        return streams.store(StoreQueryParameters.fromNameAndType(name, QueryableStoreTypes.<String, V>windowStore()));
    }
}
