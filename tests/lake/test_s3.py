"""Object storage: a real S3 server, and one that refuses or does not answer in the middle of a commit."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from threading import Event, Thread

import pytest

from streams.errors import LakeError
from streams.lake.formats.opening import open_table
from streams.lake.formats.table import OffsetsMoved
from streams.lake.maintenance import compact, expire
from streams.settings import Lake
from streams.store import LakeSource, groups, lake_unions, read_intervals, read_summaries
from streams.store.lake import storage
from streams.wire.lake_tables import TABLES
from tests.lake.conftest import FORMATS
from tests.lake.logs import feeds_of, run, story
from tests.lake.reading import expected, measured
from tests.lake.s3 import Proxy, s3_server, storage_at
from tests.lake.story import VOLUMES, records
from tests.lake.test_behaviour import NUMBERS
from tests.lake.test_service import Sinks
from tests.waiting import eventually

pytestmark = pytest.mark.external


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """The folder of the bucket, and the server's port."""
    folder = tmp_path_factory.mktemp("s3")
    with s3_server(folder) as port:
        yield folder / "lake", port


@pytest.fixture
def proxy(bucket):
    made = Proxy(bucket[1])
    yield made
    made.close()


def lake_at(port, form, name, folder):
    return Lake(
        format=form,
        path=f"s3://lake/{name}",
        storage=storage_at(port),
        catalog={"type": "sql", "uri": f"sqlite:///{folder}/catalog.db"} if form == "iceberg" else {},
    )


def found(lake, bucket):
    """As readers see it; those of plain files look below the server, for lack of an extension to reach it."""
    if lake.format == "parquet":
        return measured(Lake(format="parquet", path=str(bucket[0] / lake.path.removeprefix("s3://lake/"))))
    return measured(lake)


@pytest.mark.parametrize("form", FORMATS)
def test_tables_in_object_storage(form, bucket, tmp_path):
    lake = lake_at(bucket[1], form, f"plain-{form}", tmp_path)
    logs = story(NUMBERS)
    half = {place: len(log) // 2 for place, log in logs.messages.items()}
    run(feeds_of(lake, logs), logs, ends=half)
    frozen = feeds_of(lake, logs)
    for topic, feed in frozen.items():
        feed.begin([0])
        for message in logs.messages[topic, 0]:
            feed.take(message)
    run(feeds_of(lake, logs), logs)
    for topic in ("tables", "intervals"):
        with pytest.raises(OffsetsMoved):
            frozen[topic].commit()
    assert found(lake, bucket) == expected(NUMBERS)
    for spec in TABLES.values():
        list(compact(lake, spec, open_table(lake, spec), date(1970, 1, 3), lambda *_: None))
        open_table(lake, spec).vacuum(0)
    assert found(lake, bucket) == expected(NUMBERS)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("how", ["refused", "unanswered"])
def test_a_storage_that_fails_between_any_two_requests(form, how, bucket, proxy, tmp_path, monkeypatch):
    """The same sink goes on when the storage is back: nothing is lost, and nothing is written twice."""
    monkeypatch.setattr(storage, "RETRIES", 1)
    for number in range(0, 40, 5):
        lake = lake_at(proxy.port, form, f"{how}-{form}-{number}", tmp_path)
        logs = story(NUMBERS)
        feeds = feeds_of(lake, logs)
        proxy.fail_behind(number, how)
        failed = False
        try:
            run(feeds, logs, at_once=1000)
        except LakeError:
            failed = True
        proxy.mend()
        for feed in feeds.values():  # as the service does it: again, and from the start where another one was
            with suppress(OffsetsMoved):
                feed.commit()
        run(feeds, logs)
        assert found(lake, bucket) == expected(NUMBERS), number
        if not failed:
            assert number > 3
            return
    raise AssertionError("the run has more requests than were tried")


@pytest.mark.parametrize("form", FORMATS)
def test_questions_over_tables_in_object_storage(form, bucket, tmp_path):
    """Definitions, intervals and totals are those of the same tables in a folder."""
    near = Lake(format=form, path=str(tmp_path / "near"))
    far = lake_at(bucket[1], form, f"asked-{form}", tmp_path)
    logs = story(NUMBERS)
    for lake in (near, far):
        run(feeds_of(lake, logs), logs)
    one, other = LakeSource(near), LakeSource(far)
    assert groups(other) == groups(one)
    for group in VOLUMES:
        assert read_intervals(other, group) == read_intervals(one, group)
        assert read_summaries(other, group) == read_summaries(one, group)
        found = [lake_unions(each, [group], (None, None), lambda *_: None)[group] for each in (one, other)]
        assert list(found[0].volumes) == list(found[1].volumes)
        assert sum(each.changes.changed_tracks_or for each in found[1].volumes) > 0


@pytest.mark.parametrize("form", FORMATS)
def test_credentials_that_are_revoked_are_an_error_that_says_so(form, bucket, tmp_path):
    """To begin with, and in the middle, for those who write and those who read; nothing is lost by it."""
    lake = lake_at(bucket[1], form, f"revoked-{form}", tmp_path)
    wrong = lake.model_copy(update={"storage": {**lake.storage, "aws_secret_access_key": "revoked"}})
    logs = story(NUMBERS)
    with pytest.raises(LakeError, match=f"lake/revoked-{form}"):
        feeds_of(wrong, logs)
    half = {place: len(log) // 2 for place, log in logs.messages.items()}
    run(feeds_of(lake, logs), logs, ends=half)
    with pytest.raises(LakeError, match=f"lake/revoked-{form}"):
        run(feeds_of(wrong, logs), logs)
    with pytest.raises(LakeError, match=f"lake/revoked-{form}"):
        read_intervals(LakeSource(wrong), "oltp")
    run(feeds_of(lake, logs), logs)
    assert found(lake, bucket) == expected(NUMBERS)


@pytest.mark.broker
@pytest.mark.parametrize("form", FORMATS)
def test_a_sink_whose_credentials_are_revoked_says_so_and_goes_on_when_they_are_back(
    form, bucket, proxy, topics, put, tmp_path
):
    lake = lake_at(proxy.port, form, f"running-{form}", tmp_path)
    todo = {group: list(records(group, NUMBERS)) for group in VOLUMES}
    sinks = Sinks(topics, lake, tmp_path)
    try:
        write(put, {group: rows[: len(rows) // 2] for group, rows in todo.items()})
        sinks.start()
        eventually(lambda: "not_committed" in sinks.log() or shown(lake, bucket))
        proxy.fail_behind(0, "revoked")
        write(put, {group: rows[len(rows) // 2 :] for group, rows in todo.items()})
        eventually(lambda: f"lake/running-{form}" in sinks.log() and "not_committed" in sinks.log())
        assert sinks.running[0].poll() is None, sinks.log()
        proxy.mend()
        eventually(lambda: shown(lake, bucket), lambda rows: rows == expected(NUMBERS))
        sinks.stop()
    finally:
        sinks.kill()


def write(put, rows_of_groups):
    for group, rows in rows_of_groups.items():
        for topic, record in rows:
            put(topic, group, [record])


def shown(lake, bucket):
    """What readers see, None while there is no table yet or not all of it."""
    try:
        return found(lake, bucket)
    except Exception:  # noqa: BLE001  # readers have errors of many kinds for it
        return None


class Reader(Thread):
    """Asks for the totals of a group again and again while tables change."""

    def __init__(self, lake):
        super().__init__()
        self.answers, self.sentences, self.failures = [], [], []
        self.ended = Event()
        self._lake = lake

    def run(self):
        while not self.ended.is_set():
            try:
                self.answers.append(asked(self._lake))
            except LakeError as error:
                self.sentences.append(str(error))
            except Exception as error:  # noqa: BLE001  # the main thread judges
                self.failures.append(repr(error))

    def next_answer(self):
        count = len(self.answers)
        eventually(lambda: len(self.answers) > count)


def asked(lake):
    """OR, SUM and counters of all volumes of both groups."""
    united = lake_unions(LakeSource(lake), list(VOLUMES), (None, None), lambda *_: None)
    return [each for group in VOLUMES for each in united[group].volumes]


@pytest.mark.parametrize("form", FORMATS)
def test_readers_while_tables_are_compacted_cleaned_and_expire(form, bucket, tmp_path):
    """Every answer is that of all days or, once the first one expires, of those that stay."""
    lake = lake_at(bucket[1], form, f"upkeep-{form}", tmp_path)
    logs = story(NUMBERS)
    run(feeds_of(lake, logs), logs, at_once=2)
    whole = asked(lake)
    reader = Reader(lake)
    reader.start()
    try:
        for age in (2, 40, 400):  # files are joined, then become hours, then days
            upkeep(lake, date(1970, 1, 2) + timedelta(days=age), compact)
            reader.next_answer()
        kept = lake.model_copy(update={"tracks_days": 400, "summary_days": 400})
        upkeep(kept, date(1970, 1, 2) + timedelta(days=400), expire)
    finally:
        reader.ended.set()
        reader.join()
    left = asked(lake)
    assert left != whole
    assert [each for each in reader.answers if each not in (whole, left)] == []
    assert reader.failures == []
    assert [each for each in reader.sentences if "ask again" not in each] == []


def upkeep(lake, today, how):
    for spec in TABLES.values():
        list(how(lake, spec, open_table(lake, spec), today, lambda *_: None))
        open_table(lake, spec).vacuum(0)
