import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;

/** Kafka Streams on one write per message, Processor API: a bit set per volume and interval, in no store. */
final class SingleMemory extends Peer {
    private record Place(String volume, long interval) {}

    private final Queue<Map<Place, Row>> found = new ConcurrentLinkedQueue<>();

    private SingleMemory(String[] arguments) throws Exception {
        super(arguments, 2);
    }

    public static void main(String[] arguments) throws Exception {
        new SingleMemory(arguments).run();
    }

    @Override
    Topology topology() {
        Topology topology = new Topology();
        topology.addSource("writes", Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), job.topic());
        topology.addProcessor("tables", Marking::new, "writes");
        return topology;
    }

    @Override
    void read(KafkaStreams streams, Rows rows) {
        for (Map<Place, Row> tables : found) {
            tables.forEach((place, row) -> rows.add(
                    place.volume(), place.interval() * job.intervalUs(), row.tracks.cardinality(), row.writes, row.writtenBytes));
        }
    }

    private final class Marking implements Processor<String, byte[], Void, Void> {
        private final Map<Place, Row> tables = new HashMap<>();

        Marking() {
            found.add(tables);
        }

        @Override
        public void process(Record<String, byte[]> message) {
            Write write = Write.of(message.value());
            Place place = new Place(message.key(), Math.floorDiv(write.timeUs(), job.intervalUs()));
            tables.computeIfAbsent(place, absent -> new Row()).add(write.offset(), write.length(), job.trackBytes());
            meter.done(1);
        }
    }
}
