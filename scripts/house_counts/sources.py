"""Rust sources as scripts/house counts over them: code, comments and string literals told apart,
tests left out. No parser: what a line of `rustfmt`ed code shows is enough."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)
    |(?P<block>/\*)
    |\b(?:br|cr|r)(?P<hashes>\#*)"(?P<raw>.*?)"(?P=hashes)
    |\b[bc]?"(?P<text>(?:\\.|[^"\\])*)"
    |"(?P<plain>(?:\\.|[^"\\])*)"
    |'(?:\\u\{[0-9a-fA-F]+\}|\\x..|\\.|[^'\\\n])'""",
    re.VERBOSE | re.DOTALL,
)
BLOCK_EDGE = re.compile(r"/\*|\*/")
TEST_ONLY = re.compile(r"#\[\s*cfg\s*\(")
ATTRIBUTE = re.compile(r"\s*#\[")
MODULE = re.compile(r"\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;")
NOT_NEWLINE = re.compile(r"[^\n]")


@dataclass
class Literal:
    """A string literal: where it begins, and what it says (escapes as they are written)."""

    at: int
    value: str
    in_attribute: bool = False


@dataclass
class Source:
    """One file of `crates/*/src`."""

    path: str
    crate: str
    # Names of the modules above and of its own: `worker.rs` in `load/src` is `("worker",)`.
    module: tuple
    # As it stands, tests blanked.
    text: str
    # The same length, comments and the inside of literals blanked.
    code: str
    literals: list
    # Doc comments: (line, text), one for each run of `///` lines.
    docs: list
    lines: list = field(default_factory=list)

    def line(self, at: int) -> int:
        return bisect_right(self.lines, at)

    def place(self, at: int) -> str:
        number = self.line(at)
        end = self.lines[number] if number < len(self.lines) else len(self.text)
        return f"{self.path}:{number}: {self.text[self.lines[number - 1] : end].strip()[:110]}"

    def count(self) -> int:
        """Lines that are not blank, or were not blanked."""
        return sum(1 for line in self.text.splitlines() if line.strip())


def blank(text: str) -> str:
    return NOT_NEWLINE.sub(" ", text)


def end_of_block_comment(text: str, at: int) -> int:
    depth = 0
    for edge in BLOCK_EDGE.finditer(text, at):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)


def tokens(text: str):
    """Pairs of a kind (`line`, `block`, `string`, `char`) and a span."""
    at = 0
    while True:
        found = TOKEN.search(text, at)
        if not found:
            return
        if found["line"] is not None:
            kind, end = "line", found.end()
        elif found["block"] is not None:
            kind, end = "block", end_of_block_comment(text, found.start())
        else:
            is_string = any(found[name] is not None for name in ("raw", "text", "plain"))
            kind, end = "string" if is_string else "char", found.end()
        yield kind, found.start(), end, found
        at = end


def closing(code: str, at: int) -> int:
    """Behind the bracket that closes the one at `at`."""
    pairs = {"{": "}", "[": "]", "(": ")"}
    opening, end, depth = code[at], pairs[code[at]], 0
    for place in re.finditer(re.escape(opening) + "|" + re.escape(end), code[at:]):
        depth += 1 if place.group() == opening else -1
        if depth == 0:
            return at + place.end()
    return len(code)


def attribute_end(code: str, at: int) -> int:
    return closing(code, code.index("[", at))


def is_for_tests(attribute: str) -> bool:
    inner = re.sub(r"not\s*\([^()]*\)", "", attribute)
    return re.search(r"\btest\b", inner) is not None


def test_regions(code: str):
    """Spans of what only tests have, and names of modules in files of their own that are so."""
    spans, modules, at = [], [], 0
    while True:
        found = TEST_ONLY.search(code, at)
        if not found:
            return spans, modules
        end = attribute_end(code, found.start())
        at = end
        if not is_for_tests(code[found.start() : end]):
            continue
        while ATTRIBUTE.match(code, end):
            end = attribute_end(code, end)
        module = MODULE.match(code, end)
        if module:
            modules.append(module[1])
            end = module.end()
        else:
            ends = re.compile(r"[;{]").search(code, end)
            if ends:
                end = closing(code, ends.start()) if ends.group() == "{" else ends.end()
        spans.append((found.start(), end))
        at = end


def module_of(path: Path, root: Path) -> tuple:
    parts = list(path.relative_to(root).with_suffix("").parts)
    if parts[-1] in ("lib", "main", "mod"):
        parts.pop()
    return tuple(parts)


def read(path: Path, crate: Path, shown: str):
    """The source, and the modules that only tests have."""
    text = path.read_text(encoding="utf-8")
    code, literals, comments, at = [], [], [], 0
    for kind, start, end, found in tokens(text):
        code.append(text[at:start])
        if kind == "string":
            value = next(v for v in (found["raw"], found["text"], found["plain"]) if v is not None)
            literals.append(Literal(start, value))
            code.append('"' + blank(text[start + 1 : end - 1]) + '"')
        else:
            if kind == "line":
                comments.append((start, end))
            code.append(blank(text[start:end]))
        at = end
    code = "".join(code + [text[at:]])
    spans, modules = test_regions(code)
    for start, end in spans:
        text = text[:start] + blank(text[start:end]) + text[end:]
        code = code[:start] + blank(code[start:end]) + code[end:]
    kept = [literal for literal in literals if code[literal.at] != " "]
    mark_attributes(code, kept)
    source = Source(shown, crate.name, module_of(path, crate / "src"), text, code, kept, [])
    source.lines = [0] + [match.end() for match in re.finditer("\n", text)]
    source.docs = doc_comments(source, comments)
    return source, modules


def mark_attributes(code: str, literals: list) -> None:
    spans, at = [], 0
    for found in re.finditer(r"#!?\[", code):
        if found.start() >= at:
            at = attribute_end(code, found.start())
            spans.append((found.start(), at))
    starts = [start for start, _ in spans]
    for literal in literals:
        index = bisect_right(starts, literal.at) - 1
        literal.in_attribute = index >= 0 and literal.at < spans[index][1]


def doc_comments(source: Source, comments: list) -> list:
    docs, last = [], -2
    for start, end in comments:
        words = source.text[start:end]
        if not words.startswith("///") or words.startswith("////"):
            continue
        number = source.line(start)
        if number == last + 1:
            docs[-1][1].append(words[3:].strip())
        else:
            docs.append((number, [words[3:].strip()]))
        last = number
    return [(number, "\n".join(lines)) for number, lines in docs]


def crates(root: Path) -> list:
    return sorted(path.parent for path in root.glob("crates/*/Cargo.toml"))


def sources(root: Path) -> list:
    """Every file of every crate's `src`, less those that only tests have."""
    found = []
    for crate in crates(root):
        read_files, left_out = [], []
        for path in sorted((crate / "src").rglob("*.rs")):
            source, modules = read(path, crate, str(path.relative_to(root)))
            left_out += [source.module + (name,) for name in modules]
            read_files.append(source)
        for source in read_files:
            if not any(source.module[: len(name)] == name for name in left_out):
                found.append(source)
    return found
