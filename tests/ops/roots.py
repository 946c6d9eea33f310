"""Root file systems as a container engine makes them: this machine's, and changes on top in a folder.

Made of what Linux has for everybody: an overlay in a mount namespace of its own, and chroot. It needs root.
"""

from __future__ import annotations

import fnmatch
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.ops.dockerfile import Stage

__all__ = ["Root", "build", "context_files"]

PYTHON = Path(os.path.realpath(sys.executable)).parent
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Root:
    """What lies above this machine's files, below `folder`; `mounts` are `(mount options, place)`."""

    folder: Path
    mounts: list[tuple[str, str]] = field(default_factory=list)
    read_only: bool = False

    def __post_init__(self) -> None:
        for name in ("upper", "work", "merged"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # The interpreter may be at home with root, where nobody else may look; an image has it in /usr.
        for above in reversed(PYTHON.parents):
            place = self.at(str(above))
            place.mkdir(exist_ok=True)
            place.chmod(0o755)

    def at(self, place: str) -> Path:
        """Where a file of the root lies that does not come from this machine."""
        return self.folder / "upper" / place.lstrip("/")

    def command(self, words: Sequence[str], user: str = "0:0", cwd: str = "/") -> list[str]:
        """The command that runs `words` in this root as `user`, who has no privilege unless it is root."""
        merged = self.folder / "merged"
        layers = f"lowerdir=/,upperdir={self.folder}/upper,workdir={self.folder}/work"
        setting = [f"mount -t overlay overlay -o {layers} {merged}"]
        for options, place in self.mounts:
            target = f"{merged}{place}"
            make = "install -D /dev/null" if Path(options.removeprefix("--bind ")).is_file() else "mkdir -p"
            setting.append(f"[ -e {target} ] || {make} {target}")
        if self.read_only:
            setting.append(f"mount -o remount,ro {merged}")
        setting += [f"mount {options} {merged}{place}" for options, place in self.mounts]
        setting += [f"mount -t proc proc {merged}/proc", f"mount --rbind /dev {merged}/dev"]
        uid, gid = user.split(":")
        drop = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        if uid != "0":
            drop += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
        inner = ["env", f"--chdir={cwd}", *words]
        chroot = ["exec", "chroot", str(merged), *drop, *inner]
        return ["unshare", "--mount", "sh", "-euc", "\n".join([*setting, shlex.join(chroot)])]


def context_files(folder: Path, source: str) -> list[Path]:
    """The files that `COPY source` takes from a context, by its .dockerignore; none is an error."""
    patterns = [
        line for line in (folder / ".dockerignore").read_text().split("\n") if line and line[0] != "#"
    ]

    def kept(path: Path) -> bool:
        name, keep = str(path.relative_to(folder)), True
        for pattern in patterns:
            bare = pattern.lstrip("!").replace("**/", "*")
            if any(fnmatch.fnmatch(part, bare) for part in (name, *map(str, Path(name).parents))):
                keep = pattern.startswith("!")
        return keep

    here = folder / source
    files = [p for p in (sorted(here.rglob("*")) if here.is_dir() else [here]) if p.is_file() and kept(p)]
    if not files:
        raise FileNotFoundError(f"COPY {source}: the context has none")
    return files


def build(stages: Sequence[Stage], context: Path, folder: Path) -> Root:
    """Carries the steps of all stages out; the root of the last one.

    Raises:
        subprocess.CalledProcessError: a step failed, with what it printed.
    """
    roots: dict[str, Root] = {}
    root = Root(folder / "none")
    for number, stage in enumerate(stages):
        root = roots[stage.name] = Root(folder / (stage.name or f"stage{number}"))
        environment = {"PATH": f"{PYTHON}:{SYSTEM_PATH}", **_proxies()}
        cwd = "/"
        for word, text in stage.steps:
            match word:
                case "ENV":
                    for pair in text.split():
                        name, _, value = pair.partition("=")
                        environment[name] = value.replace("$PATH", environment["PATH"])
                case "WORKDIR":
                    cwd = text
                    root.at(cwd).mkdir(parents=True, exist_ok=True)
                case "COPY" if text.startswith("--from="):
                    name, source, place = text.removeprefix("--from=").split()
                    shutil.copytree(roots[name].at(source), root.at(place), symlinks=True)
                case "COPY":
                    *sources, place = text.split()
                    for source in sources:
                        _copy(context, source, root.at(str(Path(cwd, place))))
                case "RUN":
                    run = root.command(["sh", "-c", text], cwd=cwd)
                    subprocess.run(run, env=environment, check=True, capture_output=True, text=True)
    return root


def _copy(context: Path, source: str, place: Path) -> None:
    """As Docker does: a folder's content goes into the place, a file keeps its name in it."""
    base = context / source if (context / source).is_dir() else (context / source).parent
    for file in context_files(context, source):
        target = place / file.relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)


def _proxies() -> Mapping[str, str]:
    """How pip reaches its index on this machine; an engine hands the same on."""
    return {
        name: value for name, value in os.environ.items() if name.lower().startswith(("pip_", "http", "no_p"))
    }
