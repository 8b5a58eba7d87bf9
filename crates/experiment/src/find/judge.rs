//! What one trial says: held, failed, or spoilt by the generator; and by how much.
//!
//! It looks at one document. What several trials say together is `evidence`'s affair.

use wsbench_report::caveat::{Kind, Severity};
use wsbench_report::document::{Document, Ended};
use wsbench_report::objective::{Objective, error_share};
use wsbench_report::search::{Cause, Reading, TrialVerdict};

use super::evidence::{FARTHEST, Score};

/// Share of errors that fails a trial when no objective names one (METHOD section 3, check H).
const ERRORS_ALLOWED: f64 = 0.0001;
/// Less than this of what was due, answered within the window, is never a pass (METHOD rule 5).
const ACHIEVED: f64 = 0.995;
/// Share of connections that must be there at the end.
const ALIVE: f64 = 0.99;
/// Send lag above this share of the limit is not small beside it (METHOD section 3, check C).
const LAG_SHARE: f64 = 0.10;
/// Standard error of ln(p99) of a five-second trial of a busy queue, where the document has no
/// confidence interval to take it from: cautious, from simulated M/D/1 queues at 80 % load.
const ERROR_OF_5S: f64 = 0.2;
/// No interval counts as narrower than this share of the usual one.
const CALM: f64 = 0.4;
/// Standard error of a trial whose percentile is not known: it says next to nothing.
const ERROR_OF_NOTHING: f64 = 10.0;

/// What one trial says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judgement {
    pub(super) score: Score,
    pub(super) readings: Vec<Reading>,
    pub(super) verdict: TrialVerdict,
    pub(super) marginal: bool,
    pub(super) cause: Option<Cause>,
}

/// Judges the trial at `load` by its document.
pub(super) fn judge(document: &Document, objectives: &[Objective], load: f64) -> Judgement {
    let readings: Vec<Reading> = objectives
        .iter()
        .map(|objective| reading(objective, document))
        .collect();
    let measured = measured(document, objectives, &readings);
    let outright = outright_failure(document, objectives);
    let by_time = (measured.excess > 0.0).then_some(Cause::ResponseTime);
    let cause = outright.or(by_time).or(measured.gap);
    let fails = outright.is_some() || by_time.is_some();
    let generator = fails && is_generators_fault(document, objectives, outright);
    let score = Score {
        load,
        excess: if outright.is_some() || generator {
            FARTHEST
        } else {
            measured.excess
        },
        error: measured.error,
        length_s: document.duration_s,
        outright: outright.is_some() || generator,
        generator,
    };
    Judgement {
        marginal: !score.is_certain(),
        score,
        readings,
        verdict: match (fails, generator) {
            (false, _) => TrialVerdict::Holds,
            (true, false) => TrialVerdict::Fails,
            (true, true) => TrialVerdict::GeneratorLimited,
        },
        cause: if generator {
            Some(Cause::Generator)
        } else {
            cause
        },
    }
}

/// An objective's figure; an endless one (messages never answered) is none.
fn reading(objective: &Objective, document: &Document) -> Reading {
    let figure = objective.figure(document).filter(|it| it.is_finite());
    let interval = objective.interval(document);
    Reading {
        figure,
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
    }
}

/// What the percentiles say: the worst of them over its limit.
struct Measured {
    /// ln(measured ÷ allowed).
    excess: f64,
    error: f64,
    /// Why nothing is known.
    gap: Option<Cause>,
}

fn measured(document: &Document, objectives: &[Objective], readings: &[Reading]) -> Measured {
    let length_s = document.duration_s.max(0.1);
    let mut worst = Measured {
        excess: -FARTHEST,
        error: ERROR_OF_5S * (5.0 / length_s).sqrt(),
        gap: None,
    };
    for (objective, reading) in objectives.iter().zip(readings) {
        if !matches!(objective, Objective::ResponseTime { .. }) {
            continue;
        }
        let Some(figure) = objective.figure(document) else {
            return Measured {
                excess: 0.0,
                error: ERROR_OF_NOTHING,
                gap: Some(Cause::Samples),
            };
        };
        let excess = (figure.max(1.0) / objective.limit().max(1.0)).ln();
        if excess >= worst.excess {
            worst.excess = excess.min(FARTHEST);
            let usual = ERROR_OF_5S * (5.0 / length_s).sqrt();
            // A trial that happens to be calm has a narrow interval, too; taken at its word, calm
            // trials would outweigh the others and every answer would be too high.
            worst.error = error_of(reading).map_or(usual, |error| error.max(usual * CALM));
        }
    }
    worst
}

/// The standard error of a figure's logarithm, from its confidence interval.
fn error_of(reading: &Reading) -> Option<f64> {
    let (low, high) = (reading.low?, reading.high?);
    let half = (high / low).ln() / 2.0;
    // A histogram's bin is a thousandth wide: nothing is known better than that.
    (half.is_finite()).then(|| (half / 2.0).max(0.001))
}

/// A failure that no percentile is needed for, the cause before its consequences.
fn outright_failure(document: &Document, objectives: &[Objective]) -> Option<Cause> {
    match document.ended {
        Ended::ServerDied => return Some(Cause::ServerDied),
        Ended::NothingConnected => return Some(Cause::Connections),
        Ended::Complete | Ended::Interrupted => {}
    }
    let connections = &document.connections;
    if (connections.alive_at_end as f64) < ALIVE * connections.asked as f64 {
        return Some(Cause::Connections);
    }
    if document.messages.answered == 0 {
        return Some(Cause::Rate);
    }
    let allowed = objectives.iter().find_map(|objective| match objective {
        Objective::Errors { at_most } => Some(*at_most),
        Objective::ResponseTime { .. } => None,
    });
    if is_rate_missed(document, allowed.unwrap_or(0.0)) {
        return Some(Cause::Rate);
    }
    let errors = error_share(document).unwrap_or(0.0);
    (errors > allowed.unwrap_or(ERRORS_ALLOWED)).then_some(Cause::Errors)
}

/// Whether less came back within the window than was due in it, by more than messages that are
/// under way at its two ends and the errors that are allowed explain.
pub(crate) fn is_rate_missed(document: &Document, errors_allowed: f64) -> bool {
    if document.asked_messages_per_s.is_none() {
        return false;
    }
    let due = document.messages.due as f64 * (1.0 - errors_allowed);
    let received = document.messages.received_in_window as f64;
    let mean_s = document.response_ns.mean.unwrap_or(0.0) / 1e9;
    let under_way = due / document.duration_s.max(1e-9) * mean_s.min(document.duration_s);
    // A queue that grows for the whole window is no fluctuation: it is not made allowance for.
    let allowance = 3.0 + 4.0 * under_way.sqrt();
    received < ACHIEVED * due - allowance
}

/// Whether the generator was in the way: a thread without a core to spare, or sends so late that
/// the limit is missed although the server's own part of the time keeps it.
fn is_generators_fault(
    document: &Document,
    objectives: &[Objective],
    outright: Option<Cause>,
) -> bool {
    let is_own_affair = matches!(
        outright,
        Some(Cause::ServerDied | Cause::Connections | Cause::Errors)
    );
    if is_own_affair {
        return false;
    }
    let doubts = |kind| {
        let mut caveats = document.audit.of_kind(kind);
        caveats.any(|caveat| caveat.severity != Severity::Note)
    };
    if doubts(Kind::GeneratorCpu) {
        return true;
    }
    // What the schedule could not hand to a full connection waited for the server.
    let blocked = document.messages.unsent > 0;
    if blocked || !doubts(Kind::Pace) {
        return false;
    }
    // Its own lateness, where the document tells it from the server's.
    let lag = document.generator_lag_ns.as_ref();
    let lag = lag.unwrap_or(&document.send_lag_ns).p99.unwrap_or(0) as f64;
    objectives.iter().all(|objective| match objective {
        Objective::Errors { .. } => true,
        Objective::ResponseTime { .. } => {
            let service = objective.figure_of(&document.service_ns, 0.0);
            let service = service.unwrap_or(f64::INFINITY);
            lag > LAG_SHARE * objective.limit() && service <= objective.limit()
        }
    })
}
