//! The times that a load is about, as every renderer tells them: their columns, and what they mean.
//!
//! Which series these are is the population's to say; nothing here knows what a load is made of
//! beyond that.

use wsbench_load::plan::{Flow, Population};
use wsbench_load::series::{Home, Series, SeriesInfo, Shown};
use wsbench_load::tally::{
    AckCounts, Counter, DeliveryCounts, ItemCounts, PushCounts, ReturnCounts, SessionCounts,
    SlowCounts,
};
use wsbench_record::document::{Distribution, Document, Interval};
use wsbench_record::units::{count, counted, rate};

/// The times of a run that its load is about.
pub(crate) fn headline(document: &Document) -> &Distribution {
    document.at(document.plan.clients.headline())
}

/// The thing that the course of a load counts, interval by interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tempo {
    /// Messages that were answered, or had reached all of their receivers.
    Messages,
    /// Messages that the server sent by itself.
    Pushes,
    /// Messages that were sent.
    Sent,
    /// Connections that are open, where no message flows.
    Held,
}

/// The counts of an interval that one of them is taken from.
pub(crate) struct IntervalCounts {
    /// Messages received.
    pub(crate) received: u64,
    /// Messages sent.
    pub(crate) sent: u64,
    /// Connections open at its end.
    pub(crate) alive: u64,
    /// Its length, s.
    pub(crate) length_s: f64,
}

impl Tempo {
    /// That of a population's load.
    pub(crate) fn of(clients: &Population) -> Self {
        match clients.exchange.flow {
            Flow::Answered => Self::Messages,
            Flow::Oneway => Self::Sent,
            Flow::Push(_) => Self::Pushes,
            Flow::Idle | Flow::Storm => Self::Held,
        }
    }

    /// Its unit.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Messages => "msg/s",
            Self::Pushes => "pushes/s",
            Self::Sent => "msg/s sent",
            Self::Held => "connections",
        }
    }

    /// The figure of an interval, in that unit; `None` where it has no length.
    pub(crate) fn figure(self, counts: &IntervalCounts) -> Option<f64> {
        let per_s = |number: u64| (counts.length_s > 0.0).then(|| number as f64 / counts.length_s);
        match self {
            Self::Messages | Self::Pushes => per_s(counts.received),
            Self::Sent => per_s(counts.sent),
            Self::Held => Some(counts.alive as f64),
        }
    }

    /// The same of a stored interval.
    pub(crate) fn of_interval(self, interval: &Interval) -> Option<f64> {
        self.figure(&IntervalCounts {
            received: interval.messages,
            sent: interval.sent.unwrap_or_default(),
            alive: interval.alive,
            length_s: interval.length_s,
        })
    }

    /// A figure in words, without its unit.
    pub(crate) fn words(self, figure: f64) -> String {
        match self {
            Self::Held => count(figure.round() as u64),
            Self::Messages | Self::Pushes | Self::Sent => rate(figure),
        }
    }
}

/// The columns of a table of times.
pub(crate) struct TimeColumns<'a> {
    document: &'a Document,
    columns: Vec<(&'static SeriesInfo, &'a Distribution)>,
}

impl<'a> TimeColumns<'a> {
    /// The times of a run, those that it is about first.
    pub(crate) fn of(document: &'a Document) -> Self {
        let told = document.plan.clients.told_series().iter();
        let columns = told.map(|series| (series.info(), document.at(*series)));
        Self {
            document,
            columns: columns.collect(),
        }
    }

    /// The columns, each with the row of its series.
    pub(crate) fn columns(&self) -> &[(&'static SeriesInfo, &'a Distribution)] {
        &self.columns
    }

    /// The distributions of the columns.
    pub(crate) fn spans(&self) -> Vec<&'a Distribution> {
        self.columns.iter().map(|(_, spans)| *spans).collect()
    }

    /// True without a single sample.
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.iter().all(|(_, spans)| spans.is_empty())
    }

    /// Name of the loop with the instants that its times are between, as a sentence without its end.
    pub(crate) fn meaning(&self) -> &'static str {
        let clients = &self.document.plan.clients;
        match clients.exchange.flow {
            Flow::Answered => {}
            Flow::Oneway => return "nothing is answered: how late messages left",
            Flow::Push(_) => {
                return "pushes: gap is from one to the next on a connection, age from the instant \
                        that stands in it";
            }
            Flow::Idle => return "nothing flows but pings",
            Flow::Storm => {
                return "storm: from its beginning to each connection's being open; opening is from when \
                        it was due";
            }
        }
        if clients.is_fanned_out() {
            "open loop: from the moment a message was due to each of its receivers, to the first and \
             to the last"
        } else if clients.is_open_loop() {
            "open loop: response time is from the moment a message was due, whoever kept it waiting; \
             service time begins with the write"
        } else {
            "closed loop: a slow server throttles its own load, so this is not latency at a fixed \
             rate; service time begins with the write"
        }
    }

    /// The same in a word or two: what gives the load its pace.
    pub(crate) fn model(&self) -> &'static str {
        let meaning = self.meaning();
        meaning.split_once(':').map_or(meaning, |(model, _)| model)
    }

    /// Words on samples that are known only to be longer; `None` where there are none.
    pub(crate) fn never(&self) -> Option<String> {
        let (_, spans) = self.columns.first()?;
        let (one, fate) = if self.document.plan.clients.is_fanned_out() {
            ("delivery", "made")
        } else if self.document.plan.clients.is_storm() {
            ("connection", "open")
        } else {
            ("message", "answered")
        };
        (spans.censored > 0).then(|| {
            let never = counted(spans.censored, one);
            format!("{never} never {fate}: counted as longer than they waited")
        })
    }
}

/// Every book that a run keeps beside those of messages and connections, with its name and its counts.
pub(crate) fn books(document: &Document) -> Vec<(&'static str, Vec<(String, u64)>)> {
    fn of<T>(
        name: &'static str,
        all: &[Counter<T>],
        counts: Option<&T>,
    ) -> Option<(&'static str, Vec<(String, u64)>)> {
        let counts = counts?;
        let known = all
            .iter()
            .filter_map(|counter| Some((counter.name.replace('_', " "), (counter.of)(counts)?)));
        Some((name, known.collect()))
    }
    let all = [
        of(
            "Deliveries",
            DeliveryCounts::ALL,
            document.deliveries.as_ref(),
        ),
        of("Acknowledgements", AckCounts::ALL, document.acks.as_ref()),
        of("Items", ItemCounts::ALL, document.items.as_ref()),
        of("Pushes", PushCounts::ALL, document.pushes.as_ref()),
        of("Sessions", SessionCounts::ALL, document.sessions.as_ref()),
        of("Returns", ReturnCounts::ALL, document.returns.as_ref()),
        of("Slow readers", SlowCounts::ALL, document.slow.as_ref()),
    ];
    all.into_iter().flatten().collect()
}

/// Times of the document that are no part of others and that its load is not about, where there are any.
pub(crate) fn further(document: &Document) -> Vec<(&'static SeriesInfo, &Distribution)> {
    let told = document.plan.clients.told_series();
    let is_tail = |series: &Series| {
        let mut others = Series::ALL.into_iter();
        others.any(|other| other.info().tail == Some(*series))
    };
    let further = Series::ALL.into_iter().filter(|series| {
        let info = series.info();
        let is_own = info.home == Home::Document && info.part_of.is_none();
        is_own && info.shown == Shown::IfMeasured && !told.contains(series) && !is_tail(series)
    });
    let known = further.filter_map(|series| Some((series.info(), document.known(series)?)));
    known.filter(|(_, spans)| !spans.is_empty()).collect()
}
