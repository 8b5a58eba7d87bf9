//! Texts made to templates: what stays, and what is put in.

use super::{
    Enclosure, MOST_HEX, MOST_NESTED, NamedColumn, Placeholder, Segment, Template, TemplateError,
    TextPurpose, Variable, signing,
};

/// Beginning of a place that is filled in with a column of a file.
const COLUMN: &str = "csv:";
/// Bytes of the beginnings that say where a value is from: `env:`, `cap.` and `csv:`.
const PREFIX: usize = COLUMN.len();

/// A template in the making.
pub(super) struct Compiler {
    purpose: TextPurpose,
    segments: Vec<Segment>,
    /// Bytes that stay, up to where the next place begins.
    literal: Vec<u8>,
    variables: Vec<Variable>,
    columns: Vec<NamedColumn>,
    captures: Vec<String>,
    /// Signatures that the text under way is within.
    nested: usize,
}

impl Compiler {
    pub(super) fn new(purpose: TextPurpose) -> Self {
        Self {
            purpose,
            segments: Vec::new(),
            literal: Vec::new(),
            variables: Vec::new(),
            columns: Vec::new(),
            captures: Vec::new(),
            nested: 0,
        }
    }

    /// Adds a text with its places, which begins at byte `start` of what errors tell of.
    pub(super) fn add_text(&mut self, text: &str, start: usize) -> Result<(), TemplateError> {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if self.purpose != TextPurpose::Echo
                && let Some(signed) = signing::at_front(rest, start + at)?
            {
                if self.nested == MOST_NESTED {
                    return Err(TemplateError::Nested { at: start + at });
                }
                let key = self.variable(signed.key);
                self.add(Segment::Open(Enclosure::Signed(signed.form, key)));
                self.nested += 1;
                self.add_text(signed.text, start + at + signed.from)?;
                self.nested -= 1;
                self.add(Segment::Close);
                at += signed.length;
                continue;
            }
            if begins_place(rest, self.purpose) {
                let unclosed = TemplateError::Unclosed { at: start + at };
                let len = rest.find('}').ok_or(unclosed)?;
                self.add_place(&rest[1..len], start + at)?;
                at += len + 1;
                continue;
            }
            let next = rest.chars().next().map_or(1, char::len_utf8);
            let behind_number = self.literal.is_empty()
                && matches!(self.segments.last(), Some(Segment::Slot(last)) if last.is_number());
            let is_digit = rest.as_bytes()[0].is_ascii_digit();
            if behind_number && self.purpose != TextPurpose::Words && is_digit {
                return Err(TemplateError::Joined { at: start + at });
            }
            self.literal.extend_from_slice(&rest.as_bytes()[..next]);
            at += next;
        }
        Ok(())
    }

    /// Adds bytes that stay.
    pub(super) fn add_bytes(&mut self, bytes: &[u8]) {
        self.literal.extend_from_slice(bytes);
    }

    /// Adds the place of this name, which begins at byte `at`.
    fn add_place(&mut self, name: &str, at: usize) -> Result<(), TemplateError> {
        let purpose = self.purpose;
        let slot = match name.split_at_checked(PREFIX) {
            Some(("env:", name)) if !name.is_empty() => Placeholder::Env(self.variable(name)),
            Some(("cap.", name)) if !name.is_empty() && purpose != TextPurpose::Echo => {
                let new = || name.to_owned();
                Placeholder::Capture(place_of(&mut self.captures, |known| known == name, new))
            }
            Some((COLUMN, cell)) => Placeholder::Column(self.column(cell).ok_or_else(|| {
                let name = name.to_owned();
                TemplateError::NoColumn { at, name }
            })?),
            _ => slot(name, at, purpose)?,
        };
        let is_joined = match (self.literal.last(), self.segments.last()) {
            (None, Some(Segment::Slot(last))) => last.is_number() && slot.is_digits(),
            // Digits before a number are told apart by where they are, but not behind one.
            _ => false,
        };
        if is_joined && purpose != TextPurpose::Words {
            return Err(TemplateError::Joined { at });
        }
        self.add(Segment::Slot(slot));
        Ok(())
    }

    /// The place of a variable of the environment in the list of those.
    fn variable(&mut self, name: &str) -> usize {
        let new = || Variable::new(name.to_owned());
        place_of(&mut self.variables, |known| known.name == name, new)
    }

    /// The place of a column, `FILE:COLUMN`, in the list of those; `None` of anything else.
    fn column(&mut self, cell: &str) -> Option<usize> {
        let (file, name) = cell.rsplit_once(':')?;
        let is_it = |known: &NamedColumn| known.file == file && known.name == name;
        let new = || NamedColumn::new(file, name);
        (!file.is_empty() && !name.is_empty()).then(|| place_of(&mut self.columns, is_it, new))
    }

    /// Adds a segment behind the bytes so far.
    pub(super) fn add(&mut self, segment: Segment) {
        self.flush();
        self.segments.push(segment);
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            let literal = std::mem::take(&mut self.literal);
            self.segments.push(Segment::Literal(literal.into()));
        }
    }

    /// The template, which was written as `text`.
    pub(super) fn template(mut self, text: &str, is_of_bytes: bool) -> Template {
        self.flush();
        Template {
            text: text.to_owned(),
            segments: self.segments,
            variables: self.variables,
            columns: self.columns,
            captures: self.captures,
            is_of_bytes,
        }
    }
}

/// True of a text that begins with a place: a brace and a letter, in words a whole name and no more,
/// for the languages of queries put letters behind braces as well. The names of files have any signs.
fn begins_place(text: &str, purpose: TextPurpose) -> bool {
    let Some(inner) = text.strip_prefix('{') else {
        return false;
    };
    let is_named = inner.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "_.:-".contains(sign);
    let name = inner.split('}').next().unwrap_or_default();
    let is_whole = name.starts_with(COLUMN) || name.chars().all(is_sign);
    is_named && (purpose != TextPurpose::Words || is_whole)
}

/// The place in a list of what is known by `is_it`, which is added to it unless it is there.
fn place_of<T>(list: &mut Vec<T>, is_it: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    let known = list.iter().position(is_it);
    known.unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    })
}

/// The value that a name stands for in a text of this purpose.
fn slot(name: &str, at: usize, purpose: TextPurpose) -> Result<Placeholder, TemplateError> {
    match (name, purpose) {
        ("id", TextPurpose::Echo) => Ok(Placeholder::Id),
        ("id", TextPurpose::Request) => Ok(Placeholder::Request),
        ("id", TextPurpose::Words) => Ok(Placeholder::Message),
        ("conn", _) => Ok(Placeholder::Id),
        ("seq", _) => Ok(Placeholder::Seq),
        ("now_ns", _) => Ok(Placeholder::NowNs),
        ("n", TextPurpose::Words | TextPurpose::Request) => Ok(Placeholder::Number),
        ("run", TextPurpose::Words | TextPurpose::Request) => Ok(Placeholder::Run),
        ("room", TextPurpose::Words | TextPurpose::Request) => Ok(Placeholder::Room),
        ("tag", TextPurpose::Words) => Ok(Placeholder::Tag),
        ("fill", TextPurpose::Words) => Ok(Placeholder::Fill),
        ("now_ms", TextPurpose::Words | TextPurpose::Request) => Ok(Placeholder::NowMs),
        _ => match name.strip_prefix("rand:hex:") {
            Some(digits) => match digits.parse() {
                Ok(count @ 1..=MOST_HEX) => Ok(Placeholder::Hex(count)),
                _ => Err(TemplateError::Digits {
                    at,
                    digits: digits.to_owned(),
                }),
            },
            None => {
                let name = name.to_owned();
                Err(match purpose {
                    TextPurpose::Echo => TemplateError::Unknown { at, name },
                    TextPurpose::Request => TemplateError::UnknownInRequest { at, name },
                    TextPurpose::Words => TemplateError::UnknownWord { at, name },
                })
            }
        },
    }
}
