//! The tables of clients: who has which task, and what each sends.

use super::MainLoad;
use super::leaves::{Leaf, LeafKind};
use super::login;
use super::places::{PlaceMap, Utterance, is_outside};
use super::script::SaidWords;
use super::talks::{SpokenLine, Talk};
use super::traffic::{Content, TrafficOutcome};
use super::upkeep::line;
use super::write::{Draft, TomlTable};
use wsbench_load::plan::{Locator, Stamp};

/// Bytes of a tag with filling at least: the tag alone is 22.
const LEAST_SIZE: usize = 30;
/// Names that the instant of a message goes by.
const STAMPS: [&str; 8] = ["E", "T", "ts", "t", "time", "timestamp", "at", "date"];

/// Task of some connections.
pub(super) struct Assignment {
    pub(super) role: Occupation,
    /// The connections.
    pub(super) talks: Vec<usize>,
}

/// Task of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occupation {
    /// Sends what others receive, and receives it.
    Both,
    Publish,
    Subscribe,
    Request,
    Echo,
    /// Receives what the server sends by itself.
    Listen,
}

impl Assignment {
    /// True of connections that send what others receive.
    fn publishes(&self) -> bool {
        matches!(self.role, Occupation::Both | Occupation::Publish)
    }

    /// The connection that stands for the others: the last one, which has seen least of others' coming;
    /// among those that send, the last of those.
    pub(super) fn exemplar(&self, talks: &[Talk<'_>]) -> usize {
        let mut last = self.talks.clone();
        last.sort_by_key(|it| talks[*it].conversation.opened);
        last.last().copied().unwrap_or(0)
    }
}

/// The tasks of connections.
pub(super) fn tasks(
    talks: &[Talk<'_>],
    ends: &[usize],
    load: Option<&MainLoad>,
) -> Vec<Assignment> {
    let all: Vec<usize> = (0..talks.len()).collect();
    let task = |role, talks| Assignment { role, talks };
    let Some(load) = load else {
        return vec![task(Occupation::Listen, all)];
    };
    let mut senders: Vec<usize> = load.lines.iter().map(|at| at.talk).collect();
    senders.sort_unstable();
    senders.dedup();
    let receivers = match &load.outcome {
        TrafficOutcome::Answered { .. } => return vec![task(Occupation::Request, senders)],
        TrafficOutcome::Echoed { .. } => return vec![task(Occupation::Echo, senders)],
        TrafficOutcome::Unseen { .. } => return vec![task(Occupation::Both, senders)],
        TrafficOutcome::Delivered { receivers, .. } => receivers.clone(),
    };
    let forms = |it: usize| login::forms(&talks[it], ends[it]);
    let others: Vec<usize> = receivers
        .iter()
        .copied()
        .filter(|it| !senders.contains(it))
        .collect();
    let is_one = senders
        .iter()
        .chain(&others)
        .all(|it| forms(*it) == forms(senders[0]));
    let all_hear = senders.iter().any(|it| receivers.contains(it));
    match (is_one, all_hear) {
        (true, _) => {
            senders.extend(others);
            vec![task(Occupation::Both, senders)]
        }
        (false, true) if others.is_empty() => vec![task(Occupation::Both, senders)],
        (false, true) => vec![
            task(Occupation::Both, senders),
            task(Occupation::Subscribe, others),
        ],
        (false, false) => vec![
            task(Occupation::Publish, senders),
            task(Occupation::Subscribe, receivers),
        ],
    }
}

fn names_room(words: &SaidWords) -> bool {
    words.text().contains("{room}")
}

impl Draft {
    /// True if the room is named anywhere.
    pub(super) fn uses_rooms(&self) -> bool {
        let has = |words: &Option<SaidWords>| words.as_ref().is_some_and(names_room);
        let steps = self
            .tables
            .iter()
            .flat_map(|it| &it.join)
            .chain(&self.login);
        let texts = self.tables.iter().flat_map(|it| &it.texts);
        let beats = self.beats.iter().any(|it| names_room(&it.send));
        let replies = self.replies.iter().any(|it| has(&it.send));
        let mut texts = texts.map(|(_, text)| text);
        let mut steps = steps.map(|it| &it.send);
        beats || replies || texts.any(|it| it.contains("{room}")) || steps.any(has)
    }
}

impl TomlTable {
    /// Says who receives the messages, where the clients send any for others.
    pub(super) fn set_audience(&mut self, has_rooms: bool) {
        if self.roles.contains(&"publish") {
            let audience = if has_rooms { "room" } else { "all" };
            self.texts.push(("audience", audience.to_owned()));
        }
    }
}

/// Writes a task into its table.
pub(super) fn fill(
    table: &mut TomlTable,
    task: &Assignment,
    talks: &[Talk<'_>],
    places: &mut PlaceMap,
    load: Option<&MainLoad>,
) {
    table.count = task.talks.len().max(1);
    table.roles = match task.role {
        Occupation::Both => vec!["publish", "subscribe"],
        Occupation::Publish => vec!["publish"],
        Occupation::Subscribe | Occupation::Listen => vec!["subscribe"],
        Occupation::Request => vec!["request"],
        Occupation::Echo => vec!["echo"],
    };
    let Some(load) = load else {
        return listening(table, talks);
    };
    if task.role == Occupation::Subscribe {
        return;
    }
    let is_said_otherwise = line(talks, load.lines[0]).is_binary() && !task.publishes();
    if is_said_otherwise {
        let what = "These were binary messages; requests and echoes are said in texts here.";
        table.comments.push(what.to_owned());
    }
    match &load.outcome {
        TrafficOutcome::Delivered {
            content,
            id,
            receivers,
        } => {
            let hears = load.lines.iter().any(|at| receivers.contains(&at.talk));
            if !hears && task.role == Occupation::Both {
                table.count = table.count.max(2);
            }
            published(table, talks, places, load, (Some(content), id.as_deref()));
        }
        TrafficOutcome::Unseen { content } => {
            let what = "No answer to these messages was seen and no delivery of them; see who receives them.";
            table.comments.push(what.to_owned());
            published(table, talks, places, load, (content.as_ref(), None));
        }
        TrafficOutcome::Answered { id, at } => requested(table, talks, places, load, (id, at)),
        TrafficOutcome::Echoed { content } => echoed(table, talks, places, load, content.as_ref()),
    }
}

/// Messages for many.
fn published(
    table: &mut TomlTable,
    talks: &[Talk<'_>],
    places: &mut PlaceMap,
    load: &MainLoad,
    (content, id): (Option<&Content>, Option<&str>),
) {
    table.texts.push(("rate", format!("{}/s", load.rate_per_s)));
    let at = load.lines[0];
    let first = line(talks, at);
    let span = content.and_then(|content| content.span(first));
    let Some(span) = span else {
        let what = "The messages had no text in which the tag could stand by which they are known.";
        table.comments.push(what.to_owned());
        return;
    };
    let sizes = load.lines.iter().filter_map(|at| {
        let line = line(talks, *at);
        let span = content?.span(line)?;
        // Two digits are an octet.
        let is_of_digits = line.packet.is_some() && is_outside(line.text(), span.start);
        Some(span.len() / if is_of_digits { 2 } else { 1 })
    });
    let sizes: Vec<usize> = sizes.collect();
    let size = (sizes.iter().sum::<usize>() / sizes.len().max(1)).max(LEAST_SIZE);
    let mut own = vec![(span.clone(), "{tag}{fill}".to_owned())];
    for leaf in &first.parts.leaves {
        let is_content = leaf.span.start < span.end && span.start < leaf.span.end;
        if is_content {
            continue;
        }
        if let Some(place) = varying(talks, load, leaf, id, (content, size)) {
            own.push((leaf.span.clone(), place));
        }
    }
    let message = places.filled(at.talk, first, &own, Utterance::Words);
    let message = first.words(message);
    let key = message.message_key();
    table.texts.push((key, message.text().to_owned()));
    table.size = Some(size);
}

/// Words that stand for a leaf of the load that differs from message to message.
fn varying(
    talks: &[Talk<'_>],
    load: &MainLoad,
    leaf: &Leaf,
    id: Option<&str>,
    (content, size): (Option<&Content>, usize),
) -> Option<String> {
    let first = line(talks, load.lines[0]);
    // Another topic is another room.
    if leaf.is_kind || leaf.kind == LeafKind::Constant || first.packet.is_some() {
        return None;
    }
    let value = leaf.value(first.text());
    // The headers of NATS count in the length of what they stand before, and say their own.
    let over = [0, headers_len(first)];
    let is_length = |over: &usize| {
        load.lines.iter().all(|at| {
            let line = line(talks, *at);
            let span = content.and_then(|it| it.span(line));
            line.value_at(&leaf.path) == span.map(|it| (it.len() + over).to_string())
        })
    };
    if leaf.kind == LeafKind::Number
        && let Some(over) = over.into_iter().find(is_length)
    {
        return Some((size + over).to_string());
    }
    let values = load
        .lines
        .iter()
        .take(100)
        .map(|at| (at.talk, line(talks, *at).value_at(&leaf.path)));
    let mut differs = false;
    let mut before: Vec<(usize, Option<String>)> = Vec::new();
    for (talk, value) in values {
        // A connection's own value stays the same on it.
        differs |= before
            .iter()
            .any(|(it, known)| *it == talk && *known != value);
        if !before.iter().any(|(it, _)| *it == talk) {
            before.push((talk, value));
        }
    }
    let is_id = id == Some(leaf.path.as_str());
    (differs || is_id).then(|| counted(leaf, &value, "m{seq}"))
}

/// Octets of the headers of a message that NATS publishes with such; 0 of any other.
fn headers_len(line: &SpokenLine<'_>) -> usize {
    let head = line.text().lines().next().unwrap_or_default();
    let mut words = head.split_ascii_whitespace().rev().skip(1);
    let length = words.next().and_then(|it| it.parse().ok());
    length.filter(|_| line.parts.form == "HPUB").unwrap_or(0)
}

/// Words that stand for a value that counts, by its form: a time, a number, or a made-up text. A text of
/// digits becomes `text`, which is no number of the login's.
pub(super) fn counted(leaf: &Leaf, value: &str, text: &str) -> String {
    let digits = value.bytes().all(|it| it.is_ascii_digit());
    let is_text = leaf.kind == LeafKind::Text;
    match (value.len(), digits) {
        (13, true) if value.starts_with('1') => "{now_ms}".to_owned(),
        (19, true) if value.starts_with('1') => "{now_ns}".to_owned(),
        (_, true) if !is_text => "{n}".to_owned(),
        (_, true) => text.to_owned(),
        _ if leaf.kind == LeafKind::Number => "{n}".to_owned(),
        (36, _) if value.matches('-').count() == 4 => {
            let groups = [8, 4, 4, 4, 12].map(|digits| format!("{{rand:hex:{digits}}}"));
            groups.join("-")
        }
        (length @ 16..=64, _) if value.bytes().all(|it| it.is_ascii_hexdigit()) => {
            format!("{{rand:hex:{length}}}")
        }
        _ => {
            let letters = value.chars().take_while(char::is_ascii_alphabetic);
            let front: String = letters.take(12).collect();
            format!("{front}-{{conn}}-{{seq}}")
        }
    }
}

/// Messages that are answered by an id.
fn requested(
    table: &mut TomlTable,
    talks: &[Talk<'_>],
    places: &mut PlaceMap,
    load: &MainLoad,
    (id, place): (&str, &Locator),
) {
    let at = load.lines[0];
    let first = line(talks, at);
    let own: Vec<_> = first
        .leaf_at(id)
        .map(|leaf| (leaf.span.clone(), "{id}".to_owned()))
        .into_iter()
        .collect();
    let message = places.filled(at.talk, first, &own, Utterance::Request);
    table.texts.push(("message", message));
    let place = match place.to_string() {
        // An id of letters becomes a number, and its place is the same.
        it if it.starts_with("regex:") && it.ends_with("([^\"\\\\]*)") => {
            it.replace("([^\"\\\\]*)", "([0-9]+)")
        }
        it => it,
    };
    table.texts.push(("match", place));
    if first.parts.leaves.iter().any(|it| it.path == "/jsonrpc") {
        table.texts.push(("failed", "json:/error".to_owned()));
    }
}

/// Messages that come back as they were.
fn echoed(
    table: &mut TomlTable,
    talks: &[Talk<'_>],
    places: &mut PlaceMap,
    load: &MainLoad,
    content: Option<&Content>,
) {
    let at = load.lines[0];
    let first = line(talks, at);
    let Some(span) = content.and_then(|content| content.span(first)) else {
        if first.parts.json.is_some() {
            let message = places.filled(at.talk, first, &[], Utterance::Request);
            return table.texts.push(("message", message));
        }
        let lengths = load.lines.iter().map(|at| line(talks, *at).text().len());
        let mean = lengths.sum::<usize>() / load.lines.len();
        table.size = Some(mean.max(LEAST_SIZE));
        return;
    };
    let own = [(span, "{conn}-{seq}-{rand:hex:8}".to_owned())];
    let message = places.filled(at.talk, first, &own, Utterance::Request);
    table.texts.push(("message", message));
}

/// Readings of messages that the server sends by itself: when each was made, and its number.
fn listening(table: &mut TomlTable, talks: &[Talk<'_>]) {
    let Some(lines) = pushes(talks) else { return };
    let first = lines[0];
    for leaf in &first.parts.leaves {
        if !leaf.is_at_pointer(&first.parts) || leaf.kind == LeafKind::Constant {
            continue;
        }
        let numbers = lines.iter().map(|it| it.value_at(&leaf.path)?.parse().ok());
        let Some(numbers) = numbers.collect::<Option<Vec<u64>>>() else {
            continue;
        };
        let place = format!("json:{}", leaf.path);
        let is_counted = numbers
            .windows(2)
            .all(|two| two[0].checked_add(1) == Some(two[1]));
        let has = |table: &TomlTable, key| table.texts.iter().any(|(known, _)| *known == key);
        if is_counted && !has(table, "sequence") && place.parse::<Locator>().is_ok() {
            table.texts.push(("sequence", place));
            continue;
        }
        let unit = match (
            numbers[0].to_string().len(),
            STAMPS.contains(&leaf.name.as_str()),
        ) {
            (10, true) => "s",
            (13, _) => "ms",
            (16, true) => "us",
            (19, true) => "ns",
            _ => continue,
        };
        let stamp = format!("{place}:{unit}");
        if !has(table, "stamp") && stamp.parse::<Stamp>().is_ok() {
            table.texts.push(("stamp", stamp));
        }
    }
}

/// The messages of a connection's that its server sends most of.
fn pushes<'t, 'a>(talks: &'t [Talk<'a>]) -> Option<Vec<&'t SpokenLine<'a>>> {
    let of_server =
        |it: &&SpokenLine<'_>| it.is_open(wsbench_drive::relay::transcript::Party::Server);
    let talk = talks
        .iter()
        .max_by_key(|it| it.lines.iter().filter(of_server).count())?;
    let lines: Vec<_> = talk.lines.iter().filter(of_server).collect();
    let often = |form: &str| lines.iter().filter(|it| it.parts.form == form).count();
    let main = lines.iter().take(200).map(|it| it.parts.form.as_str());
    let main = main.max_by_key(|form| often(form))?.to_owned();
    let those: Vec<_> = lines
        .into_iter()
        .filter(|it| it.parts.form == main)
        .collect();
    (those.len() >= 3).then_some(those)
}
