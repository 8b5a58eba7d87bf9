//! Texts that are said or awaited rather than made again: what is put into them, and what they need.

use std::borrow::Cow;

use super::{Enclosure, Placeholder, Segment, TIME_DIGITS, Template, push_hex, push_number};
use crate::identity::mix;
use crate::secret::{WITHHELD, shown_text};

const NS_PER_MS: u64 = 1_000_000;

/// Values that are put into a text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Values<'a> {
    /// Number of the connection.
    pub(crate) connection: u32,
    /// Number of what is said, from 0.
    pub(crate) sequence: u64,
    /// Number of a message for many over all connections, from 1.
    pub(crate) message: u64,
    /// Number of the run.
    pub(crate) run: u32,
    /// Name of the room.
    pub(crate) room: &'a str,
    /// Time of the wall clock, ns since the Unix epoch.
    pub(crate) now_ns: u64,
    /// The tag of a message, and its filling.
    pub(crate) parts: [&'a [u8]; 2],
    /// Values that the login has taken.
    pub(crate) captures: &'a [Captured],
}

/// A value that the login of a connection has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Its name, as in `{cap.NAME}`.
    pub name: String,
    /// Its bytes, as they came.
    pub bytes: Vec<u8>,
}

impl Template {
    /// True of one that has the name of a room in it.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.has(Placeholder::Room)
    }

    /// True of one that has a tag in it.
    #[must_use]
    pub fn has_tag(&self) -> bool {
        self.has(Placeholder::Tag)
    }

    /// True of one that has filling in it.
    #[must_use]
    pub fn has_filling(&self) -> bool {
        self.has(Placeholder::Fill)
    }

    /// True of one with a single tag, and filling right behind it or none.
    #[must_use]
    pub fn is_envelope(&self) -> bool {
        let count = |slot| {
            self.segments
                .iter()
                .filter(|it| **it == Segment::Slot(slot))
                .count()
        };
        let pair = [
            Segment::Slot(Placeholder::Tag),
            Segment::Slot(Placeholder::Fill),
        ];
        let is_pair = self.segments.windows(2).any(|two| two == pair);
        count(Placeholder::Tag) == 1
            && (count(Placeholder::Fill) == 0 || count(Placeholder::Fill) == 1 && is_pair)
    }

    /// True of one with the number of a message for many in it.
    #[must_use]
    pub fn has_message_number(&self) -> bool {
        self.has(Placeholder::Message)
    }

    /// True of one by whose number a message for many is known, with a tag as well or without.
    #[must_use]
    pub fn is_numbered_envelope(&self) -> bool {
        let has_part = self.has_tag() || self.has_filling();
        self.has_message_number() && (!has_part || self.is_envelope())
    }

    /// Names of what it takes from the login.
    #[must_use]
    pub fn captures(&self) -> &[String] {
        &self.captures
    }

    /// The same without the values that were looked up, and without what its text says is a credential
    /// unless that is to be shown.
    #[must_use]
    pub fn redacted(&self, shows_secrets: bool) -> Self {
        let mut redacted = self.clone();
        if !shows_secrets && let Cow::Owned(shown) = shown_text(&self.text) {
            redacted.text = shown;
        }
        redacted.forget();
        redacted
    }

    /// True of one with something that was not looked up, or from whose text something was taken.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.text.contains(WITHHELD) || self.lacks_values()
    }

    pub(super) fn has(&self, slot: Placeholder) -> bool {
        self.segments.contains(&Segment::Slot(slot))
    }

    /// The text for a connection where nothing else is known.
    #[must_use]
    pub fn of_connection(&self, connection: u32) -> String {
        let mut said = Vec::new();
        let values = Values {
            connection,
            ..Values::default()
        };
        self.say(&values, &mut said);
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Appends what is said with these values.
    pub(crate) fn say(&self, values: &Values<'_>, out: &mut Vec<u8>) {
        self.say_from(0, values, out);
    }

    /// The same from a segment on, up to the end or to where what has a length ends; the segment behind
    /// that. They are as deep in each other as a compiler lets them be.
    fn say_from(&self, from: usize, values: &Values<'_>, out: &mut Vec<u8>) -> usize {
        let mut place = from;
        while let Some(segment) = self.segments.get(place) {
            match segment {
                Segment::Literal(bytes) => out.extend_from_slice(bytes),
                Segment::Slot(slot) => self.say_slot(*slot, place, values, out),
                Segment::Open(enclosure) => {
                    place = self.say_enclosed(*enclosure, place + 1, values, out);
                    continue;
                }
                Segment::Close => return place + 1,
            }
            place += 1;
        }
        place
    }

    /// What becomes of the part that begins with segment number `from`; returns the segment behind it.
    pub(super) fn say_enclosed(
        &self,
        enclosure: Enclosure,
        from: usize,
        values: &Values<'_>,
        out: &mut Vec<u8>,
    ) -> usize {
        let begins = out.len();
        let behind = self.say_from(from, values, out);
        match enclosure {
            Enclosure::Length(length) => length.put(begins, out),
            Enclosure::Signed(form, key) => form.put(self.key(key), begins, out),
        }
        behind
    }

    /// The bytes that the login has taken by the name that stands at a place of the list of those.
    pub(super) fn captured<'v>(&self, place: usize, values: &Values<'v>) -> &'v [u8] {
        let name = self.captures.get(place);
        let found = values.captures.iter().find(|it| Some(&it.name) == name);
        found.map_or(&[], |it| &it.bytes)
    }

    /// Appends the value of the slot that is segment number `place`.
    pub(super) fn say_slot(
        &self,
        slot: Placeholder,
        place: usize,
        values: &Values<'_>,
        out: &mut Vec<u8>,
    ) {
        match slot {
            Placeholder::Id => push_number(values.connection.into(), 1, out),
            Placeholder::Seq => push_number(values.sequence, 1, out),
            Placeholder::Request | Placeholder::Number => push_number(values.sequence + 1, 1, out),
            Placeholder::Message => push_number(values.message, 1, out),
            Placeholder::Run => push_number(values.run.into(), 1, out),
            Placeholder::NowNs => push_number(values.now_ns, TIME_DIGITS, out),
            Placeholder::NowMs => push_number(values.now_ns / NS_PER_MS, 1, out),
            Placeholder::Room => out.extend_from_slice(values.room.as_bytes()),
            Placeholder::Tag => out.extend_from_slice(values.parts[0]),
            Placeholder::Fill => out.extend_from_slice(values.parts[1]),
            Placeholder::Hex(digits) => {
                let seed = u64::from(values.run) << 32 | u64::from(values.connection);
                let seed = mix(seed ^ (place as u64) << 48);
                push_hex(mix(seed ^ values.sequence), digits, out);
            }
            Placeholder::Env(place) => out.extend_from_slice(self.env_value(place).as_bytes()),
            Placeholder::Column(place) => {
                let value = self.column_value(place, values.connection);
                out.extend_from_slice(value.as_bytes());
            }
            Placeholder::Capture(place) => out.extend_from_slice(self.captured(place, values)),
        }
    }
}
