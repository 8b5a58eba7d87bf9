//! What the clients send most of, and what becomes of it: answers by a number, deliveries, or nothing.

use std::collections::BTreeMap;

use wsbench_drive::relay::transcript::Party;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Locator;

use super::leaves::{Leaf, LeafKind};
use super::packets::{PAYLOAD, PacketKind};
use super::secrets::is_secret;
use super::talks::{At, Intent, SpokenLine, Talk, is_id_name, may_be_one};
use super::upkeep::line;

/// Messages of the load that are looked at.
const MOST_LOAD: usize = 60;
/// Messages behind one in which its answer and its deliveries are looked for.
const BEHIND: usize = 400;
/// Names that what is said goes by.
const CONTENTS: [&str; 10] = [
    "text", "message", "msg", "body", "content", "data", "payload", "value", "t", "chat",
];

/// Messages that the clients send most of.
pub(super) struct MainLoad {
    /// Its messages, in order of time.
    pub(super) lines: Vec<At>,
    pub(super) outcome: TrafficOutcome,
    /// Messages a second.
    pub(super) rate_per_s: f64,
}

/// Fate of the messages.
pub(super) enum TrafficOutcome {
    /// Each is answered.
    Answered {
        /// Path of the id in the message.
        id: String,
        /// Its place in the answer.
        at: Locator,
    },
    /// Each comes back as it was.
    Echoed { content: Option<Content> },
    /// Each reaches connections.
    Delivered {
        /// The part that arrives.
        content: Content,
        /// The path of an id that is repeated in an acknowledgement.
        id: Option<String>,
        /// Connections that some have reached.
        receivers: Vec<usize>,
    },
    /// Nothing was seen of them.
    Unseen { content: Option<Content> },
}

/// The part of a message that is what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// All of it.
    Whole,
    /// Text behind its first lines.
    Body,
    /// A leaf.
    At(String),
}

impl Content {
    /// Its octets in a message.
    pub(super) fn span(&self, line: &SpokenLine<'_>) -> Option<std::ops::Range<usize>> {
        let text = line.text();
        match self {
            Self::Whole => {
                let from = text.len() - text.trim_start().len();
                Some(from..from + text.trim().len())
            }
            Self::Body => {
                let blank = match line.parts.form.as_str() {
                    // What NATS publishes stands behind one line, whatever is in it.
                    "PUB" => None,
                    _ => text.find("\n\n").or_else(|| text.find("\r\n\r\n")),
                };
                let from = match blank {
                    Some(blank) if text[blank..].starts_with('\r') => blank + 4,
                    Some(blank) => blank + 2,
                    None => text.find('\n')? + 1,
                };
                let body = text[from..].trim_end_matches(['\r', '\n', '\0']);
                (!body.is_empty()).then(|| from..from + body.len())
            }
            Self::At(path) => line.leaf_at(path).map(|leaf| leaf.span.clone()),
        }
    }
}

/// Finds what the clients send most of, and marks it and what comes of it; `None` where they only listen.
pub(super) fn load(talks: &mut [Talk<'_>]) -> Option<MainLoad> {
    let lines = lines(talks)?;
    for at in &lines {
        talks[at.talk].lines[at.line].purpose = Intent::MainLoad;
    }
    let rate_per_s = rate(talks, &lines);
    let looked_at: Vec<At> = lines.iter().copied().take(MOST_LOAD).collect();
    let answers = answers(talks, &looked_at);
    if let Some(answers) = &answers {
        for at in &answers.lines {
            talks[at.talk].lines[at.line].purpose = Intent::Answer;
        }
    }
    let id = answers.as_ref().map(|it| it.id.clone());
    if answers.is_none() && comes_back(talks, &looked_at) {
        let mut content = contents(line(talks, looked_at[0]), None).into_iter();
        let outcome = TrafficOutcome::Echoed {
            content: content.find(|it| *it != Content::Whole),
        };
        return Some(MainLoad {
            lines,
            outcome,
            rate_per_s,
        });
    }
    let outcome = match (delivered(talks, &looked_at, id.as_deref()), answers) {
        (Some(found), _) => TrafficOutcome::Delivered {
            content: found.content,
            id,
            receivers: found.receivers,
        },
        (None, Some(AnswerCount { id, at, .. })) => TrafficOutcome::Answered { id, at },
        (None, None) => TrafficOutcome::Unseen {
            content: contents(line(talks, looked_at[0]), None).into_iter().next(),
        },
    };
    Some(MainLoad {
        lines,
        outcome,
        rate_per_s,
    })
}

/// Messages of the form that is said most of; of none that is said twice on a connection, the last.
fn lines(talks: &[Talk<'_>]) -> Option<Vec<At>> {
    let mut forms: BTreeMap<&str, Vec<At>> = BTreeMap::new();
    let mut last: Option<At> = None;
    for (talk, it) in talks.iter().enumerate() {
        for (place, line) in it.lines.iter().enumerate() {
            // A PUBLISH without a payload has nothing in which the tag could stand.
            let is_load = line
                .packet
                .is_none_or(|it| it.kind == PacketKind::Publish && line.leaf_at(PAYLOAD).is_some());
            if line.is_open(Party::Client) && is_load {
                let at = At { talk, line: place };
                forms.entry(&line.parts.form).or_default().push(at);
                if last.is_none_or(|it| self::line(talks, it).at <= line.at) {
                    last = Some(at);
                }
            }
        }
    }
    let last = last?;
    let repeats = |all: &[At]| {
        (0..talks.len()).any(|talk| all.iter().filter(|it| it.talk == talk).count() > 1)
    };
    let most = forms
        .into_values()
        .filter(|all| repeats(all))
        .max_by_key(Vec::len);
    let mut lines = match most {
        Some(most) => most,
        None if listens(talks, last) => return None,
        None => vec![last],
    };
    lines.sort_by_key(|at| line(talks, *at).at);
    Some(lines)
}

/// True if the server goes on by itself behind the last message of a client's.
fn listens(talks: &[Talk<'_>], last: At) -> bool {
    let behind = &talks[last.talk].lines[last.line + 1..];
    let mut forms: BTreeMap<&str, usize> = BTreeMap::new();
    for line in behind.iter().filter(|it| it.is_open(Party::Server)) {
        *forms.entry(&line.parts.form).or_default() += 1;
    }
    forms.into_values().any(|count| count >= 3)
}

fn rate(talks: &[Talk<'_>], lines: &[At]) -> f64 {
    let at = |it: Option<&At>| it.map_or(Nanos(0), |it| line(talks, *it).at);
    let took = at(lines.last()) - at(lines.first());
    let rate = (lines.len() - 1) as f64 / took.as_secs_f64().max(0.1);
    rate.round().clamp(1.0, 1_000.0)
}

/// Answers by an id.
struct AnswerCount {
    id: String,
    at: Locator,
    lines: Vec<At>,
}

/// The answers to messages, where most of them have one that repeats a value of theirs.
fn answers(talks: &[Talk<'_>], load: &[At]) -> Option<AnswerCount> {
    let first = line(talks, load[0]);
    let candidates = first.parts.leaves.iter().filter(|leaf| {
        let values: Vec<_> = load
            .iter()
            .map(|at| (at.talk, line(talks, *at).value_at(&leaf.path)))
            .collect();
        let mut distinct = values.clone();
        distinct.sort();
        distinct.dedup();
        let is_known = is_id_name(&leaf.name) || leaf.path == "front" || load.len() > 1;
        let is_value = !leaf.is_kind && leaf.kind != LeafKind::Constant && leaf.span.len() <= 64;
        is_known && is_value && distinct.len() == values.len()
    });
    let mut best: Option<AnswerCount> = None;
    for leaf in candidates {
        let mut lines = Vec::new();
        let mut locator = None;
        for at in load {
            let found = answer(talks, *at, &leaf.path);
            if let Some((answer, at)) = found {
                locator.get_or_insert(at);
                lines.push(answer);
            }
        }
        let is_most = lines.len() * 5 >= load.len() * 4;
        let is_better = best.as_ref().is_none_or(|it| it.lines.len() < lines.len());
        if let (Some(at), true) = (locator, is_most && is_better) {
            let id = leaf.path.clone();
            best = Some(AnswerCount { id, at, lines });
        }
    }
    best
}

/// The first message behind another one that has its value at `path` again, and where.
fn answer(talks: &[Talk<'_>], at: At, path: &str) -> Option<(At, Locator)> {
    let asked = line(talks, at);
    let leaf = asked.leaf_at(path)?;
    let value = leaf.value(asked.text());
    let lines = talks[at.talk].lines.iter().enumerate();
    for (number, answer) in lines.skip(at.line + 1).take(BEHIND) {
        // What comes back as it was is an echo, and no answer.
        if answer.by != Party::Server || answer.text.is_none() || answer.text == asked.text {
            continue;
        }
        let mut leaves = answer.parts.leaves.iter();
        let found = leaves.find(|it| may_be_one(leaf, it) && it.value(answer.text()) == value);
        if let Some(locator) = found.and_then(|it| locator(answer, it)) {
            let at = At {
                talk: at.talk,
                line: number,
            };
            return Some((at, locator));
        }
    }
    None
}

/// The place of a leaf in messages like this one.
pub(super) fn locator(line: &SpokenLine<'_>, leaf: &Leaf) -> Option<Locator> {
    let text = line.text();
    if leaf.is_at_pointer(&line.parts) {
        return format!("json:{}", leaf.path).parse().ok();
    }
    if leaf.path == "front" {
        return format!("prefix:{}", &text[..leaf.span.start]).parse().ok();
    }
    let before = &text[..leaf.span.start];
    let from = before.char_indices().rev().take(24).last();
    let before = &before[from.map_or(0, |(at, _)| at)..];
    // As far as it stays the same: not across another value.
    let from = before.rfind([',', '\n']).map_or(0, |at| at + 1);
    let mut escaped = String::new();
    for letter in before[from..].chars() {
        match letter {
            '\r' | '\n' => return None,
            _ if letter.is_alphanumeric() || letter == ' ' || letter == '"' => escaped.push(letter),
            _ => {
                escaped.push('\\');
                escaped.push(letter);
            }
        }
    }
    let group = match (leaf.kind, leaf.path.starts_with('/')) {
        (LeafKind::Number, _) => "([0-9]+)",
        (_, true) => "([^\"\\\\]*)",
        (_, false) => "([^\\s]*)",
    };
    let locator: Locator = format!("regex:{escaped}{group}").parse().ok()?;
    let found = locator.text(text.as_bytes())?;
    (found == text.as_bytes()[leaf.span.clone()]).then_some(locator)
}

/// Findings about deliveries.
struct Deliveries {
    content: Content,
    receivers: Vec<usize>,
}

/// Finds which part of the messages arrives, and where; marks what brings it.
fn delivered(talks: &mut [Talk<'_>], load: &[At], id: Option<&str>) -> Option<Deliveries> {
    let mut best: Option<(usize, Content, Vec<At>)> = None;
    for content in contents(line(talks, load[0]), id) {
        let mut arrived = 0;
        let mut lines = Vec::new();
        for at in load {
            let found = deliveries(talks, *at, &content);
            arrived += usize::from(!found.is_empty());
            lines.extend(found);
        }
        let is_most = arrived * 2 > load.len();
        let is_better = best.as_ref().is_none_or(|(most, ..)| arrived > *most);
        if is_most && is_better && differs(talks, load, &content) {
            lines.sort();
            lines.dedup();
            best = Some((arrived, content, lines));
        }
    }
    let (_, content, lines) = best?;
    let mut receivers: Vec<usize> = lines.iter().map(|at| at.talk).collect();
    receivers.dedup();
    for at in &lines {
        talks[at.talk].lines[at.line].purpose = Intent::Delivery;
    }
    Some(Deliveries { content, receivers })
}

/// True if each message comes back as it was to who has sent it, and to nobody else.
fn comes_back(talks: &[Talk<'_>], load: &[At]) -> bool {
    // What a broker delivers is what was published, and its publisher may be the only one to hear it.
    if line(talks, load[0]).packet.is_some() {
        return false;
    }
    load.iter().all(|at| {
        let sent = line(talks, *at);
        let has_it = |talk: &Talk<'_>| {
            let mut lines = talk.lines.iter();
            lines.any(|it| it.by == Party::Server && it.at >= sent.at && it.text == sent.text)
        };
        let mut all = talks.iter().enumerate();
        all.all(|(talk, it)| has_it(it) == (talk == at.talk))
    })
}

/// True of what differs from message to message, as far as there are several.
fn differs(talks: &[Talk<'_>], load: &[At], content: &Content) -> bool {
    let value = |at: &At| {
        let line = line(talks, *at);
        content.span(line).map(|span| &line.text()[span])
    };
    load.len() == 1 || load.windows(2).any(|two| value(&two[0]) != value(&two[1]))
}

/// Messages of the server's behind one in which its content is.
fn deliveries(talks: &[Talk<'_>], at: At, content: &Content) -> Vec<At> {
    let sent = line(talks, at);
    let Some(span) = content.span(sent) else {
        return Vec::new();
    };
    let raw = &sent.text()[span];
    let value = match content {
        Content::At(path) => sent.value_at(path).unwrap_or_default(),
        Content::Whole | Content::Body => raw.to_owned(),
    };
    let mut found = Vec::new();
    for (talk, it) in talks.iter().enumerate() {
        let from = it.lines.partition_point(|line| line.at < sent.at);
        for (number, line) in it.lines.iter().enumerate().skip(from).take(BEHIND) {
            let text = line.text();
            let is_other = !matches!(line.purpose, Intent::Unknown | Intent::Delivery);
            if line.by == Party::Client || is_other {
                continue;
            }
            if holds(text, raw) || holds(text, &value) {
                found.push(At { talk, line: number });
            }
        }
    }
    found
}

/// True of a text that holds another one, and not as a part of a longer word.
fn holds(text: &str, part: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !part.is_empty()
        && text.match_indices(part).any(|(at, _)| {
            let before = is_letter(text[..at].chars().next_back());
            let behind = is_letter(text[at + part.len()..].chars().next());
            !(before && is_letter(part.chars().next())
                || behind && is_letter(part.chars().next_back()))
        })
}

/// Parts of a message that may be what is said, the likeliest first.
fn contents(line: &SpokenLine<'_>, id: Option<&str>) -> Vec<Content> {
    let text = line.text();
    if line.packet.is_some() {
        return vec![Content::At(PAYLOAD.to_owned())];
    }
    if line.parts.json.is_none() {
        let is_lines = Content::Body.span(line).is_some() && line.parts.form != "text";
        return match is_lines {
            true => vec![Content::Body],
            false => vec![Content::Whole],
        };
    }
    let is_named = |leaf: &Leaf| CONTENTS.contains(&leaf.name.to_ascii_lowercase().as_str());
    let mut leaves: Vec<&Leaf> = line
        .parts
        .leaves
        .iter()
        .filter(|leaf| leaf.kind == LeafKind::Text && !leaf.is_kind && !leaf.span.is_empty())
        .filter(|leaf| Some(leaf.path.as_str()) != id && !is_id_name(&leaf.name))
        .filter(|leaf| !is_secret(leaf, &leaf.value(text)))
        // A text of JSON is what is in it.
        .filter(|leaf| !text[leaf.span.clone()].starts_with("{\\\""))
        .collect();
    leaves.sort_by_key(|leaf| (!is_named(leaf), std::cmp::Reverse(leaf.span.len())));
    leaves
        .into_iter()
        .map(|leaf| Content::At(leaf.path.clone()))
        .collect()
}
