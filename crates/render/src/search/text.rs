//! A search as text: the answer first, then how it was come by.

use wsbench_record::document::Known;
use wsbench_record::objective::Objective;
use wsbench_record::provenance::Provenance;
use wsbench_record::search::{Edge, Ending, Limit, Over, Reading, Search, Trial, TrialVerdict};
use wsbench_record::units::{self, count, counted, percent, rate, seconds};
use wsbench_setting::{Field, Mention, Spelling, text};
use wsbench_stats::mean;

use crate::mark;
use crate::page::LabelledText;
use crate::plan_line::{self, plan_line, title};
use crate::style::{Style, Tone};
use crate::table::Table;

/// Share of the limit from which on all of it was used.
const USED: f64 = 0.9;
/// A search that could not be certain of a single load is certain of one within so many times what it took:
/// there is room for as many trials again.
const PLENTY: f64 = 2.0;

/// Name of the run whose plan is shown: the pilot, or the first where there was none.
pub(crate) fn planned(search: &Search) -> &'static str {
    match search.capacity_per_s {
        Some(_) => "pilot",
        None => "first trial",
    }
}

/// The search as text, ending with a line end.
#[must_use]
pub fn render(search: &Search, style: Style) -> String {
    let mut page = LabelledText::new(style);
    let plan = &search.provenance.plan;
    let target = page.style.paint(Tone::Headline, &title(plan));
    page.line("wsbench", &target);
    page.prose("find", &over_words(search.over), None);
    page.prose(planned(search), &plan_line(plan), None);
    page.gap();
    let tone = if search.holds.is_some() {
        Tone::Headline
    } else {
        Tone::Bad
    };
    page.prose("sustainable", &answer(search), Some(tone));
    for line in remarks(search, style.spelling) {
        page.prose("", &line, None);
    }
    page.gap();
    page.table("", &table(search));
    if search.trials.iter().any(|trial| trial.marginal) {
        let legend = "~ the trial's confidence interval leaves it open; its estimate is told";
        page.prose("", legend, Some(Tone::Quiet));
    }
    for trial in &search.trials {
        if let (Some(doubt), TrialVerdict::GeneratorLimited) = (&trial.doubt, trial.verdict) {
            page.prose("", &format!("{}: {doubt}", trial.number), None);
        }
    }
    page.gap();
    page.command("repeat", &repeat(search, style.spelling));
    page.text
}

/// The command that repeats the search, the seed with it.
pub(super) fn repeat(search: &Search, spelling: &dyn Spelling) -> String {
    let Provenance { command, seed, .. } = &search.provenance;
    crate::summary::seeded(command, *seed, spelling)
}

/// A load without its unit, whole: a bracket of 5 % shows in three digits no more.
pub(super) fn load(load: f64) -> String {
    count(load.round() as u64)
}

/// The answer in a sentence: `3,800–3,990 msg/s (p99 ≤ 2.00ms)`.
pub(crate) fn answer(search: &Search) -> String {
    let unit = search.over.unit();
    let asked: Vec<String> = search.objectives.iter().map(ToString::to_string).collect();
    let asked = asked.join(", ");
    let beyond = match search.limited_by {
        Limit::Generator => ", limited by the generator",
        Limit::Connections => ", limited by connections",
        Limit::Server | Limit::NotMet => "",
    };
    match (search.holds, search.fails) {
        (Some(holds), Some(fails)) if search.limited_by == Limit::Server => {
            let (low, high) = (load(holds.load), load(fails.load));
            format!("{low}–{high} {unit} ({asked})")
        }
        (Some(holds), _) => format!("at least {} {unit} ({asked}){beyond}", load(holds.load)),
        (None, Some(fails)) => format!("less than {} {unit} ({asked}){beyond}", load(fails.load)),
        (None, None) => format!("not known ({asked})"),
    }
}

/// Remarks that are needed beside the answer.
pub(crate) fn remarks(search: &Search, spelling: &dyn Spelling) -> Vec<String> {
    let mut lines = vec![ending(search, spelling)];
    lines.extend(ends(search));
    lines.extend(width(search, spelling));
    let unit = search.over.unit();
    match search.limited_by {
        Limit::Server => lines.push("limited by the server".to_owned()),
        Limit::Generator => lines.push(
            "above it wsbench itself, or this machine, is in the way: the server may hold more"
                .to_owned(),
        ),
        Limit::Connections => {
            lines.push("above it connections could not be had, or did not last".to_owned());
        }
        Limit::NotMet => {}
    }
    if let Some(recovery) = &search.recovery {
        let after = load(recovery.overload);
        lines.push(if recovery.recovered {
            format!(
                "recovers: {} {unit} hold again directly after {after}",
                load(recovery.load)
            )
        } else {
            format!(
                "does not recover at once: {} {unit} fail directly after {after}",
                load(recovery.load)
            )
        });
    }
    if let Some(capacity) = search.capacity_per_s {
        lines.push(format!(
            "pressed as hard as it could, the pilot got {} msg/s",
            rate(capacity)
        ));
    }
    lines
}

/// Ends that are certain, and by how many trials.
fn ends(search: &Search) -> Option<String> {
    let end = |edge: Edge, what: &str| {
        let trials = counted(edge.trials.into(), "trial");
        format!("{} {what} ({trials})", load(edge.load))
    };
    let ends = [
        search.holds.map(|edge| end(edge, "holds")),
        search.fails.map(|edge| end(edge, "fails")),
    ];
    let ends: Vec<String> = ends.into_iter().flatten().collect();
    let certain =
        (!ends.is_empty()).then(|| format!("{}, with 95 % confidence", ends.join(" and ")))?;
    let is_open = matches!(
        search.ended,
        Ending::OutOfTime | Ending::OutOfTrials | Ending::Blurred
    );
    let missing = match (search.holds, search.fails) {
        (None, Some(_)) if is_open => "; no load was seen for long enough to hold for certain",
        (Some(_), None) if is_open => "; no load was seen for long enough to fail for certain",
        _ => "",
    };
    Some(format!("{certain}{missing}"))
}

/// A limit of so many seconds, as it is given: beyond two minutes in whole ones.
fn limit(span_s: f64) -> Mention {
    Field::Limit.with(match span_s.ceil() {
        short if short <= 120.0 => format!("{short}s"),
        long => format!("{}m", (long / 60.0).ceil()),
    })
}

/// A factor: in whole numbers from ten on.
fn factor(change: f64) -> String {
    if change < 9.95 {
        format!("{change:.1}")
    } else {
        count(change.round() as u64)
    }
}

/// What more time would give.
fn longer(search: &Search, spelling: &dyn Spelling) -> String {
    let to = percent(search.resolution - 1.0);
    // What was given was not enough: no advice.
    let asked = search.longer_s.map(|longer_s| search.took_s + longer_s);
    let longer = match asked.filter(|asked| asked.ceil() > search.limit_s) {
        Some(asked_s) => text![limit(asked_s), format!(" would narrow it to about {to}"),],
        None => text![
            "longer trials (",
            Field::Duration.brief(),
            ") or a longer ",
            Field::Limit,
            " narrow it",
        ],
    };
    longer.spelled(spelling)
}

/// Why the bracket is wider than it was to be: what was tried within it, and how little the
/// percentile changes over it.
fn width(search: &Search, spelling: &dyn Spelling) -> Option<String> {
    let (holds, fails) = (search.holds?.load, search.fails?.load);
    if search.limited_by != Limit::Server || fails / holds <= search.resolution * 1.01 {
        return None;
    }
    let within = |trial: &&Trial| holds < trial.load && trial.load < fails;
    let mut open: Vec<f64> = search
        .trials
        .iter()
        .filter(within)
        .map(|it| it.load)
        .collect();
    open.sort_by(f64::total_cmp);
    open.dedup();
    let undecided = if open.is_empty() {
        String::new()
    } else {
        let open: Vec<String> = open.into_iter().map(load).collect();
        format!("undecided in between: {}; ", open.join(", "))
    };
    let longer = longer(search, spelling);
    let Some((name, change)) = change(search, holds, fails) else {
        return Some(format!("{undecided}{longer}"));
    };
    let is_flat = change.ln() < (fails / holds).ln();
    let flat = if is_flat {
        "the curve is flat here: "
    } else {
        ""
    };
    let by = if change < 1.5 {
        percent(change - 1.0)
    } else {
        format!("a factor of {}", factor(change))
    };
    Some(format!(
        "{undecided}{flat}{name} changes by {by} over the bracket; {longer}"
    ))
}

/// The percentile that changes most from one load to the other, and by which factor.
fn change(search: &Search, from: f64, to: f64) -> Option<(String, f64)> {
    let figure = |load: f64, objective: usize| {
        let at_it = search.trials.iter().filter(|trial| trial.load == load);
        let figures: Vec<f64> = at_it
            .filter_map(|trial| trial.readings.get(objective)?.figure)
            .collect();
        mean(&figures).filter(|figure| *figure > 0.0)
    };
    let changes = search.objectives.iter().enumerate();
    changes
        .filter(|(_, objective)| matches!(objective, Objective::Time { .. }))
        .filter_map(|(at, objective)| {
            // Trials that are noisier than the curve is steep may say that it falls.
            let change = (figure(to, at)? / figure(from, at)?).max(1.0);
            Some((objective.name(), change))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// End of the search, in words.
fn ending(search: &Search, spelling: &dyn Spelling) -> String {
    let how = match &search.ended {
        Ending::Found => "found".to_owned(),
        Ending::Blurred => format!(
            "no narrower: what was left of {} and {} trials would not have told more",
            seconds(search.limit_s),
            search.most_trials
        ),
        Ending::NothingHolds => "the least load that is tried fails".to_owned(),
        Ending::NothingFails => "the greatest load that can be asked for holds".to_owned(),
        Ending::OutOfTrials => {
            format!(
                "stopped after {}",
                counted(u64::from(search.most_trials), "trial")
            )
        }
        Ending::OutOfTime if search.holds.is_none() && search.fails.is_none() => {
            let enough = PLENTY * search.took_s.max(search.limit_s);
            text![
                format!(
                    "{} was too short to be certain of any load: ",
                    seconds(search.limit_s)
                ),
                limit(enough),
                " has room for a bracket",
            ]
            .spelled(spelling)
        }
        Ending::OutOfTime if search.took_s < USED * search.limit_s => format!(
            "what was left of {} ({}) was too short for a trial: longer tells more",
            seconds(search.limit_s),
            spelling.of(Field::Limit)
        ),
        Ending::OutOfTime => format!(
            "all of {} was used ({}): longer tells more",
            seconds(search.limit_s),
            spelling.of(Field::Limit)
        ),
        Ending::Interrupted => "interrupted: this is what was known by then".to_owned(),
        Ending::Broken(reason) => format!("stopped: {reason}"),
    };
    format!(
        "{how}; {} in {}",
        counted(search.trials.len() as u64, "trial"),
        seconds(search.took_s.round())
    )
}

/// Every trial, as a table.
pub(crate) fn table(search: &Search) -> Table {
    let mut names = vec!["trial", "purpose", search.over.unit(), "length", "achieved"];
    let objectives = search.objectives.iter().map(Objective::name);
    let objectives: Vec<String> = objectives.collect();
    names.extend(objectives.iter().map(String::as_str));
    names.push("errors");
    names.push("verdict");
    let mut table = Table::new(&names).left(1).left(names.len() - 1);
    for trial in &search.trials {
        table.push(row(search, trial));
    }
    table
}

fn row(search: &Search, trial: &Trial) -> Vec<String> {
    let mut cells = vec![
        trial.number.to_string(),
        trial.purpose.word().to_owned(),
        load(trial.load),
        seconds(trial.length_s),
        trial
            .achieved_per_s
            .map_or_else(|| units::UNKNOWN.to_owned(), rate),
    ];
    for (objective, reading) in search.objectives.iter().zip(&trial.readings) {
        cells.push(read(*objective, reading));
    }
    cells.push(match trial.error_share {
        Some(0.0) => "0".to_owned(),
        Some(share) => format!("{:.2} %", share * 100.0),
        None => units::UNKNOWN.to_owned(),
    });
    cells.push(verdict(trial));
    cells
}

/// The figure of an objective in a trial, its interval with it where there is one.
fn read(objective: Objective, reading: &Reading) -> String {
    let is_time = matches!(objective, Objective::Time { .. });
    match (reading.figure, reading.low, reading.high) {
        (Some(ns), Some(low), Some(high)) if is_time && ns.is_finite() => {
            mark::compact(Known::Within { ns, low, high })
        }
        (Some(figure), ..) => objective.shown(figure),
        (None, ..) => units::UNKNOWN.to_owned(),
    }
}

/// `holds`, `~holds`, `fails: too slow`.
fn verdict(trial: &Trial) -> String {
    if trial.verdict == TrialVerdict::GeneratorLimited {
        return trial.verdict.word().to_owned();
    }
    let word = trial.verdict.word();
    let mark = if trial.marginal { units::LOW } else { "" };
    match trial.cause {
        Some(cause) => format!("{mark}{word}: {}", cause.words()),
        None => format!("{mark}{word}"),
    }
}

/// The unit of the load for headings.
#[must_use]
pub(crate) fn over_words(over: Over) -> String {
    match over {
        Over::Rate => "greatest rate".to_owned(),
        Over::Connections {
            rate_per_s: Some(per_s),
            ..
        } => format!(
            "greatest number of connections at {} msg/s in all",
            rate(per_s)
        ),
        Over::Connections {
            rate_per_connection: Some(per_s),
            ..
        } => format!(
            "greatest number of connections at {} msg/s each",
            rate(per_s)
        ),
        Over::Connections {
            rate_per_connection: None,
            rate_per_s: None,
        } => "greatest number of connections, each with one message in flight".to_owned(),
        Over::Audience {
            rooms: 1,
            rate_per_s,
        } => {
            format!("greatest audience at {} msg/s", rate(rate_per_s))
        }
        Over::Sessions { stay } => format!(
            "greatest number of sessions a second, each for {}",
            plan_line::stay(stay)
        ),
        Over::Audience { rooms, rate_per_s } => format!(
            "greatest audience of each of {} rooms at {} msg/s in all",
            units::count(rooms.into()),
            rate(rate_per_s)
        ),
    }
}
