//! Answers that are not what was sent, but carry the number of their request.
//!
//! They come in any order. One that says that its request has failed settles it all the same, as
//! failed, with the server's words.

use wsbench_wire::connection::MessageKind;
use wsbench_wire::excerpt::excerpt;

use super::answer::Suspect;
use super::{Echo, Exchange, Local};
use crate::context::Io;
use crate::exchange::Piece;
use crate::failure::FailureKind;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::tally::Phase;

impl<const BY_NUMBER: bool> Echo<BY_NUMBER> {
    /// A piece of an answer: read where it lies if it is a whole one, and put together if not.
    #[inline]
    pub(super) fn take_reply(&mut self, io: &mut Io<'_, Local>, received: Nanos, piece: Piece<'_>) {
        let suspect = self.rare.as_mut().and_then(|rare| rare.suspect.take());
        if suspect.is_none() && piece.last {
            return self.on_reply(io, received, piece.bytes);
        }
        let mut suspect = suspect.unwrap_or_else(|| Suspect::new(MessageKind::Text));
        suspect.push(piece.bytes, io.local);
        if piece.last {
            self.on_reply(io, received, suspect.bytes());
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
    fn on_reply(&mut self, io: &mut Io<'_, Local>, received: Nanos, reply: &[u8]) {
        let Some(request) = &io.local.request else {
            return;
        };
        // Numbers are counted from 1.
        let number = request.at.number(reply).and_then(|it| it.checked_sub(1));
        let has_failed = request.failed.as_ref().is_some_and(|it| it.is_there(reply));
        match number {
            Some(number) if number < self.pairing.sent() && has_failed => {
                self.on_failed(io, received, number, reply);
            }
            Some(number) if number < self.pairing.sent() => self.on_answer(io, received, number),
            _ => self.on_stranger(io, received, reply, has_failed),
        }
    }

    /// The server says that a request has failed.
    #[cold]
    fn on_failed(&mut self, io: &mut Io<'_, Local>, received: Nanos, number: u64, reply: &[u8]) {
        let in_flight = self.in_flight();
        let Some(times) = self.pairing.settle(number) else {
            return self.on_answer(io, received, number); // once more, for what is over
        };
        let meter = &mut io.common.meter;
        meter.fail(received, Phase::Answers, FailureKind::ErrorAnswer, || {
            format!("request {}: “{}”", number + 1, excerpt(reply))
        });
        meter.unanswered(times, received, Unanswered::Failed, false);
        self.on_places_freed(io, received, in_flight);
    }

    /// A message that answers no request.
    #[cold]
    fn on_stranger(
        &mut self,
        io: &mut Io<'_, Local>,
        received: Nanos,
        reply: &[u8],
        has_failed: bool,
    ) {
        if io.take_up(self.connection, MessageKind::Text, reply, received) {
            return;
        }
        let greeting = io.local.greeting.as_ref();
        let has_answers = self.pairing.has_answers();
        let rare = self.rare.get_or_insert_default();
        if greeting.is_some_and(|greeting| greeting.is(reply, rare.greetings, !has_answers)) {
            rare.greetings += 1;
            return;
        }
        let kind = match (has_failed, has_answers) {
            (true, _) => FailureKind::ErrorAnswer,
            (false, true) => FailureKind::Untagged,
            (false, false) => FailureKind::Greeting,
        };
        let meter = &mut io.common.meter;
        meter.tally.messages.unasked += 1;
        meter.fail(received, Phase::Answers, kind, || {
            let words = excerpt(reply);
            format!(
                "a message of {} bytes without the number of a request: “{words}”",
                reply.len()
            )
        });
    }
}
