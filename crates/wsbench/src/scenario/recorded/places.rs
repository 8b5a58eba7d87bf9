//! Values that differ: rooms, values that the server gave, names of clients, credentials; and the text of
//! a message with a place for each.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wsbench_drive::relay::transcript::Party;
use wsbench_load::secret::{WITHHELD, is_credential};

use super::leaves::{Leaf, LeafKind};
use super::packets::CLIENT_ID;
use super::secrets::{Secrets, is_secret};
use super::talks::{At, Intent, SpokenLine, Talk, is_id_name};
use super::traffic::locator;

/// Names that rooms go by.
const ROOMS: [&str; 13] = [
    "room",
    "channel",
    "topic",
    "group",
    "subject",
    "destination",
    "stream",
    "symbol",
    "chat",
    "namespace",
    "feed",
    "lobby",
    "market",
];
/// Names that clients go by.
const USERS: [&str; 10] = [
    "user", "username", "name", "nick", "nickname", "client", "clientid", "login", "device", "uid",
];
/// Letters of the shortest value that is known to be one which the server gave.
const SHORTEST_GIVEN: usize = 4;
const LONGEST_GIVEN: usize = 4_096;
/// Values that are taken at most.
const MOST_GIVEN: usize = 64;
/// Beginnings of places that have more than a name.
const BEGUN: [&str; 3] = ["csv:", "hmac:", "jwt:"];
/// Letters of the front of a client's identifier that are kept.
const LONGEST_FRONT: usize = 12;
/// Letters of the shortest text that looks made up.
const SHORTEST_RANDOM: usize = 8;

/// A value that the server gave, and a client sends back.
pub(super) struct Handout {
    pub(super) name: String,
    /// The message that has it.
    pub(super) at: At,
    /// Its place there, as it is written.
    pub(super) locator: String,
    value: String,
}

/// Values that differ from connection to connection.
pub(super) struct PlaceMap {
    pub(super) secrets: Secrets,
    /// The room of each connection.
    rooms: Vec<Option<String>>,
    pub(super) given: Vec<Handout>,
    /// Values of the connections by the form of a message and a path in it, and what stands for them.
    own: BTreeMap<(String, String), String>,
    /// A brace had to be parted from the word behind it.
    pub(super) is_parted: bool,
}

/// Purpose of a text, which says what may be put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Utterance {
    /// In a login, as a heartbeat, as a message for many.
    Words,
    /// As a request or an echo.
    Request,
}

impl PlaceMap {
    pub(super) fn of(talks: &[Talk<'_>], secrets: Secrets, content: Option<&str>) -> Self {
        let given = given(talks);
        let mut places = Self {
            secrets,
            rooms: vec![None; talks.len()],
            given,
            own: BTreeMap::new(),
            is_parted: false,
        };
        if let Some(rooms) = rooms(talks, &places.given, content) {
            let mut all = rooms.iter().flatten();
            if all.all(|room| places.secrets.is_free(room)) {
                places.rooms = rooms;
            }
        }
        places.own = own(talks, &places);
        places
    }

    /// Leaves out the rooms: a message cannot name them.
    pub(super) fn forget_rooms(&mut self) {
        self.rooms.fill(None);
    }

    /// Names of all rooms, in the order in which they were joined.
    pub(super) fn room_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for room in self.rooms.iter().flatten() {
            if !names.contains(room) {
                names.push(room.clone());
            }
        }
        names
    }

    /// The text of a message with a place for each value that differs; `own` are places that the caller
    /// knows.
    pub(super) fn filled(
        &mut self,
        talk: usize,
        line: &SpokenLine<'_>,
        own: &[(Range<usize>, String)],
        said: Utterance,
    ) -> String {
        let text = line.text();
        let mut puts: Vec<(Range<usize>, String)> = own.to_vec();
        let mut leaves: Vec<&Leaf> = line.parts.leaves.iter().collect();
        // What is within a text of JSON is told apart from it.
        let has_inner = |leaf: &Leaf| {
            let inner = format!("{}!", leaf.path);
            line.parts
                .leaves
                .iter()
                .any(|it| it.path.starts_with(&inner))
        };
        leaves.retain(|leaf| !has_inner(leaf));
        for leaf in leaves {
            let is_taken = puts
                .iter()
                .any(|(span, _)| span.start < leaf.span.end && leaf.span.start < span.end);
            if is_taken {
                continue;
            }
            if let Some(place) = self.place(talk, line, leaf, said) {
                puts.push((leaf.span.clone(), place));
            }
        }
        puts.sort_by_key(|(span, _)| span.start);
        let (mut filled, mut at) = (String::new(), 0);
        for (span, place) in puts {
            let before = &text[at..span.start];
            filled.push_str(&self.literal(before, said));
            // A place is a text, also where octets stood that were none.
            let is_of_digits = line.packet.is_some() && is_outside(text, span.start);
            match is_of_digits {
                true => filled.push_str(&format!("\"{place}\"")),
                false => filled.push_str(&place),
            }
            at = span.end;
        }
        filled.push_str(&self.literal(&text[at..], said));
        filled
    }

    /// The place for a leaf, where it is none that stays.
    fn place(
        &mut self,
        talk: usize,
        line: &SpokenLine<'_>,
        leaf: &Leaf,
        said: Utterance,
    ) -> Option<String> {
        let value = leaf.value(line.text());
        if leaf.kind == LeafKind::Constant || value.is_empty() {
            return None;
        }
        if line.packet.is_some() && leaf.path == CLIENT_ID {
            return Some(self.client_id(&value));
        }
        if said == Utterance::Words
            && let Some(given) = self
                .given
                .iter()
                .find(|it| it.at.talk == talk && it.value == value)
        {
            return Some(format!("{{cap.{}}}", given.name));
        }
        let bare = value.split_once(' ').map_or(&*value, |(_, bare)| bare);
        if is_secret(leaf, &value) || is_secret(leaf, bare) {
            if let Some(place) = self.secrets.place_of(&value) {
                return Some(place);
            }
            if let Some(place) = self.secrets.place_of(bare) {
                return Some(value.replace(bare, &place));
            }
        }
        if said == Utterance::Words && !leaf.is_kind && self.is_room(talk, &value) {
            return Some("{room}".to_owned());
        }
        let key = (line.parts.form.clone(), leaf.path.clone());
        self.own.get(&key).cloned()
    }

    /// A client's identifier in MQTT, of which a server lets go whoever has the same: as it begins, and with
    /// what no other connection of any run has.
    fn client_id(&self, value: &str) -> String {
        let letters = value.chars().take_while(char::is_ascii_alphabetic);
        let front: String = letters.take(LONGEST_FRONT).collect();
        match !front.is_empty() && front.len() < value.len() && self.secrets.is_free(&front) {
            true => format!("{front}-{{run}}-{{conn}}"),
            false => "wsb-{run}-{conn}".to_owned(),
        }
    }

    /// The text of a message for a comment, without any credential.
    pub(super) fn withheld(&self, line: &SpokenLine<'_>) -> String {
        let mut text = line.text().to_owned();
        let mut leaves: Vec<&Leaf> = match line.packet {
            // The names of a packet's fields stand nowhere in it.
            Some(_) => line.parts.leaves.iter().collect(),
            None => Vec::new(),
        };
        leaves.retain(|leaf| is_secret(leaf, &leaf.value(line.text())));
        // From the back, so that spans stay right; of those within each other the outer one.
        leaves.sort_by_key(|leaf| (leaf.span.start, std::cmp::Reverse(leaf.span.end)));
        let mut end = 0;
        leaves.retain(|leaf| {
            let is_apart = leaf.span.start >= end;
            end = end.max(leaf.span.end);
            is_apart
        });
        for leaf in leaves.into_iter().rev() {
            text.replace_range(leaf.span.clone(), WITHHELD);
        }
        self.secrets.withheld(&text)
    }

    /// True of the name of the connection's room.
    pub(super) fn is_room(&self, talk: usize, value: &str) -> bool {
        self.rooms
            .get(talk)
            .is_some_and(|it| it.as_deref() == Some(value))
    }

    /// A part that stays: without credentials, and without what would be taken for a place.
    pub(super) fn literal(&mut self, text: &str, said: Utterance) -> String {
        let parted = parted(text, said);
        self.is_parted |= parted.len() != text.len();
        self.secrets.masked(&parted)
    }
}

/// True of a place in the notation of bytes that is in no text of it: before it stands a blank.
pub(super) fn is_outside(text: &str, at: usize) -> bool {
    text[..at].ends_with(' ') && {
        let mut marks = 0;
        let mut is_escaped = false;
        for byte in text[..at].bytes() {
            marks += usize::from(byte == b'"' && !is_escaped);
            is_escaped = byte == b'\\' && !is_escaped;
        }
        marks % 2 == 0
    }
}

/// The text with a blank behind each brace that would begin a place.
pub(super) fn parted(text: &str, said: Utterance) -> String {
    let mut parted = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        parted.push(letter);
        let rest = &text[at + letter.len_utf8()..];
        if letter != '{' || !rest.starts_with(|it: char| it.is_ascii_alphabetic()) {
            continue;
        }
        // One that is not closed is refused where it is read, in the notation of bytes within its marks.
        let name = rest.split(['}', '"']).next().unwrap_or_default();
        let is_sign = |it: char| it.is_ascii_alphanumeric() || "_.:-".contains(it);
        let is_begun = BEGUN.iter().any(|it| rest.starts_with(it));
        if said == Utterance::Request || is_begun || name.chars().all(is_sign) {
            parted.push(' ');
        }
    }
    parted
}

fn has_name(list: &[&str], name: &str) -> bool {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    list.contains(&letters.trim_end_matches("id"))
        || list.contains(&letters.trim_end_matches("name"))
        || list.contains(&letters.as_str())
}

/// Values that a client sends back to the server that gave them.
fn given(talks: &[Talk<'_>]) -> Vec<Handout> {
    let mut found: Vec<Handout> = Vec::new();
    let shared = shared(talks);
    for (talk, it) in talks.iter().enumerate() {
        let mut first: BTreeMap<String, (usize, Party)> = BTreeMap::new();
        for (number, line) in it.lines.iter().enumerate() {
            for leaf in &line.parts.leaves {
                if leaf.kind == LeafKind::Constant || leaf.is_kind || !may_be_given(leaf) {
                    continue;
                }
                let value = leaf.value(line.text()).into_owned();
                let (source, by) = *first.entry(value.clone()).or_insert((number, line.by));
                let is_back = line.by == Party::Client && by == Party::Server;
                let is_own = match talks.len() {
                    1 => is_made_up(leaf, &value),
                    _ => !shared.contains(&value),
                };
                let is_known = || {
                    found
                        .iter()
                        .any(|it| it.at.talk == talk && it.value == value)
                };
                if !is_back || !is_own || found.len() == MOST_GIVEN || is_known() {
                    continue;
                }
                let giver = &it.lines[source];
                let leaves = giver.parts.leaves.iter();
                let mut places = leaves.filter(|it| it.value(giver.text()) == value);
                let place = places.find_map(|it| locator(giver, it));
                if let Some(locator) = place {
                    found.push(Handout {
                        name: name(leaf, &found, talk),
                        at: At { talk, line: source },
                        locator: locator.to_string(),
                        value,
                    });
                }
            }
        }
    }
    found
}

/// True of a leaf whose value is long enough to be known again, and no whole text.
fn may_be_given(leaf: &Leaf) -> bool {
    (SHORTEST_GIVEN..=LONGEST_GIVEN).contains(&leaf.span.len())
}

/// Values that several connections have: they are of no login.
fn shared(talks: &[Talk<'_>]) -> BTreeSet<String> {
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for (talk, it) in talks.iter().enumerate() {
        for line in &it.lines {
            for leaf in line.parts.leaves.iter().filter(|it| may_be_given(it)) {
                let value = leaf.value(line.text()).into_owned();
                if *first.entry(value.clone()).or_insert(talk) != talk {
                    shared.insert(value);
                }
            }
        }
    }
    shared
}

/// True of a value of the only connection that looks made up for it.
fn is_made_up(leaf: &Leaf, value: &str) -> bool {
    let has_digit = value.bytes().any(|it| it.is_ascii_digit());
    let has_letter = value.bytes().any(|it| it.is_ascii_alphabetic());
    let looks = value.len() >= SHORTEST_RANDOM && has_digit && (has_letter || value.len() > 8);
    looks && !value.contains(' ') || is_credential(&leaf.name)
}

/// A name for a value that is taken.
fn name(leaf: &Leaf, known: &[Handout], talk: usize) -> String {
    let letters = leaf
        .name
        .chars()
        .filter(|it| it.is_ascii_alphanumeric() || *it == '_');
    let mut base: String = letters.take(24).collect();
    if !base.starts_with(|first: char| first.is_ascii_alphabetic()) {
        base = "value".to_owned();
    }
    let is_taken = |name: &str| known.iter().any(|it| it.at.talk == talk && it.name == name);
    let numbered = (2..).map(|number| format!("{base}{number}"));
    let mut names = std::iter::once(base.clone()).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or(base)
}

/// The room of each connection: a value of its login that stands in its messages as well, or one that
/// goes by such a name.
fn rooms(
    talks: &[Talk<'_>],
    given: &[Handout],
    content: Option<&str>,
) -> Option<Vec<Option<String>>> {
    /// Evidence for a place: its name, and how often its value is in messages of the load.
    #[derive(Default)]
    struct PlaceEvidence {
        is_named: bool,
        in_load: usize,
        values: Vec<(usize, String)>,
    }
    let mut found: BTreeMap<(String, String), PlaceEvidence> = BTreeMap::new();
    for (talk, it) in talks.iter().enumerate() {
        let first = it
            .lines
            .iter()
            .position(|line| line.purpose == Intent::MainLoad);
        let login = &it.lines[..first.unwrap_or(it.lines.len())];
        for line in login.iter().filter(|it| it.is_open(Party::Client)) {
            for leaf in candidates(line) {
                let value = leaf.value(line.text()).into_owned();
                if given
                    .iter()
                    .any(|it| it.at.talk == talk && it.value == value)
                {
                    continue;
                }
                let key = (line.parts.form.clone(), leaf.path.clone());
                let found = found.entry(key).or_default();
                found.is_named |= has_name(&ROOMS, &leaf.name);
                found.in_load += usize::from(is_in_load(talks, &value, content));
                found.values.push((talk, value));
            }
        }
    }
    let best = found
        .into_values()
        .filter(|it| it.is_named || it.in_load > 0)
        .max_by_key(|it| (it.in_load > 0, it.is_named, it.values.len()))?;
    let mut rooms = vec![None; talks.len()];
    for (talk, value) in &best.values {
        rooms[*talk] = Some(value.clone());
    }
    // Who only sends has its room in its messages.
    for (talk, it) in talks.iter().enumerate() {
        if rooms[talk].is_some() {
            continue;
        }
        let mut load = it
            .lines
            .iter()
            .filter(|line| line.purpose == Intent::MainLoad);
        rooms[talk] = load.find_map(|line| {
            let mut leaves = line.parts.leaves.iter().map(|leaf| leaf.value(line.text()));
            let found = leaves.find(|value| best.values.iter().any(|(_, room)| room == value));
            found.map(std::borrow::Cow::into_owned)
        });
    }
    Some(rooms)
}

/// Leaves of a message that may be the name of a room.
fn candidates<'l>(line: &'l SpokenLine<'_>) -> impl Iterator<Item = &'l Leaf> {
    let text = line.text();
    line.parts.leaves.iter().filter(move |leaf| {
        let value = leaf.value(text);
        let is_named = has_name(&ROOMS, &leaf.name);
        let is_text = match leaf.kind {
            LeafKind::Text => true,
            LeafKind::Word => leaf.path != "word:0",
            LeafKind::Number => is_named,
            LeafKind::Constant => false,
        };
        let has_letter = value.chars().any(char::is_alphabetic);
        let is_other = leaf.is_kind
            || is_id_name(&leaf.name)
            || has_name(&USERS, &leaf.name)
            || is_secret(leaf, &value)
            || value.starts_with(['{', '[']);
        is_text && !is_other && (has_letter || is_named) && (1..=128).contains(&value.len())
    })
}

/// True of a value in a message of the load, other than in what it says.
fn is_in_load(talks: &[Talk<'_>], value: &str, content: Option<&str>) -> bool {
    let lines = talks.iter().flat_map(|it| &it.lines);
    let mut load = lines.filter(|it| it.purpose == Intent::MainLoad).take(100);
    load.any(|line| {
        let leaves = line.parts.leaves.iter();
        let mut others = leaves.filter(|it| Some(it.path.as_str()) != content && !it.is_kind);
        others.any(|it| it.value(line.text()) == value)
    })
}

/// Values that differ from connection to connection, such as names of users, and what stands for them.
fn own(talks: &[Talk<'_>], places: &PlaceMap) -> BTreeMap<(String, String), String> {
    let mut values: BTreeMap<(String, String), Vec<(usize, String)>> = BTreeMap::new();
    for (talk, it) in talks.iter().enumerate() {
        for line in it.lines.iter().filter(|it| it.is_open(Party::Client)) {
            let text = line.text();
            let leaves = &line.parts.leaves;
            // A user with a password is no other one.
            if leaves.iter().any(|it| is_secret(it, &it.value(text))) {
                continue;
            }
            for leaf in leaves
                .iter()
                .filter(|it| has_name(&USERS, &it.name) && !it.is_kind)
            {
                let value = leaf.value(text).into_owned();
                let is_given = places.given.iter().any(|it| it.value == value);
                if leaf.kind == LeafKind::Text && !places.is_room(talk, &value) && !is_given {
                    let key = (line.parts.form.clone(), leaf.path.clone());
                    values.entry(key).or_default().push((talk, value));
                }
            }
        }
    }
    let differ = |all: &[(usize, String)]| {
        let mut texts: Vec<&String> = all.iter().map(|(_, value)| value).collect();
        texts.sort();
        texts.dedup();
        texts.len() > 1
    };
    let differing = values.into_iter().filter(|(_, all)| differ(all));
    differing
        .map(|(key, all)| {
            let letters = all[0].1.chars().take_while(char::is_ascii_alphabetic);
            let front: String = letters.collect();
            (key, format!("{front}-{{conn}}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_that_would_begin_a_place_are_parted_from_it() {
        let query = r#"{"query":"subscription($r:String!){said(room:$r){text}}"}"#;
        assert_eq!(
            parted(query, Utterance::Words),
            r#"{"query":"subscription($r:String!){said(room:$r){ text}}"}"#
        );
        assert_eq!(
            parted(query, Utterance::Request),
            r#"{"query":"subscription($r:String!){ said(room:$r){ text}}"}"#
        );
        assert_eq!(parted("0{", Utterance::Words), "0{");
        assert_eq!(parted("{é}{}", Utterance::Words), "{é}{}");
        assert_eq!(parted("{a", Utterance::Words), "{ a");
        assert_eq!(parted("{csv: a}", Utterance::Words), "{ csv: a}");
        assert_eq!(parted("{u16: \"{a\"}", Utterance::Words), "{u16: \"{ a\"}");
        assert_eq!(parted("{u16: \"", Utterance::Words), "{u16: \"");
    }

    #[test]
    fn names_of_rooms_and_of_users_are_told_apart() {
        for name in ["room", "roomId", "room_name", "channel", "Topic"] {
            assert!(has_name(&ROOMS, name), "{name}");
        }
        for name in ["roommate", "text", "id", ""] {
            assert!(!has_name(&ROOMS, name), "{name}");
        }
        assert!(has_name(&USERS, "userName") && has_name(&USERS, "clientId"));
    }
}
