"""The windowed stream processor: a Faust worker that is a thin shell around `model.partition`."""
