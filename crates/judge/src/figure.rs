//! The figures by which results are compared and judged, each with a stable name.
//!
//! A [`Figure`] says which number of a document is meant and how it is read and written. It
//! judges nothing: what a difference amounts to is `comparison`'s, whether it fails a build is
//! `condition`'s.

use wsbench_record::document::{Distribution, Percentile, Record, Support};
use wsbench_record::units::{self, count, rate, span};
use wsbench_stats::Interval;

/// One number of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Answers received within the window, a second.
    MessagesPerS,
    /// A time, ns.
    Time(Times, Point),
    /// CPU time of somebody by the answers received, µs.
    CpuUsPerMessage(Party),
    /// A number of things gone wrong.
    Count(Count),
}

/// Which times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Received − due.
    Response,
    /// Received − sent.
    Service,
}

/// Which value of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// One of the standard percentiles.
    At(Percentile),
    /// The arithmetic mean.
    Mean,
    /// The longest.
    Max,
}

/// Whose CPU time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The server's.
    Server,
    /// wsbench's own.
    Generator,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Failures of every kind.
    Errors,
    /// Messages sent and not answered rightly.
    Unanswered,
    /// Messages unanswered at their deadline.
    TimedOut,
    /// Messages skipped over.
    Lost,
    /// Further answers to a message already answered.
    Duplicated,
    /// Right answers in another order.
    Reordered,
    /// Answers with other bytes.
    Corrupted,
    /// Answers to nothing.
    Unasked,
}

impl Count {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Errors, "errors"),
        (Self::Unanswered, "unanswered"),
        (Self::TimedOut, "timed_out"),
        (Self::Lost, "lost"),
        (Self::Duplicated, "duplicated"),
        (Self::Reordered, "reordered"),
        (Self::Corrupted, "corrupted"),
        (Self::Unasked, "unasked"),
    ];
}

/// A figure as read from one document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The number, in the figure's unit.
    pub value: f64,
    /// Whether few samples lie behind it, though enough to print it with a mark.
    pub is_low: bool,
    /// Whether messages that were never answered reach into it: the truth is this or more.
    pub is_lower_bound: bool,
    /// How sure the run itself is, at 95 %; `None` where it does not say, and for what is exact.
    pub within: Option<Interval>,
}

/// Why a document does not have a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The tail beyond the percentile is too thin.
    #[error("too few samples: it needs {} independent ones and has {}", count(*needed),
            count(*samples))]
    TooFew {
        /// Those that there are.
        samples: u64,
        /// Those that it takes.
        needed: u64,
    },
    /// It was not measured in this run.
    #[error("not measured")]
    NotMeasured,
}

impl Figure {
    /// The median to the 99.9th percentile, as reports show them.
    #[must_use]
    pub fn percentiles(times: Times) -> [Self; 4] {
        [
            Percentile::P50,
            Percentile::P90,
            Percentile::P99,
            Percentile::P99_9,
        ]
        .map(|percentile| Self::Time(times, Point::At(percentile)))
    }

    /// Reads it from a document.
    ///
    /// # Errors
    /// [`Missing`]: no number that could be believed.
    pub fn read(self, record: &Record) -> Result<Reading, Missing> {
        let exact = |value: f64| Reading {
            value,
            is_low: false,
            is_lower_bound: false,
            within: None,
        };
        match self {
            Self::MessagesPerS => {
                let per_s = record.messages_per_s.ok_or(Missing::NotMeasured)?;
                let sure = record.messages_per_s_confidence;
                Ok(Reading {
                    within: sure.map(|ends| Interval {
                        low: ends.low,
                        high: ends.high,
                    }),
                    ..exact(per_s)
                })
            }
            Self::Time(times, point) => time(times.of(record), point),
            Self::CpuUsPerMessage(Party::Server) => {
                let us = record.server.and_then(|server| server.cpu_us_per_message);
                us.map(exact).ok_or(Missing::NotMeasured)
            }
            Self::CpuUsPerMessage(Party::Generator) => {
                generator_us(record).map(exact).ok_or(Missing::NotMeasured)
            }
            Self::Count(what) => Ok(exact(what.of(record) as f64)),
        }
    }

    /// The name in documents and expressions: `messages_per_s`, `response.p99`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::MessagesPerS => "messages_per_s".to_owned(),
            Self::Time(Times::Response, point) => format!("response.{}", point.name()),
            Self::Time(Times::Service, point) => format!("service.{}", point.name()),
            Self::CpuUsPerMessage(Party::Server) => "server.cpu_us_per_message".to_owned(),
            Self::CpuUsPerMessage(Party::Generator) => "generator.cpu_us_per_message".to_owned(),
            Self::Count(what) => what.name().to_owned(),
        }
    }

    /// The figure of a name. `p99` alone is of the response time in the open loop and of the
    /// service time in the closed, as `is_open_loop` says; `cpu_us_per_message` is the server's.
    #[must_use]
    pub fn named(name: &str, is_open_loop: bool) -> Option<Self> {
        match name {
            "messages_per_s" => return Some(Self::MessagesPerS),
            "cpu_us_per_message" | "server.cpu_us_per_message" => {
                return Some(Self::CpuUsPerMessage(Party::Server));
            }
            "generator.cpu_us_per_message" => {
                return Some(Self::CpuUsPerMessage(Party::Generator));
            }
            _ => {}
        }
        if let Some((what, _)) = Count::ALL.into_iter().find(|(_, word)| *word == name) {
            return Some(Self::Count(what));
        }
        let (times, point) = match name.split_once('.') {
            Some(("response", point)) => (Times::Response, point),
            Some(("service", point)) => (Times::Service, point),
            _ if is_open_loop => (Times::Response, name),
            _ => (Times::Service, name),
        };
        Point::named(point).map(|point| Self::Time(times, point))
    }

    /// The figure that a stored comparison or repetition names; `None` of a name that this version
    /// does not know.
    #[must_use]
    pub fn recorded(name: &str) -> Option<Self> {
        Self::named(name, false)
    }

    /// What people read: `messages/s`, `p99 response`.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::MessagesPerS => "messages/s".to_owned(),
            Self::Time(Times::Response, point) => format!("{} response", point.name()),
            Self::Time(Times::Service, point) => format!("{} service", point.name()),
            Self::CpuUsPerMessage(Party::Server) => "server CPU/msg".to_owned(),
            Self::CpuUsPerMessage(Party::Generator) => "wsbench CPU/msg".to_owned(),
            Self::Count(what) => what.name().replace('_', " "),
        }
    }

    /// A value of it in its unit.
    #[must_use]
    pub fn written(self, value: f64) -> String {
        match self {
            Self::MessagesPerS => rate(value),
            Self::Time(..) => span(value),
            Self::CpuUsPerMessage(_) => format!("{value:.2}µs"),
            Self::Count(_) => count(value as u64),
        }
    }

    /// Whether it is a whole number of things, which no noise is in and no ratio is of.
    #[must_use]
    pub fn is_count(self) -> bool {
        matches!(self, Self::Count(_))
    }
}

impl Reading {
    /// The reading as text, with the mark that it deserves.
    #[must_use]
    pub fn written(&self, figure: Figure) -> String {
        let low = if self.is_low { units::LOW } else { "" };
        let more = if self.is_lower_bound { units::MORE } else { "" };
        format!("{low}{more}{}", figure.written(self.value))
    }
}

impl Times {
    /// Their distribution.
    fn of(self, record: &Record) -> &Distribution {
        match self {
            Self::Response => &record.response_ns,
            Self::Service => &record.service_ns,
        }
    }
}

impl Point {
    /// The name in a figure's: `p99.9`, `mean`, `max`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::At(percentile) => percentile.label(),
            Self::Mean => "mean",
            Self::Max => "max",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let percentile = Percentile::ALL.into_iter().map(Self::At);
        let all = percentile.chain([Self::Mean, Self::Max]);
        all.into_iter().find(|point| point.name() == name)
    }
}

impl Count {
    fn name(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(what, _)| *what == self)
            .map_or("", |(_, word)| word)
    }

    fn of(self, record: &Record) -> u64 {
        let messages = &record.messages;
        match self {
            Self::Errors => record.errors.iter().map(|error| error.count).sum(),
            Self::Unanswered => messages.unanswered(),
            Self::TimedOut => messages.timed_out,
            Self::Lost => messages.lost,
            Self::Duplicated => messages.duplicated,
            Self::Reordered => messages.reordered,
            Self::Corrupted => messages.corrupted,
            Self::Unasked => messages.unasked,
        }
    }
}

fn time(spans: &Distribution, point: Point) -> Result<Reading, Missing> {
    let (value, support) = match point {
        Point::At(percentile) => {
            let support = spans.support(percentile);
            let needed = percentile.samples_needed();
            if support == Support::Unknown {
                let effective = spans.confidence(percentile);
                let samples = effective.map_or(spans.count, |sure| sure.n_eff as u64);
                return Err(Missing::TooFew { samples, needed });
            }
            (spans.at(percentile).map(|ns| ns as f64), support)
        }
        Point::Mean => (spans.mean, Support::Known),
        Point::Max => (spans.max.map(|ns| ns as f64), Support::Known),
    };
    let value = value.ok_or(Missing::NotMeasured)?;
    // A mean leaves out what never came, so with any of that it is too short.
    let is_lower_bound = match point {
        Point::Mean => spans.censored > 0,
        Point::At(_) | Point::Max => spans.is_lower_bound(value as u64),
    };
    let within = match point {
        Point::At(percentile) => spans.confidence(percentile),
        Point::Mean | Point::Max => None,
    };
    let ends = within.and_then(|within| within.low.zip(within.high));
    Ok(Reading {
        value,
        is_low: support == Support::Low,
        is_lower_bound,
        within: ends.map(|(low, high)| Interval {
            low: low as f64,
            high: high as f64,
        }),
    })
}

/// CPU time of all generator threads by the answers received within the window, µs.
fn generator_us(record: &Record) -> Option<f64> {
    let threads = &record.generator.threads;
    let measured = threads.iter().filter(|thread| thread.wall_s > 0.0);
    // Spinning until a message is due is no cost of the message.
    let busy_s: f64 = measured
        .map(|thread| thread.cpu_share * thread.wall_s)
        .sum();
    let answers = record.messages.received_in_window;
    (busy_s > 0.0 && answers > 0).then(|| busy_s * 1e6 / answers as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let times = [Times::Response, Times::Service];
        let points = Percentile::ALL.into_iter().map(Point::At);
        let points = points.chain([Point::Mean, Point::Max]);
        let spans = points.flat_map(|point| times.map(|times| Figure::Time(times, point)));
        let counts = Count::ALL.map(|(what, _)| Figure::Count(what));
        let parties = [Party::Server, Party::Generator].map(Figure::CpuUsPerMessage);
        for figure in spans
            .chain(counts)
            .chain(parties)
            .chain([Figure::MessagesPerS])
        {
            for is_open_loop in [true, false] {
                assert_eq!(Figure::named(&figure.name(), is_open_loop), Some(figure));
            }
        }
    }

    #[test]
    fn a_bare_percentile_is_of_the_times_that_the_loop_is_about() {
        let p99_9 = Point::At(Percentile::P99_9);
        assert_eq!(
            Figure::named("p99.9", true),
            Some(Figure::Time(Times::Response, p99_9))
        );
        assert_eq!(
            Figure::named("p99.9", false),
            Some(Figure::Time(Times::Service, p99_9))
        );
        for nothing in ["", "p98", "response", "response.", "service.lost", "P99"] {
            assert_eq!(Figure::named(nothing, true), None, "{nothing}");
        }
    }
}
