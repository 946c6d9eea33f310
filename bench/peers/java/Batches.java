import java.io.ByteArrayInputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.TimeStampMicroTZVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;

/** Kafka Streams on Arrow batches, Processor API: a bit set per volume and interval in the memory of its task. */
final class Batches extends Peer {
    private record Place(String volume, long interval) {}

    private final Queue<Map<Place, Row>> found = new ConcurrentLinkedQueue<>();

    private Batches(String[] arguments) throws Exception {
        super(arguments, 1);
    }

    public static void main(String[] arguments) throws Exception {
        new Batches(arguments).run();
    }

    @Override
    Topology topology() {
        Topology topology = new Topology();
        topology.addSource("writes", Serdes.ByteArray().deserializer(), Serdes.ByteArray().deserializer(), job.topic());
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

    private final class Marking implements Processor<byte[], byte[], Void, Void> {
        private final BufferAllocator allocator = new RootAllocator();
        private final Map<Place, Row> tables = new HashMap<>();

        Marking() {
            found.add(tables);
        }

        @Override
        public void process(Record<byte[], byte[]> message) {
            if (!new String(message.headers().lastHeader("kind").value()).equals("writes")) {
                return;
            }
            try (ArrowStreamReader reader = new ArrowStreamReader(new ByteArrayInputStream(message.value()), allocator)) {
                reader.loadNextBatch();
                mark(reader);
            } catch (java.io.IOException error) {
                throw new java.io.UncheckedIOException(error);
            }
        }

        private void mark(ArrowStreamReader reader) throws java.io.IOException {
            VectorSchemaRoot batch = reader.getVectorSchemaRoot();
            TimeStampMicroTZVector time = (TimeStampMicroTZVector) batch.getVector("time");
            BaseIntVector volume = (BaseIntVector) batch.getVector("volume");
            UInt8Vector offset = (UInt8Vector) batch.getVector("offset");
            BaseIntVector length = (BaseIntVector) batch.getVector("length");
            VarCharVector names = (VarCharVector)
                    reader.lookup(batch.getVector("volume").getField().getDictionary().getId()).getVector();
            Row[] rows = new Row[names.getValueCount()];
            long interval = -1;
            for (int at = 0; at < batch.getRowCount(); at++) {
                long mine = Math.floorDiv(time.get(at), job.intervalUs());
                if (mine != interval) {
                    interval = mine;
                    for (int code = 0; code < rows.length; code++) {
                        rows[code] = null;
                    }
                }
                int code = (int) volume.getValueAsLong(at);
                if (rows[code] == null) {
                    Place place = new Place(names.getObject(code).toString(), interval);
                    rows[code] = tables.computeIfAbsent(place, absent -> new Row());
                }
                rows[code].add(offset.get(at), length.getValueAsLong(at), job.trackBytes());
            }
            meter.done(batch.getRowCount());
        }
    }
}
