import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.wire.partitions import murmur2, partition_of

# The vectors that Kafka's own unit tests publish (org.apache.kafka.common.utils.UtilsTest).
PUBLISHED = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
    b"": 275646681,
}


@pytest.mark.parametrize("key", PUBLISHED)
def test_murmur2_gives_the_published_hashes(key):
    assert murmur2(key) == PUBLISHED[key]


@given(st.binary(max_size=40))
def test_murmur2_agrees_with_another_implementation(key):
    assert murmur2(key) & 0xFFFFFFFF == aiokafka_murmur2(key) & 0xFFFFFFFF


@given(st.binary(max_size=40), st.integers(1, 1000))
def test_partition_is_the_positive_hash_modulo_partitions(key, partitions):
    assert partition_of(key, partitions) == (aiokafka_murmur2(key) & 0x7FFFFFFF) % partitions
