//! Answers that are not what was sent: each carries the number of its request, or they come in order.
//!
//! With numbers they come in any order. One that says that its request has failed settles it all the
//! same, as failed, with the server's words. Where a request has several answers those before its end are
//! the items of a stream.

use wsbench_wire::connection::MessageKind;
use wsbench_wire::excerpt::excerpt;

use super::answer::Suspect;
use super::{Aside, Echo, Exchange, Local};
use crate::context::Io;
use crate::exchange::Piece;
use crate::failure::FailureKind;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::plan::Correlation;
use crate::tally::Phase;

/// Requests of a connection that are remembered as over before their end: what comes of them later is late,
/// and of further ones taken for answers that come again.
const MOST_CUT_SHORT: usize = 4_096;

impl Aside {
    /// Remembers that a stream is over before its end.
    fn cut_short(&mut self, number: u64) {
        if self.cut_short_streams.len() < MOST_CUT_SHORT {
            self.cut_short_streams.insert(number);
        }
    }
}

impl<const BY_NUMBER: bool> Echo<BY_NUMBER> {
    /// A piece of an answer: read where it lies if it is a whole one, and put together if not.
    #[inline]
    pub(super) fn take_reply(&mut self, io: &mut Io<'_, Local>, received: Nanos, piece: Piece<'_>) {
        let suspect = self.rare.as_mut().and_then(|rare| rare.suspect.take());
        if suspect.is_none() && piece.last {
            return self.on_reply(io, received, piece.kind, piece.bytes);
        }
        let mut suspect = suspect.unwrap_or_else(|| Suspect::new(piece.kind));
        suspect.push(piece.bytes, io.local);
        if piece.last {
            self.on_reply(io, received, suspect.kind(), suspect.bytes());
        } else {
            self.rare.get_or_insert_default().suspect = Some(suspect);
        }
    }

    /// Composes a request in the words of its connection: for its room, with what its login took.
    pub(super) fn ask(&self, io: &mut Io<'_, Local>, sequence: u64, due: Nanos) {
        let Some((words, mut asked)) = io.local.words.take() else {
            return;
        };
        asked.clear();
        let speech = &io.common.speech;
        let values = speech.values_in_turn(self.connection, sequence, due);
        words.say(&values, &mut asked);
        let kind = io.local.source.kind();
        io.common.push_message(io.codec, kind, [&asked, &[]]);
        io.local.words = Some((words, asked));
    }

    /// A whole answer.
    #[inline]
    fn on_reply(
        &mut self,
        io: &mut Io<'_, Local>,
        received: Nanos,
        kind: MessageKind,
        reply: &[u8],
    ) {
        let Some(request) = &io.local.request else {
            return;
        };
        let has_failed = request.failed.as_ref().is_some_and(|it| it.is_there(reply));
        let number = match &request.at {
            // Numbers are counted from 1.
            Correlation::Number(at) => at.number(reply).and_then(|it| it.checked_sub(1)),
            Correlation::Order => {
                if self.is_servers_own(io, received, kind, reply) {
                    return;
                }
                self.pairing.oldest()
            }
        };
        match number {
            Some(number) if number < self.pairing.sent() && has_failed => {
                self.on_failed(io, received, number, reply);
            }
            Some(number) if number < self.pairing.sent() => {
                self.on_part(io, received, number, kind, reply);
            }
            _ => self.on_stranger(io, received, kind, reply, has_failed),
        }
    }

    /// An answer to request `number`, or the next item of a stream of them.
    #[inline]
    fn on_part(
        &mut self,
        io: &mut Io<'_, Local>,
        received: Nanos,
        number: u64,
        kind: MessageKind,
        reply: &[u8],
    ) {
        let request = io.local.request.as_deref();
        let Some(end) = request.and_then(|request| request.end.as_deref()) else {
            return self.on_answer(io, received, number);
        };
        let rare = self.rare.get_or_insert_default();
        rare.has_items = true;
        let Some(times) = self.pairing.times(number) else {
            if rare.cut_short_streams.contains(&number) {
                io.common.meter.tally.items.late +=
                    u64::from(io.common.meter.window().contains(received));
                return;
            }
            return self.on_answer(io, received, number); // behind its end
        };
        let speech = &io.common.speech;
        let values = speech.values_in_turn(self.connection, number, times.due);
        let meter = &mut io.common.meter;
        if end.fits(kind, reply, &values) {
            if rare.latest_items.remove(&number).is_none() {
                meter.stream_was_empty(times);
            }
            return self.on_answer(io, received, number);
        }
        let at = meter.arrival(times.sent, received);
        let before = rare.latest_items.insert(number, at);
        meter.item(times, before, at);
    }

    /// Books that the streams which are out are awaited no more: all, or that of one request.
    pub(super) fn give_streams_up(&mut self, io: &mut Io<'_, Local>, now: Nanos, of: Option<u64>) {
        if !io.local.is_streaming() {
            return;
        }
        let all = self.pairing.oldest().unwrap_or(self.pairing.sent())..self.pairing.sent();
        let rare = self.rare.get_or_insert_default();
        for number in of.map_or(all, |number| number..number + 1) {
            let latest = rare.latest_items.remove(&number);
            if let Some(times) = self.pairing.times(number) {
                rare.cut_short(number);
                io.common.meter.stream_given_up(times, latest, now);
            }
        }
    }

    /// The server says that a request has failed.
    #[cold]
    fn on_failed(&mut self, io: &mut Io<'_, Local>, received: Nanos, number: u64, reply: &[u8]) {
        let in_flight = self.in_flight();
        let is_streaming = io.local.is_streaming();
        let rare = self.rare.get_or_insert_default();
        let Some(times) = self.pairing.settle(number) else {
            if rare.cut_short_streams.contains(&number) {
                return;
            }
            return self.on_answer(io, received, number); // once more, for what is over
        };
        if is_streaming {
            rare.latest_items.remove(&number);
            rare.cut_short(number);
        }
        let meter = &mut io.common.meter;
        meter.fail(received, Phase::Answers, FailureKind::ErrorAnswer, || {
            format!("request {}: “{}”", number + 1, excerpt(reply))
        });
        meter.unanswered(times, received, Unanswered::Failed, false);
        self.on_places_freed(io, received, in_flight);
    }

    /// True of a message that answers nothing and has been taken: a heartbeat, or a greeting.
    fn is_servers_own(
        &mut self,
        io: &mut Io<'_, Local>,
        received: Nanos,
        kind: MessageKind,
        reply: &[u8],
    ) -> bool {
        if io.take_up(self.connection, kind, reply, received) {
            return true;
        }
        let Some(greeting) = &io.local.greeting else {
            return false;
        };
        let rare = self.rare.get_or_insert_default();
        let is_greeting = greeting.is(reply, rare.greetings, !self.pairing.has_answers());
        rare.greetings += u32::from(is_greeting);
        is_greeting
    }

    /// A message that answers no request.
    #[cold]
    fn on_stranger(
        &mut self,
        io: &mut Io<'_, Local>,
        received: Nanos,
        kind: MessageKind,
        reply: &[u8],
        has_failed: bool,
    ) {
        let request = io.local.request.as_deref();
        let is_in_order = request.is_some_and(|it| it.at == Correlation::Order);
        // In order that was asked before its turn was looked for.
        if !is_in_order && self.is_servers_own(io, received, kind, reply) {
            return;
        }
        let has_items = self.rare.as_ref().is_some_and(|rare| rare.has_items);
        let kind = match (has_failed, self.pairing.has_answers() || has_items) {
            (true, _) => FailureKind::ErrorAnswer,
            (false, true) => FailureKind::Untagged,
            (false, false) => FailureKind::Greeting,
        };
        let meter = &mut io.common.meter;
        meter.tally.messages.unasked += 1;
        meter.fail(received, Phase::Answers, kind, || {
            let (len, words) = (reply.len(), excerpt(reply));
            match is_in_order {
                true => format!("a message of {len} bytes while no request was out: “{words}”"),
                false => {
                    format!("a message of {len} bytes without the number of a request: “{words}”")
                }
            }
        });
    }
}
