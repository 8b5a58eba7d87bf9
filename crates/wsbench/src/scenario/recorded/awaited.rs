//! A message that has come → how one like it is known.

use super::leaves::{Leaf, LeafKind};
use super::places::{PlaceMap, Utterance, parted};
use super::talks::{SpokenLine, may_be_one};

/// Values of JSON that are asked for at most.
const MOST_VALUES: usize = 6;
/// Octets of the longest value, and of the longest text, that are asked for whole.
const LONGEST: usize = 64;

/// Form by which a message is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MessageForm {
    Equals(String),
    Prefix(String),
    Contains(String),
    Regex(String),
    /// Octets in digits, and whether they are all of it.
    Hex(String, bool),
    /// Pointers and values.
    Json(Vec<(String, LeafValue)>),
}

/// A value of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LeafValue {
    Text(String),
    Number(i64),
    Truth(bool),
}

/// A leaf of what was asked, and the place that stands for it now.
pub(super) type Asked<'l> = (&'l SpokenLine<'l>, Vec<(Leaf, String)>);

/// The form by which messages like this one are known. `asked` is what it answers, where it does, with the
/// places in it.
pub(super) fn known(
    places: &PlaceMap,
    talk: usize,
    line: &SpokenLine<'_>,
    asked: Option<&Asked<'_>>,
) -> MessageForm {
    if let Some(packet) = line.packet {
        let (octets, is_whole) = &packet.known;
        let digits = octets.iter().map(|it| format!("{it:02x}"));
        return MessageForm::Hex(digits.collect(), *is_whole);
    }
    let text = line.text();
    let known = match line.parts.json {
        Some(0) => json(places, talk, line, asked).unwrap_or_else(|| of_members(line)),
        Some(json) => front(line, json),
        None => of_words(text),
    };
    let texts: Vec<&str> = match &known {
        MessageForm::Equals(text) | MessageForm::Prefix(text) | MessageForm::Contains(text) => {
            vec![text]
        }
        MessageForm::Regex(_) | MessageForm::Hex(..) => Vec::new(),
        MessageForm::Json(values) => values
            .iter()
            .filter_map(|(_, value)| match value {
                LeafValue::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect(),
    };
    // A credential, or what would be taken for a place, is not asked for.
    let is_plain = |text: &str| {
        let without = text.replace("{room}", "");
        let is_ours = text.contains("{n}") || text.contains("{seq}");
        places.secrets.is_free(&without)
            && (is_ours || parted(&without, Utterance::Words) == without)
    };
    // Whoever says a place in braces means none of ours.
    let says_places = ["{room}", "{n}", "{seq}"]
        .iter()
        .any(|it| text.contains(it));
    let is_fine = !says_places && texts.iter().all(|text| is_plain(text));
    if is_fine {
        known
    } else {
        MessageForm::Regex("(?s).".to_owned())
    }
}

/// Values of JSON that tell what it is, or that repeat what was asked.
fn json(
    places: &PlaceMap,
    talk: usize,
    line: &SpokenLine<'_>,
    asked: Option<&Asked<'_>>,
) -> Option<MessageForm> {
    let text = line.text();
    let mut values: Vec<(String, LeafValue)> = Vec::new();
    for leaf in &line.parts.leaves {
        let value = leaf.value(text);
        if !leaf.is_at_pointer(&line.parts) || value.len() > LONGEST || values.len() == MOST_VALUES
        {
            continue;
        }
        let repeats = asked.and_then(|(asked, put)| {
            let mut leaves = asked.parts.leaves.iter();
            let one = leaves.find(|it| may_be_one(it, leaf) && it.value(asked.text()) == value)?;
            let place = put.iter().find(|(it, _)| it.path == one.path);
            Some(place.map(|(_, place)| place.clone()))
        });
        let scalar = match (repeats, places.is_room(talk, &value)) {
            (Some(Some(place)), _) => Some(LeafValue::Text(place)),
            (_, true) if !leaf.is_kind && asked.is_some() => {
                Some(LeafValue::Text("{room}".to_owned()))
            }
            (Some(None), _) => scalar(leaf, &value),
            (None, _) if leaf.is_kind => scalar(leaf, &value),
            (None, _) => None,
        };
        // A value that a scenario cannot ask for, such as a fraction, is left out by itself.
        values.extend(scalar.map(|scalar| (leaf.path.clone(), scalar)));
    }
    (!values.is_empty()).then_some(MessageForm::Json(values))
}

fn scalar(leaf: &Leaf, value: &str) -> Option<LeafValue> {
    match leaf.kind {
        LeafKind::Text | LeafKind::Word => Some(LeafValue::Text(value.to_owned())),
        LeafKind::Number => value.parse().ok().map(LeafValue::Number),
        LeafKind::Constant => value.parse().ok().map(LeafValue::Truth),
    }
}

/// JSON that no value tells: by the name of its first member, or all of it where it is empty.
fn of_members(line: &SpokenLine<'_>) -> MessageForm {
    let text = line.text();
    let first = line.parts.leaves.iter().find(|it| !it.name.is_empty());
    match first {
        Some(leaf) if !leaf.name.contains(['\\', '{', '"']) => {
            MessageForm::Contains(format!("\"{}\"", leaf.name))
        }
        _ if text.len() <= LONGEST && line.parts.leaves.is_empty() => {
            MessageForm::Equals(text.to_owned())
        }
        _ => MessageForm::Prefix(text[..1].to_owned()),
    }
}

/// JSON behind something else: by that, and by the word at the front of a list.
fn front(line: &SpokenLine<'_>, json: usize) -> MessageForm {
    let text = line.text();
    let event = line
        .parts
        .leaves
        .iter()
        .find(|it| it.path == "/0" && it.is_kind);
    let end = match event {
        Some(leaf) if leaf.span.len() <= LONGEST && leaf.span.start == json + 2 => {
            leaf.span.end + 1
        }
        _ => json + 1,
    };
    MessageForm::Prefix(text[..end].to_owned())
}

/// Any other text: all of it where it is short and has no digits, else its first word or line.
fn of_words(text: &str) -> MessageForm {
    let has_digit = text.bytes().any(|it| it.is_ascii_digit());
    if text.len() <= 3 || text.len() <= LONGEST && !has_digit {
        return MessageForm::Equals(text.to_owned());
    }
    let end = text.find([' ', '\r', '\n', ':', '{', '[']);
    match end {
        Some(end) if (2..=LONGEST).contains(&end) => {
            let word = &text[..end];
            // With the sign behind it, so that no longer word is taken for it.
            match word.bytes().any(|it| it.is_ascii_digit()) {
                false if !text[end..].starts_with('{') => {
                    MessageForm::Prefix(text[..=end].to_owned())
                }
                false => MessageForm::Prefix(word.to_owned()),
                true => of_letters(text),
            }
        }
        _ => of_letters(text),
    }
}

/// By the letters that it begins with.
fn of_letters(text: &str) -> MessageForm {
    let letters: String = text
        .chars()
        .take_while(|it| it.is_alphabetic() || *it == ' ')
        .collect();
    match letters.trim().is_empty() {
        true => MessageForm::Regex("(?s).".to_owned()),
        false => MessageForm::Prefix(letters),
    }
}
