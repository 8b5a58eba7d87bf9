//! Acknowledgements: messages of one connection that the server has yet to confirm.
//!
//! Which message an acknowledgement is of follows from its number or its tag, as far as the pattern has
//! either in it; without, they are taken to come in the order of the messages.

use std::collections::VecDeque;
use std::sync::Arc;

use wsbench_setting::text;
use wsbench_wire::connection::MessageKind;

use crate::context::Common;
use crate::failure::FailureKind;
use crate::fanout::postmark::PostmarkForm;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::pairing::Times;
use crate::plan::{Awaited, Plan};
use crate::tally::Phase;
use crate::template::Values;
use crate::template::reading::{Named, Reading};

/// The messages of a connection that await their acknowledgement.
#[derive(Debug, Default)]
pub(super) struct Acks {
    /// The oldest that is out at the front.
    out: VecDeque<OutMessage>,
    /// The number of that on its connection, from 0.
    first: u64,
    /// Those of them that are out.
    number: u32,
    has_any: bool,
    /// Form of the postmarks in their tags, where they have any.
    postmarks: Option<PostmarkForm>,
}

/// A message that was sent.
#[derive(Clone, Copy, Debug)]
struct OutMessage {
    times: Times,
    /// The number in its tag, which grows from message to message.
    tag: u64,
    is_out: bool,
}

/// A message that has come, where it acknowledges any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ack {
    /// This message, for the first time.
    Of(Times),
    /// One that was acknowledged or given up before, or that was never sent.
    Unasked,
}

impl Acks {
    /// Messages that are out.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// True once any was acknowledged.
    pub(super) fn has_any(&self) -> bool {
        self.has_any
    }

    /// Due time of the oldest that is out.
    pub(super) fn oldest_due(&self) -> Option<Nanos> {
        self.out.front().map(|it| it.times.due)
    }

    /// Messages have postmarks of this form in their tags.
    pub(super) fn be_postmarked(&mut self, form: PostmarkForm) {
        self.postmarks = Some(form);
    }

    /// A message was sent, the one after those before it.
    pub(super) fn sent(&mut self, times: Times, tag: u64) {
        self.number += 1;
        self.out.push_back(OutMessage {
            times,
            tag,
            is_out: true,
        });
    }

    /// The acknowledgement that a message is, on connection number `connection`; `None` of another one.
    pub(super) fn take(
        &mut self,
        pattern: &Awaited,
        (kind, message): (MessageKind, &[u8]),
        connection: u32,
        values: &Values<'_>,
    ) -> Option<Ack> {
        let reading = Reading {
            values,
            knows_number: false,
        };
        let named = pattern.named(kind, message, reading)?;
        if named.tag.is_some_and(|tag| tag.connection != connection) {
            return None;
        }
        let Some(at) = self.place(named).filter(|at| self.out[*at].is_out) else {
            return Some(Ack::Unasked);
        };
        let times = self.out[at].times;
        self.out[at].is_out = false;
        self.number -= 1;
        self.has_any = true;
        self.trim();
        Some(Ack::Of(times))
    }

    /// The place of the message that is named.
    fn place(&self, named: Named) -> Option<usize> {
        let of_number = |number: u64| usize::try_from(number.checked_sub(self.first)?).ok();
        let at = match (named.sequence, named.tag) {
            (Some(number), _) => of_number(number)?,
            (None, Some(tag)) => {
                let at = |number: u64| self.out.binary_search_by_key(&number, |it| it.tag).ok();
                at(tag.sequence).or_else(|| at(self.without_postmark(tag.sequence)?))?
            }
            (None, None) => 0,
        };
        let is_number = |number: u64, it: &OutMessage| {
            number == it.tag || self.without_postmark(number) == Some(it.tag)
        };
        let is_it = |it: &OutMessage| named.tag.is_none_or(|tag| is_number(tag.sequence, it));
        self.out.get(at).filter(|it| is_it(it)).map(|_| at)
    }

    /// The number of a message in whose tag this stands with a postmark.
    #[cold]
    fn without_postmark(&self, number: u64) -> Option<u64> {
        Some(self.postmarks?.read(number)?.position.into())
    }

    /// The oldest that is out, where it was due `timeout` before `now` or earlier: it is awaited no more.
    pub(super) fn give_up_overdue(&mut self, now: Nanos, timeout: Nanos) -> Option<Times> {
        let oldest = self.out.front()?.times;
        if oldest.due + timeout > now {
            return None;
        }
        self.pop()
    }

    /// The oldest that is out: it is awaited no more.
    pub(super) fn pop(&mut self) -> Option<Times> {
        let oldest = self.out.front_mut()?;
        oldest.is_out = false;
        let times = oldest.times;
        self.number -= 1;
        self.trim();
        Some(times)
    }

    /// Takes from the front all that is not out.
    fn trim(&mut self) {
        while self.out.front().is_some_and(|it| !it.is_out) {
            self.out.pop_front();
            self.first += 1;
        }
    }
}

/// The acknowledgements that a worker's connections await, by its plan.
#[derive(Clone, Debug)]
pub(super) struct AckOrders {
    pub(super) pattern: Arc<Awaited>,
    pub(super) timeout: Nanos,
    /// True where a message is answered by its acknowledgement, and by nothing else.
    pub(super) are_answers: bool,
    /// Messages of all connections of the worker that are out.
    pub(super) out: u64,
}

impl AckOrders {
    /// Those of a plan; `None` where none are awaited.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let clients = &plan.clients;
        Some(Self {
            pattern: clients.exchange.ack.clone()?,
            timeout: clients.timeout,
            are_answers: !clients.is_fanned_out(),
            out: 0,
        })
    }

    /// A message is about to be written.
    #[inline]
    pub(super) fn await_one(
        &mut self,
        acks: &mut Acks,
        common: &mut Common,
        times: Times,
        tag: u64,
    ) {
        self.out += 1;
        acks.sent(times, tag);
        common.meter.ack_awaited(times);
    }

    /// Takes a message that has come on a connection in a room, if it acknowledges one; says whether it
    /// did.
    pub(super) fn take(
        &mut self,
        acks: &mut Acks,
        common: &mut Common,
        (connection, room): (u32, u32),
        message: (MessageKind, &[u8]),
        received: Nanos,
    ) -> bool {
        let values = common.speech.values(connection, room, 0, received);
        let meter = &mut common.meter;
        match acks.take(&self.pattern, message, connection, &values) {
            None => return false,
            Some(Ack::Unasked) => meter.ack_unasked(received),
            Some(Ack::Of(times)) => {
                self.out -= 1;
                let at = meter.arrival(times.sent, received);
                meter.acked(times, at);
                if self.are_answers {
                    meter.answered(times, received, false, 1);
                }
            }
        }
        true
    }

    /// Gives up those that are overdue at `now`.
    pub(super) fn on_deadline(
        &mut self,
        acks: &mut Acks,
        common: &mut Common,
        connection: u32,
        now: Nanos,
    ) {
        let timeout = self.timeout;
        while let Some(times) = acks.give_up_overdue(now, timeout) {
            common
                .meter
                .fail(now, Phase::Answers, FailureKind::NoAck, || {
                    text![format!(
                        "no acknowledgement on connection {connection} within {timeout} of a message that \
                         was due at {:.3} s",
                        times.due.as_secs_f64()
                    )]
                });
            self.settle(common, times, now, Unanswered::TimedOut);
        }
    }

    /// Gives up all of a connection.
    pub(super) fn give_up(
        &mut self,
        acks: &mut Acks,
        common: &mut Common,
        now: Nanos,
        how: Unanswered,
    ) {
        while let Some(times) = acks.pop() {
            self.settle(common, times, now, how);
        }
    }

    fn settle(&mut self, common: &mut Common, times: Times, now: Nanos, how: Unanswered) {
        self.out -= 1;
        common.meter.ack_given_up(times, now, how);
        if self.are_answers {
            common.meter.unanswered(times, now, how, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Pattern;

    fn at(due: u64) -> Times {
        Times {
            due: Nanos(due),
            sent: Nanos(due + 1),
        }
    }

    fn three() -> Acks {
        let mut acks = Acks::default();
        for number in 0..3 {
            acks.sent(at(number), 10 * number);
        }
        acks
    }

    fn take(acks: &mut Acks, pattern: &str, message: &str) -> Option<Ack> {
        let pattern = Awaited::new(None, Pattern::Prefix(pattern.into()));
        let message = (MessageKind::Text, message.as_bytes());
        acks.take(&pattern, message, 7, &Values::default())
    }

    #[test]
    fn a_number_names_its_message_in_whatever_order() {
        let mut acks = three();
        assert_eq!(take(&mut acks, "43{seq}[", "431["), Some(Ack::Of(at(1))));
        assert_eq!((acks.number(), acks.oldest_due()), (2, Some(Nanos(0))));
        assert_eq!(take(&mut acks, "43{seq}[", "430["), Some(Ack::Of(at(0))));
        assert_eq!(acks.oldest_due(), Some(Nanos(2)), "the second is not out");
        for again in ["430[", "431[", "433["] {
            assert_eq!(take(&mut acks, "43{seq}[", again), Some(Ack::Unasked));
        }
        assert_eq!(take(&mut acks, "43{seq}[", "42[]"), None);
        assert_eq!(take(&mut acks, "43{n}[", "433["), Some(Ack::Of(at(2))));
        assert_eq!((acks.number(), acks.oldest_due()), (0, None));
    }

    #[test]
    fn a_postmarked_tag_names_its_message_by_the_number_in_it() {
        let form = PostmarkForm::of_rooms(3);
        let mut acks = three();
        acks.be_postmarked(form);
        let named = |position, connection| Named {
            sequence: None,
            tag: Some(crate::identity::MessageId {
                connection,
                sequence: form.number((position, 2), Nanos(5), true).unwrap(),
            }),
        };
        assert_eq!(
            [0, 10, 20, 15].map(|at| acks.place(named(at, 7))),
            [Some(0), Some(1), Some(2), None]
        );
    }

    #[test]
    fn without_a_number_they_come_in_the_order_of_the_messages() {
        let mut acks = three();
        for number in 0..3 {
            assert_eq!(take(&mut acks, "ok", "ok"), Some(Ack::Of(at(number))));
        }
        assert_eq!(take(&mut acks, "ok", "ok"), Some(Ack::Unasked));
    }

    #[test]
    fn what_is_overdue_is_given_up_one_by_one_and_its_ack_is_then_unasked() {
        let mut acks = three();
        let timeout = Nanos(100);
        assert_eq!(acks.give_up_overdue(Nanos(99), timeout), None);
        assert_eq!(acks.give_up_overdue(Nanos(101), timeout), Some(at(0)));
        assert_eq!(acks.give_up_overdue(Nanos(101), timeout), Some(at(1)));
        assert_eq!(acks.give_up_overdue(Nanos(101), timeout), None);
        assert_eq!(take(&mut acks, "a{seq}", "a1"), Some(Ack::Unasked));
        assert_eq!(take(&mut acks, "a{seq}", "a2"), Some(Ack::Of(at(2))));
    }
}
