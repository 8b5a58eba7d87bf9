//! The figures by which results are compared, ranked and judged, each with a stable name.
//!
//! A [`Figure`] is a subject, or a point of one: `messages_per_s`, `response.p99`. The subjects are
//! the rows of one table, which say how each is read, named and written; a further figure is a
//! further row. It judges nothing: what a difference amounts to is `comparison`'s, whether it fails
//! a build is `condition`'s.

mod table;
mod unit;

use wsbench_load::result::WindowSlice;
use wsbench_load::series::Series;
use wsbench_load::tally::is_same;
use wsbench_record::document::{Distribution, Percentile, Record, Support, confidence};
use wsbench_record::units::{self, count};
use wsbench_stats::Interval;
use wsbench_stats::batches::LEAST_ABOVE;

use table::{ROWS, Reader, Row};

pub use table::Sense;
pub use unit::Unit;

/// The series of which a run under way tells how sure it is.
const WATCHED: [Series; 13] = [
    Series::Response,
    Series::Delivery,
    Series::DeliveryFirst,
    Series::DeliveryLast,
    Series::Skew,
    Series::Ack,
    Series::ItemFirst,
    Series::ItemGap,
    Series::PushGap,
    Series::PushAge,
    Series::Opening,
    Series::Login,
    Series::Ping,
];

/// One number of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The place of its subject in the table.
    subject: usize,
    /// The point, of times.
    point: Option<Statistic>,
}

/// A value of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// One of the standard percentiles.
    At(Percentile),
    /// The arithmetic mean.
    Mean,
    /// The longest.
    Max,
}

/// A figure as read from one document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The number, in the figure's unit.
    pub value: f64,
    /// True where few samples lie behind it, though enough to print it with a mark.
    pub is_low: bool,
    /// True where messages that were never answered reach into it: the truth is this or more.
    pub is_lower_bound: bool,
    /// Interval of which the run itself is sure, at 95 %; `None` where it does not say, and for
    /// what is exact.
    pub within: Option<Interval>,
}

/// Why a document does not have a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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
    /// Answers received within the window, a second.
    pub const MESSAGES_PER_S: Self = Self::of("messages_per_s");
    /// The greatest rate that holds under the objective, messages a second.
    pub const GREATEST_RATE_PER_S: Self = Self::of("greatest_rate_per_s");
    /// Connections opened, used once and closed, a second.
    pub const CONNECTIONS_PER_S: Self = Self::of("connections_per_s");
    /// Median of the response time, ns.
    pub const RESPONSE_P50: Self = Self::response(Statistic::At(Percentile::P50));
    /// 99th percentile of the response time, ns.
    pub const RESPONSE_P99: Self = Self::response(Statistic::At(Percentile::P99));
    /// 99.9th percentile of the response time, ns.
    pub const RESPONSE_P99_9: Self = Self::response(Statistic::At(Percentile::P99_9));
    /// Median of the service time, ns.
    pub const SERVICE_P50: Self = Self::service(Statistic::At(Percentile::P50));
    /// 99th percentile of the service time, ns.
    pub const SERVICE_P99: Self = Self::service(Statistic::At(Percentile::P99));
    /// CPU time of the server by message, µs.
    pub const SERVER_US: Self = Self::of("server.cpu_us_per_message");
    /// CPU time of wsbench by message, µs.
    pub const GENERATOR_US: Self = Self::of("generator.cpu_us_per_message");
    /// Memory of the server by connection: a slope, bytes.
    pub const BYTES_PER_CONNECTION: Self = Self::of("server.bytes_per_connection");
    /// Memory of the server at the end of the window, shared pages counted once, bytes.
    pub const BYTES_AT_LOAD: Self = Self::of("server.pss_bytes");
    /// Threads of the server at the end of the window, over all its processes.
    pub const THREADS: Self = Self::of("server.threads");
    /// Processes of the server at the end of the window.
    pub const PROCESSES: Self = Self::of("server.processes");
    /// Failures of every kind.
    pub const ERRORS: Self = Self::of("errors");
    /// The share of the messages due that were not answered rightly.
    pub const ERROR_SHARE: Self = Self::of("errors.share");
    /// Messages sent and not answered rightly.
    pub const UNANSWERED: Self = Self::of("unanswered");

    /// Median time from when a message for many was due to each of its receivers.
    pub const DELIVERY_P50: Self = Self::point_of("delivery", Statistic::At(Percentile::P50));
    /// The 99th percentile of the same.
    pub const DELIVERY_P99: Self = Self::point_of("delivery", Statistic::At(Percentile::P99));
    /// Median time until a message for many is with the last of its receivers, from when it was due.
    pub const LAST_P50: Self = Self::point_of("delivery.last", Statistic::At(Percentile::P50));
    /// The 99th percentile of the same.
    pub const LAST_P99: Self = Self::point_of("delivery.last", Statistic::At(Percentile::P99));
    /// Deliveries a second.
    pub const DELIVERIES_PER_S: Self = Self::of("deliveries_per_s");
    /// CPU time of the server for each delivery, µs.
    pub const SERVER_US_PER_DELIVERY: Self = Self::of("server.cpu_us_per_delivery");
    /// Items of answers in several parts, a second.
    pub const ITEMS_PER_S: Self = Self::of("items_per_s");
    /// Median time from when a request was due to its first item.
    pub const ITEM_FIRST_P50: Self = Self::point_of("item.first", Statistic::At(Percentile::P50));
    /// The 99th percentile of the same.
    pub const ITEM_FIRST_P99: Self = Self::point_of("item.first", Statistic::At(Percentile::P99));
    /// The 99th percentile of the time from one item of an answer to its next.
    pub const ITEM_GAP_P99: Self = Self::point_of("item.gap", Statistic::At(Percentile::P99));
    /// Median age of what a server sends by itself, when it comes.
    pub const PUSH_AGE_P50: Self = Self::point_of("push.age", Statistic::At(Percentile::P50));
    /// The 99th percentile of the same.
    pub const PUSH_AGE_P99: Self = Self::point_of("push.age", Statistic::At(Percentile::P99));
    /// Median time from one message that a server sends by itself to the next of a connection.
    pub const PUSH_GAP_P50: Self = Self::point_of("push.gap", Statistic::At(Percentile::P50));
    /// The 99th percentile of the same.
    pub const PUSH_GAP_P99: Self = Self::point_of("push.gap", Statistic::At(Percentile::P99));
    /// Median time from when a client was due until it was open.
    pub const OPENING_P50: Self = Self::point_of("opening", Statistic::At(Percentile::P50));
    /// The 99th percentile of the same.
    pub const OPENING_P99: Self = Self::point_of("opening", Statistic::At(Percentile::P99));
    /// Figures of messages to many, beside the percentiles of their deliveries: to the last receiver,
    /// from the first to the last, how many a second, and the share of the receivers that were reached.
    pub const OF_DELIVERIES: [Self; 5] = [
        Self::LAST_P50,
        Self::LAST_P99,
        Self::point_of("skew", Statistic::At(Percentile::P99)),
        Self::DELIVERIES_PER_S,
        Self::of("delivery.reach"),
    ];

    /// A point of the response time: received − due.
    #[must_use]
    pub const fn response(point: Statistic) -> Self {
        Self {
            subject: Self::of(Series::Response.info().name).subject,
            point: Some(point),
        }
    }

    /// A point of the service time: received − sent.
    #[must_use]
    pub const fn service(point: Statistic) -> Self {
        Self {
            subject: Self::of(Series::Service.info().name).subject,
            point: Some(point),
        }
    }

    const fn point_of(key: &str, point: Statistic) -> Self {
        Self {
            point: Some(point),
            ..Self::of(key)
        }
    }

    /// The figure whose subject has this key, found when this is compiled.
    const fn of(key: &str) -> Self {
        let mut subject = 0;
        while !is_same(ROWS[subject].key, key) {
            subject += 1;
        }
        Self {
            subject,
            point: None,
        }
    }

    /// The median to the 99.9th percentile, as reports show them, of the times that a load is about.
    #[must_use]
    pub fn percentiles(headline: Series) -> [Self; 4] {
        [
            Percentile::P50,
            Percentile::P90,
            Percentile::P99,
            Percentile::P99_9,
        ]
        .map(|percentile| Self::times(headline, Statistic::At(percentile)))
    }

    /// A point of the times of a series; of a series that is no row, of the response times.
    #[must_use]
    pub fn times(series: Series, point: Statistic) -> Self {
        let is_it = |row: &Row| matches!(row.read, Reader::Series(of) if of == series);
        let response = Self::response(point).subject;
        Self {
            subject: ROWS.iter().position(is_it).unwrap_or(response),
            point: Some(point),
        }
    }

    fn row(self) -> &'static Row {
        &ROWS[self.subject]
    }

    /// Reads it from a document.
    ///
    /// # Errors
    /// [`Missing`]: no number that could be believed.
    pub fn read(self, record: &Record) -> Result<Reading, Missing> {
        match self.row().read {
            Reader::Series(series) => match self.point {
                Some(point) => time(record.at(series), point),
                None => Err(Missing::NotMeasured),
            },
            Reader::Value(read) => read(record).ok_or(Missing::NotMeasured),
            Reader::Count(read) => Ok(Reading::exact(read(record) as f64)),
            Reader::OfSearch => Err(Missing::NotMeasured),
        }
    }

    /// True of a percentile for which a document has too few samples.
    pub(crate) fn lacks_samples(self, record: &Record) -> bool {
        matches!(self.read(record), Err(Missing::TooFew { .. }))
    }

    /// The name in documents and expressions: `messages_per_s`, `response.p99.9`.
    #[must_use]
    pub fn name(self) -> String {
        let key = self.row().key;
        match self.point {
            Some(point) => format!("{key}.{}", point.name()),
            None => key.to_owned(),
        }
    }

    /// The key in rankings and suites, where a point is no separator of a number: `response.p99_9`.
    #[must_use]
    pub fn key(self) -> String {
        let key = self.row().key;
        match self.point {
            Some(point) => format!("{key}.{}", point.key()),
            None => key.to_owned(),
        }
    }

    /// The figure of a name or a key. `p99` alone is of the times that the load is about, which
    /// `headline` says; `cpu_us_per_message` is the server's.
    #[must_use]
    pub fn named(name: &str, headline: Series) -> Option<Self> {
        let is_series = |row: &Row| matches!(row.read, Reader::Series(_));
        let is_it = |row: &Row| !is_series(row) && (row.key == name || row.aliases.contains(&name));
        if let Some(subject) = ROWS.iter().position(is_it) {
            return Some(Self {
                subject,
                point: None,
            });
        }
        if let Some(point) = Statistic::named(name) {
            return Some(Self::times(headline, point));
        }
        let point_of = |row: &Row| {
            let point = name.strip_prefix(row.key)?.strip_prefix('.')?;
            Statistic::named(point).filter(|_| is_series(row))
        };
        let mut found = ROWS.iter().map(point_of).enumerate();
        found.find_map(|(subject, point)| {
            let point = Some(point?);
            Some(Self { subject, point })
        })
    }

    /// The figure that is named in what was stored: a comparison, a repetition, a ranking; `None`
    /// of a name that this version does not know.
    #[must_use]
    pub fn recorded(name: &str) -> Option<Self> {
        Self::named(name, Series::Service)
    }

    /// The names by which the figures of a single run may be asked for: points alone, points of
    /// each series, and all others.
    pub fn names_of_runs() -> impl Iterator<Item = String> {
        let of_row = |row: &'static Row| -> Vec<String> {
            match row.read {
                Reader::OfSearch => Vec::new(),
                Reader::Series(_) => Statistic::all()
                    .map(|point| format!("{}.{}", row.key, point.name()))
                    .collect(),
                Reader::Value(_) | Reader::Count(_) => {
                    let aliases = row.aliases.iter().map(|alias| (*alias).to_owned());
                    std::iter::once(row.key.to_owned()).chain(aliases).collect()
                }
            }
        };
        let points = Statistic::all().map(|point| point.name().to_owned());
        points.chain(ROWS.iter().flat_map(of_row))
    }

    /// The names of all figures that a single run has, for people.
    #[must_use]
    pub fn all_named() -> String {
        let of_runs = ROWS.iter();
        let of_runs = of_runs.filter(|row| !matches!(row.read, Reader::OfSearch));
        let (series, others): (Vec<&Row>, Vec<&Row>) =
            of_runs.partition(|row| matches!(row.read, Reader::Series(_)));
        let keys = |rows: &[&Row], between: &str| {
            let keys: Vec<&str> = rows.iter().map(|row| row.key).collect();
            keys.join(between)
        };
        let points: Vec<&str> = Statistic::all().map(Statistic::name).collect();
        format!(
            "{} ({}. before them says of which times), {}",
            points.join(", "),
            keys(&series, ". or "),
            keys(&others, ", ")
        )
    }

    /// Whether a run under way tells how sure it is of it, so that it can be waited for.
    pub(crate) fn is_watched(self) -> bool {
        match self.point {
            Some(point) => {
                let is_quoted = Self::percentiles(Series::Response)
                    .map(|it| it.point)
                    .contains(&Some(point));
                let is_watched = match self.row().read {
                    Reader::Series(series) => WATCHED.contains(&series),
                    _ => false,
                };
                is_quoted && is_watched
            }
            None => self.row().watch.is_some(),
        }
    }

    /// The figure and its interval of confidence at 95 %, from the slices of a run under way; `None`
    /// while they are not known, and of a figure that is not watched.
    pub(crate) fn watch(self, slices: &[WindowSlice]) -> Option<(f64, Interval)> {
        if let (Reader::Series(series), Some(Statistic::At(percentile))) =
            (self.row().read, self.point)
        {
            let found = confidence::quantile(slices, series, percentile.share())?;
            return Some((found.value, found.interval));
        }
        self.row().watch?(slices)
    }

    /// The names of all figures that can be waited for, for people.
    pub(crate) fn all_watched() -> String {
        let [p50, p90, p99, p99_9] = Self::percentiles(Series::Response).map(|it| it.short(true));
        let series = WATCHED.map(|it| format!("{}.", Self::times(it, Statistic::Mean).row().key));
        let series = series.join(", ");
        let others = ROWS.iter().filter(|row| row.watch.is_some());
        let others: Vec<String> = others.map(|row| Self::of(row.key).short(true)).collect();
        let others = others.join(", ");
        format!(
            "{p50}, {p90}, {p99} and {p99_9} ({series} before them says of which times), and {others}"
        )
    }

    /// The shortest name in expressions: the point alone where it `is_bare`, of the times that the load
    /// is about; else its name, or the first alias.
    pub(crate) fn short(self, is_bare: bool) -> String {
        match self.point {
            Some(point) if is_bare => point.name().to_owned(),
            Some(_) => self.name(),
            None => {
                let row = self.row();
                (*row.aliases.first().unwrap_or(&row.key)).to_owned()
            }
        }
    }

    /// The words above a column: `messages/s`, `response p99`.
    #[must_use]
    pub fn title(self) -> String {
        let title = self.row().title;
        match self.point {
            Some(point) => format!("{title} {}", point.name()),
            None => title.to_owned(),
        }
    }

    /// The words in a sentence: `messages/s`, `p99 response`.
    #[must_use]
    pub fn label(self) -> String {
        let label = self.row().label;
        match self.point {
            Some(point) => format!("{} {label}", point.name()),
            None => label.to_owned(),
        }
    }

    /// The unit of its values.
    #[must_use]
    pub fn unit(self) -> Unit {
        self.row().unit
    }

    /// The better side.
    #[must_use]
    pub fn sense(self) -> Sense {
        self.row().sense
    }

    /// The point of a distribution that it is.
    #[must_use]
    pub fn point(self) -> Option<Statistic> {
        self.point
    }

    /// A value of it in its unit.
    #[must_use]
    pub fn written(self, value: f64) -> String {
        self.unit().written(value)
    }

    /// The times that it is a point of.
    pub(crate) fn series(self) -> Option<Series> {
        match self.row().read {
            Reader::Series(series) => Some(series),
            Reader::Value(_) | Reader::Count(_) | Reader::OfSearch => None,
        }
    }

    /// True if it is a whole number of things, which no noise is in and no ratio is of.
    #[must_use]
    pub fn is_count(self) -> bool {
        self.unit() == Unit::Count
    }

    /// True if it is counted, not estimated: a number of things or the share that one is.
    #[must_use]
    pub fn is_exact(self) -> bool {
        matches!(self.unit(), Unit::Count | Unit::Share)
    }

    /// The same as a share of the whole, where there is such a figure: of `errors` the
    /// `errors.share`.
    #[must_use]
    pub fn as_share(self) -> Option<Self> {
        let name = format!("{}.share", self.row().key);
        Self::named(&name, Series::Response)
    }

    /// True if a single run has it.
    #[must_use]
    pub fn is_of_runs(self) -> bool {
        !matches!(self.row().read, Reader::OfSearch)
    }
}

impl Reading {
    /// A number of which no noise is told.
    fn exact(value: f64) -> Self {
        Self {
            value,
            is_low: false,
            is_lower_bound: false,
            within: None,
        }
    }

    /// The reading as text, with the mark that it deserves.
    #[must_use]
    pub fn written(&self, figure: Figure) -> String {
        let low = if self.is_low { units::LOW } else { "" };
        let more = if self.is_lower_bound { units::MORE } else { "" };
        format!("{low}{more}{}", figure.written(self.value))
    }
}

impl Statistic {
    fn all() -> impl Iterator<Item = Self> {
        let percentiles = Percentile::ALL.into_iter().map(Self::At);
        percentiles.chain([Self::Mean, Self::Max])
    }

    /// The name in a figure's: `p99.9`, `mean`, `max`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::At(percentile) => percentile.label(),
            Self::Mean => "mean",
            Self::Max => "max",
        }
    }

    /// The name in keys and columns: `p99_9`.
    #[must_use]
    pub fn key(self) -> String {
        self.name().replace('.', "_")
    }

    fn named(name: &str) -> Option<Self> {
        Self::all().find(|point| point.name() == name || point.key() == name)
    }
}

fn time(spans: &Distribution, point: Statistic) -> Result<Reading, Missing> {
    let (value, support) = match point {
        Statistic::At(percentile) => {
            let support = spans.support(percentile);
            if support == Support::Unknown {
                let effective = spans.confidence(percentile);
                // With an interval it is its upper end that is missing.
                let (samples, needed) = match effective {
                    Some(sure) => (
                        sure.n_eff as u64,
                        (LEAST_ABOVE / (1.0 - percentile.share())).ceil() as u64,
                    ),
                    None => (spans.count, percentile.samples_needed()),
                };
                return Err(Missing::TooFew { samples, needed });
            }
            (spans.at(percentile).map(|ns| ns as f64), support)
        }
        Statistic::Mean => (spans.mean, Support::Known),
        Statistic::Max => (spans.max.map(|ns| ns as f64), Support::Known),
    };
    let value = value.ok_or(Missing::NotMeasured)?;
    // A mean leaves out what never came, so with any of that it is too short.
    let is_lower_bound = match point {
        Statistic::Mean => spans.censored > 0,
        Statistic::At(_) | Statistic::Max => spans.is_lower_bound(value as u64),
    };
    let within = match point {
        Statistic::At(percentile) => spans.confidence(percentile),
        Statistic::Mean | Statistic::Max => None,
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

/// The share of the messages due that were not answered rightly, though somebody was to answer; `None` when
/// none was due.
#[must_use]
pub fn error_share(record: &Record) -> Option<f64> {
    let messages = &record.messages;
    let due = messages.sent.saturating_add(messages.unsent);
    let settled = messages.answered.saturating_add(messages.unawaited);
    let missed = due.saturating_sub(settled);
    let missed = missed.saturating_sub(record.cut_messages());
    (due > 0).then(|| missed as f64 / due as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let mut figures = Vec::new();
        for (subject, row) in ROWS.iter().enumerate() {
            match row.read {
                Reader::Series(_) => figures.extend(Statistic::all().map(|point| Figure {
                    subject,
                    point: Some(point),
                })),
                _ => figures.push(Figure::of(row.key)),
            }
        }
        for figure in &figures {
            for headline in [Series::Response, Series::Service, Series::Delivery] {
                for name in [figure.name(), figure.key()] {
                    assert_eq!(Figure::named(&name, headline), Some(*figure), "{name}");
                }
            }
        }
        let of_runs: Vec<String> = Figure::names_of_runs().collect();
        for figure in &figures {
            let is_named = of_runs.contains(&figure.name());
            assert_eq!(is_named, figure.is_of_runs(), "{}", figure.name());
        }
        for name in &of_runs {
            assert!(Figure::named(name, Series::Response).is_some(), "{name}");
        }
        let mut names: Vec<String> = figures.iter().map(|figure| figure.name()).collect();
        let aliases = ROWS.iter().flat_map(|row| row.aliases);
        names.extend(aliases.map(|alias| (*alias).to_owned()));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "a name means one figure");
    }

    #[test]
    fn a_bare_percentile_is_of_the_times_that_the_load_is_about() {
        let p99_9 = Statistic::At(Percentile::P99_9);
        let named = |headline| Figure::named("p99.9", headline);
        assert_eq!(named(Series::Response), Some(Figure::response(p99_9)));
        assert_eq!(named(Series::Service), Some(Figure::service(p99_9)));
        let delivery = Figure::times(Series::Delivery, p99_9);
        assert_eq!(named(Series::Delivery), Some(delivery));
        assert_eq!(delivery.name(), "delivery.p99.9");
        for nothing in ["", "p98", "response", "response.", "service.lost", "P99"] {
            assert_eq!(Figure::named(nothing, Series::Response), None, "{nothing}");
        }
    }
}
