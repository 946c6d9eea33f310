"""A cluster that is restarted, or that denies its topics while it stops, is asked again."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.errors import BrokerUnreachable, MissingData
from streams.store import patience
from streams.store.patience import retried, settled
from tests.waiting import PATIENCE_SECONDS


class Stopping:
    """A client of a broker that denies its topics for some answers, then is gone or settled."""

    def __init__(self, *answers: int | KafkaError) -> None:
        self.answers = list(answers)

    def ask(self) -> int:
        answer = self.answers.pop(0)
        if isinstance(answer, KafkaError):
            raise KafkaException(answer)
        return answer


DENIED = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)


def test_a_topic_that_is_denied_for_a_moment_is_asked_for_again(monkeypatch):
    monkeypatch.setattr(patience, "_MISSING_SECONDS", PATIENCE_SECONDS)
    assert settled(Stopping(DENIED, DENIED, 7).ask) == 7
    gone = Stopping(DENIED, KafkaError(KafkaError._TRANSPORT))
    with pytest.raises(KafkaException) as error:
        settled(gone.ask)
    assert error.value.args[0].code() == KafkaError._TRANSPORT


def test_a_topic_that_stays_denied_is_missing(monkeypatch):
    monkeypatch.setattr(patience, "_MISSING_SECONDS", 0.2)
    with pytest.raises(KafkaException) as error:
        settled(Stopping(*[DENIED] * 1000).ask)
    assert error.value.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def attempts(*results: object):
    """An attempt that raises or returns these, one after the other."""
    left = list(results)

    def attempt() -> object:
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    return attempt


def test_errors_of_the_broker_are_outlasted_and_no_others(monkeypatch):
    monkeypatch.setattr(patience, "_PAUSE_SECONDS", 0.0)
    away = BrokerUnreachable("away")
    assert retried(attempts(away, away, 5), lambda: True) == 5
    with pytest.raises(MissingData):
        retried(attempts(away, MissingData("gone"), 5), lambda: True)
    patient = iter([True, False])
    with pytest.raises(BrokerUnreachable):
        retried(attempts(away, away, 5), lambda: next(patient))
