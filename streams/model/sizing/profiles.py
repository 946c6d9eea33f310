"""Common replicators: what they ship, in which blocks, by which rule, and where each figure is from.

A figure that the maker does not publish is None: the captured track stands for an unknown block, and a cycle
must be given. Sizes and cycles are the defaults of the product; what a site has set differently goes before.
Product names belong to their owners.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

from streams.model.sizing.basis import BASIS_OF, Basis, Mode

__all__ = ["PROFILES", "Profile", "require_profile"]

_KIB = 1024


@dataclass(frozen=True, slots=True)
class Profile:
    """A replicator.

    `block_bytes` is the unit in which it tracks and ships changes. `cycle_seconds` is the default cycle, and
    it may be set from `least_cycle_seconds` to `most_cycle_seconds`. Written bytes times `journal_ratio` are
    what its journal holds of them, and it is at least `least_journal_bytes` large. `sources` says for the
    mode and for each figure where it is from.
    """

    title: str
    mode: Mode
    sources: Mapping[str, str]
    block_bytes: int | None = None
    cycle_seconds: int | None = None
    least_cycle_seconds: int | None = None
    most_cycle_seconds: int | None = None
    journal_ratio: Fraction | None = None
    least_journal_bytes: int | None = None
    remark: str = field(default="")

    @property
    def basis(self) -> Basis:
        """The bytes that it ships."""
        return BASIS_OF[self.mode]

    @property
    def queue_depth(self) -> int | None:
        """How many cycles may be captured and not yet applied besides the open one; None where all may."""
        return None if self.mode == "cycle_multi" else 1

    def journal_bytes(self, backlog_bytes: float) -> float:
        """The journal for a backlog of written bytes: with the replicator's overhead, and its least size."""
        return max(backlog_bytes * float(self.journal_ratio or 1), self.least_journal_bytes or 0)

    def cycle(self, asked_seconds: int | None = None) -> int:
        """The cycle that was asked for, else the default one.

        Raises:
            ValueError: a cycle that it cannot have, or none was given and it has no default.
        """
        cycle = self.cycle_seconds if asked_seconds is None else asked_seconds
        if cycle is None:
            raise ValueError(f"cycle_seconds: {self.title} has no default; give one")
        least, most = self.least_cycle_seconds or 1, self.most_cycle_seconds
        if cycle < least or (most is not None and cycle > most):
            span = f"{least} s or more" if most is None else f"{least} to {most} s"
            raise ValueError(f"cycle_seconds {cycle}: {self.title} takes {span}")
        return cycle


_GLOBAL_MIRROR = (
    "IBM, Implementing the IBM Storwize V5000 Gen2, 10.7.12, Using Change Volumes with Global Mirror"
)
_SRDF_A_SWITCH = "Dell community, SRDF/A cycle switch: 30 s once, 15 s by default on newer arrays"
_SYMMETRIX_TRACKS = (
    "SRDF device compatibility: FBA track of 32 KiB on DMX, 64 on DMX-3 and VMAX, 128 on VMAX3"
)
_SRDF_A_REMARK = "only what was written of a track may be sent: whole tracks are the upper bound"
_VSPHERE_RPO = "VMware, vCloud NFV reference architecture: RPO of 5 minutes to 24 hours"
_VSPHERE = "VMware, vSphere Replication Administration, Bandwidth Requirements"

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "srdf-a-dmx": Profile(
            "SRDF/A on Symmetrix DMX",
            "cycle_single",
            {"mode": _SRDF_A_SWITCH, "block_bytes": _SYMMETRIX_TRACKS, "cycle_seconds": _SRDF_A_SWITCH},
            block_bytes=32 * _KIB,
            cycle_seconds=30,
            remark=_SRDF_A_REMARK,
        ),
        "srdf-a-vmax": Profile(
            "SRDF/A on DMX-3, DMX-4 and VMAX",
            "cycle_single",
            {"mode": _SRDF_A_SWITCH, "block_bytes": _SYMMETRIX_TRACKS, "cycle_seconds": _SRDF_A_SWITCH},
            block_bytes=64 * _KIB,
            cycle_seconds=15,
            remark=_SRDF_A_REMARK,
        ),
        "srdf-a-powermax": Profile(
            "SRDF/A in multi-cycle mode on VMAX3 and PowerMax",
            "cycle_multi",
            {
                "mode": "Dell, Solutions Enabler SRDF Family CLI User Guide, SRDF/A multi-cycle mode",
                "block_bytes": _SYMMETRIX_TRACKS,
                "cycle_seconds": _SRDF_A_SWITCH,
            },
            block_bytes=128 * _KIB,
            cycle_seconds=15,
            remark=_SRDF_A_REMARK,
        ),
        "global-mirror-change-volumes": Profile(
            "Global Mirror with Change Volumes on Spectrum Virtualize",
            "cycle_single",
            {
                "mode": f"{_GLOBAL_MIRROR}: the next cycle does not start until the one before completes",
                "block_bytes": "IBM, SAN Volume Controller, Modify Copy Service Space: a bit of Global "
                "Mirror's bitmap stands for 256 KiB; FlashCopy grains are 256 KiB by default too",
                "cycle_seconds": _GLOBAL_MIRROR,
                "least_cycle_seconds": f"{_GLOBAL_MIRROR}: -cycleperiodseconds 60 to 86400",
                "most_cycle_seconds": f"{_GLOBAL_MIRROR}: -cycleperiodseconds 60 to 86400",
            },
            block_bytes=256 * _KIB,
            cycle_seconds=300,
            least_cycle_seconds=60,
            most_cycle_seconds=86_400,
        ),
        "remote-copy-periodic": Profile(
            "HPE 3PAR and Primera Remote Copy, asynchronous periodic",
            "cycle_single",
            {"mode": "HPE, Primera Remote Copy, Automatic resynchronization for asynchronous periodic mode"},
        ),
        "vsphere-replication": Profile(
            "vSphere Replication",
            "cycle_single",
            {
                "mode": f"{_VSPHERE}: a block that changed is transferred once in its state at that moment",
                "least_cycle_seconds": _VSPHERE_RPO,
                "most_cycle_seconds": _VSPHERE_RPO,
            },
            least_cycle_seconds=300,
            most_cycle_seconds=86_400,
            remark="its RPO is the time by which a transfer must be done; cycles are shorter than it",
        ),
        "ceph-rbd-snapshots": Profile(
            "Ceph RBD mirroring by snapshots",
            "cycle_single",
            {"mode": "Ceph documentation, RBD Mirroring: the delta between two mirror-snapshots is copied"},
        ),
        "ceph-rbd-journal": Profile(
            "Ceph RBD mirroring by journal",
            "continuous",
            {"mode": "Ceph documentation, RBD Mirroring: every write is recorded and replayed"},
        ),
        "universal-replicator": Profile(
            "Hitachi Universal Replicator",
            "continuous",
            {
                "mode": "Hitachi, SVOS 8.2, Universal Replicator overview",
                "journal_ratio": "Hitachi community, Universal Replicator Journals: metadata to data 1 to 32",
            },
            journal_ratio=Fraction(33, 32),
        ),
        "volume-replicator": Profile(
            "Veritas Volume Replicator",
            "continuous",
            {
                "mode": "Veritas, InfoScale Replication Administrator's Guide, Data flow in VVR",
                "least_journal_bytes": "Veritas, Sizing the SRL: at least 110 MB, read as MiB to be safe",
            },
            least_journal_bytes=110 << 20,
        ),
        "zerto": Profile(
            "Zerto",
            "continuous",
            {"mode": "Zerto, DR 101: changes are tracked, streamed and journalled continuously"},
        ),
        "drbd-async": Profile(
            "DRBD protocol A",
            "continuous",
            {"mode": "LINBIT, DRBD User's Guide, Replication modes"},
        ),
        "drbd-resync": Profile(
            "DRBD resynchronisation",
            "bitmap_resync",
            {
                "mode": "LINBIT, DRBD User's Guide, Efficient synchronization",
                "block_bytes": "Linux, drivers/block/drbd/drbd_int.h: BM_BLOCK_SHIFT 12",
            },
            block_bytes=4 * _KIB,
        ),
        "qemu-dirty-bitmap": Profile(
            "QEMU dirty bitmaps",
            "bitmap_resync",
            {
                "mode": "QEMU, Dirty Bitmaps and Incremental Backup",
                "block_bytes": "QEMU, Dirty Bitmaps and Incremental Backup: granularity of 64 KiB by default",
            },
            block_bytes=64 * _KIB,
        ),
    }
)
"""Replicators by the names that settings and commands use."""


def require_profile(name: str) -> Profile:
    """The profile of this name.

    Raises:
        ValueError: there is none; the message names the nearest ones.
    """
    if name in PROFILES:
        return PROFILES[name]
    near = difflib.get_close_matches(name, PROFILES, cutoff=0.4) or sorted(PROFILES)
    raise ValueError(f"profile {name!r} is not known; choose one of {', '.join(near)}")
