//! Messages from a template: a text with places that differ from message to message.
//!
//! A template is compiled once to what stays and what is put in. Every byte of a message follows from
//! the connection, the message's number and the time at which it was due, so that an answer is
//! compared with what was sent by making it again.

mod compiler;
mod lookup;
pub(crate) mod octets;
pub(crate) mod reading;
mod signing;
mod words;

use thiserror::Error;

use crate::identity::{MessageId, mix};
use crate::nanos::Nanos;

use compiler::Compiler;
use lookup::{NamedColumn, Variable};
use signing::SignedAs;

pub use lookup::{Column, Lookup, NotFound};
pub use octets::from_hex;
pub use words::Captured;
pub(crate) use words::Values;

/// Digits of the longest decimal number that is put in.
pub(crate) const LONGEST_NUMBER: usize = 20;
/// Digits of a time: nanoseconds since the Unix epoch, until the year 2286.
const TIME_DIGITS: usize = 19;
/// Most hexadecimal digits of one place.
const MOST_HEX: usize = 1024;
const HEX: &[u8; 16] = b"0123456789abcdef";
/// Most lengths within each other in a binary message.
const MOST_NESTED: usize = 8;

/// A template, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    segments: Vec<Segment>,
    /// Variables of the environment.
    variables: Vec<Variable>,
    /// Columns of files.
    columns: Vec<NamedColumn>,
    /// Names of what is taken in the login.
    captures: Vec<String>,
    /// True where the text is in the notation of bytes.
    is_of_bytes: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(Box<[u8]>),
    Slot(Placeholder),
    /// What follows, up to the `Close` that belongs to it, is put in otherwise.
    Open(Enclosure),
    Close,
}

/// What becomes of a part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Enclosure {
    /// It stands behind its length.
    Length(LengthAs),
    /// It is signed, by the key that is a variable of the environment, by its place in the list of those.
    Signed(SignedAs, usize),
}

/// The form in which a length stands before what is so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LengthAs {
    /// Two bytes in network order.
    U16,
    /// One to four bytes of seven bits, the lowest first (MQTT 3.1.1 section 2.2.3).
    Variable,
}

/// Value that is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    /// Number of the connection.
    Id,
    /// Number of the message on its connection.
    Seq,
    /// The same, counted from 1: the number of a request, by which its answer is known.
    Request,
    /// Number of a message for many over all connections, from 1, by which it is known.
    Message,
    /// Random hexadecimal digits, so many.
    Hex(usize),
    /// Instant at which the message was due.
    NowNs,
    /// The same in milliseconds.
    NowMs,
    /// Number of what is said, counted from 1: of the message on its connection, of the step of a
    /// login, of the beat of a heart.
    Number,
    /// Number of the run.
    Run,
    /// Name of the connection's room.
    Room,
    /// The tag by which the message is known.
    Tag,
    /// Filling behind it, so that both have the length that was asked for.
    Fill,
    /// A variable of the environment, by its place in the list of those.
    Env(usize),
    /// The connection's row of a column, by its place in the list of those.
    Column(usize),
    /// A value that the login has taken, by its place in the list of those.
    Capture(usize),
}

/// Purpose of a text, from which follows what may be put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextPurpose {
    /// It is sent, and comes back as it is.
    Echo,
    /// It is sent, and is answered by another text, which has its number.
    Request,
    /// It is said or awaited: in a login, as a reply, around a tag.
    Words,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A place that is not known.
    #[error(
        "at byte {at}: '{{{name}}}' is not known; there are {{id}}, {{conn}}, {{seq}}, \
         {{rand:hex:16}}, {{now_ns}}, {{env:NAME}} and {{csv:FILE:COLUMN}}"
    )]
    Unknown {
        /// Byte at which it is, from 0.
        at: usize,
        /// Text between the braces.
        name: String,
    },
    /// The same, of a request.
    #[error(
        "at byte {at}: '{{{name}}}' is not known; there are {{id}}, {{conn}}, {{seq}}, {{n}}, {{run}}, \
         {{room}}, {{now_ms}}, {{now_ns}}, {{rand:hex:16}}, {{env:NAME}}, {{csv:FILE:COLUMN}} and \
         {{cap.NAME}}"
    )]
    UnknownInRequest {
        /// Byte at which it is, from 0.
        at: usize,
        /// Text between the braces.
        name: String,
    },
    /// The same, of a text that is said or awaited.
    #[error(
        "at byte {at}: '{{{name}}}' is not known; there are {{conn}}, {{seq}}, {{n}}, {{id}}, {{run}}, \
         {{room}}, {{tag}}, {{fill}}, {{now_ms}}, {{now_ns}}, {{rand:hex:16}}, {{env:NAME}}, \
         {{csv:FILE:COLUMN}}, {{cap.NAME}}, {{hmac:sha256:env:KEY:TEXT}} and {{jwt:hs256:env:KEY:CLAIMS}}"
    )]
    UnknownWord {
        /// Byte at which it is, from 0.
        at: usize,
        /// Text between the braces.
        name: String,
    },
    /// A place of a file without a file or without a column.
    #[error(
        "at byte {at}: '{{{name}}}' names no column of a file; write it like {{csv:users.csv:token}}"
    )]
    NoColumn {
        /// Byte at which it is, from 0.
        at: usize,
        /// Text between the braces.
        name: String,
    },
    /// A place that is not closed.
    #[error("at byte {at}: the place that begins here is not closed; write it like {{seq}}")]
    Unclosed {
        /// Byte at which it is, from 0.
        at: usize,
    },
    /// Digits that are not so many.
    #[error("at byte {at}: '{digits}' is no number of digits from 1 to {MOST_HEX}")]
    Digits {
        /// Byte at which it is, from 0.
        at: usize,
        /// Text in the place of the number.
        digits: String,
    },
    /// A message in the notation of bytes has something else in it.
    #[error(
        "at byte {at}: '{found}' is none of what a binary message is made of: pairs of hexadecimal \
         digits, texts in quotation marks (places stand in these), {{u16: …}} and {{var: …}}"
    )]
    NoBytes {
        /// Byte at which it is, from 0.
        at: usize,
        /// Text that stands there.
        found: String,
    },
    /// The same with hexadecimal digits that are no pairs.
    #[error("at byte {at}: '{found}' is no pairs of hexadecimal digits")]
    NoPairs {
        /// Byte at which they are, from 0.
        at: usize,
        /// The digits.
        found: String,
    },
    /// A text within a binary message whose quotation mark, or a brace that, is not closed.
    #[error("at byte {at}: what begins here is not closed")]
    Open {
        /// Byte at which it is, from 0.
        at: usize,
    },
    /// A text to be signed in another way than there is.
    #[error(
        "at byte {at}: '{found}…' is not known; a text is signed by {{hmac:sha256:env:KEY:TEXT}}, and claims \
         become a token by {{jwt:hs256:env:KEY:{{\"sub\":…}}}}, where KEY is a variable of the environment"
    )]
    Signing {
        /// Byte at which it is, from 0.
        at: usize,
        /// Beginning of it.
        found: String,
    },
    /// Lengths or signatures within each other without end.
    #[error("at byte {at}: more than {MOST_NESTED} lengths or signatures within each other")]
    Nested {
        /// Byte at which it is, from 0.
        at: usize,
    },
    /// Two numbers without anything between, of which nobody could tell where one ends.
    #[error("at byte {at}: a number follows a number; put something other than digits between")]
    Joined {
        /// Byte at which the second begins, from 0.
        at: usize,
    },
}

impl TemplateError {
    /// The same of a text that stands elsewhere: what was at a byte is where `to` says.
    fn moved(mut self, to: impl FnOnce(usize) -> usize) -> Self {
        let (Self::Unknown { at, .. }
        | Self::UnknownInRequest { at, .. }
        | Self::UnknownWord { at, .. }
        | Self::NoColumn { at, .. }
        | Self::Unclosed { at }
        | Self::Digits { at, .. }
        | Self::NoBytes { at, .. }
        | Self::NoPairs { at, .. }
        | Self::Open { at }
        | Self::Signing { at, .. }
        | Self::Nested { at }
        | Self::Joined { at }) = &mut self;
        *at = to(*at);
        self
    }
}

impl Template {
    /// Compiles a text. A brace before a letter begins a place; any other stands for itself.
    ///
    /// ```
    /// use wsbench_load::template::Template;
    /// let template = Template::parse(r#"{"id":{id},"seq":{seq},"nonce":"{rand:hex:8}"}"#).unwrap();
    /// assert!(template.is_unique());
    /// assert!(Template::parse("{sequence}").unwrap_err().to_string().starts_with("at byte 0"));
    /// ```
    ///
    /// # Errors
    /// [`TemplateError`], with where it is wrong.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::compiled(text, TextPurpose::Echo)
    }

    /// Compiles the text of a request: in it `{id}` is the number of the request, counted from 1 on each
    /// connection, by which its answer is known; and since the answer is another text, the name of a room
    /// and what a login took may be put into it.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn for_requests(text: &str) -> Result<Self, TemplateError> {
        Self::compiled(text, TextPurpose::Request)
    }

    /// Compiles a text that is said or awaited in a login or as a reply, or that stands around the tag
    /// of a message for many: `{room}`, `{tag}`, `{cap.NAME}` and more stand for what they say.
    ///
    /// ```
    /// use wsbench_load::template::Template;
    /// let join = Template::for_words(r#"{"join":"{room}","as":"user-{conn}{n}"}"#).unwrap();
    /// assert!(join.has_room() && !join.has_tag());
    /// ```
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn for_words(text: &str) -> Result<Self, TemplateError> {
        Self::compiled(text, TextPurpose::Words)
    }

    /// Compiles a binary message that is said, in the notation of bytes: pairs of hexadecimal digits,
    /// texts in quotation marks with places in them as in words, and what stands behind its length:
    /// `{u16: …}` of two bytes, `{var: …}` of one to four as MQTT has it. Blanks mean nothing.
    ///
    /// What is longer than its length can say is cut there: behind 65,535 and 268,435,455 bytes.
    ///
    /// ```
    /// use wsbench_load::template::Template;
    /// let connect = r#"10 {var: 0004 "MQTT" 04 02 003c {u16: "wsb-{run}-{conn}"}}"#;
    /// assert!(Template::for_bytes(connect).is_ok());
    /// let error = Template::for_bytes("10 {var: 004 }").unwrap_err().to_string();
    /// assert_eq!(error, "at byte 9: '004' is no pairs of hexadecimal digits");
    /// ```
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn for_bytes(text: &str) -> Result<Self, TemplateError> {
        let mut compiler = Compiler::new(TextPurpose::Words);
        octets::add(&mut compiler, text)?;
        Ok(compiler.template(text, true))
    }

    /// True of one in the notation of bytes.
    #[must_use]
    pub fn is_of_bytes(&self) -> bool {
        self.is_of_bytes
    }

    /// Bytes that are said as they are.
    #[must_use]
    pub fn of_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            segments: vec![Segment::Literal(bytes.into())],
            variables: Vec::new(),
            columns: Vec::new(),
            captures: Vec::new(),
            is_of_bytes: false,
        }
    }

    fn compiled(text: &str, purpose: TextPurpose) -> Result<Self, TemplateError> {
        let mut compiler = Compiler::new(purpose);
        compiler.add_text(text, 0)?;
        Ok(compiler.template(text, false))
    }

    /// The text that it was compiled from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if no two messages are the same, and each tells whose it is: connection and number are
    /// both in it, the connection before a column, of which nobody would know the row.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        let first = |is_it: fn(&Placeholder) -> bool| {
            let mut segments = self.segments.iter();
            segments.position(|it| matches!(it, Segment::Slot(slot) if is_it(slot)))
        };
        let column = first(|slot| matches!(slot, Placeholder::Column(_)));
        let connection = first(|slot| *slot == Placeholder::Id);
        let is_told = connection.is_some_and(|at| column.is_none_or(|column| at < column));
        is_told && self.has(Placeholder::Seq)
    }

    /// True of one that is not made again, for something stands in it that its connection alone knows.
    #[must_use]
    pub(crate) fn is_said_once(&self) -> bool {
        let slots = [
            Placeholder::Room,
            Placeholder::Number,
            Placeholder::Run,
            Placeholder::NowMs,
        ];
        let is_enclosed = |segment: &Segment| matches!(segment, Segment::Open(_));
        let has_any = slots.into_iter().any(|slot| self.has(slot));
        has_any || !self.captures.is_empty() || self.segments.iter().any(is_enclosed)
    }

    /// True of a request that has its number in it.
    #[must_use]
    pub fn has_request_number(&self) -> bool {
        self.segments.contains(&Segment::Slot(Placeholder::Request))
    }

    /// The longest message that it makes, bytes, without what is taken from elsewhere.
    #[must_use]
    pub fn longest(&self) -> usize {
        let (mut longest, mut open) = (0, Vec::new());
        for segment in &self.segments {
            longest += match segment {
                Segment::Literal(bytes) => bytes.len(),
                Segment::Slot(slot) if slot.is_number() => LONGEST_NUMBER,
                Segment::Slot(Placeholder::Hex(digits)) => *digits,
                Segment::Slot(Placeholder::Env(place)) => self.env_value(*place).len(),
                Segment::Slot(Placeholder::Column(place)) => self.longest_of_column(*place),
                Segment::Slot(Placeholder::NowNs | Placeholder::NowMs) => TIME_DIGITS,
                Segment::Slot(_) => 0,
                Segment::Open(enclosure) => {
                    open.push((longest, enclosure));
                    0
                }
                Segment::Close => {
                    let Some((before, enclosure)) = open.pop() else {
                        continue;
                    };
                    let within = longest - before;
                    longest = before;
                    enclosure.longest(within)
                }
            };
        }
        longest
    }

    /// Appends a message that was due at `due_ns` since the Unix epoch.
    pub(crate) fn fill(&self, identity: MessageId, seed: u64, due_ns: u64, out: &mut Vec<u8>) {
        for (place, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Literal(bytes) => out.extend_from_slice(bytes),
                Segment::Slot(Placeholder::Id) => push_number(identity.connection.into(), 1, out),
                Segment::Slot(Placeholder::Seq) => push_number(identity.sequence, 1, out),
                Segment::Slot(Placeholder::Request) => push_number(identity.sequence + 1, 1, out),
                Segment::Slot(Placeholder::NowNs) => push_number(due_ns, TIME_DIGITS, out),
                Segment::Slot(Placeholder::Env(name)) => {
                    out.extend_from_slice(self.env_value(*name).as_bytes());
                }
                Segment::Slot(Placeholder::Column(place)) => {
                    let value = self.column_value(*place, identity.connection);
                    out.extend_from_slice(value.as_bytes());
                }
                Segment::Slot(Placeholder::Hex(digits)) => {
                    let seed = mix(seed ^ u64::from(identity.connection) ^ ((place as u64) << 32));
                    push_hex(mix(seed ^ identity.sequence), *digits, out);
                }
                // Those of words alone, which are said and not made again.
                Segment::Slot(_) | Segment::Open(_) | Segment::Close => {}
            }
        }
    }

    /// Whose message begins like this; `None` where it is none of this template's, or is cut before
    /// that shows.
    pub(crate) fn identify(&self, bytes: &[u8]) -> Option<MessageId> {
        let (mut connection, mut sequence) = (None, None);
        let mut rest = bytes;
        for (number, segment) in self.segments.iter().enumerate() {
            if let (Some(connection), Some(sequence)) = (connection, sequence) {
                return Some(MessageId {
                    connection,
                    sequence,
                });
            }
            match segment {
                Segment::Literal(literal) => rest = rest.strip_prefix(&**literal)?,
                Segment::Slot(Placeholder::Hex(digits)) => rest = rest.get(*digits..)?,
                Segment::Slot(Placeholder::NowNs) => rest = rest.get(TIME_DIGITS..)?,
                Segment::Slot(Placeholder::Env(name)) => {
                    rest = rest.strip_prefix(self.env_value(*name).as_bytes())?;
                }
                Segment::Slot(Placeholder::Column(place)) => {
                    let value = self.column_value(*place, connection?);
                    rest = rest.strip_prefix(value.as_bytes())?;
                }
                Segment::Open(_) | Segment::Close => return None,
                Segment::Slot(slot) => {
                    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    let text = std::str::from_utf8(&rest[..digits]).ok()?;
                    rest = &rest[digits..];
                    // A number that is cut would be another one.
                    if rest.is_empty() && number + 1 < self.segments.len() {
                        return None;
                    }
                    match slot {
                        Placeholder::Id => connection = Some(text.parse().ok()?),
                        _ => sequence = Some(text.parse().ok()?),
                    }
                }
            }
        }
        Some(MessageId {
            connection: connection?,
            sequence: sequence?,
        })
    }
}

impl Enclosure {
    /// Bytes of what becomes of a part of so many at most.
    fn longest(self, within: usize) -> usize {
        match self {
            Self::Length(length) => within + length.longest(),
            Self::Signed(form, _) => form.longest(within),
        }
    }
}

impl Placeholder {
    /// Digits of which nobody knows beforehand how many they are.
    fn is_number(self) -> bool {
        matches!(
            self,
            Self::Id | Self::Seq | Self::Request | Self::Message | Self::Number | Self::Run
        )
    }

    /// True if it may begin with a digit.
    fn is_digits(self) -> bool {
        self.is_number()
            || matches!(
                self,
                Self::Hex(_) | Self::NowNs | Self::Env(_) | Self::Column(_)
            )
    }
}

/// A number in decimal, with zeros in front up to `least` digits.
fn push_number(number: u64, least: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; LONGEST_NUMBER];
    out.extend_from_slice(decimal(number, least, &mut digits));
}

/// The digits of a number in decimal, with zeros in front up to `least`, in the room that is given.
pub(crate) fn decimal(mut number: u64, least: usize, digits: &mut [u8; LONGEST_NUMBER]) -> &[u8] {
    let mut from = LONGEST_NUMBER;
    while number > 0 || from > LONGEST_NUMBER - least {
        from -= 1;
        digits[from] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    &digits[from..]
}

fn push_hex(seed: u64, digits: usize, out: &mut Vec<u8>) {
    let mut word = seed;
    for number in 0..digits {
        if number > 0 && number % 16 == 0 {
            word = mix(seed ^ (number as u64).rotate_left(32));
        }
        out.push(HEX[(word & 15) as usize]);
        word >>= 4;
    }
}

/// A template at work: room for one message, filled again for each.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    template: std::sync::Arc<Template>,
    seed: u64,
    /// Time of the wall clock when the run began, ns since the Unix epoch.
    epoch_ns: u64,
    bytes: Vec<u8>,
    /// Message that is in it.
    is: Option<(MessageId, Nanos)>,
}

impl Filled {
    pub(crate) fn new(template: std::sync::Arc<Template>, seed: u64) -> Self {
        let bytes = Vec::with_capacity(template.longest());
        Self {
            template,
            seed,
            epoch_ns: 0,
            bytes,
            is: None,
        }
    }

    pub(crate) fn set_epoch(&mut self, epoch_ns: u64) {
        (self.epoch_ns, self.is) = (epoch_ns, None);
    }

    /// Fills in a message, unless it is there already.
    pub(crate) fn prepare(&mut self, identity: MessageId, due: Nanos) {
        if self.is == Some((identity, due)) {
            return;
        }
        self.bytes.clear();
        let due_ns = self.epoch_ns.saturating_add(due.0);
        self.template
            .fill(identity, self.seed, due_ns, &mut self.bytes);
        self.is = Some((identity, due));
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn identify(&self, bytes: &[u8]) -> Option<MessageId> {
        self.template.identify(bytes)
    }
}

#[cfg(test)]
mod tests;
