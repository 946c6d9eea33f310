"""Synthetic fleets: writes without end in bounded memory, and their exact answer in closed form.

- `arrivals`: when write number n comes, and how many came before a time
- `walks`: where step number k of a volume goes, and how many tracks a run of steps touches
- `fleet`: arrays and volumes that write by both; `demo_fleet` is the one that everybody meets first
- `answer`: what a correct pipeline must report about a fleet, without looking at a single write
"""

from __future__ import annotations

from streams.agents.synthetic.answer import Answer
from streams.agents.synthetic.fleet import FleetSpec, Pattern, demo_fleet

__all__ = ["Answer", "FleetSpec", "Pattern", "demo_fleet"]
