"""linkgauge: measures how wide a storage replication link must be."""

__version__ = "0.1.0"
