"""Files as blocks of lines: compression by content, exact line numbers, nothing lost in silence."""

import bz2
import gzip
import lzma

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.traces.files import LONGEST_LINE_BYTES, PAD_BYTES, blocks
from streams.errors import TraceError

COMPRESSORS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,  # as the command zstd does
    "xz": lzma.compress,
}
COMPRESSED = [name for name in COMPRESSORS if name != "plain"]
TEXT = b"".join(b"line %d\n" % number for number in range(5000))


def write(folder, content):
    path = folder / "trace.txt"  # the name says nothing about the content
    path.write_bytes(content)
    return path


def read(path, block_bytes=1 << 20):
    return [
        (block.first_line, block.text[PAD_BYTES:-PAD_BYTES].tobytes())
        for block in blocks(path, block_bytes, lambda _done: None)
    ]


@pytest.mark.parametrize("compressor", COMPRESSORS)
@pytest.mark.parametrize("block_bytes", [1, 100, 1 << 16, 1 << 20])
def test_text_comes_back_in_whole_lines(tmp_path, compressor, block_bytes):
    found = read(write(tmp_path, COMPRESSORS[compressor](TEXT)), block_bytes)
    assert b"".join(text for _, text in found) == TEXT
    line = 1
    for first_line, text in found:
        assert (first_line, text[-1:]) == (line, b"\n")
        line += text.count(b"\n")


@given(lines=st.lists(st.text("ab", max_size=9), max_size=30), block_bytes=st.integers(1, 40))
def test_blocks_of_any_size_hold_the_same_lines(tmp_path_factory, lines, block_bytes):
    content = "\n".join(lines).encode()
    found = read(write(tmp_path_factory.getbasetemp(), content), block_bytes)
    whole = content + b"\n" if content and not content.endswith(b"\n") else content
    assert b"".join(text for _, text in found) == whole


@pytest.mark.parametrize("compressor", COMPRESSED)
def test_streams_in_a_row_are_one_file(tmp_path, compressor):
    compress = COMPRESSORS[compressor]
    path = write(tmp_path, compress(TEXT) + compress(b"") + compress(b"last") + b"\0" * 100_000)
    for block_bytes in (1, 1 << 20):
        assert b"".join(text for _, text in read(path, block_bytes)) == TEXT + b"last\n"


@pytest.mark.parametrize("compressor", COMPRESSED)
def test_a_truncated_compressed_file_is_an_error(tmp_path, compressor):
    whole = COMPRESSORS[compressor](TEXT)
    path = write(tmp_path, whole[: len(whole) * 2 // 3])
    with pytest.raises(TraceError, match=f"end of the file inside a {compressor} stream") as raised:
        read(path)
    assert raised.value.expected == "an undamaged compressed file"
    assert raised.value.file == str(path)


def test_the_place_of_a_truncation_is_where_the_text_ends(tmp_path):
    stream = zstandard.ZstdCompressor().compressobj()
    content = stream.compress(b"one\ntwo\nthr") + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    with pytest.raises(TraceError) as raised:
        read(write(tmp_path, content))
    assert (raised.value.line, raised.value.column) == (3, 4)


@pytest.mark.parametrize("compressor", COMPRESSED)
def test_a_damaged_compressed_file_is_an_error(tmp_path, compressor):
    content = bytearray(COMPRESSORS[compressor](TEXT))
    content[len(content) // 2] ^= 0xFF
    content[len(content) // 2 + 1] ^= 0xFF
    with pytest.raises(TraceError, match="an undamaged compressed file"):
        read(write(tmp_path, bytes(content)))


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(TraceError, match="a readable file, found 'No such file or directory'"):
        read(tmp_path / "none")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(TraceError, match="a readable file"):
        read(tmp_path)


def test_an_empty_file_has_no_block(tmp_path):
    assert read(write(tmp_path, b"")) == []


@pytest.mark.parametrize("block_bytes", [1, 1 << 20])
def test_a_byte_order_mark_is_no_text(tmp_path, block_bytes):
    found = read(write(tmp_path, b"\xef\xbb\xbfone\ntwo\n"), block_bytes)
    assert b"".join(text for _, text in found) == b"one\ntwo\n"


def test_a_line_without_end_is_refused_before_memory_is_full(tmp_path):
    path = write(tmp_path, b"first\n" + b"x" * (LONGEST_LINE_BYTES * 3))
    with pytest.raises(TraceError, match="a line of at most") as raised:
        read(path, 1 << 10)
    assert raised.value.line == 2


@pytest.mark.parametrize("compressor", COMPRESSORS)
def test_progress_counts_the_bytes_of_the_file(tmp_path, compressor):
    path = write(tmp_path, COMPRESSORS[compressor](TEXT))
    seen = []
    for _ in blocks(path, 1000, seen.append):
        pass
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size
