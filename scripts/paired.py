"""What comparisons of programs share: a server on a core of its own, the CPU time of a run, and the
interval of ratios."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import time

# Student's t, two-sided 95 %, by degrees of freedom from 1; beyond the last 1.96 will do.
STUDENT = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
    2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
    2.045, 2.042,
]
# What a run may take beside its length, s.
AROUND_S = 20.0


class Trouble(Exception):
    """What ends the comparison, in words."""


def pinned(core):
    return lambda: os.sched_setaffinity(0, {core})


class Server:
    """The embedded server of a program, gone when it is left."""

    def __init__(self, program, core):
        self.program, self.core = program, core
        self.served = None

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.program, "serve", "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=pinned(self.core),
            text=True,
        )
        try:
            self.url = self.read_url()
        except BaseException:
            self.end()
            raise
        return self

    def read_url(self):
        said = self.process.stdout.readline()
        for word in said.split():
            if word.startswith("ws://"):
                return word.rstrip(",;")
        raise Trouble(f"{self.program} serve does not say where it listens: {said.strip()!r}")

    def end(self):
        """Ends it; how many messages it has answered is known then."""
        self.process.terminate()
        try:
            said, _ = self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            said, _ = self.process.communicate()
        found = re.search(r"served ([\d,]+) messages?", said)
        self.served = int(found[1].replace(",", "")) if found else None

    def __exit__(self, *_):
        if self.served is None:
            self.end()


def run(words, core, seconds, stop_after=None):
    """What a program on a core said, its exit code, and the CPU time of its process, µs. One that
    goes on after `stop_after` seconds is interrupted; one that goes on after `seconds` and some is
    killed, which is trouble."""
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=pinned(core),
    )

    def out_of_time(*_):
        if stop_after is not None and not out_of_time.told:
            out_of_time.told = True
            process.send_signal(signal.SIGINT)
            signal.setitimer(signal.ITIMER_REAL, AROUND_S)
        else:
            raise Trouble(f"a run was not over in time: {' '.join(words)}")

    out_of_time.told = False
    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, stop_after or seconds + AROUND_S)
    try:
        text = process.stdout.read()
        # That process and those that it has awaited: the usage of all children would be a sum.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return text, process.returncode, (usage.ru_utime + usage.ru_stime) * 1e6


def interval(ratios):
    """Geometric mean of the ratios and its interval at 95 %."""
    logs = [math.log(ratio) for ratio in ratios]
    mean = sum(logs) / len(logs)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in logs) / (len(logs) - 1))
    student = STUDENT[min(len(logs) - 1, len(STUDENT)) - 1] if len(logs) <= 31 else 1.96
    half = student * deviation / math.sqrt(len(logs))
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def parted(words):
    """The words before `--`, and those behind it."""
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def add_usual(parser, rounds):
    """The flags that every such comparison has."""
    parser.add_argument("--rounds", type=int, default=rounds, help=f"at most (default {rounds}, at least 2)")
    parser.add_argument("--duration", type=float, default=1.0, help="of a run, s (default 1)")
    parser.add_argument("--limit", type=float, default=300.0, help="of it all, s (default 300)")
    parser.add_argument("--core", type=int, default=1, help="of the generators (default 1)")
    parser.add_argument("--server-core", type=int, default=0, help="of the server (default 0)")


def check_usual(parser, options):
    """Refuses what no such comparison can do."""
    if options.rounds < 2 or options.duration <= 0:
        parser.error("two rounds at least, of runs that have a length")
    there = os.sched_getaffinity(0)
    for core in (options.core, options.server_core):
        if core not in there:
            parser.error(f"core {core} is not there: {sorted(there)}")


def rounds(name, options, spare_s, measure):
    """What `measure` says of each round, as many as there is time for: two at least. A round is four
    runs, each as long as was asked for and `spare_s` more at most."""
    seen = []
    for _ in range(options.rounds):
        if options.ends_at - time.monotonic() < 4 * (options.duration + spare_s):
            break
        seen.append(measure())
    if len(seen) < 2:
        raise Trouble(f"no time for two rounds of {name}; give a longer --limit")
    return seen


def conclude(name, options, compare):
    """Carries a comparison out within its limit, and ends the program as it ended."""
    # An end from outside is an end by the way through which the server is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.ends_at = time.monotonic() + options.limit
    try:
        compare(options)
    except Trouble as trouble:
        sys.exit(f"{name}: {trouble}")
    except KeyboardInterrupt:
        sys.exit(130)
