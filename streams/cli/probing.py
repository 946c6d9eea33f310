"""Whether an HTTP service of ours answers, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from streams.broker.ports import HOST

__all__ = ["Reply", "ask", "fetch", "local_url"]

_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104  # nothing is bound here
_PATIENCE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: the status, and the text that comes with it."""

    status: int
    text: str


def local_url(host: str, port: int) -> str:
    """Where a service that serves on `host` answers on this machine."""
    name = HOST if host in _WILDCARDS else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def ask(url: str) -> Reply | None:
    """The answer at an address, whatever its status; None where nobody speaks HTTP there now."""
    try:
        with urlopen(url, timeout=_PATIENCE_SECONDS) as reply:  # noqa: S310  # our own service
            return Reply(reply.status, str(reply.read(), "utf-8", "replace"))
    except HTTPError as error:
        with error:
            return Reply(error.code, str(error.read(), "utf-8", "replace"))
    except (URLError, OSError, HTTPException):
        return None


def fetch(url: str) -> str | None:
    """The text at an address; None where it is not to be had now."""
    reply = ask(url)
    return reply.text if reply is not None and reply.status == 200 else None
