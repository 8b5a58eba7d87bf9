//! The ledger: what became of each message, put together of what all workers told.
//!
//! It takes what was sent and partial counts of receipts, in any order, and settles a message once it
//! has reached its whole audience or its deadline has passed. All that it makes are sums, so the
//! result does not depend on who told what first.
//!
//! Of several processes it counts receivers of a sender's own and of others apart: of the first all is
//! known by one clock; of the others who was there is known to within the clocks' bound, and who may
//! have left before a message came is told to be uncertain rather than missing.

use std::collections::BTreeMap;

use wsbench_setting::text;

use super::memberships::Memberships;
use crate::failure::FailureKind;
use crate::nanos::Nanos;
use crate::plan::Plan;
use crate::series::Series;
use crate::tally::{Handed, Partial, Phase, Published, Tally, add_failure};

/// Knowledge of messages that are under way.
#[derive(Debug, Default)]
pub struct DeliveryLedger {
    /// By lane and position.
    open: BTreeMap<(u32, u32), UnderWay>,
    /// Whether senders hear themselves, once a worker has said so.
    hears_own: Option<bool>,
    /// True once a sender was among the receivers of its own message.
    has_heard: bool,
    timeout: Nanos,
    /// Members of other processes; `None` where all workers are of one.
    members: Option<Memberships>,
}

/// A message under way.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    sent: Option<Published>,
    /// False until it was looked at once: its sender tells of it in the same interval as its
    /// receivers, or in the next one.
    is_known: bool,
    room: u32,
    count: u32,
    left: u32,
    /// Receivers of other processes than the sender's.
    count_afar: u32,
    first: Nanos,
    last: Nanos,
}

impl UnderWay {
    const NEW: Self = Self {
        sent: None,
        is_known: false,
        room: 0,
        count: 0,
        left: 0,
        count_afar: 0,
        first: Nanos::MAX,
        last: Nanos::ZERO,
    };

    fn add(&mut self, partial: &Partial) {
        if partial.from_afar {
            self.count_afar += partial.count;
        } else {
            self.count += partial.count;
        }
        self.left += partial.left;
        self.first = self.first.min(partial.first);
        self.last = self.last.max(partial.last);
    }
}

/// Instant at which a message is settled although it has not reached everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cutoff {
    /// Its deadline is over by then.
    Deadline(Nanos),
    /// The run is over then.
    End(Nanos),
}

impl DeliveryLedger {
    /// A ledger for a plan's messages.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            timeout: plan.clients.timeout,
            ..Self::default()
        }
    }

    /// The same of workers of several processes: `homes` says which each is of, and two of their clocks
    /// are one to within `bound`.
    pub fn among(&mut self, homes: Vec<u32>, bound: Nanos) {
        self.members = Some(Memberships::of(homes, bound));
    }

    /// Nothing more comes of a worker of another process, of which all until `at` has come: its members
    /// are none from then on.
    pub fn give_up(&mut self, worker: u32, at: Nanos) {
        if let Some(members) = &mut self.members {
            members.give_up(worker, at);
        }
    }

    /// Takes in what workers handed over.
    pub fn take(&mut self, handed: &Handed) {
        self.hears_own = self.hears_own.or(handed.hears_own);
        if let Some(members) = &mut self.members {
            members.take(&handed.moves);
        }
        for it in &handed.addressed {
            let key = (it.lane, it.position);
            self.open.entry(key).or_insert(UnderWay::NEW).room = it.room;
        }
        for sent in &handed.published {
            let key = (sent.lane, sent.position);
            self.open.entry(key).or_insert(UnderWay::NEW).sent = Some(*sent);
        }
        for partial in &handed.partials {
            self.has_heard |= partial.own;
            let key = (partial.lane, partial.position);
            self.open.entry(key).or_insert(UnderWay::NEW).add(partial);
        }
    }

    /// Messages under way.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.open.len() as u64
    }

    /// Whether senders hear their own messages; `None` while nobody knows.
    #[must_use]
    pub fn hears_own(&self) -> Option<bool> {
        if self.has_heard {
            return Some(true);
        }
        self.hears_own
    }

    /// Settles the messages that have reached their audience, and those whose deadline is by `now`, of
    /// which everything was told that came until then. Books them in `into`.
    pub fn settle(&mut self, now: Nanos, into: &mut Tally) {
        self.settle_until(Cutoff::Deadline(now), into);
        if let Some(members) = &mut self.members {
            // What is under way was due within the time-out, and is told of an interval late at most.
            members.forget(now - self.timeout - self.timeout);
        }
    }

    /// Settles all messages at the end of the run.
    pub fn finish(&mut self, end: Nanos, into: &mut Tally) {
        // Where no sender has ever been among the receivers, none hears itself.
        self.hears_own = Some(self.hears_own().unwrap_or(false));
        self.settle_until(Cutoff::End(end), into);
        self.open.clear();
    }

    fn settle_until(&mut self, until: Cutoff, into: &mut Tally) {
        let terms = Terms {
            hears: self.hears_own(),
            timeout: self.timeout,
            members: self.members.as_ref(),
            until,
        };
        self.open
            .retain(|_, message| !settle(message, &terms, into));
    }
}

/// What holds for all messages that are settled together.
struct Terms<'a> {
    hears: Option<bool>,
    timeout: Nanos,
    members: Option<&'a Memberships>,
    until: Cutoff,
}

/// Receivers of a message, of one kind.
#[derive(Clone, Copy, Debug)]
struct Receivers {
    /// Those whom it was for, as far as that is known.
    wanted: u32,
    /// Those whom it has reached.
    count: u32,
}

impl Receivers {
    fn received(self) -> u32 {
        self.count.min(self.wanted)
    }

    fn lacking(self) -> u64 {
        self.wanted.saturating_sub(self.count).into()
    }

    /// Those whom nobody knew of: whoever joined meanwhile is no part of what was expected.
    fn beyond(self) -> u64 {
        self.count.saturating_sub(self.wanted).into()
    }
}

/// The receivers of other processes; whoever lacks a message that `is_over` and may have left before it
/// came is uncertain, and the second of what is returned.
fn afar(
    message: &UnderWay,
    sent: &Published,
    terms: &Terms<'_>,
    is_over: bool,
) -> (Receivers, u32) {
    let members = terms.members;
    let known = members.map(|it| it.elsewhere(sent.lane, message.room, sent.due));
    let known = known.unwrap_or_default();
    let count = message.count_afar;
    let lacking = known.members.saturating_sub(count);
    let left = if is_over { known.left.min(lacking) } else { 0 };
    let wanted = known.members - left;
    (Receivers { wanted, count }, left)
}

/// Settles a message, if it is time; says whether it did. What is told of a message that was settled
/// before is dropped: it was past its deadline, or came to whoever was no receiver of it.
fn settle(message: &mut UnderWay, terms: &Terms<'_>, into: &mut Tally) -> bool {
    let Some(sent) = message.sent else {
        return std::mem::replace(&mut message.is_known, true);
    };
    let timeout = terms.timeout;
    let deadline = sent.due + timeout;
    let (is_over, is_end, waited) = match terms.until {
        Cutoff::Deadline(now) => (deadline <= now, false, timeout),
        Cutoff::End(end) => (true, deadline > end, timeout.min(end - sent.due)),
    };
    // While nobody knows whether senders hear themselves, a message is complete with all members.
    let is_deaf = terms.hears == Some(false) || (is_over && terms.hears.is_none());
    let lacks_own = is_deaf && sent.is_member;
    let audience = sent.members.saturating_sub(u32::from(lacks_own));
    let near = Receivers {
        wanted: audience.saturating_sub(message.left),
        count: message.count,
    };
    let (far, left_afar) = afar(message, &sent, terms, is_over);
    let (wanted, lacking) = (near.wanted + far.wanted, near.lacking() + far.lacking());
    // Where all of its receivers have left without it, it has reached nobody, and nobody awaits it.
    let is_lost = wanted == 0 && near.count + far.count == 0 && message.left > 0;
    let is_complete = lacking == 0 && !is_lost;
    if !is_complete && !is_over {
        return false;
    }
    let counts = &mut into.deliveries;
    counts.expected += u64::from(wanted);
    counts.received += u64::from(near.received() + far.received());
    counts.uncertain += u64::from(message.left + left_afar) + near.beyond() + far.beyond();
    book_first(message, &sent, into);
    if is_lost {
        into.messages.unawaited += 1;
        return true;
    }
    if is_complete {
        into.messages.answered += 1;
        if wanted > 0 && message.last >= sent.due {
            into.record(Series::DeliveryLast, message.last - sent.due);
            into.record(Series::Skew, message.last - message.first);
        }
        return true;
    }
    if is_end {
        into.deliveries.in_flight_at_end += lacking;
        into.messages.in_flight_at_end += 1;
    } else {
        into.deliveries.missing += lacking;
        into.messages.timed_out += 1;
        let key = (Phase::Answers, FailureKind::TimedOut, None);
        let count = near.received() + far.received();
        add_failure(&mut into.failures, key, 1, deadline, || {
            text![format!(
                "a message of connection {} at {:.3} s: {count} of {wanted} receivers had it within \
                 {timeout}",
                sent.publisher,
                sent.due.as_secs_f64()
            )]
        });
    }
    into.record_n(Series::Delivery, waited, near.lacking());
    into.record_n(Series::DeliveryCensored, waited, near.lacking());
    into.record_n(Series::DeliveryBetween, waited, far.lacking());
    into.record_n(Series::DeliveryBetweenCensored, waited, far.lacking());
    into.record(Series::DeliveryLast, waited);
    into.record(Series::DeliveryLastCensored, waited);
    true
}

/// Books when a message was with the first of its receivers. Another process's clock may say that it came
/// before it was due, which is no time that a message takes.
fn book_first(message: &UnderWay, sent: &Published, into: &mut Tally) {
    if message.first < Nanos::MAX && message.first >= sent.due {
        into.record(Series::DeliveryFirst, message.first - sent.due);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::{Addressed, DeliveryCounts, Move};
    use proptest::prelude::*;

    const TIMEOUT: Nanos = Nanos(1_000);

    fn ledger() -> DeliveryLedger {
        DeliveryLedger {
            timeout: TIMEOUT,
            ..DeliveryLedger::default()
        }
    }

    fn sent(position: u32, due: u64, members: u32) -> Published {
        Published {
            lane: 0,
            position,
            publisher: 4,
            due: Nanos(due),
            members,
            is_member: true,
        }
    }

    fn partial(position: u32, count: u32, first: u64, last: u64) -> Partial {
        Partial {
            lane: 0,
            position,
            count,
            left: 0,
            own: false,
            first: Nanos(first),
            last: Nanos(last),
            from_afar: false,
        }
    }

    fn handed(published: &[Published], partials: &[Partial]) -> Handed {
        Handed {
            published: published.to_vec(),
            partials: partials.to_vec(),
            hears_own: Some(true),
            ..Handed::default()
        }
    }

    #[test]
    fn a_message_is_settled_when_it_has_reached_everybody() {
        let (mut ledger, mut into) = (ledger(), Tally::default());
        ledger.take(&handed(&[sent(0, 10, 3)], &[partial(0, 2, 30, 40)]));
        ledger.settle(Nanos(500), &mut into);
        assert_eq!((ledger.in_flight(), into.messages.answered), (1, 0));
        ledger.take(&handed(&[], &[partial(0, 1, 90, 90)]));
        ledger.settle(Nanos(500), &mut into);
        assert_eq!((ledger.in_flight(), into.messages.answered), (0, 1));
        let at = |series| into.at(series).max();
        assert_eq!(at(Series::DeliveryFirst), Some(Nanos(20)));
        assert_eq!(at(Series::DeliveryLast), Some(Nanos(80)));
        assert_eq!(at(Series::Skew), Some(Nanos(60)));
        assert_eq!(into.deliveries.reach(), Some(1.0));
    }

    #[test]
    fn a_message_that_lacks_a_receiver_is_censored_at_its_deadline_and_at_the_end() {
        let (mut ledger, mut into) = (ledger(), Tally::default());
        let both = [sent(0, 0, 3), sent(1, 900, 3)];
        ledger.take(&handed(
            &both,
            &[partial(0, 2, 5, 6), partial(1, 1, 905, 905)],
        ));
        ledger.settle(Nanos(1_000), &mut into);
        assert_eq!((into.messages.timed_out, ledger.in_flight()), (1, 1));
        ledger.finish(Nanos(1_500), &mut into);
        let expected = DeliveryCounts {
            expected: 6,
            received: 3,
            missing: 1,
            in_flight_at_end: 2,
            ..DeliveryCounts::default()
        };
        assert_eq!(into.deliveries, expected);
        assert_eq!(into.messages.in_flight_at_end, 1);
        let censored = into.at(Series::DeliveryLastCensored);
        assert_eq!(
            censored.min().zip(censored.max()),
            Some((Nanos(600), TIMEOUT))
        );
        assert_eq!(into.at(Series::DeliveryCensored).count(), 3);
        assert_eq!(into.failures.len(), 1);
    }

    #[test]
    fn whoever_left_before_a_message_came_makes_nothing_missing() {
        let (mut ledger, mut into) = (ledger(), Tally::default());
        let left = Partial {
            left: 1,
            ..partial(0, 2, 5, 6)
        };
        ledger.take(&handed(&[sent(0, 0, 3)], &[left]));
        ledger.settle(Nanos(10), &mut into);
        assert_eq!((into.messages.answered, into.deliveries.uncertain), (1, 1));
        assert_eq!((into.deliveries.expected, into.deliveries.missing), (2, 0));
    }

    #[test]
    fn senders_that_do_not_hear_themselves_are_no_receivers() {
        for (said, own, audience) in [
            (None, false, 2),
            (Some(false), false, 2),
            (None, true, 3),
            (Some(true), false, 3),
        ] {
            let (mut ledger, mut into) = (ledger(), Tally::default());
            let own = Partial {
                own,
                ..partial(0, 2, 5, 6)
            };
            ledger.take(&Handed {
                published: vec![sent(0, 0, 3)],
                partials: vec![own],
                hears_own: said,
                ..Handed::default()
            });
            ledger.finish(TIMEOUT, &mut into);
            assert_eq!(into.deliveries.expected, audience, "{said:?} {own:?}");
        }
    }

    /// Of receivers elsewhere: who was there when it was due is expected, and who left since is uncertain
    /// once the message is over, and not before.
    #[test]
    fn receivers_of_other_processes_are_expected_apart() {
        let (mut ledger, mut into) = (ledger(), Tally::default());
        ledger.among(vec![0, 1], Nanos(5));
        let moved = |at, joined, left| Move {
            worker: 1,
            room: 2,
            at: Nanos(at),
            joined,
            left,
        };
        let far = Partial {
            from_afar: true,
            ..partial(0, 2, 30, 60)
        };
        let addressed = Addressed {
            lane: 0,
            position: 0,
            room: 2,
        };
        ledger.take(&Handed {
            addressed: vec![addressed],
            moves: vec![moved(1, 4, 0), moved(50, 0, 1)],
            ..handed(&[sent(0, 20, 3)], &[partial(0, 3, 30, 40), far])
        });
        ledger.settle(Nanos(500), &mut into);
        assert_eq!((ledger.in_flight(), into.messages.answered), (1, 0));
        ledger.settle(Nanos(20 + TIMEOUT.0), &mut into);
        let expected = DeliveryCounts {
            expected: 6,
            received: 5,
            missing: 1,
            uncertain: 1,
            ..DeliveryCounts::default()
        };
        assert_eq!(into.deliveries, expected);
        assert_eq!(into.at(Series::DeliveryBetweenCensored).count(), 1);
        assert_eq!(into.at(Series::DeliveryCensored).count(), 0);
    }

    /// By another clock a message may have come before it was due: that is no time, and none is made of it.
    #[test]
    fn what_came_before_it_was_due_is_in_no_distribution() {
        let (mut ledger, mut into) = (ledger(), Tally::default());
        ledger.among(vec![0, 1], Nanos(50));
        let far = Partial {
            from_afar: true,
            ..partial(0, 1, 90, 90)
        };
        let joined = Move {
            worker: 1,
            room: 0,
            at: Nanos(1),
            joined: 1,
            left: 0,
        };
        ledger.take(&Handed {
            moves: vec![joined],
            ..handed(&[sent(0, 100, 0)], &[far])
        });
        ledger.settle(Nanos(500), &mut into);
        assert_eq!((into.messages.answered, into.deliveries.received), (1, 1));
        for series in [Series::DeliveryFirst, Series::DeliveryLast, Series::Skew] {
            assert_eq!(into.at(series).count(), 0, "{series:?}");
        }
    }

    proptest! {
        /// In whatever order and portions receipts are told of, the sums are the same, and the law
        /// holds.
        #[test]
        fn the_order_of_what_is_told_is_no_matter(
            messages in prop::collection::vec((0_u32..6, 0_u32..6, 0_u32..3), 1..20),
            cut in 1_usize..40,
        ) {
            let published: Vec<_> = (0..).zip(&messages).map(|(at, (members, ..))| {
                sent(at, u64::from(at) * 100, *members)
            }).collect();
            let partials: Vec<_> = (0..).zip(&messages).flat_map(|(at, (_, count, left))| {
                let receipts = (0..*count).map(move |number| {
                    partial(at, 1, u64::from(number), u64::from(number))
                });
                receipts.chain([Partial { count: 0, left: *left, ..partial(at, 0, u64::MAX, 0) }])
            }).collect();
            let outcome = |portions: Vec<Handed>| {
                let (mut ledger, mut into) = (ledger(), Tally::default());
                for portion in &portions {
                    ledger.take(portion);
                }
                ledger.settle(Nanos(1_200), &mut into);
                ledger.finish(Nanos(2_000), &mut into);
                (into.deliveries, into.messages, into.at(Series::Skew).count())
            };
            let at_once = outcome(vec![handed(&published, &partials)]);
            let reversed: Vec<_> = partials.iter().rev().copied().collect();
            let mut portions: Vec<_> =
                reversed.chunks(cut).map(|chunk| handed(&[], chunk)).collect();
            portions.push(handed(&published, &[]));
            prop_assert_eq!(at_once, outcome(portions));
            prop_assert_eq!(DeliveryCounts::FATES.breach(&at_once.0), None);
        }
    }
}
