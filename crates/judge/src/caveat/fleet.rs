//! Checks of a run that many machines carried out: did all stay, is all of it there, are they alike, and
//! are their clocks known well enough for one window.

use wsbench_record::audit::{Kind, Severity, Verdict};
use wsbench_record::document::{Agent, Ended, Percentile, Record};
use wsbench_record::units::{percent, seconds};
use wsbench_setting::Field;

use super::doubt::Doubt;

/// Medians of agents may be apart by this share whatever their intervals say: less is no matter.
const ALIKE: f64 = 0.10;
/// Clocks and beginnings may be unsure to this share of the window.
const OF_WINDOW: f64 = 0.01;

/// Every doubt about the fleet.
pub(super) fn caveats(record: &Record) -> Vec<Doubt> {
    if record.fleet.is_none() {
        return Vec::new();
    }
    let found = [
        lost(record),
        missing(record),
        doubtful(record),
        differing(record),
        clocks(record),
        between(record),
    ];
    found.into_iter().flatten().collect()
}

/// Names of some agents, in words.
fn named<'a>(agents: impl Iterator<Item = &'a Agent>) -> String {
    let names: Vec<&str> = agents.map(|agent| agent.name.as_str()).collect();
    names.join(", ")
}

fn lost(record: &Record) -> Option<Doubt> {
    let lost = record.agents.iter().filter_map(|agent| {
        let why = agent.lost.as_ref()?;
        Some(format!("{} ({why})", agent.name))
    });
    let lost: Vec<String> = lost.collect();
    let severity = match record.ended {
        // It was to go on without them.
        Ended::Complete => Severity::Doubtful,
        _ => Severity::Invalid,
    };
    (!lost.is_empty()).then(|| {
        Doubt::new(
            Kind::AgentLost,
            severity,
            format!("{} of {} agents left before the end: {}", lost.len(), record.agents.len(), lost.join("; ")),
            "see what became of them there; what they had handed over is counted, and what was asked fell short",
        )
    })
}

fn missing(record: &Record) -> Option<Doubt> {
    let fleet = record.fleet.as_ref()?;
    let is_known = |hole: &str| {
        let of = |agent: &&Agent| hole.starts_with(&format!("agent {},", agent.name));
        record
            .agents
            .iter()
            .filter(|agent| agent.lost.is_some())
            .any(|agent| of(&agent))
    };
    // Of an agent that was lost nothing else can be.
    let holes = fleet.missing_parts.iter();
    let unknown: Vec<&String> = holes.filter(|hole| !is_known(hole)).collect();
    let first = unknown.first()?;
    let more = match unknown.len() - 1 {
        0 => String::new(),
        more => format!(" (+{more} more)"),
    };
    Some(Doubt::new(
        Kind::MissingParts,
        Severity::Invalid,
        format!("parts of the books have not come: {first}{more}"),
        if fleet.collected {
            "the bus has no more of them: the figures are of what came"
        } else {
            "as long as the bus keeps its parts the run can be collected from there again"
        },
    ))
}

fn doubtful(record: &Record) -> Option<Doubt> {
    let doubted = |agent: &&Agent| agent.audit.verdict != Verdict::Ok;
    let all: Vec<&Agent> = record.agents.iter().filter(doubted).collect();
    let first = all.first()?.audit.doubts().next()?;
    Some(Doubt::new(
        Kind::AgentDoubtful,
        Severity::Doubtful,
        format!(
            "{} of {} agents doubt their own share: {}; the first says: {}",
            all.len(),
            record.agents.len(),
            named(all.iter().copied()),
            first.message
        ),
        first.advice.clone(),
    ))
}

/// Agents against each other: their shares are alike, and so should be what they measure. One that
/// differs beyond its own noise and that of all others is slower, or farther away.
fn differing(record: &Record) -> Option<Doubt> {
    let known = |agent: &Agent| {
        let times = &agent.times_ns;
        let sure = times.confidence(Percentile::P50)?;
        let (low, high) = sure.low.zip(sure.high)?;
        Some((times.p50?, low, high))
    };
    let medians = record
        .agents
        .iter()
        .filter_map(|agent| Some((agent, known(agent)?)));
    let medians: Vec<_> = medians.collect();
    let differs = |at: usize| {
        let (p50, low, high) = medians[at].1;
        let mut others = medians.iter().enumerate().filter(|(other, _)| *other != at);
        others.all(|(_, (_, (other, least, most)))| {
            let is_apart = high < *least || low > *most;
            is_apart && p50.abs_diff(*other) as f64 > ALIKE * *other as f64
        })
    };
    let odd: Vec<usize> = (0..medians.len()).filter(|at| differs(*at)).collect();
    if medians.len() < 3 || odd.is_empty() || odd.len() * 2 > medians.len() {
        return None;
    }
    let words = |at: &usize| {
        let (agent, (p50, ..)) = medians[*at];
        format!("{} {}", agent.name, seconds(p50 as f64 / 1e9))
    };
    let (odd_words, others): (Vec<String>, Vec<String>) = (
        odd.iter().map(words).collect(),
        (0..medians.len())
            .filter(|at| !odd.contains(at))
            .map(|at| words(&at))
            .collect(),
    );
    Some(Doubt::new(
        Kind::AgentDiffers,
        Severity::Doubtful,
        format!(
            "an agent differs: median {}, others {}",
            odd_words.join(", "),
            others.join(", ")
        ),
        "see its machine and its way to the server; percentiles of the sum are a mixture of the two",
    ))
}

/// Times from one agent to another are as good as their clocks; those within an agent are exact.
fn between(record: &Record) -> Option<Doubt> {
    let between = record.fleet.as_ref()?.between.as_ref()?;
    let withheld = between.withheld.iter().map(|it| {
        let share = between.bound_ns as f64 / (it.median_ns as f64).max(1.0);
        format!(
            "{} (median {}, the bound is {} of it)",
            it.series,
            seconds(it.median_ns as f64 / 1e9),
            percent(share)
        )
    });
    let withheld: Vec<String> = withheld.collect();
    (!withheld.is_empty()).then(|| {
        Doubt::new(
            Kind::FleetBetween,
            Severity::Note,
            format!(
                "times between agents are known to ±{} by their clocks, which is too little for: {}; they \
                 are not told",
                seconds(between.bound_ns as f64 / 1e9),
                withheld.join(", ")
            ),
            "delivery times are of receivers on their sender's own agent, and exact; bring the bus nearer to \
             the agents to have the others",
        )
    })
}

fn clocks(record: &Record) -> Option<Doubt> {
    let fleet = record.fleet.as_ref()?;
    let window_ns = record.duration_s * 1e9;
    let spread = fleet.start_spread_ns.unwrap_or(0);
    let unsure = 2 * fleet.clock_bound_ns + spread;
    (window_ns > 0.0 && unsure as f64 > OF_WINDOW * window_ns).then(|| {
        Doubt::new(
            Kind::FleetClocks,
            Severity::Doubtful,
            format!(
                "the agents' windows are one to within {} only, {} of its length: clocks known to ±{}, \
                 beginnings {} apart",
                seconds(unsure as f64 / 1e9),
                percent(unsure as f64 / window_ns),
                seconds(fleet.clock_bound_ns as f64 / 1e9),
                seconds(spread as f64 / 1e9),
            ),
            wsbench_setting::text!["measure longer (", Field::Duration, "), or bring the bus nearer to the agents"],
        )
    })
}
