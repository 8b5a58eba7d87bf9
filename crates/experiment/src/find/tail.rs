//! How sure trials are of the share of their messages beyond a limit.
//!
//! "p99 ≤ 2 ms" and "at most a hundredth of the messages takes longer than 2 ms" are the same
//! statement, and the second is a share, which adds up over the batches of several trials at one
//! load. Its interval is that of exceedance batch means (METHOD 5.3), the one that stands in a
//! document: it is on one side of the limit exactly when this share's is.

use wsbench_load::histogram::Sparse;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Population;
use wsbench_load::result::{self as measured, RunResult};
use wsbench_load::series::Series;
use wsbench_load::tally::MessageCounts;
use wsbench_record::document::Document;
use wsbench_record::objective::Objective;
use wsbench_stats::batches::{BATCHES, RatioEstimate, grouped};
use wsbench_stats::t_quantile;

/// Each end of the interval. A search looks at several loads near the limit, and more than once at
/// each: more is asked of a look than the 95 % that are told of the bracket.
pub(super) const CONFIDENCE: f64 = 0.99;
/// The same for a look at a trial under way, which ends it: of the looks at one trial each comes when
/// a quarter more has been measured, so that there are about ten, and all of them together are wrong
/// of one trial in a hundred.
pub(super) const LOOK: f64 = 0.999;
/// Effective samples beyond the limit that are expected at it, before anything is said (METHOD
/// rule 13).
const LEAST_BEYOND: f64 = 10.0;
/// So many messages beyond the limit tell by themselves how they cling together.
const TELLING: f64 = 10.0;
/// Number of messages that are taken to come at once, where they are fewer.
const CLUSTER: f64 = 2.0;
/// The logarithm of measured over allowed is cut off here: farther away it says no more than on
/// which side it is, and a cliff would bend every line.
const FARTHEST: f64 = 5.0;

/// On which side of the limit a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    Holds,
    Fails,
    Open,
}

/// A limit of times, and the share that may be beyond it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeLimit {
    pub(super) series: Series,
    pub(super) at_most_ns: u64,
    pub(super) allowed: f64,
}

impl TimeLimit {
    /// The limit of an objective under a load of `clients`; `None` of one of errors, and of times that are
    /// of one event.
    pub(super) fn of(objective: &Objective, clients: &Population) -> Option<Self> {
        let Objective::Time {
            percentile,
            at_most_ns,
            ..
        } = *objective
        else {
            return None;
        };
        if objective.is_of_one_event(clients) {
            return None;
        }
        Some(Self {
            series: objective.series(clients)?,
            at_most_ns,
            allowed: 1.0 - percentile / 100.0,
        })
    }
}

/// Samples of `series` that are one draw, by how many `times` series have: the deliveries of a message
/// are, for what delays one of them delays the others. Where it is not told when the last receiver had a
/// message, as in a fleet whose clocks do not know, it is by the `messages` that were settled.
fn draw(series: Series, times: impl Fn(Series) -> u64, messages: &MessageCounts) -> f64 {
    let whole = match times(Series::DeliveryLast) {
        0 => messages.answered + messages.timed_out,
        told => told,
    };
    match series {
        Series::Delivery => (times(series) as f64 / whole.max(1) as f64).max(1.0),
        // So are the gaps of one stream.
        Series::ItemGap => (times(series) as f64 / messages.answered.max(1) as f64).max(1.0),
        _ => 1.0,
    }
}

/// Messages beyond one limit, batch by batch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tail {
    /// The share that may be beyond it.
    allowed: f64,
    /// Of each batch: messages beyond it, and all.
    batches: Vec<(f64, f64)>,
    /// So many of them are one draw at least: the deliveries of one message.
    draw: f64,
}

impl Tail {
    /// Those of a document beyond the limit.
    pub(super) fn of(document: &Document, limit: &TimeLimit) -> Self {
        let (series, limit_ns) = (limit.series, limit.at_most_ns);
        let counted = |slice: &wsbench_record::document::Slice| {
            let Some(times) = slice.at(series) else {
                return (0.0, 0.0);
            };
            let within = times.count_at_or_below(Nanos(limit_ns));
            ((times.count() - within) as f64, times.count() as f64)
        };
        let slices: Vec<(f64, f64)> = document.slices.iter().map(counted).collect();
        let lengths: Vec<f64> = document.slices.iter().map(|it| it.length_s).collect();
        let batches = match grouped(&lengths) {
            Some(ranges) => ranges.into_iter().map(|it| sum(&slices[it])).collect(),
            // A short trial has few; together with others at its load there may be enough.
            None => slices,
        };
        let times = |series| document.at(series).count;
        Self {
            allowed: limit.allowed,
            batches,
            draw: draw(series, times, &document.messages),
        }
    }

    /// Those of a trial that does not know the percentile.
    pub(super) fn unknown() -> Self {
        Self {
            allowed: 1.0,
            batches: Vec::new(),
            draw: 1.0,
        }
    }

    /// Those of a trial under way beyond the limit; messages that are still `awaited` count as beyond
    /// it.
    pub(super) fn so_far(so_far: &RunResult, awaited: u64, limit: &TimeLimit) -> Self {
        let (series, limit_ns) = (limit.series, limit.at_most_ns);
        let counted = |slice: &measured::WindowSlice| {
            let times = slice.times.get(series).map(Sparse::to_histogram);
            let times = times.unwrap_or_default();
            let within = times.count_at_or_below(Nanos(limit_ns));
            ((times.count() - within) as f64, times.count() as f64)
        };
        let slices: Vec<(f64, f64)> = so_far.slices.iter().map(counted).collect();
        let lengths = so_far.slices.iter().map(|it| it.length.as_secs_f64());
        let lengths: Vec<f64> = lengths.collect();
        let mut batches = match grouped(&lengths) {
            Some(ranges) => ranges.into_iter().map(|it| sum(&slices[it])).collect(),
            None => slices,
        };
        let times = |series| so_far.tally.times[series].count();
        let draw = draw(series, times, &so_far.messages);
        if let Some((beyond, count)) = batches.last_mut() {
            *beyond += awaited as f64 * draw;
            *count += awaited as f64 * draw;
        }
        Self {
            allowed: limit.allowed,
            batches,
            draw,
        }
    }

    /// Those of another trial with them.
    pub(super) fn add(&mut self, other: &Self) {
        self.batches.extend_from_slice(&other.batches);
        self.draw = self.draw.max(other.draw);
    }

    /// ln(share beyond ÷ share allowed): above 0 fails. Half a message more than were seen, so
    /// that none at all has a logarithm, too.
    pub(super) fn excess(&self) -> f64 {
        let (beyond, count) = sum(&self.batches);
        if count == 0.0 {
            return 0.0;
        }
        let excess = ((beyond + 0.5) / (self.allowed * count)).ln();
        excess.clamp(-FARTHEST, FARTHEST)
    }

    /// Effective samples that would be beyond the limit if exactly the share allowed were: the
    /// reciprocal of the variance of the excess near 0.
    pub(super) fn information(&self) -> f64 {
        let (_, count) = sum(&self.batches);
        count * self.allowed / self.cluster()
    }

    /// Certainty by the interval of the share, each end of it at this confidence.
    pub(super) fn certainty(&self, confidence: f64) -> Certainty {
        let (beyond, count) = sum(&self.batches);
        if self.batches.len() < BATCHES || count == 0.0 {
            return Certainty::Open;
        }
        let t = t_quantile(confidence, (self.batches.len() - 1) as f64);
        let share = beyond / count;
        // The error that the share would have at the limit: a calm trial has few messages beyond
        // it, which vary little, and would be too sure of itself by its own.
        let at_limit = (self.allowed * (1.0 - self.allowed) * self.cluster() / count).sqrt();
        if share <= self.allowed {
            let is_known = self.information() >= LEAST_BEYOND;
            let holds = is_known && self.allowed - share > t * at_limit;
            return if holds {
                Certainty::Holds
            } else {
                Certainty::Open
            };
        }
        let own = RatioEstimate::of(&self.batches).map_or(f64::INFINITY, |ratio| ratio.error);
        let least = (self.allowed * self.draw / count).sqrt();
        if beyond >= TELLING * self.draw && share - self.allowed > t * own.max(least) {
            Certainty::Fails
        } else {
            Certainty::Open
        }
    }

    /// Number of messages beyond the limit that come at once: the variance of their share over that
    /// of independent messages.
    fn cluster(&self) -> f64 {
        let (beyond, count) = sum(&self.batches);
        let share = beyond / count.max(1.0);
        let own = RatioEstimate::of(&self.batches)
            .filter(|_| share > 0.0 && share < 1.0)
            .map_or(1.0, |it| it.error.powi(2) * count / (share * (1.0 - share)));
        let is_telling = beyond >= TELLING * self.draw;
        own.max(if is_telling { 1.0 } else { CLUSTER } * self.draw)
    }
}

fn sum(batches: &[(f64, f64)]) -> (f64, f64) {
    batches
        .iter()
        .fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(beyond: &[f64], each: f64) -> Tail {
        Tail {
            allowed: 0.01,
            batches: beyond.iter().map(|it| (*it, each)).collect(),
            draw: 1.0,
        }
    }

    #[test]
    fn certain_is_what_the_whole_interval_says() {
        let holds = |number| tail(&[number; 20], 1_000.0).certainty(CONFIDENCE);
        // 10 of 1000 are allowed; of 20 000, a standard error is 0.7 of 1000 or more.
        assert_eq!(holds(5.0), Certainty::Holds);
        assert_eq!(holds(9.0), Certainty::Open);
        assert_eq!(holds(11.0), Certainty::Open);
        assert_eq!(holds(15.0), Certainty::Fails);
    }

    #[test]
    fn messages_that_come_at_once_say_less() {
        // As many beyond the limit as above, all of them in two batches.
        let mut beyond = vec![0.0; 20];
        (beyond[3], beyond[4]) = (50.0, 50.0);
        assert_eq!(
            tail(&beyond, 1_000.0).certainty(CONFIDENCE),
            Certainty::Open
        );
        (beyond[3], beyond[4]) = (150.0, 150.0);
        assert_eq!(
            tail(&beyond, 1_000.0).certainty(CONFIDENCE),
            Certainty::Open
        );
    }

    #[test]
    fn deliveries_of_one_message_are_one_draw() {
        // A hundred receivers each: what certainly holds of messages is open of so many deliveries.
        let of = |draw| Tail {
            draw,
            ..tail(&[5.0; 20], 1_000.0)
        };
        assert_eq!(of(1.0).certainty(CONFIDENCE), Certainty::Holds);
        assert_eq!(of(100.0).certainty(CONFIDENCE), Certainty::Open);
        let fails = Tail {
            draw: 100.0,
            ..tail(&[15.0; 20], 1_000.0)
        };
        assert_eq!(fails.certainty(CONFIDENCE), Certainty::Open);
    }

    #[test]
    fn too_few_messages_or_batches_say_nothing() {
        assert_eq!(
            tail(&[0.0; 20], 50.0).certainty(CONFIDENCE),
            Certainty::Open
        );
        assert_eq!(
            tail(&[0.0; 20], 200.0).certainty(CONFIDENCE),
            Certainty::Holds
        );
        let mut short = tail(&[0.0; 10], 400.0);
        assert_eq!(short.certainty(CONFIDENCE), Certainty::Open);
        short.add(&short.clone());
        assert_eq!(short.certainty(CONFIDENCE), Certainty::Holds);
    }
}
