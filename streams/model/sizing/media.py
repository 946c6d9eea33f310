"""How much of a line's rate is payload, by what the replication runs over.

TCP over Ethernet: the payload of a full segment over its bytes on the wire. A frame of MTU 1500 carries 1448
bytes of payload (20 bytes of IPv4, 20 of TCP, 12 of TCP timestamps; RFC 791, RFC 9293, RFC 7323) and takes
1538 on the wire (14 of Ethernet header, 4 of check sequence, 8 of preamble, 12 of gap; IEEE 802.3); with
MTU 9000 it is 8948 of 9038.
FCIP on top of TCP (RFC 3821, frame encapsulation RFC 3643): 2048 bytes of payload take 2112, namely 32 of
encapsulation with the start of frame, 24 of Fibre Channel header, 4 of CRC and 4 of end of frame.
SONET, MPLS, IPsec and the like depend on how they are set up: give the link's own `efficiency`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["MEDIA", "Medium"]


@dataclass(frozen=True, slots=True)
class Medium:
    """Payload per bit on the line, and the largest TCP segment, which the loss limit needs."""

    efficiency: Fraction
    mss_bytes: int


_FCIP = Fraction(2048, 2112)
_MTU_1500 = Fraction(1448, 1538)
_MTU_9000 = Fraction(8948, 9038)

MEDIA = {
    "raw": Medium(Fraction(1), 1448),
    "tcp1500": Medium(_MTU_1500, 1448),
    "tcp9000": Medium(_MTU_9000, 8948),
    "fcip1500": Medium(_MTU_1500 * _FCIP, 1448),
    "fcip9000": Medium(_MTU_9000 * _FCIP, 8948),
}
"""Media by name; `raw` counts every bit of the line as payload."""
