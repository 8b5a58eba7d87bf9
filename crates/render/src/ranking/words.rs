//! What text and Markdown say alike of a ranking.

use wsbench_judge::figure::Figure;
use wsbench_judge::ranking::{FEWEST_ROUNDS, value_words};
use wsbench_record::ranking::{
    Contest, Cores, Deflate, Entry, League, Nodelay, Overall, Place, Ranking, ServerFacts, Workload,
};
use wsbench_record::units::{counted, percent, rate, seconds, size};

use crate::table::Table;

/// Meaning of ranks and tiers.
pub(crate) const LEGEND: &str = "rank: the places that the data allow, by pairs of runs of the same \
     round, all pairs of a league judged together at 95 %; tier: all that cannot be told from the \
     tier's best; ≥, ≤: the generator set the figure, so the server may be better, and is told \
     to be worse than nobody";

/// Beyond this share of the value an interval is told by its ends.
const SHARES: f64 = 0.5;
/// Of an interval that reaches this far beyond its value nothing more need be told.
const WIDE: f64 = 10.0;

/// Name and size of the suite.
pub(crate) fn heading(ranking: &Ranking) -> String {
    let contenders = ranking.servers.iter().filter(|one| !one.facts.is_control);
    format!(
        "{}: {}, {}, {} of {} rounds",
        ranking.suite.name,
        counted(contenders.count() as u64, "server"),
        counted(ranking.suite.workloads.len() as u64, "workload"),
        ranking.rounds,
        ranking.suite.rounds
    )
}

/// Division of the cores.
pub(crate) fn cores(ranking: &Ranking) -> Option<String> {
    let suite = &ranking.suite;
    let servers = suite.server_cores.as_ref();
    let generator = suite.generator_cores.as_ref();
    match (servers, generator) {
        (Some(servers), Some(generator)) => Some(format!(
            "servers on core {servers}, generator on core {generator}"
        )),
        (Some(servers), None) => Some(format!("servers on core {servers}")),
        (None, Some(generator)) => Some(format!("generator on core {generator}")),
        (None, None) => None,
    }
}

/// A workload in words.
pub(crate) fn workload(of: &Workload) -> String {
    let mut parts = vec![counted(u64::from(of.connections), "connection"), load(of)];
    if of.scenario.is_none() || sends(of.contest()) {
        parts.push(format!("{} a message", size(of.size_bytes)));
    }
    parts.push(format!(
        "{} after {} of warm-up",
        seconds(of.duration_s),
        seconds(of.warmup_s)
    ));
    parts.push(counted(u64::from(of.rounds), "round"));
    parts.join(", ")
}

/// True of a load whose clients send messages, of a size that says something of it.
fn sends(contest: Contest) -> bool {
    !matches!(
        contest,
        Contest::Pushes | Contest::PushAges | Contest::Memory
    )
}

/// Load of a workload, and the scenario that says it.
fn load(of: &Workload) -> String {
    let per_s = rate(of.rate_per_s.unwrap_or_default());
    let words = match of.contest() {
        Contest::Throughput if of.depth > 1 => format!(
            "as much as is answered, {} in flight a connection",
            of.depth
        ),
        Contest::Throughput => "as much as is answered".to_owned(),
        Contest::Times if of.rate_per_s.is_none() => "at a fixed rate".to_owned(),
        Contest::Times => format!("{per_s} messages/s, Poisson"),
        Contest::Items => "as many answers in several parts as come".to_owned(),
        Contest::ItemTimes => format!("{per_s} requests/s for several parts each, Poisson"),
        Contest::Deliveries if of.scenario.is_some() => {
            format!("{per_s} messages/s to many, Poisson")
        }
        Contest::Deliveries => format!("{per_s} messages/s to all of them, Poisson"),
        Contest::Pushes | Contest::PushAges => "what the server sends by itself".to_owned(),
        Contest::Memory => "held and hardly used".to_owned(),
        Contest::Connects => "opened, used once, closed, replaced".to_owned(),
        Contest::Openings => "at most, of clients that come and go".to_owned(),
        Contest::GreatestRate => "the greatest rate under the objective".to_owned(),
    };
    match &of.scenario {
        None => words,
        Some(scenario) => format!(
            "{words}, by {} for servers of {}",
            scenario.file, scenario.protocol
        ),
    }
}

/// Result of the gate, or why there is none.
pub(crate) fn gate(entry: &Entry) -> String {
    match &entry.gate {
        Some(stamp) => stamp.words(),
        None if entry.ready_s.is_some() => "not asked".to_owned(),
        None => "not reached".to_owned(),
    }
}

/// Subject of a league.
pub(crate) fn title(league: &League) -> String {
    let metric =
        Figure::recorded(&league.metric).map_or_else(|| league.metric.clone(), Figure::title);
    let class = match league.class {
        Cores::One => "",
        Cores::All => " (all cores)",
    };
    let ranked = if league.is_ranked {
        String::new()
    } else {
        format!(
            " (sorted, not ranked: {} of the {FEWEST_ROUNDS} that it takes)",
            counted(u64::from(league.rounds), "round")
        )
    };
    format!("{}: {metric}{class}{ranked}", league.workload)
}

/// A league's table: the placed, then the control, then those without a place.
pub(super) fn table(ranking: &Ranking, league: &League) -> Table {
    let head = [
        "rank", "server", "language", "value", "95 %", "tier", "note",
    ];
    let mut table = Table::new(&head).left(1).left(2).left(6);
    for place in &league.places {
        let entry = ranking.server(&place.server);
        table.push(vec![
            rank(place),
            place.server.clone(),
            entry.map_or_else(String::new, |entry| entry.facts.language.clone()),
            value_words(league, place.value, place.generator_limited),
            interval(league, place),
            place.tier.map_or_else(String::new, |tier| tier.to_string()),
            entry.map_or_else(String::new, |entry| notes(entry, league)),
        ]);
    }
    if let Some((name, control)) = control(ranking, league) {
        let of = "control".to_owned();
        let empty = String::new;
        table.push(vec![
            empty(),
            name,
            empty(),
            value_words(league, control, false),
            empty(),
            empty(),
            of,
        ]);
    }
    for unranked in &league.unranked {
        let entry = ranking.server(&unranked.server);
        let empty = String::new;
        table.push(vec![
            "–".to_owned(),
            unranked.server.clone(),
            entry.map_or_else(String::new, |entry| entry.facts.language.clone()),
            empty(),
            empty(),
            empty(),
            unranked.reason.clone(),
        ]);
    }
    table
}

/// `3`, or `2–5` where the data allow several; empty where nothing is ranked.
pub(crate) fn rank(place: &Place) -> String {
    match (place.rank_low, place.rank_high) {
        (Some(low), Some(high)) if low == high => low.to_string(),
        (Some(low), Some(high)) => format!("{low}–{high}"),
        _ => String::new(),
    }
}

/// Half the interval of confidence as a share of the value: `±1.2 %`; both its ends where that is
/// more than half of it.
pub(crate) fn interval(league: &League, place: &Place) -> String {
    match (place.low, place.high) {
        (Some(low), Some(high)) if place.value > 0.0 => {
            // The interval is symmetrical in logarithms; its greater half is told.
            let half = (high / place.value - 1.0).max(1.0 - low / place.value);
            match Figure::recorded(&league.metric) {
                _ if half >= WIDE => "wide open".to_owned(),
                Some(figure) if half > SHARES => {
                    format!("{}–{}", figure.written(low), figure.written(high))
                }
                _ => format!("±{}", percent(half)),
            }
        }
        _ => String::new(),
    }
}

/// Notes that a reader needs on a server in this league.
pub(crate) fn notes(entry: &Entry, league: &League) -> String {
    let mut notes = Vec::new();
    if let Some(gate) = entry.gate.as_ref().filter(|gate| !gate.counts.pass()) {
        notes.push(format!("gate: {} failed", gate.counts.failed));
    }
    if let Some(cell) = entry.cell(&league.workload) {
        if cell.figure(&league.metric).is_some_and(|it| it.is_pooled) {
            notes.push("all rounds together".to_owned());
        }
        let of = cell.runs.len();
        let failed = cell.runs.iter().filter(|run| run.failed.is_some()).count();
        if failed > 0 {
            notes.push(format!("{failed} of {of} runs failed"));
        }
        if cell.stalled_runs as usize * 2 > of {
            notes.push("Nagle suspected".to_owned());
        }
        if cell.overloaded_runs > 0 {
            notes.push(format!(
                "overloaded in {} of {of} runs",
                cell.overloaded_runs
            ));
        }
    }
    notes.join("; ")
}

/// The control's name and value in this league.
pub(crate) fn control(ranking: &Ranking, league: &League) -> Option<(String, f64)> {
    let entry = ranking.servers.iter().find(|one| one.facts.is_control)?;
    let cell = entry.cell(&league.workload)?;
    let figure = cell.figure(&Figure::recorded(&league.metric)?.key())?;
    Some((entry.facts.name.clone(), figure.value?))
}

/// Everything that failed, a line each.
pub(crate) fn failures(ranking: &Ranking) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in &ranking.servers {
        for failed in &entry.failures {
            let place = match (&failed.round, &failed.workload) {
                (Some(round), Some(workload)) => format!(" (round {round}, {workload})"),
                (Some(round), None) => format!(" (round {round})"),
                _ => String::new(),
            };
            let words = failed.words.trim_end();
            lines.push(format!(
                "{}: {}{place}: {words}",
                entry.facts.name,
                failed.stage.word()
            ));
        }
    }
    lines
}

/// Servers on the front of a trade-off, in words.
pub(crate) fn fronts(ranking: &Ranking) -> Vec<String> {
    let fronts = ranking.tradeoffs.iter().map(|front| {
        let best: Vec<&str> = front
            .points
            .iter()
            .filter(|point| point.on_front)
            .map(|point| point.server.as_str())
            .collect();
        format!(
            "{} against {}: beaten by none in both: {}",
            front.x,
            front.y,
            best.join(", ")
        )
    });
    fronts.collect()
}

/// The weights of an overall score.
pub(crate) fn weights(overall: &Overall) -> String {
    let weights = overall.weights.iter();
    let weights: Vec<String> = weights
        .map(|weight| format!("{} × {}", weight.key, weight.weight))
        .collect();
    weights.join(", ")
}

/// Behaviour of a server that is left alone.
pub(crate) fn defaults(facts: &ServerFacts) -> String {
    let mut words = vec![match facts.cores {
        Cores::One => "one core",
        Cores::All => "all cores",
    }];
    match facts.nodelay {
        Nodelay::On => {}
        Nodelay::Off => words.push("Nagle left on"),
        Nodelay::Unknown => words.push("Nagle unknown"),
    }
    if facts.deflate == Deflate::Accepts {
        words.push("accepts deflate");
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use wsbench_record::ranking::{ScenarioFacts, WorkloadKind};

    use super::*;

    fn of(contest: Contest, rate_per_s: Option<f64>) -> String {
        workload(&Workload {
            name: "w".into(),
            kind: WorkloadKind::Scenario,
            connections: 20,
            depth: 1,
            size_bytes: 60,
            rate_per_s,
            duration_s: 1.0,
            warmup_s: 0.5,
            rounds: 10,
            command: String::new(),
            scenario: Some(ScenarioFacts {
                file: "w.toml".into(),
                digest: String::new(),
                protocol: "chat".into(),
                contest,
            }),
        })
    }

    #[test]
    fn a_scenario_is_told_by_its_load_its_file_and_what_its_servers_speak() {
        let behind =
            "by w.toml for servers of chat, 60 B a message, 1 s after 500 ms of warm-up, 10 rounds";
        assert_eq!(
            of(Contest::Deliveries, Some(200.0)),
            format!("20 connections, 200 messages/s to many, Poisson, {behind}")
        );
        assert_eq!(
            of(Contest::Throughput, None),
            format!("20 connections, as much as is answered, {behind}")
        );
        let pushed = of(Contest::PushAges, None);
        let words =
            "20 connections, what the server sends by itself, by w.toml for servers of chat, 1 s";
        assert!(pushed.starts_with(words), "{pushed}");
        let come = of(Contest::Openings, None);
        assert!(
            come.contains("at most, of clients that come and go"),
            "{come}"
        );
    }
}
