"""The formats of the lake: `table` is what each of them can do, `opening` chooses one by the settings.

`delta` and `iceberg` are by their libraries. `parquet` is plain files, for which `objects` reaches the
storage and `ledger` makes a commit one step.
"""
