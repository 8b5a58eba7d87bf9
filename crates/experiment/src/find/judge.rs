//! What one trial says: held, failed, or spoilt by the generator; and by how much.
//!
//! It looks at one document. What several trials say together is `evidence`'s affair.

use wsbench_judge::figure::error_share;
use wsbench_judge::objective;
use wsbench_load::series::Series;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::{Document, Ended};
use wsbench_record::objective::Objective;
use wsbench_record::search::{Cause, Reading, TrialVerdict};

use super::evidence::TrialScore;
use super::tail::{Certainty, Tail, TimeLimit};

/// Share of errors that fails a trial when no objective names one (METHOD section 3, check H).
const ERRORS_ALLOWED: f64 = 0.0001;
/// Less than this of what was due, answered within the window, is never a pass (METHOD rule 5).
const ACHIEVED: f64 = 0.995;
/// Share of connections that must be there at the end.
const ALIVE: f64 = 0.99;
/// Send lag above this share of the limit is not small beside it (METHOD section 3, check C).
const LAG_SHARE: f64 = 0.10;

/// Judgement of one trial.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrialJudgement {
    pub(super) score: TrialScore,
    pub(super) readings: Vec<Reading>,
    pub(super) verdict: TrialVerdict,
    pub(super) marginal: bool,
    pub(super) cause: Option<Cause>,
}

/// Judges the trial at `load` by its document.
pub(super) fn judge(document: &Document, objectives: &[Objective], load: f64) -> TrialJudgement {
    let readings: Vec<Reading> = objectives
        .iter()
        .map(|objective| reading(objective, document))
        .collect();
    let outright = outright_failure(document, objectives);
    let slow = too_slow(document, objectives);
    let by_time = (slow == Some(true)).then_some(Cause::ResponseTime);
    let gap = slow.is_none().then_some(Cause::Samples);
    let cause = outright.or(by_time).or(gap);
    let fails = outright.is_some() || by_time.is_some();
    let generator = fails && is_generators_fault(document, objectives, outright);
    let score = TrialScore {
        load,
        length_s: document.duration_s,
        tails: tails(document, objectives),
        outright: outright.is_some() || generator || is_event_late(document, objectives),
        generator,
    };
    TrialJudgement {
        marginal: score.certainty() == Certainty::Open,
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
    let figure = objective::figure(objective, document).filter(|it| it.is_finite());
    let interval = objective::interval(objective, document);
    Reading {
        figure,
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
    }
}

/// True if a percentile is beyond its limit; `None` where the samples are too few to tell one.
fn too_slow(document: &Document, objectives: &[Objective]) -> Option<bool> {
    let mut is_slow = Some(false);
    for objective in objectives {
        if !matches!(objective, Objective::Time { .. }) {
            continue;
        }
        match objective::figure(objective, document) {
            Some(figure) if !objective.is_met_by(figure) => return Some(true),
            Some(_) => {}
            None => is_slow = None,
        }
    }
    is_slow
}

/// Messages beyond the limit of each percentile.
fn tails(document: &Document, objectives: &[Objective]) -> Vec<Tail> {
    let clients = &document.plan.clients;
    let tail = |objective: &Objective| match TimeLimit::of(objective, clients) {
        Some(limit) => Some(Tail::of(document, &limit)),
        // One that this trial does not know leaves its load open.
        None if objective.is_of_one_event(clients) => objective::figure(objective, document)
            .is_none()
            .then(Tail::unknown),
        None => None,
    };
    objectives.iter().filter_map(tail).collect()
}

/// True where the times of one event are beyond their limit: that is certain of this trial, and as sure of
/// its load as further trials there make it.
fn is_event_late(document: &Document, objectives: &[Objective]) -> bool {
    let clients = &document.plan.clients;
    let mut events = objectives.iter().filter(|it| it.is_of_one_event(clients));
    events.any(|objective| {
        let figure = objective::figure(objective, document);
        figure.is_some_and(|figure| !objective.is_met_by(figure))
    })
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
    if let Some(cause) = sessions_missed(document, objectives) {
        return Some(cause);
    }
    let is_answered = document.plan.clients.exchange.flow.is_answered();
    if is_answered && document.messages.answered == 0 {
        return Some(Cause::Rate);
    }
    if document.audit.of_kind(Kind::Overloaded).next().is_some() {
        // Its percentiles say how long the trial was.
        return Some(Cause::Overloaded);
    }
    let allowed = errors_allowed(objectives);
    if is_rate_missed(document, allowed.unwrap_or(0.0)) {
        return Some(Cause::Rate);
    }
    if is_reach_missed(document, objectives) {
        return Some(Cause::Reach);
    }
    let errors = error_share(document).unwrap_or(0.0);
    (errors > allowed.unwrap_or(ERRORS_ALLOWED)).then_some(Cause::Errors)
}

/// The reason why fewer sessions were open than came due: more were turned away than may be, or more are still to be
/// opened than are under way at any time.
fn sessions_missed(document: &Document, objectives: &[Objective]) -> Option<Cause> {
    let counts = document.sessions?;
    let due = counts.due as f64;
    if counts.opened == 0 {
        return Some(Cause::Connections);
    }
    let allowed = errors_allowed(objectives).unwrap_or(ERRORS_ALLOWED);
    if counts.turned_away as f64 > allowed * due {
        return Some(Cause::Errors);
    }
    let mean_s = document.at(Series::OpeningService).mean.unwrap_or(0.0) / 1e9;
    let under_way = due / document.duration_s.max(1e-9) * mean_s.min(document.duration_s);
    // As of messages: a queue that grows for the whole window is no fluctuation.
    let allowance = 3.0 + 4.0 * under_way.sqrt();
    ((counts.opened as f64) < ACHIEVED * due - allowance).then_some(Cause::Rate)
}

/// The share of errors that an objective allows; `None` where none is of them.
fn errors_allowed(objectives: &[Objective]) -> Option<f64> {
    let named = objectives.iter().find_map(|objective| match objective {
        Objective::Errors { at_most } => Some(*at_most),
        Objective::Time { .. } | Objective::Reach { .. } => None,
    });
    named.or(allowed_by_reach(objectives))
}

/// The share of messages that may lack receivers, where an objective says how many have to be reached: each,
/// for one that lacks a single receiver has not been answered. `None` where none says so.
pub(crate) fn allowed_by_reach<'a>(
    objectives: impl IntoIterator<Item = &'a Objective>,
) -> Option<f64> {
    let mut objectives = objectives.into_iter();
    let is_by_reach = objectives.any(|it| matches!(it, Objective::Reach { .. }));
    is_by_reach.then_some(1.0)
}

/// True where fewer of the deliveries expected were received than an objective asks for.
fn is_reach_missed(document: &Document, objectives: &[Objective]) -> bool {
    objectives.iter().any(|objective| {
        let is_reach = matches!(objective, Objective::Reach { .. });
        let figure = objective::figure(objective, document);
        is_reach && figure.is_some_and(|figure| !objective.is_met_by(figure))
    })
}

/// True if less came back within the window than was due in it, by more than messages that are
/// under way at its two ends and the errors that are allowed explain.
pub(crate) fn is_rate_missed(document: &Document, errors_allowed: f64) -> bool {
    if document.asked_messages_per_s.is_none() {
        return false;
    }
    let due = document
        .messages
        .due
        .saturating_sub(document.cut_messages()) as f64
        * (1.0 - errors_allowed);
    let received = document.messages.received_in_window as f64;
    let clients = &document.plan.clients;
    // Of a fleet whose clocks do not know when the last receiver has a message, the times to each are told.
    let whole = match clients.is_fanned_out() {
        true if document.at(Series::DeliveryLast).count > 0 => Series::DeliveryLast,
        true => Series::Delivery,
        false => Series::Response,
    };
    let mean_s = document.at(whole).mean.unwrap_or(0.0) / 1e9;
    let under_way = due / document.duration_s.max(1e-9) * mean_s.min(document.duration_s);
    // A queue that grows for the whole window is no fluctuation: it is not made allowance for.
    let allowance = 3.0 + 4.0 * under_way.sqrt();
    received < ACHIEVED * due - allowance
}

/// True if the generator was in the way: a thread without a core to spare, or sends so late that
/// the limit is missed although the server's own part of the time keeps it.
fn is_generators_fault(
    document: &Document,
    objectives: &[Objective],
    outright: Option<Cause>,
) -> bool {
    let is_own_affair = matches!(
        outright,
        Some(Cause::ServerDied | Cause::Connections | Cause::Errors | Cause::Reach)
    );
    if is_own_affair {
        return false;
    }
    let doubts = |kind| {
        let mut caveats = document.audit.of_kind(kind);
        caveats.any(|caveat| caveat.severity != Severity::Note)
    };
    if document.audit.is_generator_limited() {
        return true;
    }
    // What the schedule could not hand to a full connection waited for the server.
    let blocked = document.messages.unsent > 0;
    if blocked || !doubts(Kind::Pace) {
        return false;
    }
    // Its own lateness, where the document tells it from the server's.
    let from_sent = document.plan.clients.headline_from_sent();
    let lag = document.known(Series::GeneratorLag);
    let lag = lag.unwrap_or(document.at(Series::SendLag)).p99.unwrap_or(0) as f64;
    objectives.iter().all(|objective| match objective {
        Objective::Errors { .. } | Objective::Reach { .. } => true,
        Objective::Time { .. } if objective.is_of_one_event(&document.plan.clients) => false,
        Objective::Time { .. } => {
            let service = objective::figure_of(objective, document.at(from_sent), 0.0);
            let service = service.unwrap_or(f64::INFINITY);
            lag > LAG_SHARE * objective.limit() && service <= objective.limit()
        }
    })
}
