"""Runs the services of docker-compose.yml as an engine would: roots, users, mounts, names, health as it says.

A service is a process in a root of its own (`tests.ops.roots`) and a network namespace of its own; a bridge
joins them, `/etc/hosts` names them. Images of other projects cannot be had without an engine: for these the
caller says which command of this machine stands for the image. Limits of memory and processors are left to
real engines.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ops.roots import SYSTEM_PATH, Root

__all__ = ["Engine", "StandIn"]

_NETWORK = "10.215.7"
_SECONDS = 240  # on a machine that is busy with other things


@dataclass(frozen=True, slots=True)
class StandIn:
    """The command that stands for an image, and folders of this machine that it finds at some place."""

    words: Sequence[str]
    shows: Sequence[tuple[Path, str]] = ()


class Engine:
    """The services of a resolved compose file; `image` is a root with `entrypoint` and `environment`."""

    def __init__(
        self,
        project: Mapping[str, Any],
        folder: Path,
        image: tuple[Root, Sequence[str], Mapping[str, str]],
        stand_ins: Mapping[str, StandIn],
    ) -> None:
        self.services: Mapping[str, Any] = project["services"]
        self.addresses = {name: f"{_NETWORK}.{10 + number}" for number, name in enumerate(self.services)}
        self._configs, self._folder, self._image, self._stand_ins = (
            project["configs"],
            folder,
            image,
            stand_ins,
        )
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._places: dict[str, int] = {}
        self._undo = ExitStack()
        self._hosts = folder / "hosts"
        self._hosts.write_text(
            "127.0.0.1 localhost\n" + "".join(f"{a} {name}\n" for name, a in self.addresses.items())
        )

    @contextmanager
    def network(self) -> Iterator[None]:
        """The bridge between the services; whatever still runs ends with it."""
        with self._undo:
            self._switch = self._namespace()
            self._in(self._switch, "ip link add bridge type bridge && ip link set bridge up")
            self._in(self._switch, f"ip addr add {_NETWORK}.1/24 dev bridge")
            yield

    def start(self, name: str, **environment: str) -> None:
        """Starts a service and returns at once."""
        log = (self._folder / f"{name}.log").open("wb")
        process = subprocess.Popen(
            self.command(name, **environment), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        self._undo.callback(log.close)
        self._undo.callback(_end, process)
        self._processes[name] = process

    def run(self, name: str) -> None:
        """Runs a service that ends by itself, as `service_completed_successfully` asks."""
        self.start(name)
        assert self._processes[name].wait(_SECONDS) == 0, self.log(name)

    def stop(self, name: str) -> int:
        """SIGTERM, and the exit code within the service's grace period."""
        process = self._processes.pop(name)
        process.terminate()
        minutes, _, seconds = self.services[name].get("stop_grace_period", "10s").rpartition("m")
        return process.wait(60 * int(minutes or 0) + int(seconds.removesuffix("s")))

    def await_health(self, name: str) -> None:
        """Waits until the service's own health check holds."""
        check = self.services[name]["healthcheck"]["test"]
        assert check[0] == "CMD"
        until = time.monotonic() + _SECONDS
        while self.ask(name, check[1:]).returncode:
            assert time.monotonic() < until, f"{name} is not healthy:\n{self.log(name)}"
            time.sleep(0.2)

    def ask(
        self, name: str, words: Sequence[str], shows: Sequence[tuple[Path, str]] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command beside a running service, as its user; `shows`: folders, and where it sees them."""
        assert self._processes[name].poll() is None, f"{name} ended:\n{self.log(name)}"
        inside = ["nsenter", f"--target={self._place(name)}", "--net"]
        more = [(f"--bind {folder}", place) for folder, place in shows]
        root = Root(self._folder / f"{name}-exec", self._mounts(name) + more, read_only=True)
        run = root.command(words, self.services[name]["user"])
        return subprocess.run(
            [*inside, *run],
            env=self._environment(name),
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )

    def volume(self, name: str) -> Path:
        """Where a named volume lies."""
        return self._folder / "volumes" / name

    def log(self, name: str) -> str:
        """What the service printed."""
        return (self._folder / f"{name}.log").read_text(errors="replace")

    def command(self, name: str, **environment: str) -> list[str]:
        """What starts a service, its network included."""
        service = self.services[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        root, words = self._root(name), self._words(name)
        run = root.command(words, service["user"])
        keep = [f"{key}={value}" for key, value in (self._environment(name) | environment).items()]
        namespace = self._place(name)
        return ["nsenter", f"--target={namespace}", "--net", "env", "-i", *keep, *run]

    def _words(self, name: str) -> list[str]:
        service = self.services[name]
        if service["image"] in self._stand_ins:
            return [*self._stand_ins[service["image"]].words, *(service.get("command") or ())]
        return [*self._image[1], *service["command"]]

    def _environment(self, name: str) -> dict[str, str]:
        service = self.services[name]
        own = {} if service["image"] in self._stand_ins else dict(self._image[2])
        own["PATH"] = own.get("PATH", "$PATH").replace("$PATH", SYSTEM_PATH)
        return own | {key: str(value) for key, value in (service.get("environment") or {}).items()}

    def _root(self, name: str) -> Root:
        return Root(self._folder / name, self._mounts(name), read_only=True)

    def _mounts(self, name: str) -> list[tuple[str, str]]:
        service = self.services[name]
        mounts = [(f"--bind {self._hosts}", "/etc/hosts")]
        own = StandIn((), [(self._image[0].at("/opt/linkgauge"), "/opt/linkgauge")])
        shows = self._stand_ins.get(service["image"], own).shows
        mounts += [(f"--bind {folder}", place) for folder, place in shows]
        for text in service.get("tmpfs", ()):
            place, _, options = text.partition(":")
            mounts.append((f"-t tmpfs -o {options} tmpfs", place))
        for volume in service.get("volumes", ()):
            source = volume["source"]
            if volume["type"] == "volume":
                kept = self.volume(source)
                kept.mkdir(parents=True, exist_ok=True)
                kept.chmod(0o777)  # an engine gives a new volume the owner that the image's folder has
                source = str(kept)
            mounts.append((f"--bind {source}", volume["target"]))
        given = (
            (self._configs[each["source"]]["file"], each["target"]) for each in service.get("configs", ())
        )
        return [*mounts, *((f"--bind {file}", target) for file, target in given)]

    def _place(self, name: str) -> int:
        """The service's network namespace, which it keeps over restarts."""
        if name not in self._places:
            namespace = self._places[name] = self._namespace()
            address = self.addresses[name]
            end = f"v{address.rpartition('.')[2]}"
            self._in(
                self._switch,
                f"ip link add {end} type veth peer name p{end} && ip link set {end} master bridge up"
                f" && ip link set p{end} netns {namespace}",
            )
            self._in(
                namespace,
                f"ip link set p{end} name eth0 && ip addr add {address}/24 dev eth0 && ip link set eth0 up",
            )
        return self._places[name]

    def _namespace(self) -> int:
        """The process that holds a new network namespace open."""
        holder = subprocess.Popen(["unshare", "--net", "sleep", "900"], stdin=subprocess.DEVNULL)
        self._undo.callback(_end, holder)
        own = Path("/proc/self/ns/net").readlink()
        while Path(f"/proc/{holder.pid}/ns/net").readlink() == own:
            time.sleep(0.01)
        self._in(holder.pid, "ip link set lo up")
        return holder.pid

    @staticmethod
    def _in(namespace: int, command: str) -> None:
        subprocess.run(["nsenter", f"--target={namespace}", "--net", "sh", "-ec", command], check=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
