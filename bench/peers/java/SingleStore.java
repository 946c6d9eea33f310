import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams on one write per message, Processor API with in-memory stores: one has a word of 64 tracks for
 * each key (interval, word, volume), the other counters for each (interval, -1, volume).
 */
final class SingleStore extends Peer {
    private SingleStore(String[] arguments) throws Exception {
        super(arguments, 2);
    }

    public static void main(String[] arguments) throws Exception {
        new SingleStore(arguments).run();
    }

    @Override
    Topology topology() {
        Topology topology = new Topology();
        topology.addSource("writes", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(), job.topic());
        topology.addProcessor("tables", Marking::new, "writes");
        topology.addStateStore(store("words"), "tables");
        topology.addStateStore(store("counters"), "tables");
        return topology;
    }

    private static StoreBuilder<KeyValueStore<byte[], byte[]>> store(String name) {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), Serdes.ByteArray(), Serdes.ByteArray())
                .withLoggingDisabled();
    }

    @Override
    void read(KafkaStreams streams, Rows rows) {
        java.util.Map<ByteBuffer, Long> tracks = new java.util.HashMap<>();
        try (var words = view(streams, "words").all()) {
            words.forEachRemaining(entry -> tracks.merge(
                    ByteBuffer.wrap(key(ByteBuffer.wrap(entry.key).getLong(), -1, volumeOf(entry.key))),
                    (long) Long.bitCount(ByteBuffer.wrap(entry.value).getLong()),
                    Long::sum));
        }
        try (var counters = view(streams, "counters").all()) {
            counters.forEachRemaining(entry -> rows.add(
                    new String(volumeOf(entry.key)),
                    ByteBuffer.wrap(entry.key).getLong() * job.intervalUs(),
                    tracks.get(ByteBuffer.wrap(entry.key)),
                    ByteBuffer.wrap(entry.value).getLong(),
                    ByteBuffer.wrap(entry.value).getLong(8)));
        }
    }

    private static ReadOnlyKeyValueStore<byte[], byte[]> view(KafkaStreams streams, String name) {
        return streams.store(StoreQueryParameters.fromNameAndType(name, QueryableStoreTypes.keyValueStore()));
    }

    private static byte[] key(long interval, int word, byte[] volume) {
        return ByteBuffer.allocate(12 + volume.length).putLong(interval).putInt(word).put(volume).array();
    }

    private static byte[] volumeOf(byte[] key) {
        return java.util.Arrays.copyOfRange(key, 12, key.length);
    }

    private final class Marking implements Processor<byte[], byte[], Void, Void> {
        private KeyValueStore<byte[], byte[]> words;
        private KeyValueStore<byte[], byte[]> counters;

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            words = context.getStateStore("words");
            counters = context.getStateStore("counters");
        }

        @Override
        public void process(Record<byte[], byte[]> message) {
            Write write = Write.of(message.value());
            long interval = Math.floorDiv(write.timeUs(), job.intervalUs());
            long last = (write.offset() + write.length() - 1) / job.trackBytes();
            for (long track = write.offset() / job.trackBytes(); track <= last; track++) {
                byte[] place = key(interval, (int) (track >> 6), message.key());
                byte[] held = words.get(place);
                long word = held == null ? 0 : ByteBuffer.wrap(held).getLong();
                if ((word & 1L << track) == 0) {
                    words.put(place, ByteBuffer.allocate(8).putLong(word | 1L << track).array());
                }
            }
            byte[] place = key(interval, -1, message.key());
            byte[] held = counters.get(place);
            ByteBuffer counts = held == null ? ByteBuffer.allocate(16) : ByteBuffer.wrap(held);
            counters.put(place, ByteBuffer.allocate(16)
                    .putLong(counts.getLong(0) + 1)
                    .putLong(counts.getLong(8) + write.length())
                    .array());
            meter.done(1);
        }
    }
}
