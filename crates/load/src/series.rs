//! The series: every kind of time that a run takes many of, declared once.
//!
//! A series has a row in one table, which says how it is called, what it means and where it is told
//! of. Books, results, documents, columns and logs go through the table, so a further series is a
//! further row, and the line that records it. It holds no times itself; it says what there are.

mod kept;

pub use kept::{BySeries, InIntervals, InSlices};

/// The cases in which a series is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Always, without samples as well.
    Always,
    /// Always; documents of earlier versions may lack it, which says the same as no samples.
    AlwaysByNow,
    /// With samples; without it there were none.
    UnlessEmpty,
    /// With samples; without it there is nothing known.
    IfMeasured,
    /// As part of the series whose tail it is.
    AsTail,
}

impl Shown {
    /// True of what is told of without samples as well.
    #[must_use]
    pub const fn is_always(self) -> bool {
        matches!(self, Self::Always | Self::AlwaysByNow)
    }
}

/// The figures that intervals of the time series tell of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The median and the 99th percentile.
    Percentiles,
    /// Those, the longest and the mean.
    Whole,
}

/// The group of members that a series is stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The document itself.
    Document,
    /// The opening of connections, `handshake_ns`.
    Opening,
    /// `pings`.
    Pings,
}

/// The row of a series. All times are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesInfo {
    /// Its name in keys and expressions: `send_lag`.
    pub name: &'static str,
    /// The group that it is stored in.
    pub home: Home,
    /// Its key there: `send_lag_ns`.
    pub key: &'static str,
    /// The key of its histogram in a slice.
    pub packed_key: &'static str,
    /// A word or two, where little room is.
    pub title: &'static str,
    /// A few words, for a line of a table or of a plot.
    pub caption: &'static str,
    /// The lines that say what is measured.
    pub meaning: &'static [&'static str],
    /// The cases in which it is told of.
    pub shown: Shown,
    /// The figures that intervals tell of it.
    pub in_intervals: Option<Detail>,
    /// Membership in the slices, as a histogram.
    pub in_slices: bool,
    /// The series of those of its samples that are known only to be longer.
    pub tail: Option<Series>,
    /// The series that it is an additive part of, sample by sample.
    pub part_of: Option<Series>,
    /// True of times that a run has all at once, of a storm or of clients that were cut off together: all of
    /// them are counted, and their percentiles are no estimates.
    pub is_of_one_event: bool,
}

impl SeriesInfo {
    /// The values of fields that a row does not name.
    const USUAL: Self = Self {
        name: "",
        home: Home::Document,
        key: "",
        packed_key: "",
        title: "",
        caption: "",
        meaning: &[],
        shown: Shown::Always,
        in_intervals: None,
        in_slices: false,
        tail: None,
        part_of: None,
        is_of_one_event: false,
    };

    /// The meaning in words.
    #[must_use]
    pub fn meaning(&self) -> String {
        let lines: Vec<&str> = self.meaning.iter().map(|line| line.trim()).collect();
        lines.join("\n")
    }
}

/// Declares the series and their table. A row: the variant, the name, what the key has behind it,
/// and the fields that are not [`SeriesInfo::USUAL`].
macro_rules! series {
    ($(
        $(#[doc = $line:literal])+
        $variant:ident = $name:literal + $unit:literal { $($field:ident: $value:expr),* $(,)? }
    )+) => {
        /// A kind of time that a run takes many of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Series {
            $($(#[doc = $line])+ $variant,)+
        }

        impl Series {
            /// All series, in the order in which they are stored.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$variant),+];
            /// The number of series.
            pub const COUNT: usize = [$(stringify!($variant)),+].len();
        }

        /// A row for each series, at its own place.
        pub const SERIES: &[SeriesInfo; Series::COUNT] = &[$(
            SeriesInfo {
                name: $name,
                key: concat!($name, $unit),
                packed_key: concat!($name, "_hdr_v2_base64"),
                meaning: &[$($line),+],
                $($field: $value,)*
                ..SeriesInfo::USUAL
            }
        ),+];
    };
}

series! {
    /// Service time, received − sent, ns.
    Service = "service" + "_ns" {
        title: "service",
        caption: "service time",
        in_intervals: Some(Detail::Whole),
        in_slices: true,
    }
    /// Response time, received − due, ns.
    Response = "response" + "_ns" {
        title: "response",
        caption: "response time",
        in_slices: true,
        tail: Some(Series::Censored),
    }
    /// The part of the response times that belongs to messages never answered: how long they had
    /// been due when they were given up.
    Censored = "censored" + "" {
        title: "given up",
        caption: "response time until given up",
        shown: Shown::AsTail,
    }
    /// Lateness of the sends, sent − due, ns.
    SendLag = "send_lag" + "_ns" {
        title: "send lag",
        caption: "sends left late",
        shown: Shown::AlwaysByNow,
    }
    /// The part of the send lag that is the generator's own, from the moment at which a message was
    /// due and its connection took it, ns. Absent in documents that did not tell the parts apart.
    GeneratorLag = "generator_lag" + "_ns" {
        title: "generator lag",
        caption: "of that wsbench's own",
        shown: Shown::IfMeasured,
        part_of: Some(Series::SendLag),
    }
    /// The other part: how long messages that were due waited for their connection, ns, of those
    /// that did. Absent when none did.
    Blocked = "blocked" + "_ns" {
        title: "blocked",
        caption: "waited for their connection",
        shown: Shown::IfMeasured,
        part_of: Some(Series::SendLag),
    }
    /// The part of the service time that passed outside of the generator (server, network and
    /// kernel), by kernel stamps, ns; absent without kernel stamps. For each message
    /// `service = outside + receive wait`; means add up, percentiles do not.
    Outside = "outside" + "_ns" {
        title: "outside",
        caption: "outside: server and network",
        shown: Shown::IfMeasured,
        in_slices: true,
        part_of: Some(Series::Service),
    }
    /// Time for which answers waited in the generator's own receive queue, by kernel stamps, ns;
    /// absent without kernel stamps. A lower bound where one read takes several segments.
    ReceiveWait = "receive_wait" + "_ns" {
        title: "own queue",
        caption: "own queue: waited for wsbench",
        shown: Shown::IfMeasured,
        in_intervals: Some(Detail::Percentiles),
        in_slices: true,
        part_of: Some(Series::Service),
    }
    /// From the time at which a message was due to its arrival at each receiver, ns: one sample a
    /// delivery. Absent where messages come back to their sender alone.
    Delivery = "delivery" + "_ns" {
        title: "delivery",
        caption: "delivery to each receiver",
        shown: Shown::IfMeasured,
        in_intervals: Some(Detail::Percentiles),
        in_slices: true,
        tail: Some(Series::DeliveryCensored),
    }
    /// The part of the deliveries that belongs to receivers whom a message never reached: how long it
    /// had been due when it was given up.
    DeliveryCensored = "delivery_censored" + "" {
        title: "never delivered",
        caption: "delivery until given up",
        shown: Shown::AsTail,
    }
    /// The same of receivers whose agent is not the sender's, by the clocks of two machines, which are one to
    /// within `fleet.between.bound_ns`, ns. Absent where all connections are one agent's, and where that
    /// bound is more than a tenth of the median. Deliveries that came before they were due are not in it;
    /// `deliveries.from_the_future` counts them.
    DeliveryBetween = "delivery_between" + "_ns" {
        title: "between agents",
        caption: "delivery from agent to agent",
        shown: Shown::IfMeasured,
        tail: Some(Series::DeliveryBetweenCensored),
    }
    /// The part of those that belongs to receivers whom a message never reached: how long it had been due
    /// when it was given up.
    DeliveryBetweenCensored = "delivery_between_censored" + "" {
        title: "never between",
        caption: "delivery from agent to agent until given up",
        shown: Shown::AsTail,
    }
    /// From the time at which the message was sent to its arrival at each receiver, ns.
    DeliveryService = "delivery_service" + "_ns" {
        title: "delivery from sent",
        caption: "delivery from when it was sent",
        shown: Shown::IfMeasured,
    }
    /// From the time at which a message was due to its arrival at the first of its receivers, ns: one
    /// sample a message.
    DeliveryFirst = "delivery_first" + "_ns" {
        title: "first receiver",
        caption: "delivery to the first receiver",
        in_slices: true,
        shown: Shown::IfMeasured,
    }
    /// From the time at which a message was due to its arrival at the last of its receivers, ns: one
    /// sample a message. One that lacks a receiver is known only to have taken longer.
    DeliveryLast = "delivery_last" + "_ns" {
        title: "last receiver",
        caption: "delivery to the last receiver",
        shown: Shown::IfMeasured,
        in_slices: true,
        tail: Some(Series::DeliveryLastCensored),
    }
    /// The part of those that belongs to messages that lack a receiver: how long they had been due
    /// when they were given up.
    DeliveryLastCensored = "delivery_last_censored" + "" {
        title: "incomplete",
        caption: "delivery to all until given up",
        shown: Shown::AsTail,
    }
    /// From the arrival of a message at the first of its receivers to that at the last, ns: one sample
    /// a message that reached them all.
    Skew = "skew" + "_ns" {
        title: "skew",
        caption: "first to last receiver",
        in_slices: true,
        shown: Shown::IfMeasured,
    }
    /// From the time at which a message was due to the arrival of its acknowledgement at its sender, ns.
    /// Absent where none is awaited.
    Ack = "ack" + "_ns" {
        title: "ack",
        caption: "acknowledgement to the sender",
        shown: Shown::IfMeasured,
        in_slices: true,
        tail: Some(Series::AckCensored),
    }
    /// The part of those that belongs to messages that were not acknowledged: how long they had been due
    /// when they were given up.
    AckCensored = "ack_censored" + "" {
        title: "no ack",
        caption: "acknowledgement until given up",
        shown: Shown::AsTail,
    }
    /// The same from the time at which the message was sent, ns.
    AckService = "ack_service" + "_ns" {
        title: "ack from sent",
        caption: "acknowledgement from when it was sent",
        shown: Shown::IfMeasured,
    }
    /// From the time at which a request was due to its first item, ns, by the kernel's stamps where there
    /// are any: one sample a request that has several answers and had one. Absent of other loads.
    ItemFirst = "item_first" + "_ns" {
        title: "first item",
        caption: "first item of a stream",
        shown: Shown::IfMeasured,
        in_intervals: Some(Detail::Percentiles),
        in_slices: true,
        tail: Some(Series::ItemFirstCensored),
    }
    /// The part of those that belongs to requests given up without an item: how long they had been due.
    ItemFirstCensored = "item_first_censored" + "" {
        title: "no item",
        caption: "first item until given up",
        shown: Shown::AsTail,
    }
    /// The same from the time at which the request was sent, ns.
    ItemFirstService = "item_first_service" + "_ns" {
        title: "first item from sent",
        caption: "first item from when it was asked for",
        shown: Shown::IfMeasured,
    }
    /// From one item of a request to its next, ns, by the kernel's stamps where there are any.
    ItemGap = "item_gap" + "_ns" {
        title: "item gap",
        caption: "item to next item of a stream",
        shown: Shown::IfMeasured,
        in_slices: true,
        tail: Some(Series::ItemGapCensored),
    }
    /// The part of those behind which no item came: from the latest item of requests that were given up
    /// before their end.
    ItemGapCensored = "item_gap_censored" + "" {
        title: "no further item",
        caption: "item to next item until given up",
        shown: Shown::AsTail,
    }
    /// From one message that the server sent by itself to the next on the same connection, ns, by the
    /// kernel's stamps where there are any: one sample a message but the first of a connection.
    PushGap = "push_gap" + "_ns" {
        title: "gap",
        caption: "from push to push",
        shown: Shown::IfMeasured,
        in_intervals: Some(Detail::Percentiles),
        in_slices: true,
    }
    /// From the instant that stands in a message, by the server's wall clock, to its arrival, by ours,
    /// ns. Messages from the future are not in it; `pushes.from_the_future` counts them.
    PushAge = "push_age" + "_ns" {
        title: "age",
        caption: "age of pushes by their stamp",
        shown: Shown::IfMeasured,
        in_intervals: Some(Detail::Percentiles),
        in_slices: true,
    }
    /// From the instant at which a connection was due by its schedule to its being open and logged in, ns:
    /// sessions that come, and connections of a storm. One that was not open in time is known only to
    /// have taken longer.
    Opening = "opening" + "_ns" {
        title: "opening",
        caption: "from due to open",
        shown: Shown::IfMeasured,
        in_slices: true,
        tail: Some(Series::OpeningCensored),
    }
    /// The part of those that belongs to connections that were not open: how long they had been due when
    /// they were given up, or when the window closed.
    OpeningCensored = "opening_censored" + "" {
        title: "never open",
        caption: "opening until given up",
        shown: Shown::AsTail,
    }
    /// The same from the connect call, ns: what the server takes, without the wait for our own turn.
    OpeningService = "opening_service" + "_ns" {
        title: "opening from connect",
        caption: "from connect to open",
        shown: Shown::IfMeasured,
        in_intervals: Some(Detail::Percentiles),
    }
    /// From the beginning of a storm to each connection's being open, ns: its percentiles are the times by
    /// which so many of them were.
    Storm = "storm" + "_ns" {
        title: "open",
        caption: "from the storm's beginning to open",
        shown: Shown::IfMeasured,
        tail: Some(Series::StormCensored),
        is_of_one_event: true,
    }
    /// The part of those that belongs to connections that were not open when the storm was over.
    StormCensored = "storm_censored" + "" {
        title: "not open",
        caption: "storm until given up",
        shown: Shown::AsTail,
    }
    /// From the loss of a connection to its client's being back, open and logged in, ns, of connections that
    /// were lost within the window. One that was not back when the window closed is known only to take
    /// longer.
    Back = "back" + "_ns" {
        title: "back",
        caption: "from lost to back",
        shown: Shown::IfMeasured,
        tail: Some(Series::BackCensored),
        is_of_one_event: true,
    }
    /// The part of those that belongs to clients that did not come back.
    BackCensored = "back_censored" + "" {
        title: "not back",
        caption: "from lost until given up",
        shown: Shown::AsTail,
    }
    /// From the connect call of a slow reader to the end of its connection before its time, ns: how long
    /// the server bears it.
    SlowLost = "slow_lost" + "_ns" {
        title: "slow reader lost",
        caption: "slow readers until they were cut off",
        shown: Shown::IfMeasured,
    }
    /// From the connect call to the connection established; absent where none was, and over a Unix
    /// domain socket.
    Tcp = "tcp" + "" {
        home: Home::Opening,
        title: "TCP",
        caption: "TCP",
        shown: Shown::UnlessEmpty,
    }
    /// From the connection to the proxy established to its tunnel open; absent without a proxy.
    Proxy = "proxy" + "" {
        home: Home::Opening,
        title: "proxy",
        caption: "the proxy's tunnel",
        shown: Shown::IfMeasured,
    }
    /// The TLS handshake; absent without TLS.
    Tls = "tls" + "" {
        home: Home::Opening,
        title: "TLS",
        caption: "the TLS handshake",
        shown: Shown::IfMeasured,
    }
    /// From the upgrade request's write to its response read.
    Upgrade = "upgrade" + "" {
        home: Home::Opening,
        title: "upgrade",
        caption: "the upgrade",
        shown: Shown::AlwaysByNow,
    }
    /// From the upgrade to the end of the login; absent without one.
    Login = "login" + "" {
        home: Home::Opening,
        title: "login",
        caption: "the login",
        shown: Shown::IfMeasured,
        in_slices: true,
    }
    /// Service time of the first message on the connection.
    FirstMessage = "first_message" + "" {
        home: Home::Opening,
        title: "first message",
        caption: "the first message",
        shown: Shown::AlwaysByNow,
    }
    /// From a ping to its pong, ns: one sample a ping answered. A server's library answers pings,
    /// its application the messages.
    Ping = "round_trip" + "_ns" {
        home: Home::Pings,
        title: "ping",
        caption: "pings",
        in_intervals: Some(Detail::Percentiles),
        in_slices: true,
    }
}

impl Series {
    /// Its row.
    #[inline]
    #[must_use]
    pub const fn info(self) -> &'static SeriesInfo {
        &SERIES[self as usize]
    }

    /// The series that are its additive parts, in the order of the table.
    pub fn parts(self) -> impl Iterator<Item = Self> {
        let all = Self::ALL.into_iter();
        all.filter(move |series| series.info().part_of == Some(self))
    }

    /// The place in a document: `send_lag_ns`, `handshake_ns.tcp`. A tail is with the series
    /// whose it is.
    #[must_use]
    pub fn path(self) -> String {
        let key = self.info().key;
        let group = match self.info().home {
            Home::Document => return key.to_owned(),
            Home::Opening => "handshake_ns",
            Home::Pings => "pings",
        };
        format!("{group}.{key}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_series_has_the_row_at_its_place_and_a_key_of_its_own() {
        let mut paths = HashSet::new();
        for (at, series) in Series::ALL.into_iter().enumerate() {
            let info = series.info();
            assert_eq!(series as usize, at);
            assert!(!info.title.is_empty() && !info.caption.is_empty());
            assert!(info.meaning().len() > 10, "{series:?}");
            assert!(paths.insert(series.path()), "{}", series.path());
        }
    }

    #[test]
    fn a_tail_is_told_of_with_its_series_alone() {
        for series in Series::ALL {
            let heads = Series::ALL.into_iter();
            let heads = heads.filter(|head| head.info().tail == Some(series));
            let is_tail = series.info().shown == Shown::AsTail;
            assert_eq!(heads.count(), usize::from(is_tail), "{series:?}");
        }
    }
}
