"""Measuring linkgauge: `make bench`. No figure counts before its answer was compared with a brute force."""
