"""What each day changed and wrote, by group, from the Parquet tables, with DuckDB.

python docs/examples/days_with_duckdb.py data/lake 300
"""

from __future__ import annotations

import sys

import duckdb

folder, seconds = sys.argv[1], int(sys.argv[2])
files = f"{folder}/interval_summary/day=*/*.parquet"
QUERY = """
    SELECT day, data_group, sum(changed_bytes_or) AS changed_bytes_sum, sum(written_bytes) AS written_bytes
    FROM (
        SELECT * FROM read_parquet($files, hive_partitioning = true)
        WHERE NOT is_gap AND interval_seconds = $seconds
        QUALIFY row_number() OVER (
            PARTITION BY data_group, interval_start ORDER BY revision DESC, ingested_at DESC) = 1
    )
    GROUP BY ALL ORDER BY ALL
"""
for row in duckdb.execute(QUERY, {"files": files, "seconds": seconds}).fetchall():
    print(*row, sep=",")
