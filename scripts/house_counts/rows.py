"""What scripts/house counts: one function a row, from sources to places.

A function takes a `House` and gives a `Count`: the figure, and the places that make it up, each
as `path:line: words`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from house_counts import circles, sources

# The library by which a crate reads the command line; who depends on it may spell flags.
COMMAND_LINE = "clap"
# Words in front of a short option of a foreign command: `ulimit -n`.
FOREIGN_COMMAND = re.compile(
    r"\b(?:ulimit|swapoff|swapon|sysctl|taskset|ethtool|top|sh|bash|sudo|dpkg-query|grep|id|command)"
    r"(?:\s+-\w+)*\s+$"
)

# How a feature shows in code and in literals; comments bind nobody.
FEATURES = {
    # Of messages; not that of metrics, by Snappy's `compress_vec`.
    "compression": re.compile(r"compress(?!_vec)|deflate", re.IGNORECASE),
    "replacement": re.compile(r"replaces_clients|StopRule::Clients|Replace[ds]\b|[Rr]eplacement"),
    "stamps": re.compile(r"stamps|[Rr]eceive_?[Ss]tamp|RECEIVE_STAMP"),
    # Not what "it thinks".
    "think": re.compile(r"think(?!s\b)", re.IGNORECASE),
    # Not the flags of other tools, --keepalive and --disable-keepalive.
    "keep-alive": re.compile(
        r"(?<!-)keep_?alive|keeping_alive|--keep-alive|no_pong", re.IGNORECASE
    ),
}
# One histogram stands for all: how long an answer waited for the generator.
HISTOGRAM = re.compile(r"receive_wait|ReceiveWait")
# The question whether clients are replaced, however it is put.
REPLACEMENT_QUESTION = re.compile(
    r"\breplaces_clients\b|\bStopRule::Clients\b|\bLifetime::(?:Held|Replaced)\b|\bis_replaced\b"
)

# Settings of a plan; a file whose types have as many of them is a schema of it.
SETTINGS = set(
    "clients connections connect_rate depth duration interval keep_alive max_in_flight messages"
    " pace payload rate roundtrips round_trips seed size think threads timeout timestamps"
    " warmup".split()
)
SETTINGS_OF_A_SCHEMA = 8

# Names of failures as documents have them. They never change once published.
PUBLISHED_KINDS = set(
    "aborted auth_required broken_pipe closed closed_by_server cross_talk cut duplicated"
    " fin_without_close fragmented_control garbage given_up head_too_long http2_cut http2_goaway"
    " http2_no_websockets http2_not_spoken http2_request http2_reset http2_violation"
    " inflated_too_long interleaved_message invalid_close_code invalid_close_reason"
    " invalid_deflate invalid_utf8 length_too_large login_refused long_control malformed"
    " malformed_head masked_by_server merged_answers message_too_long method missing_accept"
    " missing_connection missing_host missing_key missing_upgrade no_close_reply no_fin no_http"
    " no_method no_pong no_socket_file non_minimal_length old_http other out_of_descriptors"
    " out_of_memory out_of_ports permission_denied queue_full refused repeated_header reserved_bits"
    " reset short_close_body socks_address_unsupported socks_command_unsupported"
    " socks_connection_refused socks_general_failure socks_host_unreachable"
    " socks_network_unreachable socks_not_allowed socks_ttl_expired socks_unassigned split_answer"
    " status tcp_timed_out timed_out tls_cut trailing unasked unasked_extension unasked_method"
    " unasked_pong unasked_subprotocol unexpected_continuation unknown_opcode unmasked_by_client"
    " unreachable wrong_accept wrong_bytes wrong_extension wrong_key wrong_length wrong_opcode"
    " wrong_version".split()
)
SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
# Where failures are named at all.
NAMES_FAILURES = re.compile(r"\bPhase::|\bLoss\b|\bFailureKind\b|\bkind\s*:\s*&'static\s+str")
# The one place where a name belongs: a variant's, `TimedOut = "timed_out"`.
NAMED_BY_ITS_VARIANT = re.compile(r"\b[A-Z]\w*\s*=\s*$")
BEFORE_A_KIND = re.compile(r"(?:\bPhase::\w+,|\bkind\s*(?:==|!=|:))\s*$")

# A relation that text is taken apart at, or a table of relations by their signs.
SIGN = r"(?:<=|>=|<|>|±|\+-|==|≤|≥)"
RELATION = re.compile(
    r"(?:split_once|rsplit_once|split|find|rfind|strip_prefix|strip_suffix|starts_with|contains)"
    rf"\(\s*(?P<quote>['\"]){SIGN}(?P=quote)\s*\)"
    rf"|\(\s*\"{SIGN}\"\s*,\s*[A-Z]\w*"
)
A_STREAM = re.compile(r"\b(?:Tcp|Unix)?Stream(?:Owned)?\b")
TLS_ON_IT = re.compile(r"\b(?:TlsSession|StreamOwned)\b")

TYPE = re.compile(r"\b(?:struct|enum|trait|union)\s+([A-Z]\w*)")
TYPE_WITH_FIELDS = re.compile(r"\b(?:struct|enum)\s+\w+[^;{(]*\{")
FIELD = re.compile(r"(?<![\w:])([a-z_]\w*)\s*:(?!:)")
QUESTION = re.compile(r"(?:What|Whether|Which|Who|How|Where|When)\b")
FUNCTION = re.compile(r"\bfn\s+(\w+)")

LONG_FUNCTION = 70
LONG_FILE = 600


@dataclass
class Count:
    """A figure and what makes it up."""

    value: float
    places: list


class House:
    """The sources, and what several rows ask of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources = sources.sources(root)
        self.manifests = {
            crate.name: dependencies((crate / "Cargo.toml").read_text(encoding="utf-8"))
            for crate in sources.crates(root)
        }
        self.functions = [
            (source, *function) for source in self.sources for function in functions(source)
        ]


def dependencies(manifest: str) -> set:
    """Names of what a crate needs when it is not tested."""
    names, is_inside = set(), False
    for line in manifest.splitlines():
        section = re.match(r"\s*\[(.+?)\]\s*$", line)
        if section:
            parts = section[1].split(".")
            is_inside = parts[-1] == "dependencies"
            if len(parts) > 1 and parts[-2] == "dependencies":
                names.add(parts[-1])
        elif is_inside:
            entry = re.match(r"\s*\"?([\w-]+)", line)
            if entry:
                names.add(entry[1])
    return names


def packages(house: House) -> dict:
    """The folder of each package."""
    found = {}
    for crate in sources.crates(house.root):
        manifest = (crate / "Cargo.toml").read_text(encoding="utf-8")
        name = re.search(r"(?m)^name\s*=\s*\"([^\"]+)\"", manifest)
        if name:
            found[name[1]] = crate.name
    return found


def below(house: House, tops: set) -> set:
    """Folders of the crates that those of `tops` stand on, themselves not among them."""
    folders = packages(house)
    seen, ahead = set(), list(tops)
    while ahead:
        for name in house.manifests[ahead.pop()]:
            folder = folders.get(name)
            if folder and folder not in seen:
                seen.add(folder)
                ahead.append(folder)
    return seen - tops


def functions(source: sources.Source):
    """Of each function with a body: its name, where it begins, where its body does, its end."""
    code = source.code
    for found in FUNCTION.finditer(code):
        at, depth = found.end(), 0
        while at < len(code):
            letter = code[at]
            if letter in "([":
                depth += 1
            elif letter in ")]":
                depth -= 1
            elif depth == 0 and letter in "{;":
                break
            at += 1
        if at < len(code) and code[at] == "{":
            yield found[1], found.start(), at, sources.closing(code, at)


def share(part: float, whole: float) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def feature(name: str):
    def count(house: House) -> Count:
        places = []
        for source in house.sources:
            found = FEATURES[name].search(source.code)
            at = found.start() if found else None
            if at is None:
                literal = next((x for x in source.literals if FEATURES[name].search(x.value)), None)
                at = literal.at if literal else None
            if at is not None:
                places.append(source.place(at))
        return Count(len(places), places)

    return count


def occurrences(pattern, house: House) -> Count:
    places = [
        source.place(found.start())
        for source in house.sources
        for found in pattern.finditer(source.code)
    ]
    return Count(len(places), places)


def histogram(house: House) -> Count:
    """Places in code, and literals that spell it: a column of CSV is one to be kept as well."""
    count = occurrences(HISTOGRAM, house)
    places = count.places + [
        source.place(literal.at)
        for source in house.sources
        for literal in source.literals
        if HISTOGRAM.search(literal.value)
    ]
    places = sorted(set(places))
    return Count(len(places), places)


def replacement_questions(house: House) -> Count:
    return occurrences(REPLACEMENT_QUESTION, house)


def plans(house: House) -> Count:
    places = []
    for source in house.sources:
        fields, first = set(), None
        for found in TYPE_WITH_FIELDS.finditer(source.code):
            end = sources.closing(source.code, found.end() - 1)
            here = SETTINGS & set(FIELD.findall(source.code[found.end() : end]))
            first = found.start() if here and first is None else first
            fields |= here
        if len(fields) >= SETTINGS_OF_A_SCHEMA:
            places.append(f"{source.place(first)}: {' '.join(sorted(fields))}")
    return Count(len(places), places)


def kinds(house: House) -> Count:
    """Literals in `fn kind(self) -> &str`, those that stand where a kind is due, and published
    names in files that name failures; but not where the enum of kinds gives each its name."""
    bodies = defaultdict(list)
    for source, name, start, at, end in house.functions:
        if name == "kind" and re.search(r"self\b.*&'static\s+str", source.code[start:at]):
            bodies[source.path].append((at, end))
    places = []
    for source in house.sources:
        names_failures = NAMES_FAILURES.search(source.code) is not None
        for literal in source.literals:
            if literal.in_attribute or not SNAKE.fullmatch(literal.value):
                continue
            before = source.code[max(0, literal.at - 60) : literal.at]
            if NAMED_BY_ITS_VARIANT.search(before):
                continue
            if (
                any(at < literal.at < end for at, end in bodies[source.path])
                or BEFORE_A_KIND.search(before)
                or (names_failures and literal.value in PUBLISHED_KINDS)
            ):
                places.append(source.place(literal.at))
    return Count(len(places), places)


def flags_of(house: House, tops: set):
    """The long and short options that the command line has, read off clap's attributes."""
    longs, shorts = set(), set()
    for source in house.sources:
        if source.crate not in tops:
            continue
        for found in re.finditer(r"#\[(?:arg|clap)\s*\(", source.code):
            end = sources.attribute_end(source.code, found.start())
            words = source.text[found.start() : end]
            while sources.ATTRIBUTE.match(source.code, end):
                end = sources.attribute_end(source.code, end)
            named = re.match(r"\s*(?:pub(?:\([^)]*\))?\s+)?(?:r#)?(\w+)\s*:", source.code[end:])
            name = named[1] if named else ""
            long = re.search(r"\blong\b(?:\s*=\s*\"([^\"]+)\")?", words)
            short = re.search(r"\bshort\b(?:\s*=\s*'(.)')?", words)
            if long:
                longs.add(long[1] or name.replace("_", "-"))
            if short:
                shorts.add(short[1] or name[:1])
            longs.update(re.findall(r"(?<!_)\b(?:visible_)?alias\s*=\s*\"([^\"]+)\"", words))
            shorts.update(re.findall(r"short_alias\s*=\s*'(.)'", words))
    return longs, shorts


def flags_below(house: House) -> Count:
    """Literals that spell an option of ours, in crates that the command line stands on."""
    tops = {crate for crate, needs in house.manifests.items() if COMMAND_LINE in needs}
    longs, shorts = flags_of(house, tops)
    if not longs:
        raise SystemExit("house: no flag was found: which crate reads the command line?")
    option = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)|(?<![^\s(\"'`])-([A-Za-z0-9])(?![\w-])")
    lower = below(house, tops)
    places = []
    for source in house.sources:
        if source.crate not in lower:
            continue
        for literal in source.literals:
            for found in option.finditer(literal.value):
                is_short = (
                    found[2] in shorts
                    and found.group() != literal.value
                    and not FOREIGN_COMMAND.search(literal.value[: found.start()])
                )
                if found[1] in longs or is_short:
                    line = literal.at + 1 + found.start()
                    places.append(source.place(line))
    places = sorted(set(places))
    return Count(len(places), places)


def languages(house: House) -> Count:
    places = []
    for source in house.sources:
        signs = (x for x in RELATION.finditer(source.text) if source.code[x.start()] != " ")
        first = next(signs, None)
        if first:
            places.append(source.place(first.start()))
    return Count(len(places), places)


def stacks(house: House) -> Count:
    places = []
    for source in house.sources:
        tls = TLS_ON_IT.search(source.code)
        if tls and A_STREAM.search(source.code):
            places.append(source.place(tls.start()))
    return Count(len(places), places)


def files_in_circles(house: House) -> Count:
    places, files = [], set()
    for crate in sorted(house.manifests):
        found = circles.circles([x for x in house.sources if x.crate == crate])
        for names, imports in found:
            files.update(path for path, _ in imports)
            places.append(f"{crate}: {' '.join(names)}")
            places += [f"  {path}: {words}" for path, words in sorted(imports)]
    return Count(len(files), places)


def greatest_crate(house: House) -> Count:
    lines = Counter()
    for source in house.sources:
        lines[source.crate] += source.count()
    whole = sum(lines.values())
    order = lines.most_common()
    places = [f"{crate}: {count} lines, {share(count, whole)} %" for crate, count in order]
    return Count(share(order[0][1], whole), places)


def shared_type_names(house: House) -> Count:
    names = defaultdict(list)
    for source in house.sources:
        for found in TYPE.finditer(source.code):
            names[found[1]].append(source.place(found.start()))
    shared = {name: places for name, places in names.items() if len(places) > 1}
    ordered = sorted(shared.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    return Count(share(len(shared), len(names)), [place for _, many in ordered for place in many])


def doc_questions(house: House) -> Count:
    whole = sum(len(source.docs) for source in house.sources)
    places = [
        f"{source.path}:{number}: {words.splitlines()[0]}"
        for source in house.sources
        for number, words in source.docs
        if QUESTION.match(words)
    ]
    return Count(share(len(places), whole), places)


def lengths(house: House) -> list:
    """Lines of each function, longest first, with the function."""
    found = [
        (source.line(end - 1) - source.line(start) + 1, source.place(start))
        for source, _, start, _, end in house.functions
    ]
    return sorted(found, reverse=True)


def function_lines_p95(house: House) -> Count:
    found = lengths(house)
    rank = len(found) - 1 - int(len(found) * 0.95)
    return Count(found[rank][0], [f"{lines} lines: {place}" for lines, place in found[:rank]])


def long_functions(house: House) -> Count:
    found = lengths(house)
    places = [f"{lines} lines: {place}" for lines, place in found if lines > LONG_FUNCTION]
    return Count(round(100 * len(places) / len(found), 2), places)


def long_files(house: House) -> Count:
    places = []
    for source in house.sources:
        lines = len(source.text.rstrip().splitlines())
        if lines > LONG_FILE:
            places.append(f"{source.path}: {lines} lines")
    return Count(len(places), places)
