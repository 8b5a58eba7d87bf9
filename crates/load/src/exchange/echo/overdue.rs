//! Messages that were not answered in time.

use super::{Echo, Local};
use crate::context::Io;
use crate::exchange::{DeadlineOutcome, Exchange};
use crate::failure::FailureKind;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::tally::Phase;

impl<const BY_NUMBER: bool> Echo<BY_NUMBER> {
    /// Messages unanswered at their deadline. One that later answers have overtaken is lost and
    /// the connection lives on; on a silent connection nothing can be told any more, so it is
    /// given up.
    pub(super) fn on_overdue(&mut self, io: &mut Io<'_, Local>, now: Nanos) -> DeadlineOutcome {
        let timeout = io.local.timeout;
        let overdue = |due: Nanos| due + timeout <= now;
        while let (true, Some(oldest)) = (
            (BY_NUMBER || io.local.source.is_tagged()) && self.pairing.oldest_is_overtaken(),
            self.pairing
                .oldest()
                .filter(|_| self.pairing.oldest_due().is_some_and(overdue)),
        ) {
            let meter = &mut io.common.meter;
            meter.fail(now, Phase::Answers, FailureKind::TimedOut, || {
                format!("message {oldest} unanswered after {timeout}, later ones were answered")
            });
            let in_flight = self.pairing.in_flight();
            if BY_NUMBER {
                self.give_streams_up(io, now, Some(oldest));
            }
            let meter = &mut io.common.meter;
            if let Some(times) = self.pairing.settle(oldest) {
                meter.unanswered(times, now, Unanswered::TimedOut, true);
            }
            self.on_places_freed(io, now, in_flight);
        }
        if !self.pairing.oldest_due().is_some_and(overdue) {
            return DeadlineOutcome::Alive;
        }
        self.stop_load(io, now);
        let is_stream = io.local.is_streaming();
        if BY_NUMBER {
            self.give_streams_up(io, now, None);
        }
        let meter = &mut io.common.meter;
        let number = self.connection;
        self.pairing.abandon(|times, overtaken| {
            let (how, kind) = if overdue(times.due) {
                (Unanswered::TimedOut, FailureKind::TimedOut)
            } else {
                (Unanswered::GivenUp, FailureKind::GivenUp)
            };
            meter.fail(now, Phase::Answers, kind, || match is_stream {
                true => format!(
                    "a stream on connection {number} has not ended within {timeout}; it was given up"
                ),
                false => format!("no answer on connection {number} for {timeout}; it was given up"),
            });
            meter.unanswered(times, now, how, overtaken);
        });
        DeadlineOutcome::GivenUp
    }
}
