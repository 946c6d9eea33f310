"""Every margin of a plan as a step: from changed bytes to the payload to plan for, and along a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.cli.plans.parameters import Parameters
from streams.cli.units import bits_per_second_text, bytes_text
from streams.model.sizing.link import Binding, usable_per_path
from streams.model.sizing.linkclaims import Step, need_steps, path_steps

__all__ = ["PlanStep", "bound_sentence", "step_rows", "steps_of_need", "steps_of_path"]


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A step, what it does to the one before, and the rate after it."""

    of: str
    step: str
    factor: str
    bits_per_second: float


def steps_of_need(before: Fraction, asked: Parameters) -> list[PlanStep]:
    """From a rate of changed or written bytes to the payload that is planned for."""
    growth = f"x {_number(1 + asked.growth_per_year)} ^ {_number(asked.horizon_years)} years"
    factors = {
        "after compression": f"/ {_number(asked.compression_ratio)}",
        "after deduplication: today's need": f"/ {_number(asked.dedupe_ratio)}",
        "with safety": f"x {_number(asked.safety_factor)}",
        "with growth: planned": growth,
    }
    return [_step("need", step, factors) for step in need_steps(before, asked.reduction, asked.margins)]


def steps_of_path(line: Fraction, asked: Parameters) -> list[PlanStep]:
    """From the line rate to what one path may be planned with."""
    path = asked.at(line).path
    how = "its own" if asked.efficiency else asked.medium
    factors = {
        "after efficiency": f"x {float(path.efficiency):.5g} ({how})",
        "limited by window": f"{asked.streams_per_path} x 8 x {bytes_text(asked.tcp_window_bytes)} / RTT",
        "limited by loss": f"{asked.streams_per_path} x 1.22 x 8 MSS/(RTT sqrt(loss))",
        "limited by measured": "as measured",
        "under the utilisation ceiling": f"x {_number(asked.utilisation_ceiling)}",
        "less heartbeat": f"- {bits_per_second_text(float(asked.heartbeat_bits_per_second))}",
        "less background": f"- {bits_per_second_text(float(asked.background_bits_per_second))}",
    }
    return [_step("path", step, factors) for step in path_steps(path)]


def bound_sentence(line: Fraction, asked: Parameters) -> str:
    """Which term binds a path, and what would widen it."""
    path = asked.at(line).path
    remedy: dict[Binding, str] = {
        "line": "a faster line gives more",
        "window": "more streams or a larger window give more, a faster line does not",
        "loss": "more streams, less loss or another congestion control give more, a faster line does not",
        "measured": "the throughput test sets the limit; measure again after a change",
    }
    usable = usable_per_path(path)
    sentence = f"Each path is bound by {usable.binding}: {remedy[usable.binding]}."
    if not usable.bits_per_second:
        return f"{sentence} Heartbeat and background traffic leave nothing of it."
    if path.rtt_seconds:
        fill = float(line * asked.rtt_seconds / 8)
        sentence += (
            f" To fill the line, {bytes_text(fill)} must be under way: "
            f"the window of all streams together, with an RTT of {float(asked.rtt_seconds) * 1000:g} ms."
        )
    return sentence


def step_rows(steps: Sequence[PlanStep]) -> list[tuple[str, str, str]]:
    """Rows for people."""
    return [(step.step, step.factor, bits_per_second_text(step.bits_per_second)) for step in steps]


def _step(of: str, step: Step, factors: dict[str, str]) -> PlanStep:
    return PlanStep(of, step.name, factors.get(step.name, ""), float(step.bits_per_second))


def _number(value: Fraction) -> str:
    return f"{float(value):g}"
