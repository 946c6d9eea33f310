"""Summaries in, Prometheus metrics out.

`history` keeps what the topics say, `groups` and `links` turn it into figures, `families` into metrics: all
pure. `board` holds the prepared metrics, `tail` reads Kafka, `web` answers HTTP, `service` runs it all.
"""
