"""Reading the lake: the same definitions, summaries and parts of tables as from the topics, of any age.

A table is a list of Parquet files whatever its format: `files` knows the three formats, and nothing behind it
does; `opening` tells of those that are gone or damaged. `choosing` picks the rows of a day that count, by
their narrow columns; `checked` reads the bitmaps of those alone. `parts` gives them as columns like those of
the tables topic, `unions` adds them up. `known` reads the narrow tables.
"""
