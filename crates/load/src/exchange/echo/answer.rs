//! What an answer is that is not what was expected next.
//!
//! The fast path compares each piece with the oldest request's message as it arrives and keeps
//! nothing. When that fails, the message is collected here and named for what it is: reordered,
//! duplicated, corrupted, split, merged, unasked. A right server never gets here.

use wsbench_wire::connection::MessageKind;
use wsbench_wire::excerpt::excerpt;

use super::Local;
use crate::context::{Common, Io};
use crate::failure::FailureKind;
use crate::identity::MessageId;
use crate::message::{Message, MessageSource};
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::pairing::{Matched, Pairing};
use crate::plan::Verify;
use crate::tally::Phase;
use wsbench_setting::{Field, Text, text};

/// A collected message may be longer than any that was sent by this much; the rest is counted
/// but not kept.
const KEPT_BEYOND_LONGEST: usize = 64 * 1024;

/// A message under suspicion, collected while its pieces arrive.
#[derive(Debug)]
pub(super) struct Suspect {
    kind: MessageKind,
    bytes: Vec<u8>,
    /// Bytes received in all, kept or not.
    len: usize,
}

impl Suspect {
    pub(super) fn new(kind: MessageKind) -> Self {
        Self {
            kind,
            bytes: Vec::new(),
            len: 0,
        }
    }

    /// Text or binary.
    pub(super) fn kind(&self) -> MessageKind {
        self.kind
    }

    /// What of it was kept.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn push(&mut self, piece: &[u8], local: &Local) {
        self.len += piece.len();
        let most = 2 * local.longest + KEPT_BEYOND_LONGEST;
        let room = most.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// Begins with bytes that had matched message `identity` so far, which is prepared.
    pub(super) fn push_matched(&mut self, source: &MessageSource, identity: MessageId, len: usize) {
        source
            .message(identity)
            .extend_into(&mut self.bytes, 0, len);
        self.len += len;
    }
}

/// An answer that was cut short, so that its other half is known when it comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct CutShort {
    identity: MessageId,
    due: Option<Nanos>,
    len: usize,
}

/// Judges one connection's suspicious messages.
pub(super) struct Inquiry<'a> {
    pub(super) connection: u32,
    pub(super) pairing: &'a mut Pairing,
    pub(super) cut_short: &'a mut Option<CutShort>,
    pub(super) received: Nanos,
}

/// Finding of the inquiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A right answer after all, to this request.
    Answer(u64),
    /// Something that answers nothing, or wrongly; already booked.
    Fault,
}

impl Inquiry<'_> {
    /// Names a complete suspicious message, and books it unless it is a right answer.
    pub(super) fn judge(&mut self, suspect: &Suspect, io: &mut Io<'_, Local>) -> Finding {
        if io.local.verify == Verify::Contains
            && let Some(number) = self.contained(suspect, io)
        {
            return Finding::Answer(number);
        }
        if self.is_other_half(suspect, io) {
            *self.cut_short = None;
            io.common.meter.fail(
                self.received,
                Phase::Answers,
                FailureKind::SplitAnswer,
                || "one message came back as two",
            );
            return Finding::Fault;
        }
        match io.local.source.identify(&suspect.bytes) {
            Some(identity) if identity.connection != self.connection => {
                let is_there = io.common.may_be_connection(identity.connection);
                if is_there && is_of(suspect, identity, None, io) {
                    return self.unasked(io.common, FailureKind::CrossTalk, || {
                        format!(
                            "a message of connection {} arrived on another",
                            identity.connection
                        )
                    });
                }
                self.judge_in_order(suspect, io)
            }
            Some(identity) if self.has_broken_tag(suspect, identity, io) => {
                self.judge_in_order(suspect, io)
            }
            Some(identity) => self.judge_identified(suspect, identity, io),
            None => self.judge_in_order(suspect, io),
        }
    }

    /// The message of this connection that stands whole within another one; the oldest request's,
    /// where messages have no tag.
    fn contained(&self, suspect: &Suspect, io: &mut Io<'_, Local>) -> Option<u64> {
        let searched = suspect.bytes.len().min(SEARCHED);
        if !io.local.source.is_tagged() {
            let oldest = self.pairing.oldest()?;
            let sent = self.as_sent(oldest, io);
            let is_there = (0..searched).any(|at| stands_at(&sent, &suspect.bytes[at..]));
            return is_there.then_some(oldest);
        }
        (0..searched).find_map(|at| {
            let rest = &suspect.bytes[at..];
            let named = io.local.source.identify(rest)?;
            let is_ours = named.connection == self.connection;
            let sequence = named.sequence;
            (is_ours
                && sequence < self.pairing.sent()
                && stands_at(&self.as_sent(sequence, io), rest))
            .then_some(sequence)
        })
    }

    /// A message of this connection as it was sent.
    fn as_sent<'a>(&self, sequence: u64, io: &'a mut Io<'_, Local>) -> Message<'a> {
        let identity = MessageId {
            connection: self.connection,
            sequence,
        };
        io.local.source.prepare(identity, self.due(sequence));
        io.local.source.message(identity)
    }

    /// Whether a tag names a message that was never sent, while the rest is the oldest request's: a wrong
    /// byte within the tag makes another number of it.
    fn has_broken_tag(&self, suspect: &Suspect, named: MessageId, io: &mut Io<'_, Local>) -> bool {
        let Some(oldest) = self.pairing.oldest().filter(|it| *it != named.sequence) else {
            return false;
        };
        let identity = MessageId {
            connection: self.connection,
            sequence: oldest,
        };
        named.sequence >= self.pairing.sent() && is_of(suspect, identity, self.due(oldest), io)
    }

    fn judge_identified(
        &mut self,
        suspect: &Suspect,
        identity: MessageId,
        io: &mut Io<'_, Local>,
    ) -> Finding {
        let due = self.due(identity.sequence);
        io.local.source.prepare(identity, due);
        let expected = io.local.source.message(identity);
        let same_bytes = suspect.len == expected.len() && expected.matches_at(0, &suspect.bytes);
        let same = same_bytes && suspect.kind == io.local.source.kind();
        let number = identity.sequence;
        if number >= self.pairing.sent() {
            return self.unasked(io.common, FailureKind::Unasked, || {
                format!("message {number} was never sent on this connection")
            });
        }
        if same {
            return Finding::Answer(number);
        }
        let whole_first = suspect.len > expected.len()
            && expected.matches_at(0, &suspect.bytes[..expected.len().min(suspect.bytes.len())]);
        if whole_first {
            return self.merged(suspect, identity, io);
        }
        if suspect.len < expected.len() && expected.matches_at(0, &suspect.bytes) {
            *self.cut_short = Some(CutShort {
                identity,
                due,
                len: suspect.len,
            });
        }
        self.corrupted(suspect, number, io)
    }

    /// Without a readable tag the oldest request is the one answered, if any is in flight.
    fn judge_in_order(&mut self, suspect: &Suspect, io: &mut Io<'_, Local>) -> Finding {
        let Some(oldest) = self.pairing.oldest() else {
            let identity = MessageId {
                connection: self.connection,
                sequence: self.pairing.sent().saturating_sub(1),
            };
            io.local.source.prepare(identity, None);
            let last = io.local.source.message(identity);
            if !io.local.source.is_tagged()
                && self.pairing.sent() > 0
                && suspect.len == last.len()
                && last.matches_at(0, &suspect.bytes)
            {
                return self.duplicated(io.common, identity.sequence);
            }
            return self.servers_own(suspect, io.common);
        };
        let identity = MessageId {
            connection: self.connection,
            sequence: oldest,
        };
        let due = self.due(oldest);
        io.local.source.prepare(identity, due);
        let expected = io.local.source.message(identity);
        let len_fits = expected.len() == suspect.len;
        let is_first_half =
            (1..expected.len()).contains(&suspect.len) && expected.matches_at(0, &suspect.bytes);
        match io.local.verify {
            Verify::None => Finding::Answer(oldest),
            Verify::Length if len_fits && suspect.kind == io.local.source.kind() => {
                Finding::Answer(oldest)
            }
            _ if io.local.source.is_tagged()
                && !is_first_half
                && self.is_servers_own(suspect, io) =>
            {
                self.servers_own(suspect, io.common)
            }
            _ => {
                if is_first_half {
                    let len = suspect.len;
                    *self.cut_short = Some(CutShort { identity, due, len });
                }
                self.corrupted(suspect, oldest, io)
            }
        }
    }

    /// Whether a message without a readable tag has nothing of the oldest request's, which is prepared.
    /// Text that is no UTF-8 is a fault whatever it answers.
    fn is_servers_own(&self, suspect: &Suspect, io: &Io<'_, Local>) -> bool {
        let is_broken =
            suspect.kind == MessageKind::Text && std::str::from_utf8(&suspect.bytes).is_err();
        let oldest = self.pairing.oldest().unwrap_or_default();
        let expected = io.local.source.message(MessageId {
            connection: self.connection,
            sequence: oldest,
        });
        let mut bytes = Vec::with_capacity(expected.len());
        expected.extend_into(&mut bytes, 0, expected.len());
        let tag = expected.parts()[0];
        !is_broken && likeness(&suspect.bytes, &bytes, tag) == Likeness::None
    }

    /// Books a message that answers nothing: a greeting, a heartbeat, a broadcast. No request is
    /// settled by it.
    fn servers_own(&mut self, suspect: &Suspect, common: &mut Common) -> Finding {
        let (kind, what) = if self.pairing.has_answers() {
            (FailureKind::Untagged, "a message of the server's own")
        } else {
            (
                FailureKind::Greeting,
                "a message of the server's own, before it has answered any",
            )
        };
        self.unasked(common, kind, || {
            format!(
                "{what}, of {} bytes: {}",
                suspect.len,
                quoted(&suspect.bytes)
            )
        })
    }

    /// Books request `number` as answered wrongly, under the most telling name.
    fn corrupted(&mut self, suspect: &Suspect, number: u64, io: &mut Io<'_, Local>) -> Finding {
        let Some(times) = self.pairing.settle(number) else {
            return self.duplicated(io.common, number);
        };
        let identity = MessageId {
            connection: self.connection,
            sequence: number,
        };
        io.local.source.prepare(identity, Some(times.due));
        let expected = io.local.source.message(identity);
        let (wanted, len) = (expected.len(), suspect.len);
        let mut bytes = Vec::new();
        expected.extend_into(&mut bytes, 0, wanted.min(EXCERPTED));
        let beside = format!("; sent {}, got {}", quoted(&bytes), quoted(&suspect.bytes));
        let mut whole = Vec::new();
        expected.extend_into(&mut whole, 0, wanted);
        let hint = likeness(&suspect.bytes, &whole, expected.parts()[0]).words();
        let first_wrong =
            (0..suspect.bytes.len()).find(|&i| !expected.matches_at(i, &suspect.bytes[i..=i]));
        let (kind, words) = if len == wanted && first_wrong.is_none() {
            (
                FailureKind::WrongOpcode,
                text![
                    format!("message {number} came back as {:?}: ", suspect.kind),
                    Field::Encoding,
                    " sends such messages",
                ],
            )
        } else if suspect.kind == MessageKind::Text && std::str::from_utf8(&suspect.bytes).is_err()
        {
            (
                FailureKind::InvalidUtf8,
                format!("the answer to message {number} is not UTF-8").into(),
            )
        } else if len != wanted {
            (
                FailureKind::WrongLength,
                text![format!(
                    "message {number} had {wanted} bytes, its answer {len}"
                )]
                .then(hint)
                .then(beside),
            )
        } else {
            let at = first_wrong.unwrap_or(0);
            (
                FailureKind::WrongBytes,
                text![format!(
                    "the answer to message {number} differs from byte {at} on"
                )]
                .then(hint)
                .then(beside),
            )
        };
        io.common
            .meter
            .fail(self.received, Phase::Answers, kind, || words);
        if times.due >= io.common.meter.window().opens {
            io.common.meter.tally.messages.corrupted += 1;
        }
        io.common
            .meter
            .unanswered(times, self.received, Unanswered::Failed, false);
        Finding::Fault
    }

    /// Two messages in one: both requests were answered, and neither rightly.
    fn merged(
        &mut self,
        suspect: &Suspect,
        identity: MessageId,
        io: &mut Io<'_, Local>,
    ) -> Finding {
        io.local.source.prepare(identity, None); // the time does not bear on its length
        let first_len = io.local.source.message(identity).len();
        let second = suspect
            .bytes
            .get(first_len..)
            .and_then(|rest| io.local.source.identify(rest))
            .filter(|identity| identity.connection == self.connection);
        let numbers = [
            Some(identity.sequence),
            second.map(|identity| identity.sequence),
        ];
        for number in numbers.into_iter().flatten() {
            if let Some(times) = self.pairing.settle(number) {
                if times.due >= io.common.meter.window().opens {
                    io.common.meter.tally.messages.corrupted += 1;
                }
                io.common
                    .meter
                    .unanswered(times, self.received, Unanswered::Failed, false);
            }
        }
        let kind = if second.is_some() {
            FailureKind::MergedAnswers
        } else {
            FailureKind::WrongLength
        };
        io.common
            .meter
            .fail(self.received, Phase::Answers, kind, || {
                let more = suspect.bytes.get(first_len..).unwrap_or_default();
                let more = match more {
                    b"\n" | b"\r\n" => Likeness::Line.words(),
                    _ if second.is_some() => Text::default(),
                    more => text![format!("; sent no {}", quoted(more))].then(contains()),
                };
                let len = suspect.len;
                text![format!(
                    "{len} bytes came back in one message for {first_len} sent"
                )]
                .then(more)
            });
        Finding::Fault
    }

    /// Books a further answer to a request that is over. One that the run gave up at its end is told as that,
    /// and its late answer is no second one.
    pub(super) fn duplicated(&mut self, common: &mut Common, number: u64) -> Finding {
        if common.meter.takes_late() {
            return Finding::Fault;
        }
        common.meter.tally.messages.duplicated += 1;
        common.meter.fail(
            self.received,
            Phase::Answers,
            FailureKind::Duplicated,
            || format!("message {number} was answered again"),
        );
        Finding::Fault
    }

    fn unasked(
        &mut self,
        common: &mut Common,
        kind: FailureKind,
        words: impl FnOnce() -> String,
    ) -> Finding {
        common.meter.tally.messages.unasked += 1;
        common
            .meter
            .fail(self.received, Phase::Answers, kind, words);
        Finding::Fault
    }

    /// Instant at which message `number` was due, while it is in flight.
    fn due(&self, number: u64) -> Option<Nanos> {
        self.pairing.times(number).map(|times| times.due)
    }

    fn is_other_half(&self, suspect: &Suspect, io: &mut Io<'_, Local>) -> bool {
        self.cut_short.is_some_and(|cut| {
            io.local.source.prepare(cut.identity, cut.due);
            let whole = io.local.source.message(cut.identity);
            suspect.len == whole.len() - cut.len && whole.matches_at(cut.len, &suspect.bytes)
        })
    }

    /// Books a right answer to request `number`: to the one in flight, or as a duplicate.
    pub(super) fn accept(&mut self, number: u64, common: &mut Common) -> bool {
        match self.pairing.answer(number) {
            Matched::Answer { times, reordered } => {
                common.meter.answered(times, self.received, reordered, 1);
                true
            }
            Matched::Duplicate => {
                self.duplicated(common, number);
                false
            }
            Matched::Unasked => {
                self.unasked(common, FailureKind::Unasked, || {
                    format!("message {number} was never sent")
                });
                false
            }
        }
    }
}

/// Octets of a message that are shown.
const EXCERPTED: usize = 60;
/// Octets of the longest message in which another one is looked for.
const SEARCHED: usize = 64 * 1024;

/// The beginning of a message in quotation marks.
fn quoted(bytes: &[u8]) -> String {
    let shown = excerpt(&bytes[..bytes.len().min(EXCERPTED)]);
    let more = if bytes.len() > EXCERPTED { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

/// True if a message stands whole at the front of what came.
fn stands_at(sent: &Message<'_>, came: &[u8]) -> bool {
    came.get(..sent.len())
        .is_some_and(|here| sent.matches_at(0, here))
}

/// Whether a suspicious message is this one of ours, but for a few bytes.
fn is_of(
    suspect: &Suspect,
    identity: MessageId,
    due: Option<Nanos>,
    io: &mut Io<'_, Local>,
) -> bool {
    io.local.source.prepare(identity, due);
    let expected = io.local.source.message(identity);
    if suspect.len != expected.len() {
        return false;
    }
    let same = |at: &usize| expected.matches_at(*at, &suspect.bytes[*at..=*at]);
    let compared = suspect.bytes.len().min(SEARCHED);
    let alike = (0..compared).filter(same).count();
    alike * 8 >= compared * 7
}

/// What an answer has of the message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    /// Nothing.
    None,
    /// All of it, with other bytes around.
    Wrapped,
    /// All of it, and a line end behind.
    Line,
    /// All of it in other letters, small or capital.
    Case,
    /// Its tag at another place, and the rest otherwise.
    Encoded,
    /// Most bytes, or its beginning.
    Part,
}

impl Likeness {
    /// A remark on it.
    fn words(self) -> Text {
        match self {
            Self::None | Self::Part => Text::default(),
            Self::Wrapped => {
                text![": the message is there, with other bytes around it"].then(contains())
            }
            Self::Line => text![": the message with a line end behind it"].then(contains()),
            Self::Case => ": the message in other letters, small or capital".into(),
            Self::Encoded => {
                text![
                    ": its tag is there and the rest differs, as where JSON escapes letters beyond ASCII (",
                    Field::Verify.with("none"),
                    " takes such answers unread)",
                ]
            }
        }
    }
}

/// The way in which answers that hold more than the message are taken.
fn contains() -> Text {
    text![" (", Field::Verify.with("contains"), " takes such answers)"]
}

/// Likeness of what came to the message that was sent, whose tag is given; empty where it has none.
fn likeness(got: &[u8], sent: &[u8], tag: &[u8]) -> Likeness {
    let (got, sent) = (
        &got[..got.len().min(SEARCHED)],
        &sent[..sent.len().min(SEARCHED)],
    );
    if sent.is_empty() || got.is_empty() {
        return Likeness::None;
    }
    if got
        .strip_prefix(sent)
        .is_some_and(|rest| matches!(rest, b"\n" | b"\r\n"))
    {
        return Likeness::Line;
    }
    if got != sent && got.windows(sent.len()).any(|window| window == sent) {
        return Likeness::Wrapped;
    }
    if got != sent && got.eq_ignore_ascii_case(sent) {
        return Likeness::Case;
    }
    let same = got
        .iter()
        .zip(sent)
        .filter(|(got, sent)| got == sent)
        .count();
    let begins = got
        .iter()
        .zip(sent)
        .take_while(|(got, sent)| got == sent)
        .count();
    let is_part = got.len() == sent.len() && 2 * same >= sent.len() || 2 * begins >= sent.len();
    let has_tag = !tag.is_empty() && got.windows(tag.len()).any(|window| window == tag);
    if is_part {
        Likeness::Part
    } else if has_tag {
        Likeness::Encoded
    } else {
        Likeness::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_like_what_was_sent_in_several_ways() {
        let sent = b"AAAAAAAAAAAAAAAAAAAAAAxyz\xc3\xa9";
        let wrapped = [&b"{\"data\":\""[..], sent, b"\"}"].concat();
        let mut spoilt = sent.to_vec();
        spoilt[0] = b'B';
        for (got, expected) in [
            (&wrapped[..], Likeness::Wrapped),
            (&[&sent[..], b"\n"].concat(), Likeness::Line),
            (&sent.to_ascii_lowercase(), Likeness::Case),
            (&spoilt, Likeness::Part),
            (&sent[..20], Likeness::Part),
            (
                b"{\"data\":\"AAAAAAAAAAAAAAAAAAAAAAxyz\\u00e9\"}",
                Likeness::Encoded,
            ),
            (b"{\"type\":\"ping\"}", Likeness::None),
            (b"", Likeness::None),
            (b"Request served by 7fd2c1a9b3e4", Likeness::None),
        ] {
            assert_eq!(
                likeness(got, sent, &sent[..22]),
                expected,
                "{}",
                got.escape_ascii()
            );
        }
    }
}
