"""The reporter on a real Kafka: rows in, figures out, from the beginning and on."""

# ruff: noqa: S310  # the addresses are those of our own server

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from queue import Queue
from threading import Event, Thread
from urllib.request import Request, urlopen

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.errors import BrokerUnreachable, SettingsError, TopicMismatch
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval, Totals
from streams.model.intervals import US
from streams.model.state import DeadLetter, State
from streams.reporter import replays, service, tail
from streams.reporter.reloading import Reloader
from streams.reporter.rpo import mode_figures
from streams.reporter.service import run_reporter
from streams.settings import Link, Settings
from streams.wire.deadletters import encode_dead_letter
from streams.wire.definitions import encode_version
from streams.wire.keys import group_key, state_key
from streams.wire.record import Received
from streams.wire.states import Home, encode_state
from streams.wire.summaries import encode_gap, encode_summary
from streams.wire.tables import encode_tables
from tests.programs import LINKGAUGE
from tests.waiting import PATIENCE_SECONDS, ended_within, eventually

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def _settle_soon(monkeypatch):
    """The rows here are of 1970, so they count as replayed."""
    monkeypatch.setattr(replays, "SETTLE_SECONDS", 0.3)


def settings_for(topics, **sections):
    broker = {"bootstrap": topics.bootstrap, "topic_prefix": topics.prefix}
    return Settings(broker=broker, **{"reporter": {"port": 0}} | sections)


def publish(topics, *records):
    """Sends `(suffix, key, value)`, headers perhaps behind them, and waits until the broker has them."""
    producer = Producer({"bootstrap.servers": topics.bootstrap})
    for suffix, key, value, *headers in records:
        producer.produce(topics.name(suffix), value, key, headers=list(*headers))
    assert producer.flush(30) == 0


def interval(record):
    return "intervals", record.key, record.value


def definition(record):
    return "groups", record.key, record.value


def mark(version, offset, *, closed=None, **totals):
    state = State(version.definition.group, offset, [version], closed=closed, totals=Totals(**totals))
    record = encode_state(state, Home("cluster", "topic", 0), 0)
    return "state", record.key, record.value


def letter(offset, reason, group="oracle"):
    refused = Received("writes", 0, offset, 0, group.encode(), b"what was refused")
    record = encode_dead_letter(DeadLetter(offset, reason, "detail"), refused)
    return "dead-letters", record.key, record.value, record.headers


def own_figures(page):
    """The samples of a page that every reporter must show alike."""
    return [
        line
        for line in page.splitlines()
        if line.startswith("linkgauge_") and not line.startswith("linkgauge_reporter")
    ]


@contextmanager
def reporting(settings, reloader=None):
    """A reporter in a thread of its own; gives its address."""
    stop, ports = Event(), Queue()
    thread = Thread(target=run_reporter, args=(settings, stop, ports.put, reloader))
    thread.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=PATIENCE_SECONDS)}"
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def await_text(url, *wanted, unwanted=()):
    """The page, once it has all that is wanted and nothing else that is not."""

    def page():
        try:
            with urlopen(url, timeout=10) as reply:
                return reply.read().decode()
        except OSError as refusal:  # an answer that is no page, or none in time
            return str(refusal)

    def is_it(text):
        return all(each in text for each in wanted) and not any(each in text for each in unwanted)

    return eventually(page, is_it)


def test_rows_before_and_after_the_start(topics, rows):
    before = [rows.summary(index, changed=65_536 * (index + 1)) for index in range(20)]
    publish(
        topics, definition(encode_version(rows.version())), *(interval(encode_summary(s)) for s in before)
    )
    links = {"east": {"groups": ["oracle"], "path_bits_per_second": 1e6}}
    with reporting(settings_for(topics, links=links)) as address:
        await_text(f"{address}/readyz", "ready")
        ready = await_text(f"{address}/metrics", "linkgauge_reporter_ready 1.0")
        assert 'linkgauge_window_changed_bytes{data_group="oracle",window_seconds="300"} 1.31072e+06' in ready
        assert 'linkgauge_intervals_closed_total{data_group="oracle"} 20.0' in ready
        assert "linkgauge_reporter_lag_messages 0.0" in ready
        publish(topics, interval(encode_summary(rows.summary(20, changed=0))))
        await_text(
            f"{address}/metrics",
            'linkgauge_window_changed_bytes{data_group="oracle",window_seconds="300"} 0.0',
            'linkgauge_intervals_closed_total{data_group="oracle"} 21.0',
            'linkgauge_link_required_bytes_per_second{link="east",mode="bitmap_resync",percentile="100",'
            'range_seconds="300"} 0.0',
        )


def test_a_restarted_reporter_says_the_same(topics, rows):
    told = [
        rows.summary(
            index, revision=index % 2, changed=65_536 * index, written_bytes_by_slot=(1000 * index,) * 30
        )
        for index in range(9)
    ]
    publish(topics, definition(encode_version(rows.version())), *(interval(encode_summary(s)) for s in told))
    settings = settings_for(topics, links={"east": {"groups": ["oracle"], "path_bits_per_second": 1e6}})
    pages = []
    for _ in range(2):
        with reporting(settings) as address:
            pages.append(own_figures(await_text(f"{address}/metrics", "linkgauge_link_trend_seconds")))
    assert pages[0] == pages[1]
    for mode in ("bitmap_resync", "continuous"):
        assert [line for line in pages[0] if f'link_headroom_ratio{{link="east",mode="{mode}"}}' in line]


def test_two_side_by_side_say_the_same_whatever_they_saw_come(topics, rows):
    """One was there from the beginning; the other one starts when all has been revised, and letters came."""
    told = [
        rows.summary(n, revision=r, changed=65_536 * (n + r), written_bytes_by_slot=(1000 * n,) * 30)
        for n in range(9)
        for r in (0, 1)
    ]
    links = {"east": {"groups": ["oracle"], "path_bits_per_second": 1e6}}
    settings = settings_for(topics, links=links)
    publish(topics, definition(encode_version(rows.version())), interval(encode_summary(told[0])))
    with reporting(settings) as first:
        await_text(f"{first}/metrics", "linkgauge_reporter_ready 1.0")
        publish(topics, *(interval(encode_summary(s)) for s in told[1:]), letter(3, "unknown-group"))
        with reporting(settings) as second:
            await_text(f"{second}/metrics", "linkgauge_link_trend_seconds", "linkgauge_dead_letters_kept")

            def figures():
                return [own_figures(await_text(f"{each}/metrics", "")) for each in (first, second)]

            pages = eventually(figures, lambda found: found[0] == found[1])
    assert any("linkgauge_link_exposure_seconds" in line for line in pages[0])


@pytest.mark.parametrize("topics", [1], indirect=True)
def test_a_start_reads_only_what_is_recent(topics, rows, monkeypatch):
    monkeypatch.setattr(service, "_LEAST_BACK_SECONDS", 1.0)
    version = rows.version(rungs_seconds=())
    publish(
        topics,
        definition(encode_version(version)),
        *(interval(encode_summary(rows.summary(index))) for index in range(20)),
    )
    time.sleep(1.5)
    publish(topics, interval(encode_summary(rows.summary(20))), mark(version, 7, closed=20))
    with reporting(settings_for(topics)) as address:
        page = await_text(f"{address}/metrics", "linkgauge_reporter_ready 1.0")
    assert "linkgauge_reporter_rows_total 3.0" in page
    assert 'linkgauge_interval_end_timestamp_seconds{data_group="oracle"} 6300.0' in page


@pytest.mark.parametrize("topics", [1], indirect=True)
def test_a_start_goes_further_back_for_what_a_mark_says_is_closed(topics, rows, monkeypatch):
    """An idle group is shown after a restart as before it, and a link has the whole of its range."""
    monkeypatch.setattr(service, "_LEAST_BACK_SECONDS", 0.01)
    monkeypatch.setattr(service, "kept_seconds", lambda _: {})
    version = rows.version(rungs_seconds=())
    told = [rows.summary(index, written_bytes_by_slot=(1000 * index,) * 30) for index in range(20)]
    publish(topics, definition(encode_version(version)), *map(interval, map(encode_summary, told[:10])))
    time.sleep(0.5)
    publish(topics, *map(interval, map(encode_summary, told[10:])), mark(version, 7, closed=19))
    time.sleep(0.5)
    links = {"east": {"groups": ["oracle"], "path_bits_per_second": 1e6}}
    with reporting(settings_for(topics, links=links)) as address:
        page = await_text(f"{address}/metrics", "linkgauge_reporter_ready 1.0")
    assert 'linkgauge_interval_end_timestamp_seconds{data_group="oracle"} 6000.0' in page
    newest = rows.summary(19)
    kept = {"oracle": {newest.rung_seconds: told[-13:]}}
    found = mode_figures(Link(**links["east"]), "continuous", kept, 3600)
    assert f'linkgauge_link_headroom_ratio{{link="east",mode="continuous"}} {found.headroom_ratio}' in page


def test_a_reload_shows_new_links_and_never_less_than_before(topics, rows):
    publish(topics, definition(encode_version(rows.version())), interval(encode_summary(rows.summary(0))))
    links = {"east": {"groups": ["oracle"], "path_bits_per_second": 1e6}}
    settings = settings_for(topics, links=links)
    wider = settings_for(topics, links={"west": links["east"] | {"paths": 7}})
    with reporting(settings, Reloader(settings, lambda: wider)) as address:
        await_text(f"{address}/metrics", 'link_paths_installed{link="east"} 1.0')
        pages = []

        def reloaded():
            with urlopen(f"{address}/metrics", timeout=10) as reply:
                pages.append(reply.read().decode())
            return 'link_paths_installed{link="west"} 7.0' in pages[-1]

        with urlopen(Request(f"{address}/-/reload", method="POST"), timeout=30) as reply:
            assert reply.status == 200
        assert reloaded(), "it says so when the new figures stand, not before"
    assert all('linkgauge_writes_total{data_group="oracle"} 10.0' in page for page in pages)
    assert 'link="east"' not in pages[-1]
    counted = [float(page.split("\nlinkgauge_reporter_rows_total ")[1].split()[0]) for page in pages]
    assert counted == sorted(counted)


def test_volumes_where_they_are_asked_for(topics, rows):
    entry = Entry("array/oracle", None, 65_536, BitTable.of([1, 2]), 2, 8192, ((0, 300 * US),))
    closed = Interval("oracle", 1, 300, 0, 0, False, (entry,), 10, None, 0, 0)
    table = encode_tables(closed)[0]
    publish(
        topics,
        definition(encode_version(rows.version())),
        interval(encode_summary(rows.summary(0))),
        ("tables", table.key, table.value),
        ("tables", table.key.replace(b"oracle", b"others"), table.value),
    )
    with reporting(settings_for(topics, reporter={"port": 0, "volumes_of": ["oracle"]})) as address:
        page = await_text(f"{address}/metrics", "linkgauge_volume_changed_bytes")
    labels = '{data_group="oracle",volume="array/oracle"}'
    assert f"linkgauge_volume_changed_bytes{labels} 131072.0" in page
    assert "linkgauge_reporter_refused_rows_total 0.0" in page


def test_an_idle_groups_counters_come_with_its_newest_mark(topics, rows):
    version = rows.version()
    publish(
        topics,
        definition(encode_version(version)),
        interval(encode_summary(rows.summary(0))),
        mark(version, 7),
    )
    with reporting(settings_for(topics)) as address:
        await_text(f"{address}/metrics", 'linkgauge_duplicate_messages_total{data_group="oracle"} 0.0')
        publish(
            topics,
            mark(version, 9, writes=10, duplicate_messages=208, dead_letters=1),
            ("state", state_key("oracle", 7), None),
            mark(version, 8, writes=10, duplicate_messages=100),  # of a worker that woke up late
        )
        wanted = (
            'linkgauge_duplicate_messages_total{data_group="oracle"} 208.0',
            'linkgauge_dead_letters_total{data_group="oracle"} 1.0',
            'linkgauge_writes_total{data_group="oracle"} 10.0',
            "linkgauge_reporter_lag_messages 0.0",
        )
        page = await_text(f"{address}/metrics", *wanted)
    with reporting(settings_for(topics)) as address:
        again = await_text(f"{address}/metrics", *wanted)
    assert own_figures(again) == own_figures(page)
    assert "linkgauge_reporter_refused_rows_total 0.0" in again


def test_dead_letters_of_any_group_are_counted_and_never_step_back(topics, rows, monkeypatch):
    """Not after a restart, not by retention, not differently in another reporter."""
    monkeypatch.setattr(tail, "_RETENTION_SECONDS", 0.0)
    publish(
        topics,
        definition(encode_version(rows.version())),
        letter(1, "bad-json"),
        letter(2, "bad-json", group="nobody defined it"),
        ("dead-letters", b"no key", b"no letter"),
    )
    with reporting(settings_for(topics)) as address, reporting(settings_for(topics)) as other:
        await_text(
            f"{address}/metrics",
            "linkgauge_dead_letters_written_total 3.0",
            'linkgauge_dead_letters_kept{reason="bad-json"} 2.0',
            "linkgauge_reporter_refused_rows_total 1.0",
        )
        publish(topics, letter(3, "unknown-group", group="nor this"))
        wanted = (
            "linkgauge_dead_letters_written_total 4.0",
            'linkgauge_dead_letters_kept{reason="bad-json"} 2.0',
            'linkgauge_dead_letters_kept{reason="unknown-group"} 1.0',
            "linkgauge_reporter_lag_messages 0.0",
        )
        pages = [own_figures(await_text(f"{each}/metrics", *wanted)) for each in (address, other)]
        assert pages[0] == pages[1]
        admin = AdminClient({"bootstrap.servers": topics.bootstrap})
        removed = admin.delete_records([TopicPartition(topics.name("dead-letters"), 0, 2)])
        assert [future.result().low_watermark for future in removed.values()] == [2]
        left = (
            "linkgauge_dead_letters_written_total 4.0",
            'linkgauge_dead_letters_kept{reason="unknown-group"} 1.0',
        )
        pages = [
            own_figures(await_text(f"{each}/metrics", *left, unwanted=['reason="bad-json"']))
            for each in (address, other)
        ]
    with reporting(settings_for(topics)) as address:
        pages.append(own_figures(await_text(f"{address}/metrics", *left)))
    assert pages[0] == pages[1] == pages[2]


def test_rows_that_cannot_be_understood_are_counted_and_passed_over(topics, rows):
    publish(
        topics,
        definition(encode_version(rows.version())),
        ("intervals", b"no key", b"{"),
        ("groups", b"no key", b"[]"),
        ("intervals", b"no key", None),
        ("state", b"no key", b'{"format": 2}'),
        interval(encode_gap(rows.gap(0, 5))),
    )
    with reporting(settings_for(topics)) as address:
        await_text(
            f"{address}/metrics",
            "linkgauge_reporter_refused_rows_total 4.0",
            'linkgauge_interval_end_timestamp_seconds{data_group="oracle"} 1500.0',
        )


def test_a_deleted_group_vanishes_and_stays_away_after_a_restart(topics, rows):
    summary = encode_summary(rows.summary(0))
    publish(topics, definition(encode_version(rows.version())), interval(summary))
    settings = settings_for(topics)
    with reporting(settings) as address:
        await_text(f"{address}/metrics", 'linkgauge_writes_total{data_group="oracle"} 10.0')
        publish(topics, ("groups", group_key("oracle", 1), None))
        await_text(f"{address}/metrics", "linkgauge_reporter_ready 1.0", unwanted=["oracle"])
    with reporting(settings) as address:
        await_text(f"{address}/metrics", "linkgauge_reporter_ready 1.0", unwanted=["oracle"])


def test_no_topics(broker):
    settings = Settings(broker={"bootstrap": broker.bootstrap, "topic_prefix": "none."}, reporter={"port": 0})
    with pytest.raises(TopicMismatch, match=r"none\.intervals is missing .*topics create"):
        run_reporter(settings, Event())


def test_no_broker():
    settings = Settings(broker={"bootstrap": "127.0.0.1:1"}, reporter={"port": 0})
    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1:1"):
        run_reporter(settings, Event())


def test_overlapping_groups_of_a_link():
    member = {"array": "array", "volume": "v"}
    settings = Settings(
        links={"east": {"groups": ["a", "b"], "path_bits_per_second": 1}},
        groups={"a": {"members": [member]}, "b": {"members": [member]}},
    )
    with pytest.raises(SettingsError, match=r"links\.east\.groups: groups a and b overlap on .*array/v"):
        run_reporter(settings, Event())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command(topics, tmp_path, number):
    (tmp_path / "linkgauge.toml").write_text(
        f'[broker]\nbootstrap = "{topics.bootstrap}"\ntopic_prefix = "{topics.prefix}"\n'
        "[reporter]\nport = 0\n"
    )
    reporter = subprocess.Popen(
        [LINKGAUGE, "reporter"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    with reporter:
        for line in reporter.stdout:
            if "reporter_ready" in line:
                break
        reporter.send_signal(number)
        said = reporter.stdout.read()
        assert ended_within(reporter, 10) == 0
    assert "reporter_stopped" in said
