"""Bytes on the topics and values of the model, one into the other: the only place that knows encodings."""
