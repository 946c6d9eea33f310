"""Reading the lake: the same definitions, summaries and parts of tables as from the topics, of any age.

A table is a list of Parquet files whatever its format: `files` knows the three formats, and nothing behind it
does. `choosing` reads the narrow columns of a day and picks the rows that count; `parts` reads the bitmaps of
those alone, and gives them as columns like those of the tables topic.
"""
