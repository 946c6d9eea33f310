"""Summaries in, Prometheus metrics out.

`history` and `letters` keep what the topics say, `readings` and `links` make figures of it, `families` names
them: all pure. `board` holds the prepared metrics, `tail` reads Kafka, `web` answers HTTP, `service` runs it
all.
"""
