"""Files by name in a folder or in object storage, through one library: each is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore

from streams.errors import LakeError
from streams.lake.formats.table import Changed
from streams.store.lake.storage import object_store
from streams.store.lake.wording import said

__all__ = ["Found", "Objects"]


class Found(NamedTuple):
    """A file: its name, size and time of writing."""

    name: str
    size_bytes: int
    written: datetime


class Objects:
    """The files below `uri`. A local file is written under another name and then given its own."""

    def __init__(self, uri: str, options: dict[str, str]) -> None:
        self.uri = uri
        with self._errors("cannot be opened"):
            if "://" in uri:
                self._store: Any = object_store(uri, options)
            else:
                self._store = LocalStore(uri, mkdir=True)

    def put(self, name: str, data: bytes) -> None:
        """Writes a file, in the place of one that is there."""
        with self._errors(f"{name} is not written"):
            obstore.put(self._store, name, data)

    def create(self, name: str, data: bytes) -> None:
        """Writes a file that must not be there yet.

        Raises:
            Changed: it is there: somebody else was quicker.
        """
        with self._errors(f"{name} is not written"):
            try:
                obstore.put(self._store, name, data, mode="create", use_multipart=False)
            except AlreadyExistsError as error:
                raise Changed(f"{self.uri}: {name} is there already") from error

    def get(self, name: str) -> bytes | None:
        """What the file holds, None where there is none."""
        with self._errors(f"{name} cannot be read"):
            try:
                return bytes(obstore.get(self._store, name).bytes())
            except (NotFoundError, FileNotFoundError):
                return None

    def list(self, prefix: str = "", after: str | None = None) -> list[Found]:
        """All files whose names begin with these folders, or those of them that are behind a name."""
        with self._errors("cannot be listed"):
            return [
                Found(meta["path"], meta["size"], meta["last_modified"])
                for page in obstore.list(self._store, prefix or None, offset=after)
                for meta in page
            ]

    def move(self, name: str, to: str) -> bool:
        """Gives a file another name; False where it is not there."""
        with self._errors(f"{name} is not renamed"):
            try:
                obstore.rename(self._store, name, to)
            except (NotFoundError, FileNotFoundError):
                return False
        return True

    def delete(self, name: str) -> None:
        """Removes a file; one that is not there is no error."""
        with self._errors(f"{name} is not removed"):
            try:
                obstore.delete(self._store, name)
            except (NotFoundError, FileNotFoundError):
                return

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            raise LakeError(f"{self.uri}: {what}: {said(error)}") from error
