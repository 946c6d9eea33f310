"""What may be chosen."""

import pytest

from bench.options import parse
from bench.site import FULL, QUICK

KNOWN = ["worker", "wire"]


def test_everything_five_times():
    options = parse(KNOWN, [])
    assert (options.runs, options.sizes, options.names) == (5, FULL, ("worker", "wire"))


def test_quick_is_small_and_once():
    assert parse(KNOWN, ["--quick"]).runs == 1
    assert parse(KNOWN, ["--quick"]).sizes == QUICK
    assert parse(KNOWN, ["--quick", "--runs", "3"]).runs == 3


def test_a_selection_and_a_size():
    options = parse(
        KNOWN, ["--only", "wire,worker", "--only", "wire", "--writes", "2_000_000", "--every-mix"]
    )
    assert options.names == ("wire", "worker")
    assert options.sizes.writes == 2_000_000
    assert options.sizes.every_mix


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--only", "worker,wines"], "there is worker, wire"), (["--runs", "0"], "at least 1")],
)
def test_wrong_usage_names_the_remedy(arguments, said, capsys):
    with pytest.raises(SystemExit):
        parse(KNOWN, arguments)
    assert said in capsys.readouterr().err


def test_some_of_the_peers():
    assert parse(KNOWN, [], environments=["quix", "java"]).environments == ("quix", "java")
    assert parse(KNOWN, ["--peers", "java"], environments=["quix", "java"]).environments == ("java",)


def test_an_unknown_peer_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(KNOWN, ["--peers", "storm"], environments=["quix", "java"])
    assert "--peers storm: there is quix, java" in capsys.readouterr().err
