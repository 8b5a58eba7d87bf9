"""Reads an interval log by the Python library and prints what it found as JSON.

Usage: read.py LOG. One object a line of the log: tag, start and end in ms since the epoch, count,
minimum, maximum, and the count of every bin that is not empty.
"""

import json
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

LOWEST_NS, HIGHEST_NS, DIGITS = 1, 3_600_000_000_000, 3


def main() -> None:
    reference = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
    reader = HistogramLogReader(sys.argv[1], reference)
    lines = []
    while (spans := reader.get_next_interval_histogram()) is not None:
        bins = [
            [item.value_iterated_to, item.count_at_value_iterated_to]
            for item in spans.get_recorded_iterator()
        ]
        lines.append(
            {
                "tag": spans.get_tag(),
                "start_ms": spans.get_start_time_stamp(),
                "end_ms": spans.get_end_time_stamp(),
                "count": spans.get_total_count(),
                "p99": spans.get_value_at_percentile(99),
                "bins": bins,
            }
        )
    json.dump(lines, sys.stdout)


if __name__ == "__main__":
    main()
