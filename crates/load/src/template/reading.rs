//! Texts that are read by the template of which they may have been made: whether one fits, and which
//! message it names.

use memchr::memmem;

use super::{Enclosure, LONGEST_NUMBER, Placeholder, Segment, Template, Values, decimal};
use crate::identity::{MessageId, TAG_DIGITS, identity_of_digits};

/// The things that a text names, as far as its template has places for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// The number of what was said on its connection, from 0.
    pub(crate) sequence: Option<u64>,
    /// The message of a tag.
    pub(crate) tag: Option<MessageId>,
}

/// Knowledge of a text that is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    /// Values that were put in.
    pub(crate) values: &'a Values<'a>,
    /// True where the number among them is that of what was said, and false where it is to be found.
    pub(crate) knows_number: bool,
}

/// Parts of a template with a length or a signature, as they are said: made once for a text that is read,
/// wherever in it they may begin.
#[derive(Default)]
struct Enclosed(Vec<EnclosedPart>);

struct EnclosedPart {
    /// Number of its first segment, and of that behind it.
    from: usize,
    behind: usize,
    said: Vec<u8>,
}

impl Enclosed {
    /// The part of a template that begins with segment number `from`.
    fn part(
        &mut self,
        template: &Template,
        enclosure: Enclosure,
        from: usize,
        values: &Values<'_>,
    ) -> &EnclosedPart {
        let known = self.0.iter().position(|part| part.from == from);
        let at = known.unwrap_or_else(|| {
            let mut said = Vec::new();
            let behind = template.say_enclosed(enclosure, from, values, &mut said);
            self.0.push(EnclosedPart { from, behind, said });
            self.0.len() - 1
        });
        &self.0[at]
    }
}

impl Named {
    /// The things that two texts name together; `None` where they contradict each other.
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        let numbers = self.sequence.zip(other.sequence);
        let tags = self.tag.zip(other.tag);
        let agree =
            numbers.is_none_or(|(one, two)| one == two) && tags.is_none_or(|(one, two)| one == two);
        agree.then(|| Self {
            sequence: self.sequence.or(other.sequence),
            tag: self.tag.or(other.tag),
        })
    }
}

impl Template {
    /// True of a text that has nothing of its own: all of it is filled in, or signed.
    pub(crate) fn is_of_places_alone(&self) -> bool {
        let mut signed = 0_u32;
        let is_filled_in = |it: &Segment| match it {
            Segment::Slot(_) => true,
            Segment::Open(Enclosure::Signed(..)) => {
                signed += 1;
                true
            }
            Segment::Open(Enclosure::Length(_)) if signed > 0 => {
                signed += 1;
                true
            }
            Segment::Close => {
                signed = signed.saturating_sub(1);
                true
            }
            Segment::Literal(_) | Segment::Open(Enclosure::Length(_)) => signed > 0,
        };
        !self.segments.is_empty() && self.segments.iter().all(is_filled_in)
    }

    /// True where all of it can be known by who reads a text, or is read off it: nobody knows a time, what
    /// is drawn, or filling.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        let is_chance = |slot: &Placeholder| {
            matches!(
                slot,
                Placeholder::NowNs
                    | Placeholder::NowMs
                    | Placeholder::Hex(_)
                    | Placeholder::Fill
                    | Placeholder::Message
            )
        };
        let mut segments = self.segments.iter();
        !segments.any(|it| match it {
            Segment::Slot(slot) => is_chance(slot),
            Segment::Open(_) => true,
            Segment::Literal(_) | Segment::Close => false,
        })
    }

    /// True where a number that is read off a text has a digit or another number right behind it: where the
    /// one ends and the other begins nobody can tell.
    #[must_use]
    pub fn has_numbers_in_a_row(&self) -> bool {
        let is_read = |segment: &Segment| {
            matches!(
                segment,
                Segment::Slot(Placeholder::Seq | Placeholder::Number | Placeholder::Request)
            )
        };
        let mut segments = self.segments.iter().enumerate();
        segments.any(|(place, segment)| is_read(segment) && self.has_digit_at(place + 1))
    }

    /// The things that a text names which was made of this; `None` where it was not.
    pub(crate) fn read(&self, text: &[u8], reading: Reading<'_>) -> Option<Named> {
        let (named, rest) = self.read_front(text, reading)?;
        rest.is_empty().then_some(named)
    }

    /// The same of a text that may go on behind it, with how it goes on.
    pub(crate) fn read_front<'t>(
        &self,
        text: &'t [u8],
        reading: Reading<'_>,
    ) -> Option<(Named, &'t [u8])> {
        self.read_front_with(&mut Enclosed::default(), text, reading)
    }

    fn read_front_with<'t>(
        &self,
        enclosed: &mut Enclosed,
        text: &'t [u8],
        reading: Reading<'_>,
    ) -> Option<(Named, &'t [u8])> {
        let (mut named, mut rest, mut place) = (Named::default(), text, 0);
        while let Some(segment) = self.segments.get(place) {
            place += 1;
            match segment {
                Segment::Literal(literal) => rest = rest.strip_prefix(&**literal)?,
                Segment::Slot(slot) => {
                    let (seen, behind) = self.read_slot(*slot, place - 1, rest, reading)?;
                    (named, rest) = (named.and(seen)?, behind);
                }
                Segment::Open(enclosure) => {
                    let part = enclosed.part(self, *enclosure, place, reading.values);
                    (rest, place) = (rest.strip_prefix(&*part.said)?, part.behind);
                }
                Segment::Close => return None,
            }
        }
        Some((named, rest))
    }

    /// The same of a text in which it stands somewhere.
    pub(crate) fn read_within(&self, text: &[u8], reading: Reading<'_>) -> Option<Named> {
        let (mut at, mut enclosed) = (0, Enclosed::default());
        while let Some(rest) = text.get(at..) {
            // It begins where that stands which is known, and without such a front anywhere.
            at += match self.segments.first() {
                Some(Segment::Literal(front)) => memmem::find(rest, front)?,
                Some(Segment::Open(enclosure)) => {
                    let part = enclosed.part(self, *enclosure, 1, reading.values);
                    memmem::find(rest, &part.said)?
                }
                _ => 0,
            };
            if let Some((named, _)) = self.read_front_with(&mut enclosed, &text[at..], reading) {
                return Some(named);
            }
            at += 1;
        }
        None
    }

    /// The same of a text that ends with it.
    pub(crate) fn read_back(&self, text: &[u8], reading: Reading<'_>) -> Option<Named> {
        (0..=text.len()).find_map(|at| self.read(&text[at..], reading))
    }

    /// True where its segment at a place begins with a digit.
    fn has_digit_at(&self, place: usize) -> bool {
        match self.segments.get(place) {
            Some(Segment::Literal(literal)) => literal.first().is_some_and(u8::is_ascii_digit),
            Some(Segment::Slot(slot)) => matches!(
                slot,
                Placeholder::Seq
                    | Placeholder::Number
                    | Placeholder::Request
                    | Placeholder::Message
                    | Placeholder::Id
                    | Placeholder::Run
                    | Placeholder::NowNs
                    | Placeholder::NowMs
            ),
            Some(Segment::Open(_) | Segment::Close) | None => false,
        }
    }

    fn read_slot<'t>(
        &self,
        slot: Placeholder,
        place: usize,
        text: &'t [u8],
        Reading {
            values,
            knows_number,
        }: Reading<'_>,
    ) -> Option<(Named, &'t [u8])> {
        let behind = |said: &[u8]| Some((Named::default(), text.strip_prefix(said)?));
        // A number that is known is no part of a longer one, but where digits are to follow.
        let known = |known: u64| {
            let mut digits = [b'0'; LONGEST_NUMBER];
            let rest = text.strip_prefix(decimal(known, 1, &mut digits))?;
            let ends =
                self.has_digit_at(place + 1) || !rest.first().is_some_and(u8::is_ascii_digit);
            ends.then_some((Named::default(), rest))
        };
        let numbered = |first: u64| {
            let (sequence, rest) = if knows_number {
                let (_, rest) = known(values.sequence.checked_add(first)?)?;
                (values.sequence, rest)
            } else {
                let (number, rest) = number(text)?;
                (number.checked_sub(first)?, rest)
            };
            let named = Named {
                sequence: Some(sequence),
                tag: None,
            };
            Some((named, rest))
        };
        match slot {
            Placeholder::Seq => numbered(0),
            Placeholder::Number | Placeholder::Request => numbered(1),
            Placeholder::Id => known(values.connection.into()),
            Placeholder::Run => known(values.run.into()),
            Placeholder::Tag => {
                let (digits, rest) = text.split_at_checked(TAG_DIGITS)?;
                let named = Named {
                    sequence: None,
                    tag: Some(identity_of_digits(digits, values.run)?),
                };
                Some((named, rest))
            }
            Placeholder::Room => behind(values.room.as_bytes()),
            Placeholder::Env(place) => behind(self.env_value(place).as_bytes()),
            Placeholder::Column(place) => {
                behind(self.column_value(place, values.connection).as_bytes())
            }
            Placeholder::Capture(place) => behind(self.captured(place, values)),
            Placeholder::Hex(_)
            | Placeholder::NowNs
            | Placeholder::NowMs
            | Placeholder::Fill
            | Placeholder::Message => {
                let mut said = Vec::new();
                self.say_slot(slot, place, values, &mut said);
                behind(&said)
            }
        }
    }
}

/// The number that a text begins with, and what is behind it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(digits);
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALUES: Values<'static> = Values {
        connection: 7,
        sequence: 12,
        message: 0,
        run: 3,
        room: "red",
        now_ns: 0,
        parts: [&[], &[]],
        captures: &[],
    };

    fn words(text: &str) -> Template {
        Template::for_words(text).unwrap()
    }

    fn found(text: &str, message: &str) -> Option<Option<u64>> {
        let reading = Reading {
            values: &VALUES,
            knows_number: false,
        };
        let named = words(text).read_within(message.as_bytes(), reading);
        named.map(|named| named.sequence)
    }

    #[test]
    fn a_number_is_read_off_whole_and_no_part_of_another() {
        for (text, message, named) in [
            ("m{seq}", "ack m5.", Some(Some(5))),
            ("m{n}", "ack m5.", Some(Some(4))),
            ("m{n}", "ack m0.", None),
            ("m{seq}", "mm m12", Some(Some(12))),
            ("m{seq}", "m", None),
            ("{seq}", "a 41 b", Some(Some(41))),
            ("43{conn}-{seq}", "437-1", Some(Some(1))),
            ("43{conn}-{seq}", "438-1", None),
            ("{room}:{seq}/{n}", "red:4/5", Some(Some(4))),
            ("{room}:{seq}/{n}", "red:4/6", None),
            ("ok", "not ok", Some(None)),
        ] {
            assert_eq!(found(text, message), named, "{text} in {message}");
        }
    }

    #[test]
    fn a_number_that_is_known_has_to_be_it() {
        let reading = Reading {
            values: &VALUES,
            knows_number: true,
        };
        let is_there = |message: &str| {
            let named = words("h{n}").read_within(message.as_bytes(), reading);
            named.is_some()
        };
        assert!(is_there("h13") && is_there("h1 h13") && !is_there("h1") && !is_there("h131"));
    }

    /// A signature in front of a text is looked for as it is, and so is one behind a number that is not known.
    #[test]
    fn what_is_signed_is_found_wherever_it_stands() {
        let key = |_: &str| Some("k".to_owned());
        let signed = "{hmac:sha256:env:K:{conn}/{room}}";
        for (text, named) in [
            (format!("{signed}:ok"), None),
            (format!("{{seq}}:{signed}"), Some(5)),
        ] {
            let mut template = words(&text);
            template.look_up(&key).unwrap();
            let mut said = b"5 5: ".to_vec();
            template.say(
                &Values {
                    sequence: 5,
                    ..VALUES
                },
                &mut said,
            );
            let reading = Reading {
                values: &VALUES,
                knows_number: false,
            };
            let found = template.read_within(&said, reading);
            assert_eq!(found.map(|it| it.sequence), Some(named), "{text}");
            let other = Values {
                connection: 8,
                ..VALUES
            };
            let reading = Reading {
                values: &other,
                knows_number: false,
            };
            assert_eq!(template.read_within(&said, reading), None, "{text}");
        }
    }

    #[test]
    fn numbers_in_a_row_are_known() {
        for text in ["{seq}{n}", "m{n}0", "{n}{conn}", "{seq}{run}:"] {
            assert!(words(text).has_numbers_in_a_row(), "{text}");
        }
        for text in [
            "{seq}-{n}",
            "0{seq}",
            "{conn}{seq}",
            "{seq}",
            "{n} 0",
            "{seq}{room}",
        ] {
            assert!(!words(text).has_numbers_in_a_row(), "{text}");
        }
    }

    proptest! {
        /// Whatever words say is read by them, and names what was put in.
        #[test]
        fn what_was_said_is_read(
            front in "[a-z]{0,4}", sequence in 0_u64..1 << 40, back in "[a-z]{1,4}", end in "[a-z]{0,3}",
        ) {
            let template = words(&format!("{front}{{seq}}{back}{{conn}}-{{room}}{{n}}"));
            let mut said = Vec::new();
            template.say(&Values { sequence, ..VALUES }, &mut said);
            said.extend_from_slice(end.as_bytes());
            let reading = Reading { values: &VALUES, knows_number: false };
            let (named, rest) = template.read_front(&said, reading).unwrap();
            prop_assert_eq!(named.sequence, Some(sequence));
            prop_assert_eq!(rest, end.as_bytes());
        }

        #[test]
        fn anything_is_read(text in prop::collection::vec(any::<u8>(), 0..60)) {
            let reading = Reading { values: &VALUES, knows_number: false };
            for template in ["{tag}", "a{seq}b{room}", "{n}"] {
                let _ = words(template).read_within(&text, reading);
            }
        }
    }
}
