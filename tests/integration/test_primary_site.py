"""The primary site alone: from writes to a report without any peer, and reports from what is stored."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from confluent_kafka.admin import AdminClient

from tests.integration.sites import Site
from tests.programs import LINKGAUGE
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.broker
REPORT = ("report", "group", "g", "--resync-seconds", "60", "--path-bits-per-second", "10000", "--paths", "2")
ENTRIES = ("entries", "--group", "g", "--csv")


def trace() -> str:
    """20 writes of 4 KiB to as many tracks in three intervals, and each a second time; times are of 1970."""
    filetime_of_1970, lines = 116_444_736_000_000_000, []
    for number in range(20):
        ticks = filetime_of_1970 + (1_000_000 + number * 45) * 10_000_000
        lines += [f"{ticks + again},host,0,Write,{number * 65_536},4096,10" for again in (0, 10)]
    return "\n".join(lines) + "\n"


def linkgauge(folder: Path, *typed: str) -> str:
    ended = subprocess.run(
        [LINKGAUGE, *typed], cwd=folder, timeout=PATIENCE_SECONDS, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def remote_ports(process: subprocess.Popen[bytes]) -> set[tuple[str, int]]:
    connections = psutil.Process(process.pid).net_connections("inet")
    return {(found.raddr.ip, found.raddr.port) for found in connections if found.raddr}


@pytest.mark.parametrize("shell", ["faust"])
def replay_under_watch(folder: Path, worker: subprocess.Popen[bytes], talked: dict[str, set]) -> None:
    """Replays the trace to its end, and notes with whom the worker and the agent talk meanwhile."""
    typed = "agent replay trace.csv --format msr --group g --track 65536"
    with (folder / "replay.log").open("wb") as log:
        agent = subprocess.Popen([LINKGAUGE, *typed.split()], cwd=folder, stdout=log, stderr=log)
    while agent.poll() is None:
        try:
            talked["agent"] |= remote_ports(agent)
        except psutil.Error:
            break  # it has just ended
        talked["worker"] |= remote_ports(worker)
        time.sleep(0.05)
    assert agent.wait(PATIENCE_SECONDS) == 0, (folder / "replay.log").read_text()


def test_reports_need_no_second_site_no_worker_and_no_writes_any_more(site: Site, tmp_path):
    """No link, peer or replication is in the settings, and all that anybody talks to is the site's Kafka."""
    site.write_settings()
    (tmp_path / "trace.csv").write_text(trace())
    kafka = {("127.0.0.1", int(site.source.bootstrap.rpartition(":")[2]))}
    worker = site.workers.start("w0")
    talked: dict[str, set[tuple[str, int]]] = {"worker": set(), "agent": set()}
    while not all(talked.values()):  # a replay that nobody looked at in time: the very same changes nothing
        replay_under_watch(tmp_path, worker, talked)
    assert talked == {"worker": kafka, "agent": kafka}

    report, entries = linkgauge(tmp_path, *REPORT), linkgauge(tmp_path, *ENTRIES)
    told = json.loads(linkgauge(tmp_path, *REPORT, "--json"))
    assert (told["writes"], told["or"]["changed_tracks"], told["sum"]["changed_tracks"]) == (40, 20, 20)
    assert told["or"]["required_bits_per_second"] == 8 * 20 * 65_536 / 60
    assert told["or"]["paths"] == 18  # 174,763 bit/s over paths of 10,000
    assert told["or"]["resync_seconds"] == 8 * 20 * 65_536 / 20_000

    assert site.workers.stop_all() == {"w0": 0}
    admin = AdminClient({"bootstrap.servers": site.source.bootstrap})
    gone = [site.source.topic(suffix) for suffix in ("writes", "state", "dead-letters")]
    for deleted in admin.delete_topics(gone).values():
        deleted.result()
    (tmp_path / "trace.csv").unlink()
    assert linkgauge(tmp_path, *REPORT) == report
    assert linkgauge(tmp_path, *ENTRIES) == entries
    assert entries.count("host/0,") == len({(1_000_000 + number * 45) // 300 for number in range(20)})
