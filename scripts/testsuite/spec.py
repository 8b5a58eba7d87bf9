"""Writes what `wstest` is to do: spec.py client|server URL REPORTS CASE… [--without CASE…]."""

import json
import sys

AGENT = "wsbench"


def main():
    role, url, reports, *patterns = sys.argv[1:]
    split = patterns.index("--without") if "--without" in patterns else len(patterns)
    spec = {
        "outdir": reports,
        "cases": patterns[:split],
        "exclude-cases": patterns[split + 1 :],
        "exclude-agent-cases": {},
    }
    if role == "server":
        # The testsuite is the client.
        spec["servers"] = [{"agent": AGENT, "url": url}]
    else:
        spec["url"] = url
    json.dump(spec, sys.stdout)


main()
