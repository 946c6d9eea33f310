"""Alerts as data, and the files that are made of them: `python -m ops.alerting`."""
