"""The windowed stream processor: thin shells of Faust or confluent-kafka around `model.partition`."""
