"""Opening files by name, in a folder or in object storage."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from streams.errors import LakeError
from streams.store.lake.storage import object_store

__all__ = ["has_files", "names_in", "opener", "read_file"]


def has_files(uri: str, options: Mapping[str, str]) -> bool:
    """Whether there is anything below."""
    if "://" not in uri:
        return Path(uri).is_dir() and any(Path(uri).iterdir())
    return any(True for _ in _listed(uri, options, None))


def names_in(uri: str, options: Mapping[str, str], folder: str) -> list[str]:
    """The names of the files of a folder."""
    if "://" not in uri:
        place = Path(uri, folder)
        return [each.name for each in place.iterdir()] if place.is_dir() else []
    return [name.rpartition("/")[2] for name in _listed(uri, options, folder)]


def read_file(uri: str, options: Mapping[str, str], name: str) -> bytes:
    """What a file holds.

    Raises:
        FileNotFoundError: there is none.
    """
    if "://" not in uri:
        return Path(uri, name).read_bytes()
    import obstore  # noqa: PLC0415  # large, and needed for object storage alone

    return bytes(obstore.get(object_store(uri, options), name).bytes())


def opener(uri: str, options: Mapping[str, str]) -> Callable[..., Callable[[], Any]]:
    """Of names of a file below `uri`, the first of which that is there counts, what opens it."""
    if "://" not in uri:
        return lambda *names: partial(_open_first, [Path(uri, name) for name in names])
    import obstore  # noqa: PLC0415  # as above

    store = object_store(uri, options)

    def open_any(names: tuple[str, ...]) -> Any:
        for name in names[:-1]:
            try:
                return _Remote(obstore.open_reader(store, name), f"{uri}/{name}")
            except FileNotFoundError:
                continue
        return _Remote(obstore.open_reader(store, names[-1]), f"{uri}/{names[-1]}")

    return lambda *names: partial(open_any, names)


class _Remote(io.RawIOBase):
    """An object as the file that pyarrow wants: the library's own reader is none.

    Unlike a file that is open, it can be gone before it is read.
    """

    def __init__(self, reader: Any, place: str) -> None:
        super().__init__()
        self._reader = reader
        self._place = place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return int(self._reader.tell())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._reader.seek(offset, whence))

    def read(self, size: int | None = -1) -> bytes:
        everything = size is None or size < 0
        try:
            return bytes(self._reader.readall() if everything else self._reader.read(size))
        except FileNotFoundError as error:
            raise LakeError(
                f"{self._place}: upkeep has put another file in its place while it was read; ask again"
            ) from error


def _open_first(paths: list[Path]) -> Any:
    for path in paths[:-1]:
        try:
            return path.open("rb")
        except FileNotFoundError:
            continue
    return paths[-1].open("rb")


def _listed(uri: str, options: Mapping[str, str], folder: str | None) -> Any:
    import obstore  # noqa: PLC0415  # as above

    return (meta["path"] for page in obstore.list(object_store(uri, options), folder) for meta in page)
