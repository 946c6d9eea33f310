"""Every command that needs Kafka, where there is none: what is missing and what to do, within 10 s."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryFile

from tests.programs import LINKGAUGE
from tests.waiting import ended_within

NOBODY = "127.0.0.1:1"  # a privileged port that nothing listens on
LIMIT_SECONDS = 10
AT_ONCE = 4

FAILS = (
    "up",
    "worker",
    "reporter",
    "agent replay trace.csv --format msr --group g",
    "agent synthetic --duration 1",
    "entries --group g",
    "report group g",
    "report link east",
    "groups apply groups.toml",
    "groups start g",
    "groups stop g",
    "groups delete g --yes",
    "groups list",
    "groups show g",
    "topics create",
    "topics check",
    "dead-letters list",
    "dead-letters show 0 0",
    "dead-letters redrive 0 0",
)
CHECKS = ("doctor",)


def test_every_command_says_so_within_ten_seconds(tmp_path):
    (tmp_path / "trace.csv").write_text("128166372003061629,host,0,Write,65536,4096,10\n")
    (tmp_path / "groups.toml").write_text('[groups.g]\nmembers = [{array = "a", volume = "v"}]\n')
    (tmp_path / "linkgauge.toml").write_text(
        f'[broker]\nbootstrap = "{NOBODY}"\n[reporter]\nport = 0\n'
        '[links.east]\ngroups = ["g"]\npath_bits_per_second = 1000\n'
    )

    def run(command: str) -> tuple[int, str]:
        with TemporaryFile("w+") as said:
            process = subprocess.Popen([LINKGAUGE, *command.split()], cwd=tmp_path, stdout=said, stderr=said)
            try:
                code = ended_within(process, LIMIT_SECONDS)
            finally:
                process.kill()
                process.wait()
            said.seek(0)
            return code, said.read()

    def try_to_run(command: str) -> tuple[int, str] | None:
        try:
            return run(command)
        except AssertionError:
            return None  # the others may have taken its time: it has to hold alone

    commands = FAILS + CHECKS
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(try_to_run, commands))
    for command, result in zip(commands, found, strict=True):
        code, said = result or run(command)
        assert code == (3 if command in CHECKS else 1), (command, said)
        assert f"no Kafka broker answers at {NOBODY}" in said, (command, said)
        assert "`linkgauge up`" in said, (command, said)
        assert "Traceback" not in said, (command, said)
