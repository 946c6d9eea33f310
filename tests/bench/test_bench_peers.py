"""The worker against the fastest of its rivals, run by run."""

from bench.peers.comparing import against_fastest
from bench.running import Result


def rates(*values):
    return {"writes/s": list(values)}


def test_ratios_are_taken_to_the_fastest_of_each_kind_in_the_same_run():
    result = Result(
        "peers",
        "zipf",
        {
            "worker": rates(6, 6),
            "worker, narrow columns": rates(12, 12),
            "Quix, dictionary, numba": rates(3, 1),
            "Quix, RocksDB + changelog, numba": rates(2, 2),
            "Kafka Streams, Processor": rates(4, 4),
        },
    )
    against_fastest([result])
    assert result.figures["worker"]["/ fastest peer"] == [1.5, 1.5]
    assert result.figures["worker"]["/ fastest in Python"] == [2, 3]
    assert result.figures["worker"]["/ fastest that survives a crash"] == [3, 3]
    assert result.figures["worker, narrow columns"]["/ fastest peer"] == [3, 3]
    assert "/ fastest peer" not in result.figures["Kafka Streams, Processor"]


def test_without_such_a_rival_there_is_no_ratio():
    result = Result("peers", "zipf", {"worker": rates(6), "Kafka Streams, Processor": rates(4)})
    against_fastest([result])
    assert list(result.figures["worker"]) == ["writes/s", "/ fastest peer"]
