"""Waiting for a cluster that may be restarted meanwhile: what it does not answer now is asked again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from confluent_kafka import KafkaError, KafkaException

from streams.errors import BrokerError
from streams.store.source import MISSING, REQUEST_SECONDS

__all__ = ["retried", "settled"]

_PAUSE_SECONDS: Final = 0.5
_SETTLING_SECONDS: Final = 0.05
_MISSING_SECONDS: Final = 3.0
_LEADERLESS = frozenset({KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE})

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


def settled(ask: Callable[[], _Result]) -> _Result:
    """What Kafka answers once it is settled.

    A new topic, or a restarted broker, is known a moment before its partitions have a leader; and a broker
    that stops or starts may deny topics that it has, for a moment.

    Raises:
        KafkaException: what it says in the end.
    """
    start = time.monotonic()
    while True:
        try:
            return ask()
        except KafkaException as error:
            code = error.args[0].code()
            patience = (
                REQUEST_SECONDS if code in _LEADERLESS else _MISSING_SECONDS if code in MISSING else 0.0
            )
            if time.monotonic() - start >= patience:
                raise
        time.sleep(_SETTLING_SECONDS)
