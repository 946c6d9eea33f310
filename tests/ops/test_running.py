"""The image as its own steps make it, the services of docker-compose.yml running from it, and dashboards.

One module, so that the image is made once and the services start once.
"""

import datetime as dt
import json
import subprocess
import urllib.parse
from pathlib import Path

import pytest

from ops.dashboards.boards import BOARDS
from tests.ops.dockerfile import stages
from tests.ops.roots import Root
from tests.waiting import eventually

pytestmark = [pytest.mark.external, pytest.mark.timeout(900)]  # it installs what the image has

FINAL = stages((Path(__file__).parents[2] / "Dockerfile").read_text())[-1]
SERVICES = ("worker-1", "worker-2", "reporter", "lake", "prometheus", "alertmanager")
LINK = {"groups": ["payroll"], "path_bits_per_second": 10_000_000, "resync_seconds": 600}
DAYS, A_DAY, INTERVAL = 7, 86_400, 300
FILETIME_OF_1970 = 116_444_736_000_000_000
LETTER = """
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": "kafka:9092"})
producer.produce("linkgauge.writes", key="nobody", value="not a message")
assert producer.flush(20) == 0
"""


def test_the_image_is_slim_and_runs_as_nobody_on_a_root_that_cannot_be_written(image, tmp_path):
    for tool in ("bin/pip", "lib/python3.11/site-packages/pip", "lib/python3.11/site-packages/pytest"):
        assert not image.at(f"/opt/linkgauge/{tool}").exists()
    assert not image.at("/build").exists()

    root = Root(tmp_path, [(f"--bind {image.at('/opt/linkgauge')}", "/opt/linkgauge")], read_only=True)
    shown = in_root(root, [f"/opt/linkgauge/bin/{FINAL.command('ENTRYPOINT')[0]}", *FINAL.command("CMD")])
    assert shown.returncode == 0
    assert "Measures how wide" in shown.stdout
    assert in_root(root, ["id", "-u"]).stdout == "10001\n"
    assert in_root(root, ["touch", "/etc/linkgauge/x"]).returncode != 0


def in_root(root, words):
    run = root.command(words, FINAL.last("USER"))
    return subprocess.run(run, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(engine, tmp_path_factory):
    """All services, and a week of a trace whose load grows, measured; gives what the trace has."""
    engine.start("kafka")
    listens = ["bash", "-c", "</dev/tcp/kafka/9092"]  # its health check needs its image
    eventually(lambda: engine.ask("kafka", listens).returncode == 0)
    engine.run("topics")
    for name in ("worker-1", "worker-2", "lake"):
        engine.start(name)
    settings = {
        "LINKGAUGE_LINKS": json.dumps({"east": LINK}),
        "LINKGAUGE_REPORTER__VOLUMES_OF": '["payroll"]',
    }
    engine.start("reporter", **settings)
    for name in ("worker-1", "worker-2", "reporter", "lake"):
        engine.await_health(name)
    for name in ("alertmanager", "prometheus"):
        engine.start(name)
        engine.await_health(name)
    eventually(lambda: figure(engine, 'count(up{job=~"linkgauge-.*"} == 1)') == 4)

    folder = tmp_path_factory.mktemp("trace")
    folder.chmod(0o755)
    writes = write_trace(folder / "trace.csv")
    replay = f"agent replay /trace/trace.csv --format msr --group payroll --interval {INTERVAL}"
    done = engine.ask("reporter", ["/opt/linkgauge/bin/linkgauge", *replay.split()], [(folder, "/trace")])
    assert done.returncode == 0, done.stderr
    engine.ask("reporter", ["/opt/linkgauge/bin/python", "-c", LETTER])
    eventually(lambda: figure(engine, "linkgauge_writes_total") == writes)
    return writes


def write_trace(file):
    """Each interval of day d has 20 + 4 d writes, each to its own track, on two hosts; their number."""
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = int(today.timestamp()) - (DAYS + 1) * A_DAY
    rows = []
    for start in range(begin, begin + DAYS * A_DAY, INTERVAL):
        for number in range(20 + 4 * ((start - begin) // A_DAY)):
            at = FILETIME_OF_1970 + (start + number) * 10_000_000
            rows.append(f"{at},box-{number % 2},0,Write,{number * 65_536},65536,1\n")
    last = FILETIME_OF_1970 + (begin + DAYS * A_DAY) * 10_000_000 - 10  # a read tells how far the trace goes
    reads = [f"{last},box-{number},0,Read,0,512,1\n" for number in range(2)]
    file.write_text("".join(rows + reads))
    file.chmod(0o644)
    return len(rows)


def test_prometheus_has_what_was_measured(engine, site):
    assert figure(engine, "linkgauge_changed_bytes_total") == site * 65_536
    eventually(lambda: figure(engine, "min(linkgauge_coverage_ratio)"), lambda found: (found or 0) > 0.99)
    headroom = 'linkgauge_link_headroom_ratio{mode="bitmap_resync"}'
    last_hour = (20 + 4 * (DAYS - 1)) * 65_536  # the same tracks in every interval
    usable = eventually(lambda: figure(engine, "linkgauge_link_usable_bytes_per_second"))
    assert eventually(lambda: figure(engine, headroom)) == pytest.approx(1 - last_hour / 600 / usable)


def test_the_rules_are_loaded_and_alerts_have_where_to_go(engine, site):
    recorded = "data_group:linkgauge_coverage_ratio:min"
    assert eventually(lambda: figure(engine, recorded)) == figure(engine, "min(linkgauge_coverage_ratio)")
    assert figure(engine, "prometheus_notifications_alertmanagers_discovered") == 1


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_every_query_of_a_dashboard_has_data(engine, site, board):
    chosen = {variable.name: values(engine, variable) for variable in board.variables}
    assert all(chosen.values())
    for panel in board.panels:
        for query in panel.queries:
            expression = query.expr
            for name, found in chosen.items():
                expression = expression.replace(f"${{{name}:raw}}", found[-1])
            given = eventually(lambda asked=expression: series(engine, asked))
            assert given, f"{panel.title}: {expression}"
            print(f"{board.name} | {panel.title} | {len(given)} series | {expression}")  # noqa: T201  # with -s


def values(engine, variable):
    """What Grafana offers for a variable of a dashboard."""
    metric = variable.values.replace("${data_group:raw}", "payroll")
    return sorted({each["metric"][variable.name] for each in series(engine, metric)})


def test_all_end_in_good_order_and_the_lake_has_its_tables(engine, site):
    for name in SERVICES:
        assert engine.stop(name) == 0, engine.log(name)
    tables = {table.name for table in (engine.volume("lake-data") / "lake").iterdir()}
    assert tables == {"group_definitions", "interval_summary", "interval_tracks"}


def series(engine, expression):
    """What Prometheus answers; an expression that it cannot read is an error."""
    url = f"http://prometheus:9090/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    done = engine.ask("prometheus", ["wget", "-qO-", "--content-on-error", url])
    answer = json.loads(done.stdout)
    assert answer["status"] == "success", answer
    return answer["data"]["result"]


def figure(engine, expression):
    """The value of an expression that has one series; None where it has none."""
    found = series(engine, expression)
    assert len(found) <= 1
    return float(found[0]["value"][1]) if found else None
