"""The jars of Apache Kafka: pinned in `jars.lock`, fetched once through jgo, verified at every use."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from streams.errors import BrokerError, SettingsError

__all__ = ["Jar", "cache_folder", "fetch_jars", "parse_lock", "pinned_jars", "sha256_of"]

_ATTEMPTS = 3
_DOWNLOADS_AT_ONCE = 8
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Jar:
    """A jar by its Maven coordinates and the SHA-256 (hex) that its bytes must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        """`group:artifact:version`."""
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def filename(self) -> str:
        """The name of the file, here as on Maven Central."""
        return f"{self.artifact}-{self.version}.jar"


def parse_lock(text: str) -> tuple[Jar, ...]:
    """The jars of a lock file: a line each, `sha256 group:artifact:version`; `#` starts a comment."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(_parse_pin(line) for line in lines)


def _parse_pin(line: str) -> Jar:
    sha256, coordinate = line.split()
    group, artifact, version = coordinate.split(":")
    return Jar(group, artifact, version, sha256)


def pinned_jars() -> tuple[Jar, ...]:
    """The jars that this version of linkgauge runs Kafka from."""
    return parse_lock(resources.files("streams.broker").joinpath("jars.lock").read_text("utf-8"))


def cache_folder() -> Path:
    """Where jars are kept: `LINKGAUGE_CACHE`, else the user's cache folder by the XDG rules."""
    if chosen := os.environ.get("LINKGAUGE_CACHE"):
        return Path(chosen).expanduser().absolute()
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG rules say to ignore a relative path.
    base = Path(xdg) if Path(xdg).is_absolute() else Path.home() / ".cache"
    return base / "linkgauge"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch_jars(
    jars: Sequence[Jar], cache: Path, progress: Callable[[str], None] = lambda _: None
) -> list[Path]:
    """Paths of all `jars` in the cache, each one verified; those that are missing are downloaded first.

    `progress` gets a line now and then. Raises BrokerError when a jar cannot be had or is not the pinned one.
    """
    folder = cache / "jars"
    missing = [jar for jar in jars if not (folder / jar.filename).exists()]
    _verify([jar for jar in jars if jar not in missing], folder)
    if missing:
        with _alone_in(folder):
            still_missing = [jar for jar in missing if not (folder / jar.filename).exists()]
            _download_all(still_missing, folder, progress)
    return [folder / jar.filename for jar in jars]


def _verify(jars: Sequence[Jar], folder: Path) -> None:
    for jar in jars:
        path = folder / jar.filename
        found = sha256_of(path)
        if found != jar.sha256:
            raise BrokerError(
                f"{path} is not the pinned {jar.coordinate}: SHA-256 expected {jar.sha256}, found {found}; "
                "delete the file and start again"
            )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Creates the folder where it is missing and has it alone: whoever else downloads into it waits."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unusable(folder: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"the cache folder {folder} cannot be written ({error.strerror}): "
        "set LINKGAUGE_CACHE to a folder that can"
    )


def _download_all(jars: Sequence[Jar], folder: Path, progress: Callable[[str], None]) -> None:
    try:
        workplace = tempfile.TemporaryDirectory(dir=folder, prefix=".download-")
    except OSError as error:
        raise _unusable(folder, error) from error
    with workplace as scratch, ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        downloads = [pool.submit(_download, jar, Path(scratch), folder) for jar in jars]
        try:
            for done, download in enumerate(as_completed(downloads), 1):
                download.result()
                progress(f"downloading Apache Kafka: {done} of {len(jars)} jars")
        finally:
            pool.shutdown(cancel_futures=True)


def _download(jar: Jar, scratch: Path, folder: Path) -> None:
    """Download one jar beside the cache and move it in once its sum is right, so the cache is never half."""
    path = _download_patiently(jar, scratch)
    found = sha256_of(path)
    if found != jar.sha256:
        raise BrokerError(
            f"the download of {jar.coordinate} ({jar.filename}) is not the pinned file: "
            f"SHA-256 expected {jar.sha256}, found {found}; "
            "the Maven repository or a proxy on the way serves something else"
        )
    path.replace(folder / jar.filename)


def _download_patiently(jar: Jar, scratch: Path) -> Path:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _maven_artifact(jar, scratch / f"{jar.artifact}-{attempt}")
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors; jgo adds RuntimeError
            if attempt == _ATTEMPTS:
                raise BrokerError(
                    f"cannot download {jar.coordinate} from Maven Central: {error}; check the network and "
                    "the proxy settings, or use a Kafka of your own with --bootstrap HOST:PORT"
                ) from error
            time.sleep(attempt)
    raise AssertionError("unreachable")


def _maven_artifact(jar: Jar, repository: Path) -> Path:
    """One attempt of jgo, into a folder of its own: jgo leaves half a file behind when it is interrupted."""
    try:
        from jgo.config import GlobalSettings  # noqa: PLC0415 - an optional dependency
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - an optional dependency
        from jgo.maven import MavenContext  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        raise BrokerError(
            "the embedded Kafka needs jgo: pip install 'linkgauge[broker]', or use a Kafka of your own "
            "with --bootstrap HOST:PORT"
        ) from error
    # Mirrors in the user's own jgo settings come first; the pins make it harmless where a jar comes from.
    mirrors: dict[str, str] = GlobalSettings.load().repositories
    central = mirrors.get("central", MAVEN_CENTRAL_URL)
    context = MavenContext(
        repo_cache=repository,
        remote_repos={**mirrors, "central": central},
        timeout=_TIMEOUT_SECONDS,
    )
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    return Path(component.artifact().resolve())
