"""The test of scripts/house: sources that are well, and a fault for each row that its count has
to see."""

from __future__ import annotations

import tempfile
from pathlib import Path

from house_counts import circles, rows, sources

# Two crates that are well. What looks like a fault in a comment, a test or a test's file is none.
WELL = {
    "crates/top/Cargo.toml": '[package]\nname = "top"\n[dependencies]\nclap = "4"\nlow = "1"\n',
    "crates/top/src/main.rs": """
//! The command line.
/// Options.
struct Options {
    /// The time that an answer may take.
    #[arg(short, long)]
    #[allow(unused)]
    pub(crate) timeout: u64,
    #[arg(short = 'x', long = "via")]
    proxy: String,
}
/// Starts at --timeout, which is spelled here.
fn main() { say("--timeout"); }
""",
    "crates/low/Cargo.toml": '[package]\nname = "low"\n[dev-dependencies]\nclap = "4"\n',
    "crates/low/src/lib.rs": """
//! The rest.
mod one;
mod two;
#[cfg(test)]
mod only_tests;
mod link;
/// A figure with its relation.
fn read(text: &str) -> Option<(&str, &str)> { text.split_once('<') }
/// What it says is left out of its beginning: The noun first.
struct Lives { deflate: bool, thinks: bool, keep_alive: bool, stamps: bool, replaces_clients: bool }
/* compress /* think */ receive_wait */
const WORDS: &str = "ulimit -n and a sum - x"; // --timeout in a comment
const QUOTE: char = '"';
const RAW: &str = r#"a "raw" literal { with a brace"#;
#[cfg(all(test, unix))]
mod tests {
    struct Lives;
    fn it_works() { say("--timeout"); let _ = "wrong_bytes"; }
}
#[cfg(not(test))]
fn is_not_of_tests<'a>(text: &'a str) -> &'a str { text }
""",
    "crates/low/src/only_tests.rs": 'struct Lives;\nfn f() { say("--via"); }\n',
    "crates/low/src/one.rs": "use crate::two::Two;\n/// One.\nstruct One { receive_wait: u64 }\n",
    "crates/low/src/two.rs": "/// Two.\npub struct Two;\n",
    "crates/low/src/link.rs": "/// A link.\nstruct Link { stream: Stream, tls: TlsSession }\n",
    "crates/low/src/plan.rs": """
/// The plan.
struct Plan { clients: u32, depth: u32, duration: u64, pace: u8, rate: f64, seed: u64, size: usize,
    think: u64, threads: u32 }
""",
}

LINES = "    let it = 1;\n"
# Row: the file that the fault goes to, its text, and by how much the count rises where the row
# counts places (`None`: it rises).
FAULTS = {
    "compression": ("crates/low/src/a.rs", "/// A.\nstruct Compress;\n", 1),
    "replacement": ("crates/low/src/a.rs", "fn a() { plan.replaces_clients(); }\n", 1),
    "stamps": ("crates/low/src/a.rs", 'const A: &str = "stamps";\n', 1),
    "think": ("crates/low/src/a.rs", "fn thinking() {}\n", 1),
    "keep-alive": ("crates/low/src/a.rs", 'const A: &str = "no_pong";\n', 1),
    "histogram": (
        "crates/low/src/a.rs",
        'fn a() {\n    b.receive_wait.add(1);\n    row("receive_wait_ns");\n}\n',
        2,
    ),
    "plans": (
        "crates/low/src/a.rs",
        f"struct A {{ {' '.join(f'{name}: u8,' for name in sorted(rows.SETTINGS)[:8])} }}\n",
        1,
    ),
    "questions": (
        "crates/low/src/a.rs",
        "fn a() {\n    if let StopRule::Clients { .. } = stop {}\n    x.replaces_clients();\n}\n",
        2,
    ),
    "kinds": (
        "crates/low/src/a.rs",
        """
fn kind(self) -> &'static str { "entirely_new" }
#[serde(rename = "wrong_bytes")]
fn a() {
    meter.fail(now, Phase::Close, "no_close", || words());
    let is_so = failure.kind == "given_up";
    let loss = ("tls_cut", "the server ended it");
    let other = "snake_case_of_no_kind";
}
kinds! { Cut = "cut", TimedOut = "timed_out" }
""",
        4,
    ),
    "flags": (
        "crates/low/src/a.rs",
        """
const A: &str = "give --timeout";
const B: &str = "a proxy (-x), or \\
    --via it";
const C: &str = "--unknown, pre--timeout, ulimit -x, well-x";
""",
        3,
    ),
    "languages": ("crates/low/src/a.rs", 'fn a() { [("<=", Relation::AtMost)]; }\n', 1),
    "stacks": (
        "crates/low/src/a.rs",
        "use rustls::{ClientConnection, StreamOwned};\nstruct A(TcpStream);\n",
        1,
    ),
    "circles": ("crates/low/src/two/below.rs", "use super::super::one::One;\n", 2),
    "greatest": ("crates/low/src/a.rs", "// a line\n" * 50, None),
    "types": ("crates/low/src/a.rs", "struct Two;\n", None),
    "docs": ("crates/low/src/a.rs", "/// What it is.\nstruct A;\n", None),
    "p95": ("crates/low/src/a.rs", f"fn a(x: [u8; 4]) {{\n{LINES * 50}}}\n", None),
    "functions": ("crates/low/src/a.rs", f"fn a() -> [u8; 4] {{\n{LINES * 70}}}\n", None),
    "files": ("crates/low/src/a.rs", "// a line\n" * 601, 1),
}


def write(root: Path, files: dict) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def counted(figure, files: dict) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        write(Path(scratch), files)
        return figure(rows.House(Path(scratch))).value


def trees() -> list:
    """Of paths: what is wrong with how they are read."""
    wrong = []
    spread = sorted(circles.spread("a::{b::{self, C}, d as e, super::f}"))
    if spread != [("a", "b", "C"), ("a", "b", "self"), ("a", "d"), ("a", "super", "f")]:
        wrong.append(f"a tree of imports was read as {spread}")
    edges = {1: {2}, 2: {3}, 3: {1, 4}, 4: {5}, 5: {4}, 6: {1}}
    if sorted(circles.components(edges)) != [[1, 2, 3], [4, 5]]:
        wrong.append(f"the circles of {edges} are said to be {circles.components(edges)}")
    if sources.closing("{ { } { { } } } }", 0) != 15:
        wrong.append("a bracket was closed by another's")
    return wrong


def test(table: list, verdict) -> bool:
    wrong = trees()
    untested = {row[0] for row in table} ^ set(FAULTS)
    if untested:
        names = ", ".join(sorted(untested))
        wrong.append(f"rows without a fault, or faults without a row: {names}")
    for key, figure, limit, goal, least, _ in table:
        if key not in FAULTS:
            continue
        path, text, more = FAULTS[key]
        before = counted(figure, WELL)
        after = counted(figure, {**WELL, path: text})
        if not (after > before if more is None else after == before + more):
            wrong.append(f"{key}: {before:g}, and {after:g} with the fault planted")
        within, over, lost = (
            verdict(before, before, goal, 0),
            verdict(after, before, goal, 0),
            verdict(least - 1, limit, goal, least),
        )
        if (within[:2], over, lost) != ("ok", "OVER", "LOST"):
            wrong.append(f"{key}: the verdicts are {within}, {over}, {lost}")
    for words in wrong:
        print(f"house: {words}")
    print(f"{len(FAULTS)} faults planted, {len(wrong)} complaints")
    return not wrong
