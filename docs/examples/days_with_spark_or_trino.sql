-- What each day changed and wrote, by group: Spark or Trino, over the Delta or Iceberg tables.
-- Counts need no function: every row has its number of changed tracks. Choose one interval_seconds.
WITH newest AS (
    SELECT *, row_number() OVER (
        PARTITION BY data_group, interval_seconds, interval_start ORDER BY revision DESC
    ) AS place
    FROM linkgauge.interval_summary
    WHERE NOT is_gap AND interval_seconds = 300 AND day >= DATE '2026-11-01'
)
SELECT day, data_group, sum(changed_bytes_or) AS changed_bytes_sum, sum(written_bytes) AS written_bytes
FROM newest WHERE place = 1
GROUP BY day, data_group ORDER BY day, data_group;
