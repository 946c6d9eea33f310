"""Waiting for a cluster that may be restarted meanwhile: what it does not answer now is asked again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from streams.errors import BrokerError

__all__ = ["retried"]

_PAUSE_SECONDS: Final = 0.5

_Result = TypeVar("_Result")


def retried(attempt: Callable[[], _Result], is_patient: Callable[[], bool]) -> _Result:
    """What `attempt` returns; it is made again after an error of the broker, as long as there is patience.

    Raises:
        BrokerError: the last one, when patience is over.
    """
    while True:
        try:
            return attempt()
        except BrokerError:
            if not is_patient():
                raise
        time.sleep(_PAUSE_SECONDS)
