//! What comes on a connection: which message it is, whether it is for this connection, and whether
//! it is as it was sent.

use wsbench_wire::connection::MessageKind;
use wsbench_wire::excerpt::excerpt;

use super::{Fanout, FanoutLocal, Membership, Numbering};
use crate::context::Io;
use crate::exchange::Piece;
use crate::failure::FailureKind;
use crate::fanout::board::Publication;
use crate::fanout::receipts::Receipt;
use crate::identity::MessageId;
use crate::nanos::Nanos;
use crate::pairing::Times;
use crate::plan::Verify;
use crate::tally::Phase;

/// Bytes of a message that are kept beyond twice those of the longest that is sent, while its pieces
/// arrive. The rest is let go by: tags in it are not found.
const KEPT_BEYOND_LONGEST: usize = 256 * 1024;

/// A message whose pieces are arriving.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
}

/// A tag that was found in a message.
#[derive(Clone, Copy)]
pub(super) struct Sighting<'a> {
    kind: MessageKind,
    /// The message.
    bytes: &'a [u8],
    /// The byte at which the tag begins.
    at: usize,
    pub(super) identity: MessageId,
    pub(super) received: Nanos,
}

impl Fanout {
    /// A piece of a message: read where it lies if it is a whole one, and put together if not.
    #[inline]
    pub(super) fn take_piece(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        received: Nanos,
        piece: Piece<'_>,
    ) {
        let Some(mut incoming) = self.incoming.take() else {
            if piece.last {
                return self.on_message(io, received, piece.kind, piece.bytes);
            }
            let mut incoming = Box::<Incoming>::default();
            incoming.push(piece.bytes, io.local);
            self.incoming = Some(incoming);
            return;
        };
        incoming.push(piece.bytes, io.local);
        if piece.last {
            self.on_message(io, received, piece.kind, &incoming.bytes);
        } else {
            self.incoming = Some(incoming);
        }
    }

    /// A whole message: each tag in it is a delivery.
    #[inline]
    fn on_message(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        received: Nanos,
        kind: MessageKind,
        bytes: &[u8],
    ) {
        if self.is_slow {
            if !io.take_up(self.connection, kind, bytes, received) {
                io.common.meter.let_by_slow(received);
            }
            return;
        }
        if let (Some(orders), Some(acks)) = (&mut io.local.acks, &mut self.acks)
            && orders.take(
                acks,
                io.common,
                (self.connection, self.rooms.at(0)),
                (kind, bytes),
                received,
            )
        {
            return;
        }
        if io.local.numbered.is_some() {
            return self.on_numbered(io, received, kind, bytes);
        }
        let (mut from, mut has_tags) = (0, false);
        while let Some((at, identity)) = io.local.finder.find(bytes, from) {
            has_tags = true;
            let found = Sighting {
                kind,
                bytes,
                at,
                identity,
                received,
            };
            // There is no tag in what is known to be the message's own text.
            from = at + io.local.finder.tag_len() + self.on_tag(io, &found);
        }
        if !has_tags {
            self.on_foreign(io, received, kind, bytes);
        }
    }

    /// A message of which nothing but its number is known.
    fn on_numbered(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        received: Nanos,
        kind: MessageKind,
        bytes: &[u8],
    ) {
        let local = &*io.local;
        let number = local.numbered.as_ref().and_then(|at| at.number(bytes));
        let place = number.and_then(|number| Numbering::of(local).place(number));
        let (Some(number), Some((lane, sequence))) = (number, place) else {
            return self.on_foreign(io, received, kind, bytes);
        };
        let position = u32::try_from(sequence).ok();
        let looked_up = position.and_then(|position| {
            let publication = local.board.look_up(lane, position)?;
            Some((position, publication))
        });
        let connection = looked_up.as_ref().map_or(u32::MAX, |(_, it)| it.publisher);
        let found = Sighting {
            kind,
            bytes,
            at: 0,
            identity: MessageId {
                connection,
                sequence,
            },
            received,
        };
        match looked_up {
            Some((position, it)) => {
                self.on_known::<false>(io, &found, (lane, position), &it);
            }
            None if sequence < io.local.board.head(lane).into() => {}
            None => {
                io.common.meter.tally.deliveries.unasked += 1;
                self.fail(io, &found, FailureKind::Unasked, || {
                    format!("a message with the number {number} was never sent")
                });
            }
        }
    }

    /// A tag has come; the bytes behind it that are known to be the message's.
    #[inline]
    fn on_tag(&mut self, io: &mut Io<'_, FanoutLocal>, found: &Sighting<'_>) -> usize {
        let MessageId {
            connection,
            sequence,
        } = found.identity;
        let lane = connection % io.local.lanes.max(1);
        let place = u32::try_from(sequence).ok();
        let looked_up = place.and_then(|position| {
            let publication = io.local.board.look_up(lane, position)?;
            (publication.publisher == connection).then_some((position, publication))
        });
        let Some((position, publication)) = looked_up else {
            return self.on_unlisted(io, found, lane);
        };
        self.on_known::<false>(io, found, (lane, position), &publication)
    }

    /// A message that was sent has come, of another process where it is from `AFAR`; the bytes behind its
    /// tag that are known to be its own.
    #[inline]
    pub(super) fn on_known<const AFAR: bool>(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        found: &Sighting<'_>,
        key: (u32, u32),
        it: &Publication,
    ) -> usize {
        let Some(seat) = self.seat else {
            self.on_unsubscribed(io, found, it);
            return 0;
        };
        self.on_delivery::<AFAR>(io, found, key, it, seat)
    }

    /// The same where it has come to one of its receivers.
    #[inline]
    fn on_delivery<const AFAR: bool>(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        found: &Sighting<'_>,
        key: (u32, u32),
        it: &Publication,
        seat: Membership,
    ) -> usize {
        let measured = u64::from(it.is_measured);
        if !self.rooms.contains(it.room) {
            self.on_stray(io, found, it);
            return 0;
        }
        if !seat.is_for(it) {
            // Whether it was for whoever joined meanwhile, nobody can say.
            io.common.meter.tally.deliveries.uncertain += measured;
            return 0;
        }
        let is_own = it.publisher == self.connection;
        if is_own && io.local.board.hears_own() == Some(false) {
            io.common.meter.tally.deliveries.unasked += measured;
            self.fail(io, found, FailureKind::Unasked, || {
                "a message came back to its sender, which others did not".to_owned()
            });
            return 0;
        }
        let Some(own) = verified(io.local, found, it) else {
            io.common.meter.tally.deliveries.corrupted += measured;
            self.on_corrupted(io, found, it);
            return 0;
        };
        if is_own {
            io.local.board.set_hears_own(true);
        }
        self.has_received = true;
        let times = Times {
            due: it.due,
            sent: it.sent,
        };
        let meter = &mut io.common.meter;
        // When another process sent it is known by its own clock alone.
        let at = meter.arrival(if AFAR { Nanos::ZERO } else { it.sent }, found.received);
        if at - it.due >= io.local.timeout {
            return own; // it is missing by then, and is told to be
        }
        let local = &mut *io.local;
        let receipt = local
            .receipts
            .note(&local.board, key, it, seat.place, at, is_own);
        let Receipt::First { overtaken } = receipt else {
            meter.tally.deliveries.duplicated += measured;
            self.fail(io, found, FailureKind::Duplicated, || {
                format!("a message of connection {} came again", it.publisher)
            });
            return own;
        };
        let shares = std::mem::replace(&mut self.read_at, found.received) == found.received;
        if AFAR {
            meter.delivered_from_afar(it.due, at, found.received, it.is_measured);
        } else {
            meter.delivered(times, at, found.received, it.is_measured);
        }
        if it.is_measured {
            let tally = &mut meter.tally;
            tally.deliveries.reordered += u64::from(overtaken);
            tally.deliveries.in_shared_reads += u64::from(shares);
            if !AFAR {
                tally.record_by_decile(seat.decile, at - it.due);
            }
        }
        own
    }

    /// A message for another room.
    #[cold]
    fn on_stray(&mut self, io: &mut Io<'_, FanoutLocal>, found: &Sighting<'_>, it: &Publication) {
        io.common.meter.tally.deliveries.out_of_room += u64::from(it.is_measured);
        let speech = &io.common.speech;
        let words = format!(
            "a message for room “{}” arrived in “{}”",
            speech.room(it.room),
            speech.room(self.rooms.at(0))
        );
        self.fail(io, found, FailureKind::CrossTalk, || words);
    }

    /// A message that was sent has come to a connection for which none are. Its own may be within the
    /// server's word that it has it.
    #[cold]
    fn on_unsubscribed(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        found: &Sighting<'_>,
        it: &Publication,
    ) {
        self.has_received = true;
        if self.comings.is_coming_or_going() {
            if it.publisher == self.connection {
                io.local.board.set_hears_own(true);
            }
            io.common.meter.tally.deliveries.uncertain += u64::from(it.is_measured);
            return;
        }
        if it.publisher == self.connection {
            return;
        }
        io.common.meter.tally.deliveries.unasked += u64::from(it.is_measured);
        self.fail(io, found, FailureKind::Unasked, || {
            format!(
                "a message of connection {} came to one that receives none",
                it.publisher
            )
        });
    }

    /// A tag names a message that is not on the board by its position: it says itself what it is, is long
    /// past its deadline, or was never sent. The bytes behind it that are known to be its own.
    #[cold]
    fn on_unlisted(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        found: &Sighting<'_>,
        lane: u32,
    ) -> usize {
        if let Some(own) = self.on_postmarked(io, found, lane) {
            return own;
        }
        let position = found.identity.sequence;
        let was_sent = position < io.local.board.head(lane).into();
        if was_sent && io.common.may_be_connection(found.identity.connection) {
            return 0;
        }
        io.common.meter.tally.deliveries.unasked += 1;
        self.fail(io, found, FailureKind::Unasked, || {
            format!(
                "message {position} of connection {} was never sent",
                found.identity.connection
            )
        });
        0
    }

    /// A message without a tag: the server's own.
    fn on_foreign(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        received: Nanos,
        kind: MessageKind,
        bytes: &[u8],
    ) {
        if io.take_up(self.connection, kind, bytes, received) {
            return;
        }
        let greeting = io.local.greeting.as_ref();
        let (had, is_opening) = (self.greetings, !self.has_received);
        if greeting.is_some_and(|greeting| greeting.is(bytes, had, is_opening)) {
            self.greetings += 1;
            return;
        }
        let (kind, what) = if self.has_received {
            (FailureKind::Untagged, "a message of the server's own")
        } else {
            (
                FailureKind::Greeting,
                "a message of the server's own, before any of ours",
            )
        };
        let meter = &mut io.common.meter;
        meter.tally.deliveries.unasked += 1;
        meter.fail(received, Phase::Answers, kind, || {
            format!("{what}, of {} bytes: “{}”", bytes.len(), excerpt(bytes))
        });
    }

    #[cold]
    fn on_corrupted(
        &mut self,
        io: &mut Io<'_, FanoutLocal>,
        found: &Sighting<'_>,
        it: &Publication,
    ) {
        let is_kind = found.kind == io.local.sources.any().kind() || has_envelope(io.local, it);
        let kind = if is_kind {
            FailureKind::WrongBytes
        } else {
            FailureKind::WrongOpcode
        };
        let (bytes, wanted) = (found.bytes, io.local.longest);
        self.fail(io, found, kind, || {
            format!(
                "a message of connection {} does not stand in what came as it was sent, {wanted} bytes \
                 at most: “{}”",
                it.publisher,
                excerpt(bytes)
            )
        });
    }

    #[cold]
    fn fail(
        &self,
        io: &mut Io<'_, FanoutLocal>,
        found: &Sighting<'_>,
        kind: FailureKind,
        words: impl FnOnce() -> String,
    ) {
        let meter = &mut io.common.meter;
        meter.fail(found.received, Phase::Answers, kind, words);
    }
}

impl Incoming {
    fn push(&mut self, piece: &[u8], local: &FanoutLocal) {
        let most = 2 * local.longest + KEPT_BEYOND_LONGEST;
        let room = most.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(&piece[..piece.len().min(room)]);
    }
}

/// The bytes behind the tag that are known to be the message's; `None` where it does not stand in what
/// has come as it was sent.
#[inline]
fn verified(local: &mut FanoutLocal, found: &Sighting<'_>, it: &Publication) -> Option<usize> {
    if local.verify == Verify::None || local.numbered.is_some() {
        return Some(0);
    }
    // Whoever puts messages into its own may well send those in frames of another kind.
    let is_kind = has_envelope(local, it) || found.kind == local.sources.any().kind();
    let source = local.sources.of_voice(it.voice);
    source.prepare(found.identity, Some(it.due));
    let filling = source.behind_tag(found.identity);
    let behind = &found.bytes[found.at + local.finder.tag_len()..];
    // A tag is found wherever it stands, so full and contained are one here.
    let is_full = local.verify != Verify::Length;
    if is_full && behind.starts_with(filling) {
        return is_kind.then_some(filling.len());
    }
    let is_right = match is_full {
        true => stands_escaped(behind, filling),
        false => behind.len() >= filling.len(),
    };
    (is_kind && is_right).then_some(0)
}

/// True where text is put around messages like one that was sent.
#[inline]
fn has_envelope(local: &FanoutLocal, it: &Publication) -> bool {
    let dress = local.dress.as_ref();
    dress.is_some_and(|dress| dress.envelope(it.voice).is_some())
}

/// True if a text begins with another one as JSON writes it within quotation marks (RFC 8259 section
/// 7), whichever characters are escaped.
fn stands_escaped(text: &[u8], sent: &[u8]) -> bool {
    let Ok(sent) = std::str::from_utf8(sent) else {
        return false;
    };
    let mut rest = text;
    for character in sent.chars() {
        let mut plain = [0; 4];
        let plain = character.encode_utf8(&mut plain).as_bytes();
        if let Some(behind) = rest.strip_prefix(plain).filter(|_| character != '\\') {
            rest = behind;
            continue;
        }
        let Some((escaped, behind)) = unescaped(rest) else {
            return false;
        };
        if escaped != character {
            return false;
        }
        rest = behind;
    }
    true
}

/// The character that an escape at the front stands for, and what is behind it.
fn unescaped(text: &[u8]) -> Option<(char, &[u8])> {
    let (escape, behind) = text.strip_prefix(b"\\")?.split_first()?;
    let plain = match escape {
        b'"' | b'\\' | b'/' => char::from(*escape),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unescaped_unit(behind),
        _ => return None,
    };
    Some((plain, behind))
}

/// The character of four hexadecimal digits, or of two such units that make one (section 7).
fn unescaped_unit(text: &[u8]) -> Option<(char, &[u8])> {
    let (unit, behind) = unit(text)?;
    if let Some(character) = char::from_u32(unit.into()) {
        return Some((character, behind));
    }
    let (low, behind) = behind.strip_prefix(b"\\u").and_then(self::unit)?;
    let mut decoded = char::decode_utf16([unit, low]);
    Some((decoded.next()?.ok()?, behind))
}

fn unit(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, behind) = text.split_first_chunk::<4>()?;
    let digits = std::str::from_utf8(digits).ok()?;
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok()?;
    are_digits.then_some((unit, behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_found_as_json_writes_it() {
        for (text, sent, stands) in [
            (r#"gr\u00fc\u00dfe"}"#, "grüße", true),
            (r#"grüße"}"#, "grüße", true),
            (r"a\nb\\c\u0022", "a\nb\\c\"", true),
            (r"\ud83d\ude00!", "😀!", true),
            (r"\ud83d!", "😀!", false),
            (r"gr\u00fce", "grüße", false),
            ("gr", "grüße", false),
            (r"\u+0fc", "ü", false),
            (r"\", "ü", false),
            ("", "", true),
        ] {
            let found = stands_escaped(text.as_bytes(), sent.as_bytes());
            assert_eq!(found, stands, "{text} {sent}");
        }
    }

    proptest! {
        /// Whatever a serializer makes of a text, the text stands in it.
        #[test]
        fn what_json_writes_is_read(sent in any::<String>()) {
            let written = serde_json::to_string(&sent).unwrap();
            prop_assert!(stands_escaped(&written.as_bytes()[1..], sent.as_bytes()));
        }

        #[test]
        fn whatever_comes_is_compared(text in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = stands_escaped(&text, "ü\\\"😀".as_bytes());
        }
    }
}
