"""A one-node Apache Kafka for people without one, and the topics of linkgauge on any Kafka."""
