import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** Counts writes; wall and CPU time run from the assignment of the partitions to the last write. */
final class Meter {
    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final AtomicLong missing;
    private final CountDownLatch done = new CountDownLatch(1);
    private long[] begun;
    private volatile long[] ended;

    Meter(long writes) {
        missing = new AtomicLong(writes);
    }

    /** The partitions are assigned, and nothing has been fetched of them. */
    void begin() {
        begun = now();
    }

    /** So many are processed. */
    void done(long writes) {
        if (missing.addAndGet(-writes) == 0) {
            ended = now();
            done.countDown();
        }
    }

    /** So many more are awaited: for what a step sends on to another. */
    void await(long more) {
        missing.addAndGet(more);
    }

    void awaitEnd() throws InterruptedException {
        done.await();
    }

    double wallSeconds() {
        return (ended[0] - begun[0]) / 1e9;
    }

    double cpuSeconds() {
        return (ended[1] - begun[1]) / 1e9;
    }

    private static long[] now() {
        return new long[] {System.nanoTime(), PROCESS.getProcessCpuTime()};
    }
}
