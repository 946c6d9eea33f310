import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** What a peer is asked to do, a JSON object in its only argument: the same as for the peers in Python. */
record Job(String bootstrap, String topic, long writes, int trackBytes, long intervalUs, String run, String stateFolder) {
    static Job from(String[] arguments) throws Exception {
        JsonNode job = new ObjectMapper().readTree(arguments[0]);
        return new Job(
                job.get("bootstrap").asText(),
                job.get("topic").asText(),
                job.get("writes").asLong(),
                job.get("track_bytes").asInt(),
                job.get("interval_seconds").asLong() * 1_000_000,
                job.get("run").asText(),
                job.get("state_folder").asText());
    }
}
