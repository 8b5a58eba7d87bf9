"""Judges what the testsuite found, and writes it as a page.

    table.py SERVER_INDEX CLIENT_INDEX [PAGE COMMAND]

The indices are the `index.json` of both runs. The exit code is 1 where a case failed or was passed
less than strictly.
"""

import json
import sys

GROUPS = {
    "1": "Framing: text and binary of all sizes",
    "2": "Pings and pongs",
    "3": "Reserved bits",
    "4": "Opcodes",
    "5": "Fragmentation",
    "6": "UTF-8",
    "7": "Closing",
    "9": "Limits and performance",
    "10": "Fragmentation by itself",
    "12": "Compression, payloads and sizes",
    "13": "Compression, parameters",
}
VERDICTS = ["OK", "NON-STRICT", "INFORMATIONAL", "FAILED", "UNIMPLEMENTED"]
# How a connection ended may be informational in itself; all else that is not OK is a failure.
FAIR_ENDS = {"OK", "INFORMATIONAL"}


def verdict(case):
    """One of VERDICTS: a case whose closing handshake went wrong has failed."""
    if case["behavior"] in ("OK", "INFORMATIONAL") and case["behaviorClose"] not in FAIR_ENDS:
        return "FAILED"
    return case["behavior"] if case["behavior"] in VERDICTS else "FAILED"


def in_order(name):
    return [int(part) for part in name.split(".")]


def read(path):
    """The verdicts by case."""
    with open(path, encoding="utf-8") as file:
        (cases,) = json.load(file).values()
    return {name: verdict(cases[name]) for name in sorted(cases, key=in_order)}


def table(found):
    """The verdicts counted, group by group, as Markdown."""
    head = ["group", "cases", *VERDICTS]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    groups = sorted({name.split(".")[0] for name in found}, key=int)
    for group in [*groups, None]:
        of_group = [
            verdict for name, verdict in found.items() if group in (None, name.split(".")[0])
        ]
        title = f"{group}.\\* {GROUPS.get(group, '')}" if group else "**all**"
        counts = [len(of_group), *(of_group.count(verdict) for verdict in VERDICTS)]
        lines.append("| " + " | ".join([title, *map(str, counts)]) + " |")
    return "\n".join(lines)


def not_passed(found):
    return [
        f"{name} {verdict}"
        for name, verdict in found.items()
        if verdict not in ("OK", "INFORMATIONAL")
    ]


def page(server, client, command):
    informational = ", ".join(name for name, verdict in server.items() if verdict == "INFORMATIONAL")
    return f"""# Conformance

What the [Autobahn testsuite](https://github.com/crossbario/autobahn-testsuite) (25.10.1, the usual examiner of
WebSocket implementations) finds of wsbench. This page is written by

```
{command}
```

which needs CPython 2.7, for the testsuite runs on nothing newer, and `unshare`: it listens on every
address, so it runs in a network namespace of its own. Continuous integration runs the part that takes less than two
minutes (`scripts/autobahn --quick`) where a Python 2.7 is there. INFORMATIONAL cases have no right answer
({informational}). A case whose closing handshake went wrong counts as FAILED.

`wsbench check` holds servers to cases of our own, which always run: the embedded server passes them all in
`crates/cli/tests/check.rs`.

## The embedded server

`wsbench serve --compress`, examined by the testsuite's fuzzing client.

{table(server)}

## The client

The codec of the load generator (`crates/wire`, frames, UTF-8, closing and compression in the client's role), under a
loop that echoes (`crates/drive/examples/autobahn_client.rs`), examined by the testsuite's fuzzing server. A run
compares text with what it sent instead of checking it for UTF-8; the loop examined here has it checked.

{table(client)}
"""


def main():
    server, client = read(sys.argv[1]), read(sys.argv[2])
    for role, found in (("embedded server", server), ("client", client)):
        wrong = not_passed(found)
        print(f"{role}: {len(found)} cases, {len(wrong)} not passed: {'; '.join(wrong) or 'none'}")
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w", encoding="utf-8") as file:
            file.write(page(server, client, sys.argv[4]))
    sys.exit(bool(not_passed(server) or not_passed(client)) or not server or not client)


main()
