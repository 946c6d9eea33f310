"""Traces with fixed columns: MSR Cambridge, SSDsim, and whatever a mapping describes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.traces import CsvMapping, TraceOptions, read_trace
from streams.errors import TraceError
from tests.agents.traces.written import written

MSR = TraceOptions(format="msr")
SSDSIM = TraceOptions(format="ssdsim")
PLAIN = CsvMapping(
    time=1, volume=2, op=3, offset=4, length=5, write=("W",), read=("R",), discard=("D",), time_unit="us"
)
FILETIME = 116_444_736_000_000_000
OFFSET = "an offset in bytes, 0 or more, below 2^63 bytes"
LENGTH = "a length in bytes, 0 or more, below 2^63 bytes"
ARRAY = "the name of an array: 1 to 255 bytes of UTF-8 without a slash"
VOLUME = "the name of a volume: 1 to 255 bytes of UTF-8"
TIME = "a Windows file time (100 ns since 1601), from 1970 to 9999"
HEADER_HINT = " (if this is a header: only the format csv reads one, with header=yes)"


def csv(mapping=PLAIN, **options):
    return TraceOptions(format="csv", mapping=mapping, **options)


def read(folder, text, options):
    path = folder / "trace"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_trace([path], options)


def refused(folder, text, options):
    """Line and column of what does not parse, what was found there, and what was expected."""
    with pytest.raises(TraceError) as raised:
        read(folder, text, options)
    error = raised.value
    assert error.file == str(folder / "trace")
    return error.line, error.column, error.found, error.expected


def test_msr_cambridge(tmp_path):
    text = (
        f"{FILETIME + 12_345},web,1,Write,4096,512,77\n"
        f"{FILETIME + 10_000},web,0,Read,0,1024,99\n"
        f"{FILETIME + 10_019},prn,1,Write,0,8192,1\n"
    )
    trace = read(tmp_path, text, MSR)
    assert written(trace) == [(1001, "prn/1", 0, 8192), (1234, "web/1", 4096, 512)]
    assert trace.writes.volumes == ("prn/1", "web/0", "web/1")
    assert (trace.records, trace.reads, trace.skipped) == (3, 1, 0)
    assert (trace.first_us, trace.last_us) == (1000, 1234)
    assert trace.writes.discard is None


def test_ssdsim_counts_nanoseconds_and_sectors_and_zero_means_write(tmp_path):
    trace = read(tmp_path, "938513999 4 100 16 0\n938828000 3 8 8 1\n", SSDSIM)
    assert written(trace) == [(938_513, "trace/4", 51_200, 8192)]
    assert trace.reads == 1


def test_ssdsim_takes_any_run_of_blanks(tmp_path):
    assert written(read(tmp_path, "  1000\t4  1 1 0 \r\n", SSDSIM)) == [(1, "trace/4", 512, 512)]


def test_the_array_of_formats_that_name_none(tmp_path):
    options = TraceOptions(format="ssdsim", array="ssd")
    assert written(read(tmp_path, "1000 0 0 1 0\n", options)) == [(1, "ssd/0", 0, 512)]


def test_alibaba_columns(tmp_path):
    mapping = CsvMapping.parse("volume=1,op=2,offset=3,length=4,time=5,write=W,read=R,time_unit=us")
    trace = read(
        tmp_path, "419,W,8792731648,16384,1577808144360767\n419,R,0,4096,1577808144360768\n", csv(mapping)
    )
    assert written(trace) == [(1_577_808_144_360_767, "trace/419", 8_792_731_648, 16_384)]


def test_tencent_counts_sectors_and_one_means_write(tmp_path):
    mapping = CsvMapping.parse(
        "time=1,offset=2,length=3,op=4,volume=5,write=1,read=0,time_unit=s,offset_unit=sectors,length_unit=sectors"
    )
    trace = read(tmp_path, "1538323200,12910952,128,0,1063\n1538323201,6338688,8,1,1627\n", csv(mapping))
    assert written(trace) == [(1_538_323_201_000_000, "trace/1627", 6_338_688 * 512, 4096)]


def test_fujitsu_k5_times_count_from_the_first_request(tmp_path):
    mapping = CsvMapping.parse(
        "volume=1,time=2,op=3,offset=4,length=5,write=W,read=R,time_unit=s,time_is_relative=yes"
    )
    trace = read(tmp_path, "0,0.0000019,W,512,1024\n", csv(mapping, start_us=5_000_000))
    assert written(trace) == [(5_000_001, "trace/0", 512, 1024)]


def test_systor_names_columns_and_leaves_some_kinds_blank(tmp_path):
    mapping = CsvMapping.parse(
        "time=Timestamp,op=IOType,volume=LUN,offset=Offset,length=Size,write=W,time_unit=s,header=yes"
    )
    text = "Timestamp,Response,IOType,LUN,Offset,Size\n1.000002999,0.1,W,3,0,4096\n2.0,0.0,,4,0,512\n"
    trace = read(tmp_path, text, csv(mapping))
    assert written(trace) == [(1_000_002, "trace/3", 0, 4096)]
    assert trace.reads == 1


def test_spc_mixes_blocks_and_bytes(tmp_path):
    mapping = CsvMapping.parse(
        "volume=1,offset=2,length=3,op=4,time=5,write=w|W,offset_unit=sectors,time_is_relative=yes"
    )
    trace = read(tmp_path, "0,20941264,8192,W,0.551706\n0,20939840,8192,w,0.554041\n", csv(mapping))
    assert [row[2:] for row in written(trace)] == [(20_941_264 * 512, 8192), (20_939_840 * 512, 8192)]


def test_an_array_column_names_arrays(tmp_path):
    mapping = CsvMapping(time=1, array=2, volume=3, offset=4, length=5, time_unit="us")
    assert written(read(tmp_path, "7,a,v/1,0,1\n", csv(mapping))) == [(7, "a/v/1", 0, 1)]


def test_without_columns_of_volume_and_op_every_row_writes_one_volume(tmp_path):
    trace = read(
        tmp_path, "7;0;1\n", csv(CsvMapping(time=1, offset=2, length=3, time_unit="us", delimiter=";"))
    )
    assert written(trace) == [(7, "trace/0", 0, 1)]


def test_discards_are_told_apart(tmp_path):
    trace = read(tmp_path, "1,v,D,0,512\n2,v,W,0,512\n", csv())
    assert trace.writes.discard is not None
    assert trace.writes.discard.tolist() == [True, False]
    assert (trace.records, trace.reads) == (2, 0)


def test_quoted_fields(tmp_path):
    assert written(read(tmp_path, '1,"8,16","W","0","512"\n', csv())) == [(1, "trace/8,16", 0, 512)]


# Traps that cost correctness


def test_time_running_backwards_is_sorted_and_nothing_lost(tmp_path):
    trace = read(tmp_path, "3,v,W,0,1\n1,v,W,1,1\n2,v,W,2,1\n1,v,W,3,1\n", csv())
    assert [(row[0], row[2]) for row in written(trace)] == [(1, 1), (1, 3), (2, 2), (3, 0)]
    assert (trace.first_us, trace.last_us) == (1, 3)


def test_a_negative_offset_is_refused(tmp_path):
    assert refused(tmp_path, "1,v,W,0,1\n2,v,W,-512,1\n", csv()) == (2, 7, "-512", OFFSET)


def test_a_length_of_zero_is_a_write(tmp_path):
    assert written(read(tmp_path, "1,v,W,4096,0\n", csv())) == [(1, "trace/v", 4096, 0)]


@pytest.mark.parametrize(
    ("offset", "length", "found", "expected"),
    [
        (2**63, 1, 1, "a length that ends below 2^63 bytes"),
        (2**63 - 1, 2, 2, "a length that ends below 2^63 bytes"),
        (1, 2**63, 2**63, "a length that ends below 2^63 bytes"),
        (2**63 + 1, 0, 2**63 + 1, OFFSET),
        (2**64, 1, 2**64, OFFSET),
        (10**30, 1, 10**30, OFFSET),
    ],
)
def test_an_extent_beyond_2_to_63_is_refused(tmp_path, offset, length, found, expected):
    line = f"1,v,W,{offset},{length}"
    column = line.rindex(str(found)) + 1
    assert refused(tmp_path, line + "\n", csv()) == (1, column, str(found), expected)


def test_an_extent_up_to_2_to_63_is_kept(tmp_path):
    text = f"1,v,W,{2**63 - 1},1\n2,v,W,{2**63},0\n3,v,W,0,{2**63}\n"
    assert [row[2:] for row in written(read(tmp_path, text, csv()))] == [
        (2**63 - 1, 1),
        (2**63, 0),
        (0, 2**63),
    ]


def test_sectors_beyond_2_to_63_bytes_are_refused(tmp_path):
    sectors = CsvMapping(time=1, offset=2, length=3, offset_unit_bytes=512, time_unit="us")
    assert written(read(tmp_path, f"1,{2**54},0\n", csv(sectors)))[0][2] == 2**63
    expected = "an offset in sectors of 512 bytes, 0 or more, below 2^63 bytes"
    assert refused(tmp_path, f"1,{2**54 + 1},0\n", csv(sectors)) == (1, 3, str(2**54 + 1), expected)


def test_mixed_line_ends(tmp_path):
    trace = read(tmp_path, "1,v,W,0,1\r\n2,v,W,0,2\n3,v,W,0,3\r\r\n", csv())
    assert [row[3] for row in written(trace)] == [1, 2, 3]


@pytest.mark.parametrize("ending", ["", "\r", "\n", "\r\n"])
def test_a_last_line_without_newline_counts(tmp_path, ending):
    assert [row[3] for row in written(read(tmp_path, f"1,v,W,0,1\n2,v,W,0,2{ending}", csv()))] == [1, 2]


@pytest.mark.parametrize("text", ["", "\n", " \n\t\r\n\n"])
@pytest.mark.parametrize("options", [MSR, SSDSIM, csv()])
def test_an_empty_file_is_an_empty_trace(tmp_path, text, options):
    trace = read(tmp_path, text, options)
    assert (len(trace.writes), trace.records, trace.first_us, trace.last_us) == (0, 0, None, None)


def test_blank_lines_are_skipped_but_numbered(tmp_path):
    text = "\n1,v,W,0,1\n \t\n\r\n2,v,W,0,2\n\n3,v,W,x,3\n"
    assert [row[3] for row in written(read(tmp_path, text.replace("x", "0"), csv()))] == [1, 2, 3]
    assert refused(tmp_path, text, csv()) == (7, 7, "x", OFFSET)


def test_a_header_where_none_is_expected_is_refused_with_a_hint(tmp_path):
    text = "Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime\n"
    assert refused(tmp_path, text, MSR) == (1, 1, "Timestamp", TIME + HEADER_HINT)


def test_nanoseconds_are_cut(tmp_path):
    mapping = CsvMapping(time=1, offset=2, length=3, time_unit="ns")
    assert [row[0] for row in written(read(tmp_path, "1999,0,1\n2000,0,1\n", csv(mapping)))] == [1, 2]


# What does not parse


@pytest.mark.parametrize(
    ("line", "column", "found", "expected"),
    [
        ("x,h,0,Write,0,1,0", 1, "x", TIME),
        (f"{FILETIME},h/i,0,Write,0,1,0", 20, "h/i", ARRAY),
        (f"{FILETIME},,0,Write,0,1,0", 20, "", ARRAY),
        (f"{FILETIME},h,,Write,0,1,0", 22, "", VOLUME),
        (f"{FILETIME},h,0,write,0,1,0", 24, "write", "Write or Read"),
        (f"{FILETIME},h,0,Write,4.5,1,0", 30, "4.5", OFFSET),
        (f"{FILETIME},h,0,Write,0,0x10,0", 32, "0x10", LENGTH),
        (f"{FILETIME},h,0,Write,0,1", 33, "", "7 columns"),
        (f"{FILETIME},h,0,Write,0,1,0,8", 36, "8", "the end of the line after 7 columns"),
        (f"{FILETIME},hé,0,Write,0,z,0", 33, "z", LENGTH),
    ],
)
def test_the_place_of_what_does_not_parse_is_exact(tmp_path, line, column, found, expected):
    good = f"{FILETIME},h,0,Write,0,1,0\n"
    assert refused(tmp_path, good + line + "\n" + good, MSR) == (2, column, found, expected)


def test_of_several_faults_the_first_in_reading_order_is_told(tmp_path):
    text = "1,v,W,0,0\n2,v,X,y,z\nq,v,W,0,1\n"
    assert refused(tmp_path, text, csv()) == (2, 5, "X", "W or D or R")


def test_what_is_found_is_shown_in_part_only(tmp_path):
    assert refused(tmp_path, "1,v,W," + "7" * 10_000 + ",1\n", csv()) == (1, 7, "7" * 80, OFFSET)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    told = refused(tmp_path, b"1,\xff\xfe,W,0,1\n", csv())
    assert told == (1, 3, "\ufffd\ufffd", VOLUME + HEADER_HINT)


def test_too_few_columns_without_a_declared_number(tmp_path):
    assert refused(tmp_path, "1,v,W,0,1,more\n1,v,W,0\n", csv()) == (2, 8, "", "5 columns")


def test_rows_must_fit_their_header(tmp_path):
    mapping = CsvMapping(time="t", offset="o", length="l", header=True, time_unit="us")
    assert written(read(tmp_path, "\nl,o,t\n1,2,3\n", csv(mapping))) == [(3, "trace/0", 2, 1)]
    told = refused(tmp_path, "l,o,t\n1,2,3\n1,2,3,4\n", csv(mapping))
    assert told == (3, 7, "4", "the end of the line after 3 columns")


@pytest.mark.parametrize("header", ["l,o,time", "t,t,l,o"])
def test_a_column_that_the_header_lacks_or_repeats(tmp_path, header):
    mapping = CsvMapping(time="t", offset="o", length="l", header=True)
    told = refused(tmp_path, header + "\n", csv(mapping))
    assert told == (1, 1, header.replace(",", ", "), "a header with one column 't'")


def test_a_header_alone_is_an_empty_trace(tmp_path):
    mapping = CsvMapping(time="t", offset="o", length="l", header=True)
    assert read(tmp_path, "t,o,l\n", csv(mapping)).records == 0
    assert read(tmp_path, "", csv(mapping)).records == 0


def test_numbers_find_columns_under_a_header_too(tmp_path):
    mapping = CsvMapping(time=3, offset=2, length="l", header=True, time_unit="us")
    assert written(read(tmp_path, "l,o,t\n1,2,3\n", csv(mapping))) == [(3, "trace/0", 2, 1)]


GOOD = st.tuples(
    st.integers(0, 50),
    st.sampled_from(["a", "b", "v-1"]),
    st.sampled_from("WRD"),
    st.integers(0, 1 << 40),
    st.integers(0, 1 << 20),
)
BAD = st.sampled_from(["x,a,W,0,1", "1,,W,0,1", "1,a,Q,0,1", "1,a,W,-1,1", "1,a,W,0,1e3", "1,a,W,0", "hello"])


@given(lines=st.lists(st.one_of(GOOD, GOOD, GOOD, BAD), max_size=30), block_bytes=st.integers(1, 200))
def test_any_rows_in_any_blocks_against_a_loop(tmp_path_factory, lines, block_bytes):
    folder = tmp_path_factory.getbasetemp()
    text = "\n".join(line if isinstance(line, str) else ",".join(map(str, line)) for line in lines)
    good = [line for line in lines if not isinstance(line, str)]
    bad = [number for number, line in enumerate(lines, start=1) if isinstance(line, str)]
    trace = read(folder, text, csv(block_bytes=block_bytes, skip_bad=True))
    kept = sorted((row for row in good if row[2] != "R"), key=lambda row: row[0])
    assert written(trace) == [
        (time, f"trace/{name}", offset, length) for time, name, _, offset, length in kept
    ]
    discards = trace.writes.discard
    assert ([] if discards is None else discards.tolist()) == (
        [row[2] == "D" for row in kept] if any(row[2] == "D" for row in kept) else []
    )
    assert trace.writes.volumes == tuple(sorted({f"trace/{row[1]}" for row in good}))
    assert (trace.records, trace.reads, trace.skipped) == (
        len(good),
        sum(row[2] == "R" for row in good),
        len(bad),
    )
    assert all(before <= after for before, after in pairwise(trace.writes.time_us.tolist()))
    times = [row[0] for row in good]
    assert (trace.first_us, trace.last_us) == ((min(times), max(times)) if times else (None, None))
    if bad:
        with pytest.raises(TraceError) as raised:
            read(folder, text, csv(block_bytes=block_bytes))
        assert raised.value.line == bad[0]
