"""Amounts as people write them are read exactly; what could mean two things is refused with the remedy."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.quantities import count, money, rate, share, size, span, times


@pytest.mark.parametrize(
    ("read", "text", "amount"),
    [
        (size, "1TiB", 1 << 40),
        (size, "100 GB", 10**11),
        (size, "64KiB", 65_536),
        (size, "65536000000", 65_536_000_000),
        (size, "1.5e3MB", 15 * 10**8),
        (rate, "155.52Mbit/s", 155_520_000),
        (rate, "155.52 Mbps", 155_520_000),
        (rate, "OC-3", 155_520_000),
        (rate, "T1", 1_544_000),
        (rate, "20MB/s", 160_000_000),
        (rate, "1MiB/s", 8 << 20),
        (rate, "1e9", 10**9),
        (span, "90", 90),
        (span, "1h30min", 5400),
        (span, "1h 30min", 5400),
        (span, "80ms", Fraction(2, 25)),
        (span, "0.5d", 43_200),
        (share, "70%", Fraction(7, 10)),
        (share, "0.7", Fraction(7, 10)),
        (times, "99.9", Fraction(999, 10)),
        (times, "99.9%", Fraction(999, 10)),
        (money, "0.05", Fraction(1, 20)),
        (count, "2", 2),
    ],
)
def test_what_people_write(read, text, amount):
    assert read(text) == amount


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (size, "1T", "'1T': say TB for powers of 1000 or TiB for powers of 1024"),
        (size, "1Gb", "these are bits"),
        (size, "1Gbit", "these are bits"),
        (size, "12 parsec", "'parsec' is no unit of size"),
        (size, "", "a size like 1.5TiB"),
        (size, "nan", "a size like"),
        (size, "1e999999", "a size like"),
        (size, "9" * 1000, "a size like"),
        (rate, "1GBPS", "'GBPS' is no unit of a rate"),
        (rate, "OC-4", "one of T1, E1"),
        (span, "1 fortnight", "'fortnight' is no unit of time"),
        (span, "noon", "a time like 15min"),
        (share, "5 km", "a share like 70%"),
        (times, "five", "a number like 1.2"),
        (money, "5 EUR", "without the currency"),
        (count, "2.5", "a whole number like 2"),
    ],
)
def test_what_is_refused_says_how_it_looks(read, text, said):
    with pytest.raises(ValueError, match=r"it is to be|say|bits|unit") as refused:
        read(text)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 250


@given(st.decimals(0, 10**9, places=3))
def test_every_unit_is_exact(number):
    assert size(f"{number}MiB") == Fraction(number) * (1 << 20)
    assert rate(f"{number}Mbit/s") == Fraction(number) * 10**6
    assert rate(f"{number}MB/s") == 8 * rate(f"{number}Mbit/s")
    assert span(f"{number}ms") == Fraction(number) / 1000
    assert share(f"{number}%") == Fraction(number) / 100
