//! Counts of events, each group declared once: its fields, what they mean, how they are added up and
//! stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sum::Sum;
use crate::lag::Obstacle;

/// A counter of a group of them.
pub struct Counter<T> {
    /// Its name, as it is stored.
    pub name: &'static str,
    /// The lines that say what it counts.
    pub meaning: &'static [&'static str],
    /// Membership in the tables of results that spreadsheets read (CSV).
    pub in_columns: bool,
    /// Its value; `None` of a gauge that was not taken.
    pub of: fn(&T) -> Option<u64>,
    /// Gives it a value.
    pub(super) put: fn(&mut T, u64),
}

/// A group of counters, by its table.
pub(super) trait Counted: Default + 'static {
    /// The table.
    const COUNTERS: &'static [Counter<Self>];
}

impl<T> Counter<T> {
    /// Its value; none of a gauge that was not taken.
    fn value(&self, of: &T) -> u128 {
        (self.of)(of).map_or(0, u128::from)
    }
}

/// True of a count that is not worth a member of a document.
#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it by reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// `==` of the names of two rows, where a constant is made of a table.
#[must_use]
pub const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Declares groups of counters: for each a struct, how two of them are added up, and a table. A
/// field with a type of its own is a gauge, which is no sum of others; one that is `in columns` is
/// told of in tables for spreadsheets.
macro_rules! counters {
    ($(
        $(#[doc = $about:literal])+
        $(#[serde($($of_all:tt)*)])?
        $group:ident in $stored:literal {
            $(
                $(#[doc = $line:literal])+
                $(#[serde($($how:tt)*)])?
                $field:ident $(in $columns:ident)? $(: $gauge:ty)?,
            )+
        }
    )+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[schemars(rename = $stored)]
        $(#[serde($($of_all)*)])?
        pub struct $group {
            $(
                $(#[doc = $line])+
                $(#[serde($($how)*)])?
                pub $field: counters!(@type $($gauge)?),
            )+
        }

        impl $group {
            /// The table of them, in the order in which they are stored.
            pub const ALL: &[Counter<Self>] = &[$(
                Counter {
                    name: stringify!($field),
                    meaning: &[$($line),+],
                    in_columns: counters!(@in_columns $($columns)?),
                    of: |counts| counters!(@value counts.$field $($gauge)?),
                    put: |counts, value| counts.$field = counters!(@put value $($gauge)?),
                },
            )+];

            /// Adds the counts of another thread or interval. Gauges stay as they are.
            pub fn merge(&mut self, other: &Self) {
                $(counters!(@add self.$field, other.$field, $($gauge)?);)+
            }
        }

        impl Counted for $group {
            const COUNTERS: &'static [Counter<Self>] = Self::ALL;
        }

        impl Sum for $group {
            fn add(&mut self, other: &Self) {
                self.merge(other);
            }

            fn clear(&mut self) {
                *self = Self::default();
            }

            fn is_clear(&self) -> bool {
                *self == Self::default()
            }
        }
    )+};
    (@in_columns) => { false };
    (@in_columns columns) => { true };
    (@type) => { u64 };
    (@type $gauge:ty) => { $gauge };
    (@value $counts:ident.$field:ident) => { Some($counts.$field) };
    (@value $counts:ident.$field:ident $gauge:ty) => { $counts.$field };
    (@put $value:ident) => { $value };
    (@put $value:ident $gauge:ty) => { Some($value) };
    (@add $to:ident.$field:ident, $from:ident.$same:ident,) => { $to.$field += $from.$same };
    (@add $to:ident.$field:ident, $from:ident.$same:ident, $gauge:ty) => {};
}

counters! {
    /// Messages of the measured window: `sent = answered + timed_out + failed + in_flight_at_end`, and
    /// `unawaited` where there are such.
    MessageCounts in "Messages" {
        /// Due by the plan: sent or unsent.
        due in columns,
        /// Due by the schedule and never handed to a socket.
        #[serde(default)]
        unsent,
        /// Handed to the socket, at least in part.
        sent in columns,
        /// Answered rightly.
        answered in columns,
        /// Unanswered at their deadline.
        timed_out in columns,
        /// Ended otherwise: connection lost, or wrong answer.
        failed in columns,
        /// Unanswered when the drain ended.
        in_flight_at_end in columns,
        /// Sent where nobody answers: each ends so. Of messages for many those whose receivers have all left
        /// before they had it.
        #[serde(default, skip_serializing_if = "is_zero")]
        unawaited,
        /// Answers that arrived within the window, or messages that came by themselves: the numerator of
        /// `messages_per_s`.
        #[serde(default)]
        received_in_window,
        /// Never answered although a later one on the same connection was.
        #[serde(default)]
        lost in columns,
        /// Further answers to a message already answered.
        #[serde(default)]
        duplicated in columns,
        /// Right answers that came after the answer to a later message.
        #[serde(default)]
        reordered in columns,
        /// Answers whose bytes or opcode differ from what was sent.
        #[serde(default)]
        corrupted in columns,
        /// Messages that answer nothing that was sent.
        #[serde(default)]
        unasked in columns,
        /// Sent and answered in the warm-up, which nothing else counts.
        #[serde(default)]
        warmup,
    }

    /// Deliveries of the measured window, a message to a receiver each:
    /// `expected = received + missing + in_flight_at_end`. None where messages come back to their sender
    /// alone.
    #[serde(default)]
    DeliveryCounts in "Deliveries" {
        /// Receivers that messages had when they were sent, those left out whose case is uncertain.
        expected in columns,
        /// Received rightly, once each.
        received in columns,
        /// Not received by the deadline of the message.
        missing in columns,
        /// Not received when the drain ended, before the deadline of the message.
        in_flight_at_end in columns,
        /// Received again.
        duplicated in columns,
        /// Received behind a later message of the same sender.
        reordered in columns,
        /// Received outside of the room that the message was for.
        out_of_room in columns,
        /// Received with other bytes or another opcode than were sent. They are not received rightly,
        /// and so are missing as well.
        corrupted in columns,
        /// Messages received that nobody sent, or by whom they were not for.
        unasked in columns,
        /// Receivers that joined or left while a message was under way: nobody knows whether it was
        /// for them.
        uncertain in columns,
        /// Received within the window, whenever their message was due: the numerator of
        /// `deliveries_per_s`.
        received_in_window,
        /// Received in one read with others on their connection: all but the last of a read are told
        /// late, by the stamp of the last.
        in_shared_reads,
        /// Of those received, the ones whose sender was another agent's.
        #[serde(skip_serializing_if = "is_zero")]
        between_agents,
        /// Of those, the ones that came before they were due, by clocks that are one to within
        /// `fleet.between.bound_ns` only.
        #[serde(skip_serializing_if = "is_zero")]
        from_the_future,
    }

    /// Acknowledgements of messages of the measured window:
    /// `awaited = received + missing + in_flight_at_end`.
    #[serde(default)]
    AckCounts in "Acks" {
        /// Messages that were sent and are to be acknowledged.
        awaited in columns,
        /// Acknowledged in time.
        received in columns,
        /// Not acknowledged by the deadline of the message, or before its connection was over.
        missing in columns,
        /// Not acknowledged when the drain ended, before the deadline of the message.
        in_flight_at_end in columns,
        /// Acknowledgements that came again, too late, or of nothing that was sent.
        unasked in columns,
    }

    /// Items of streams: of requests of the measured window that have several answers and an end.
    #[serde(default)]
    ItemCounts in "Items" {
        /// Received before the end of their stream.
        received in columns,
        /// Streams that ended without an item.
        empty_streams in columns,
        /// Received within the window of requests that had failed, or were awaited no more.
        late in columns,
        /// Received within the window, whenever their request was due: the numerator of `items_per_s`.
        received_in_window,
        /// Received in one read with the item before them: by the stamp of the last, so that there is no
        /// gap between them.
        in_shared_reads,
    }

    /// Messages that the server sent by itself within the window.
    #[serde(default)]
    PushCounts in "Pushes" {
        /// Received within the window.
        received in columns,
        /// Numbers that never came, up to the highest that did on their connection; found where messages
        /// carry numbers.
        missing in columns,
        /// Received with a number that had come before.
        duplicated in columns,
        /// Received behind a message with a higher number. One by 64 or more stays among the missing.
        reordered in columns,
        /// Received without a number where one was looked for.
        unnumbered,
        /// Received without an instant where one was looked for.
        unstamped,
        /// Received before anything was known of the server's clock, where that is asked for. They have no
        /// age.
        unclocked,
        /// Received before the instant that they carry: the clocks differ by more than the way takes. They
        /// have no age.
        from_the_future in columns,
        /// Received in one read with others on their connection: by the stamp of the last, so that there
        /// is no gap between them.
        in_shared_reads,
    }

    /// Sessions that came due by a schedule within the window, or connections of a storm:
    /// `due = opened + turned_away + under_way`.
    #[serde(default)]
    SessionCounts in "Sessions" {
        /// Due within the window.
        due in columns,
        /// Open, and logged in where there is a login.
        opened in columns,
        /// Ended before they were open: refused, reset or timed out. Those of a storm are tried again.
        turned_away in columns,
        /// Being opened when the window closed, or waiting for a place.
        under_way in columns,
        /// Had to wait for a place, since as many were there as may be at a time.
        crowded in columns,
    }

    /// Slow readers. No other figure of receivers is of them.
    #[serde(default)]
    SlowCounts in "SlowReaders" {
        /// Messages that they received within the window.
        received in columns,
        /// Times that their connections ended before their time, over the whole run.
        lost in columns,
        /// Those of them that the server closed with a close frame.
        closed in columns,
    }

    /// Connections that were lost within the window, and their clients' return: `lost = back + away`.
    #[serde(default)]
    ReturnCounts in "Returns" {
        /// Lost, by whomever they were ended.
        lost in columns,
        /// Those of them that were cut by the drill.
        cut in columns,
        /// Clients that were back, open and logged in.
        back in columns,
        /// Clients that were not back when the window closed.
        away in columns,
        /// Attempts to come back that were refused.
        refused in columns,
        /// Attempts that timed out.
        timed_out in columns,
        /// Attempts that failed otherwise.
        failed in columns,
        /// Messages that were out on connections when the drill cut them, and so have failed.
        cut_messages in columns,
    }

    /// Messages that were due and had to wait for their connection, by what they waited for last.
    #[serde(default)]
    BlockedCounts in "BlockedBy" {
        /// There was no open connection.
        absence,
        /// The connection had as many messages in flight as it may.
        limit,
        /// The socket took no more bytes.
        socket,
    }

    /// Bytes of the measured window, frame headers included.
    ByteCounts in "Bytes" {
        /// Written to the sockets.
        sent,
        /// Read from the sockets.
        received,
    }

    /// Connections over the whole run.
    ConnectionCounts in "Connections" {
        /// Asked for at a time.
        asked in columns,
        /// TCP connections begun.
        #[serde(default)]
        attempted,
        /// TCP connections established.
        opened in columns,
        /// Upgraded to WebSocket.
        upgraded in columns,
        /// Upgraded without any of the subprotocols that were offered.
        #[serde(default, skip_serializing_if = "is_zero")]
        without_subprotocol,
        /// Upgraded and open when the window closed.
        alive_at_end in columns,
        /// Ended before their time.
        #[serde(default)]
        failed,
        /// Opened in the place of one that had ended.
        #[serde(default)]
        replaced in columns,
        /// Most that were established at the same time.
        #[serde(default)]
        peak_concurrent in columns,
        /// Most clients that ran at the same time, from their connect call to their end, summed over
        /// threads: never more than asked for (client-replacement model only).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most_running: Option<u64>,
        /// Fewest clients that ran while there remained some to be run, from when as many ran as were
        /// asked for, summed over threads: as many as asked for, unless one failed or a connect rate held
        /// the next one back (client-replacement model only). Absent where a thread never ran as many as
        /// were its share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        least_running: Option<u64>,
        /// Clients that made all their round trips (client-replacement model only).
        #[serde(default)]
        clients_completed,
        /// Closed by both sides with the closing handshake (RFC 6455 section 7).
        #[serde(default)]
        closed_cleanly,
        /// Upgraded and sent on, but not a single message was answered.
        #[serde(default)]
        never_answered in columns,
    }

    /// Messages in one direction, before and behind the compression.
    CompressedCounts in "CompressedCounts" {
        /// Messages, compressed or not.
        messages,
        /// Those that were compressed.
        compressed,
        /// Bytes of the messages themselves.
        message_bytes,
        /// Bytes of their frames' payload: what is left of them on the wire, less the frame headers.
        payload_bytes,
        /// Time that our own thread spent compressing or decompressing them, ns, by the wall clock:
        /// what it was kept from its core meanwhile is in it.
        codec_ns,
    }
}

/// A sum that the counters of a group make up, whatever happens: what is lost in the books shows here.
pub struct Law<T: 'static = MessageCounts> {
    /// The law in a few words.
    pub name: &'static str,
    /// The sum of the parts.
    pub whole: &'static Counter<T>,
    /// The parts.
    pub parts: &'static [&'static Counter<T>],
}

impl<T> Law<T> {
    /// The sum of the parts. Stored counts of others may be beyond 64 bits together.
    #[must_use]
    pub fn sum(&self, counts: &T) -> u128 {
        self.parts.iter().map(|part| part.value(counts)).sum()
    }

    /// True of counts that obey the law.
    #[must_use]
    pub fn holds(&self, counts: &T) -> bool {
        self.whole.value(counts) == self.sum(counts)
    }

    /// The breach of the law by these counts, in their own figures; `None` where it holds.
    ///
    /// ```
    /// use wsbench_load::exchange::{Exchange, echo::Echo};
    /// use wsbench_load::tally::MessageCounts;
    /// let counts = MessageCounts { due: 3, sent: 3, answered: 2, ..MessageCounts::default() };
    /// let broken: Vec<String> = <Echo>::LAWS.iter().filter_map(|law| law.breach(&counts)).collect();
    /// assert_eq!(broken, ["each message sent ends in one way: sent = 3, but \
    ///     answered 2 + timed_out 0 + failed 0 + in_flight_at_end 0 + unawaited 0"]);
    /// ```
    #[must_use]
    pub fn breach(&self, counts: &T) -> Option<String> {
        let whole = self.whole.value(counts);
        (!self.holds(counts)).then(|| {
            let parts = self.parts.iter();
            let parts = parts.map(|part| format!("{} {}", part.name, part.value(counts)));
            let parts: Vec<String> = parts.collect();
            let (name, key, parts) = (self.name, self.whole.name, parts.join(" + "));
            format!("{name}: {key} = {whole}, but {parts}")
        })
    }
}

/// The row of a counter. A name that is none does not compile in a constant.
const fn counter<T>(all: &'static [Counter<T>], name: &str) -> &'static Counter<T> {
    let mut at = 0;
    while !is_same(all[at].name, name) {
        at += 1;
    }
    &all[at]
}

impl DeliveryCounts {
    /// The fates of the deliveries that were expected: each has one.
    pub const FATES: Law<Self> = Law {
        name: "each delivery expected ends in one way",
        whole: counter(Self::ALL, "expected"),
        parts: &[
            counter(Self::ALL, "received"),
            counter(Self::ALL, "missing"),
            counter(Self::ALL, "in_flight_at_end"),
        ],
    };

    /// The share of the deliveries expected that were received, 0 to 1; `None` where none was.
    #[must_use]
    pub fn reach(&self) -> Option<f64> {
        (self.expected > 0).then(|| self.received as f64 / self.expected as f64)
    }
}

impl AckCounts {
    /// The fates of the acknowledgements that were awaited: each has one.
    pub const FATES: Law<Self> = Law {
        name: "each acknowledgement awaited ends in one way",
        whole: counter(Self::ALL, "awaited"),
        parts: &[
            counter(Self::ALL, "received"),
            counter(Self::ALL, "missing"),
            counter(Self::ALL, "in_flight_at_end"),
        ],
    };
}

impl ReturnCounts {
    /// The fates of the clients whose connections were lost: each has one.
    pub const FATES: Law<Self> = Law {
        name: "each client whose connection was lost is back or away",
        whole: counter(Self::ALL, "lost"),
        parts: &[counter(Self::ALL, "back"), counter(Self::ALL, "away")],
    };
}

impl SessionCounts {
    /// The fates of the sessions that were due: each has one.
    pub const FATES: Law<Self> = Law {
        name: "each session due ends in one way",
        whole: counter(Self::ALL, "due"),
        parts: &[
            counter(Self::ALL, "opened"),
            counter(Self::ALL, "turned_away"),
            counter(Self::ALL, "under_way"),
        ],
    };
}

impl MessageCounts {
    /// The fates of the messages that were sent: each has one.
    pub const FATES: Law = Law {
        name: "each message sent ends in one way",
        whole: counter(Self::ALL, "sent"),
        parts: &[
            counter(Self::ALL, "answered"),
            counter(Self::ALL, "timed_out"),
            counter(Self::ALL, "failed"),
            counter(Self::ALL, "in_flight_at_end"),
            counter(Self::ALL, "unawaited"),
        ],
    };

    /// The messages that were due: each was sent or was not.
    pub const SENDS: Law = Law {
        name: "each message due is sent or is not",
        whole: counter(Self::ALL, "due"),
        parts: &[counter(Self::ALL, "sent"), counter(Self::ALL, "unsent")],
    };

    /// The accounting identity: none is unaccounted for.
    #[must_use]
    pub fn is_conserved(&self) -> bool {
        Self::FATES.holds(self)
    }

    /// The sum of what became of the messages: equal to `sent` when none is unaccounted for.
    #[must_use]
    pub fn accounted(&self) -> u128 {
        Self::FATES.sum(self)
    }

    /// Messages that were sent and not answered rightly.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        self.sent.saturating_sub(self.answered)
    }
}

impl BlockedCounts {
    /// Counts messages that were blocked by this.
    pub fn add(&mut self, by: Obstacle, count: u64) {
        match by {
            Obstacle::Absence => self.absence += count,
            Obstacle::Limit => self.limit += count,
            Obstacle::Socket => self.socket += count,
        }
    }

    /// All that were blocked.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.absence + self.limit + self.socket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each counter of a group by itself, in two that are added up: the table, the sum and what is
    /// stored agree.
    fn check<T>(all: &[Counter<T>], merge: fn(&mut T, &T))
    where
        T: Default + Copy + PartialEq + std::fmt::Debug + Serialize + for<'de> Deserialize<'de>,
    {
        let mut stored = serde_json::to_value(T::default()).unwrap();
        for counter in all {
            assert!(!counter.meaning.is_empty(), "{}", counter.name);
            stored[counter.name] = 7.into();
        }
        let one: T = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(serde_json::to_value(one).unwrap(), stored);
        let mut both = one;
        merge(&mut both, &one);
        for counter in all {
            assert_eq!((counter.of)(&one), Some(7), "{}", counter.name);
            let is_gauge = (counter.of)(&T::default()).is_none();
            let sum = if is_gauge { 7 } else { 14 };
            assert_eq!((counter.of)(&both), Some(sum), "{}", counter.name);
        }
    }

    #[test]
    fn every_counter_is_in_its_table_is_added_up_and_stored() {
        check(MessageCounts::ALL, MessageCounts::merge);
        check(DeliveryCounts::ALL, DeliveryCounts::merge);
        check(AckCounts::ALL, AckCounts::merge);
        check(ItemCounts::ALL, ItemCounts::merge);
        check(PushCounts::ALL, PushCounts::merge);
        check(SlowCounts::ALL, SlowCounts::merge);
        check(ReturnCounts::ALL, ReturnCounts::merge);
        check(SessionCounts::ALL, SessionCounts::merge);
        check(BlockedCounts::ALL, BlockedCounts::merge);
        check(ByteCounts::ALL, ByteCounts::merge);
        check(ConnectionCounts::ALL, ConnectionCounts::merge);
        check(CompressedCounts::ALL, CompressedCounts::merge);
    }
}
