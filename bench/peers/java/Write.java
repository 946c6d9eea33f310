import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A write as a message of its own: time (us), offset and length (bytes), little endian. */
record Write(long timeUs, long offset, long length) {
    static Write of(byte[] value) {
        ByteBuffer fields = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        return new Write(fields.getLong(0), fields.getLong(8), Integer.toUnsignedLong(fields.getInt(16)));
    }
}
