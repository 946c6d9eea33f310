import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** Runs a topology of Kafka Streams until all writes are processed, and prints what it found. */
abstract class Peer {
    final Job job;
    final Meter meter;
    private final Gate gate = new Gate();
    private final int threads;

    /** With as many threads as can share the partitions that have messages, at most one for each core. */
    Peer(String[] arguments, int threads) throws Exception {
        this.threads = threads;
        job = Job.from(arguments);
        meter = new Meter(job.writes());
    }

    abstract Topology topology();

    /** Reads what was found, while the topology still stands: calls `add` once for each volume and interval. */
    abstract void read(KafkaStreams streams, Rows rows) throws Exception;

    /** Collects the answer. */
    interface Rows {
        void add(String volume, long startUs, long tracks, long writes, long writtenBytes);
    }

    void run() throws Exception {
        KafkaStreams streams = new KafkaStreams(topology(), properties(), gate);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        start(streams);
        meter.awaitEnd();
        List<Object> rows = new ArrayList<>();
        read(streams, (volume, startUs, tracks, writes, writtenBytes) ->
                rows.add(List.of(volume, startUs, tracks, writes, writtenBytes)));
        Map<String, Object> answer = Map.of(
                "wall_seconds", meter.wallSeconds(),
                "cpu_seconds", meter.cpuSeconds(),
                "peak_bytes", peakBytes(),
                "rows", rows);
        System.out.println(new ObjectMapper().writeValueAsString(answer));
        System.out.flush();
        streams.close(Duration.ofSeconds(10));
    }

    /**
     * Threads share the tasks before anything is fetched: a task that moves later loses what is in its memory. The
     * time runs from then on.
     */
    private void start(KafkaStreams streams) throws InterruptedException {
        streams.start();
        while (!shared(streams)) {
            Thread.sleep(10);
        }
        meter.begin();
        gate.open();
    }

    private boolean shared(KafkaStreams streams) {
        return streams.state() == KafkaStreams.State.RUNNING
                && streams.metadataForLocalThreads().stream().noneMatch(thread -> thread.activeTasks().isEmpty());
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, job.run());
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, job.bootstrap());
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, threads);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, job.stateFolder());
        properties.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        // A batch message is 180 kB: the default of 1 MiB a partition would fetch six at a time.
        properties.put(StreamsConfig.consumerPrefix("max.partition.fetch.bytes"), 8 << 20);
        // A fetch from empty partitions holds up the next one from the full one: no longer than for the worker.
        properties.put(StreamsConfig.consumerPrefix("fetch.max.wait.ms"), 20);
        return properties;
    }

    /** The most memory that the process had, where the system tells. */
    private static long peakBytes() throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        return 0;
    }
}
