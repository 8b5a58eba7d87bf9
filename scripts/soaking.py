"""Long runs, watched from outside: soaking.py WSBENCH MINUTES PAGE."""

import json
import os
import subprocess
import sys
import time

# The first part of a run fills pools and histograms; what grows later grows for good.
SETTLING = 0.3
# What a whole run may gain beyond its settled state: MiB of memory, and descriptors.
MEMORY_MIB = 4.0
DESCRIPTORS = 2.0
PAGE = os.sysconf("SC_PAGE_SIZE")

RUNS = {
    "held connections, in fragments, closed by the server after 500 messages": (
        ["--misbehave", "close-after:messages=500,code=1012"],
        ["-c", "100", "-p", "4", "-s", "64..4k", "--fragment", "1k"],
    ),
    "held connections, compressed with takeover": (
        ["--compress"],
        ["-c", "100", "-p", "4", "-s", "64..4k", "--compress"],
    ),
    "clients that are replaced after 5 round trips, each 997th answer wrong": (
        ["--misbehave", "wrong-bytes:every=997"],
        ["--clients", "1000m", "-c", "64", "-r", "5"],
    ),
    "an open loop over held connections": (
        [],
        ["-c", "100", "-R", "5k"],
    ),
}


class Watched:
    """A process whose memory and descriptors are noted once a second."""

    def __init__(self, name, process):
        self.name, self.process = name, process
        self.memory, self.descriptors = [], []

    def look(self):
        try:
            with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
                resident = int(file.read().split()[1]) * PAGE / (1 << 20)
            count = len(os.listdir(f"/proc/{self.process.pid}/fd"))
        except OSError:
            return
        self.memory.append(resident)
        self.descriptors.append(count)

    def settled(self, figures):
        return figures[int(len(figures) * SETTLING) : -2]


def growth(figures):
    """What a straight line through the figures gains over all of them (Theil–Sen: the median of
    the slopes between pairs, which no single peak moves)."""
    step = max(1, len(figures) // 200)
    points = list(enumerate(figures))[::step]
    slopes = sorted(
        (later - earlier) / (there - here)
        for at, (here, earlier) in enumerate(points)
        for there, later in points[at + 1 :]
    )
    return slopes[len(slopes) // 2] * len(figures) if slopes else 0.0


def soak(wsbench, title, serve, load, seconds):
    server = subprocess.Popen(
        [wsbench, "serve", "--until-stdin-closes", *serve],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    url = server.stdout.readline().split()[-1]
    words = [*load, "--format", "json", "--no-tui", "--warmup", "0", url]
    if "--clients" not in load:
        words = ["-d", f"{seconds}s", *words]
    run = subprocess.Popen([wsbench, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    watched = [Watched("generator", run), Watched("embedded server", server)]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(1)
        for one in watched:
            one.look()
    if "--clients" in load:
        run.terminate()
    output, _ = run.communicate(timeout=120)
    document = json.loads(output)
    server.stdin.close()
    server.wait(timeout=30)
    return title, document, watched


def judged(title, document, watched):
    """Lines of the page's table, and complaints."""
    lines, complaints = [], []
    counts = document["messages"]
    given = counts["answered"] + counts["timed_out"] + counts["failed"] + counts["in_flight_at_end"]
    if counts["sent"] != given or counts["answered"] == 0:
        complaints.append(f"{title}: the books do not add up: {counts}")
    for one in watched:
        memory, descriptors = one.settled(one.memory), one.settled(one.descriptors)
        if len(memory) < 20:
            complaints.append(f"{title}: {one.name} was seen {len(memory)} times only")
            continue
        gained, more = growth(memory), growth(descriptors)
        lines.append(
            f"| {title} | {one.name} | {min(memory):.1f}–{max(memory):.1f} MiB | {gained:+.2f} MiB "
            f"| {min(descriptors)}–{max(descriptors)} | {more:+.1f} |"
        )
        if gained > MEMORY_MIB:
            complaints.append(f"{title}: {one.name} gained {gained:.1f} MiB")
        if more > DESCRIPTORS:
            complaints.append(f"{title}: {one.name} gained {more:.1f} descriptors")
    return lines, complaints


def load_line(title, document):
    counts, connections = document["messages"], document["connections"]
    return (
        f"* {title}: {counts['sent']:,} messages sent, {counts['answered']:,} answered, "
        f"{counts['failed']:,} failed, {counts['timed_out']:,} timed out, {counts['corrupted']:,} "
        f"corrupted; {connections['upgraded']:,} connections."
    )


def main():
    wsbench, minutes, page = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    seconds = max(40, int(minutes * 60 / len(RUNS)))
    table, told, complaints = [], [], []
    for title, (serve, load) in RUNS.items():
        print(f"soak: {title}, {seconds} s", flush=True)
        seen = soak(wsbench, title, serve, load, seconds)
        lines, of_run = judged(*seen)
        told.append(load_line(*seen[:2]))
        table += lines
        complaints += of_run
        print("\n".join([told[-1], *lines]), flush=True)
    with open(page, "w", encoding="utf-8") as file:
        file.write(
            f"""# Soak

Written by `scripts/soak {sys.argv[2]}`: {seconds} s a run. Memory and descriptors were read from outside once a second;
growth is the slope (Theil–Sen) behind the first {SETTLING:.0%} of a run, times what remains of it. The script fails when
one process gains more than {MEMORY_MIB:.0f} MiB or {DESCRIPTORS:.0f} descriptors, or when messages sent are not those
answered, timed out, failed and in flight.

| run | process | resident | growth | descriptors | growth |
|---|---|--:|--:|--:|--:|
"""
            + "\n".join(table)
            + "\n\n"
            + "\n".join(told)
            + "\n"
        )
    for complaint in complaints:
        print(f"soak: {complaint}", file=sys.stderr)
    sys.exit(bool(complaints))


main()
