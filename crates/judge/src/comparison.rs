//! Two servers, or two builds of one, against each other: ratios, their noise, and a verdict.
//!
//! What is compared are runs, in rounds when they were made in turn. Ratios and intervals are
//! `stats::runs`'; here stands which figures may be compared at all and what a ratio amounts to
//! among the others. Whoever makes the runs is `experiment`.
//!
//! Of two closed loops only the throughput is compared: the faster server is given more load, so
//! its latencies are of another load than the slower one's (METHOD 1).

mod words;

use thiserror::Error;
use wsbench_load::plan::{Arrival, Flow, PlanSpec, Population, Workload};
use wsbench_record::comparison::{Comparison, Contrast, Design, Doubt, SCHEMA, Side};
use wsbench_record::document::Document;
use wsbench_record::units::{percent, rate};
use wsbench_setting::{Field, Spelling, Text, Told, text};
use wsbench_stats::runs::{self, Ratio, holm, judge};

use crate::figure::{Figure, Reading};
use crate::outcome::{RunStatus, outcome};
use crate::pooled;
use crate::recurring::recurring;
use crate::repetition::readings;

pub use words::finding;

/// Terms of a comparison that is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The command line.
    pub command: String,
    /// Version of wsbench.
    pub tool_version: String,
    /// Seed from which those of the runs follow, where runs were made.
    pub seed: Option<u64>,
    /// Rounds that were asked for; `None` when the sides were measured apart.
    pub asked_rounds: Option<u32>,
    /// Compare also what should not be compared: other plans, latencies of closed loops.
    pub is_forced: bool,
}

/// Why two sides cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ComparisonError {
    /// A side has no run.
    #[error("{side} has no run to compare")]
    NoRuns {
        /// `A` or `B`.
        side: &'static str,
    },
    /// A run's figures are not what they claim to be. There is nothing to force: fix the server,
    /// or look at that run by itself.
    #[error(
        "run {run} of {side} ({label}) is not fit to be compared: {reason}{}",
        detail(caveat)
    )]
    Unfit {
        /// `A` or `B`.
        side: &'static str,
        /// Name of it.
        label: String,
        /// Number of the run, from 1.
        run: usize,
        /// Why.
        reason: String,
        /// Words of its audit.
        caveat: Option<String>,
    },
    /// The sides were not asked to do the same.
    #[error("{}", unlike_text(differences))]
    Unlike {
        /// Differences, in words.
        differences: Vec<String>,
    },
}

impl Told for ComparisonError {
    fn text(&self) -> Text {
        match self {
            Self::Unlike { differences } => unlike_text(differences),
            Self::NoRuns { .. } | Self::Unfit { .. } => self.to_string().into(),
        }
    }
}

fn unlike_text(differences: &[String]) -> Text {
    text![
        format!(
            "A and B were not asked to do the same: {}; measure both alike, or give ",
            differences.join("; ")
        ),
        Field::Force,
    ]
}

fn detail(caveat: &Option<String>) -> String {
    caveat
        .as_ref()
        .map_or_else(String::new, |words| format!(" ({words})"))
}

/// Compares B with A. What is doubted names settings in the words of `spelling`.
///
/// # Errors
/// [`ComparisonError`]: a side has no run, a run is unfit, or the sides are not alike.
pub fn compare(
    a: Side,
    b: Side,
    terms: &Terms,
    spelling: &dyn Spelling,
) -> Result<Comparison, ComparisonError> {
    fit("A", &a)?;
    fit("B", &b)?;
    for (side, of) in [("A", &a), ("B", &b)] {
        if of.runs.is_empty() {
            return Err(ComparisonError::NoRuns { side });
        }
    }
    let unlike = differences(&a.runs[0].plan, &b.runs[0].plan);
    if !unlike.is_empty() && !terms.is_forced {
        let differences = unlike;
        return Err(ComparisonError::Unlike { differences });
    }
    let is_open = a.runs[0].plan.clients.is_open_loop() && b.runs[0].plan.clients.is_open_loop();
    let compares_latency = is_open || terms.is_forced;
    let mut figures: Vec<Contrast> = figures(&a, &b, is_open, compares_latency)
        .into_iter()
        .map(|figure| contrast(figure, &a, &b, terms.asked_rounds.is_some()))
        .collect();
    judged(&mut figures);
    let design = match terms.asked_rounds {
        Some(asked_rounds) => Design::Interleaved {
            asked_rounds,
            rounds: a.runs.len().min(b.runs.len()) as u32,
        },
        None => Design::Apart,
    };
    let doubts = doubts(&a, &b, design, &unlike, spelling);
    Ok(Comparison {
        schema: SCHEMA.to_owned(),
        tool_version: terms.tool_version.clone(),
        command: terms.command.clone(),
        seed: terms.seed,
        design,
        verdict: words::verdict(&figures),
        compares_latency,
        figures,
        doubts,
        conditions: Vec::new(),
        a,
        b,
    })
}

/// Less of the rate that was asked for is another load (METHOD 11, rule 5).
const RATE_SUSTAINED: f64 = 0.995;

/// Makes sure that every run of a side is one whose figures can be believed.
fn fit(side: &'static str, of: &Side) -> Result<(), ComparisonError> {
    for (number, run) in of.runs.iter().enumerate() {
        let reason = match outcome(run, false) {
            RunStatus::Failed(reason) => Some(reason.to_string()),
            RunStatus::NonConforming => Some("it did not pass the conformance gate".to_owned()),
            RunStatus::Ok | RunStatus::AuditFailed => None,
        };
        if let Some(reason) = reason {
            return Err(ComparisonError::Unfit {
                side,
                label: of.label.clone(),
                run: number + 1,
                reason,
                caveat: run.audit.doubts().next().map(ToString::to_string),
            });
        }
    }
    Ok(())
}

/// Settings that one plan asks otherwise than the other, of all that decides what the figures are
/// of.
pub(crate) fn differences(a: &PlanSpec, b: &PlanSpec) -> Vec<String> {
    let mut found = Vec::new();
    let (a_plan, b_plan) = (a, b);
    let (a, b) = (&a.clients, &b.clients);
    if a.connections != b.connections {
        found.push(format!(
            "{} connections and {}",
            a.connections, b.connections
        ));
    }
    match (&a.arrival, &b.arrival) {
        (Arrival::Closed { .. }, Arrival::Open { .. })
        | (Arrival::Open { .. }, Arrival::Closed { .. }) => {
            found.push("one is a closed loop, the other an open one".to_owned());
        }
        (of_a, of_b) if of_a != of_b => {
            let (depth_a, depth_b) = (a.depth(), b.depth());
            let what = if a.is_open_loop() {
                "the schedules of the open loops differ".to_owned()
            } else {
                format!("{depth_a} in flight on a connection and {depth_b}")
            };
            found.push(what);
        }
        _ => {}
    }
    if !a.pauses_like(b) {
        found.push("the pauses between messages differ".to_owned());
    }
    found.extend(exchanges(a, b));
    let (a_threads, b_threads) = (a_plan.threads, b_plan.threads);
    if a_threads != b_threads {
        found.push(format!("{a_threads} generator threads and {b_threads}"));
    }
    if a_plan.replaces_clients() != b_plan.replaces_clients() {
        found.push("the connections of one are replaced, those of the other held".to_owned());
    } else if a.lifetime != b.lifetime {
        found.push("clients come or stay otherwise".to_owned());
    }
    if !a.slow_kinds().eq(b.slow_kinds()) {
        found.push("the slow readers differ".to_owned());
    }
    if a.churn != b.churn {
        found.push("what comes and goes beside the load differs".to_owned());
    }
    if a.returns != b.returns {
        found.push("connections are cut, or clients come back, otherwise".to_owned());
    }
    found
}

/// The ways in which what is said on the connections is not the same: what flows, what one message is,
/// who says it and for whom, and how its answer is known.
fn exchanges(a: &Population, b: &Population) -> Vec<String> {
    let mut found = Vec::new();
    let (of_a, of_b) = (&a.exchange, &b.exchange);
    if of_a.flow != of_b.flow {
        found.push(match [&of_a.flow, &of_b.flow].map(flow) {
            [one, other] if one == other => format!("of {one} not the same is read"),
            [one, other] => format!("{one} in one, {other} in the other"),
        });
    }
    if of_a.unit != of_b.unit {
        let [one, other] = [of_a, of_b].map(|it| it.unit.name());
        found.push(format!(
            "a message is what '{one}' means in one, '{other}' in the other"
        ));
    }
    let does = |it: &Population| -> Vec<(u32, bool, bool)> {
        let roles = it.roles.iter();
        roles
            .map(|it| (it.connections, it.publishes, it.subscribes))
            .collect()
    };
    let is_idle = matches!(of_a.flow, Flow::Idle);
    for (differs, words) in [
        (
            of_a.audience != of_b.audience,
            "the messages of one are for others than those of the other",
        ),
        (of_a.rooms != of_b.rooms, "the rooms differ"),
        (
            does(a) != does(b),
            "other connections publish, or subscribe, in one than in the other",
        ),
        (
            !a.voices().eq(b.voices()),
            "the clients that publish have other shares of the messages, or say something else",
        ),
        (
            of_a.envelope != of_b.envelope,
            "the text around the messages differs",
        ),
        (of_a.payload != of_b.payload, "the messages differ"),
        (
            of_a.request != of_b.request || of_a.numbered != of_b.numbered,
            "answers are known otherwise in one than in the other",
        ),
        (
            of_a.ack != of_b.ack,
            "messages are acknowledged otherwise in one than in the other",
        ),
        (
            of_a.verify != of_b.verify,
            "the answers were not checked alike",
        ),
        (
            is_idle && !a.is_pinged_like(b),
            "the pings are not equally far apart",
        ),
    ] {
        if differs {
            found.push(words.to_owned());
        }
    }
    // Whatever else a workload comes to hold: none is taken for another.
    let mut known: Workload = of_a.clone();
    known.greeting.clone_from(&of_b.greeting);
    if found.is_empty() && known != *of_b {
        found.push("what is said on the connections differs".to_owned());
    }
    found
}

/// The traffic that a flow is, in words.
fn flow(flow: &Flow) -> &'static str {
    match flow {
        Flow::Answered => "messages that are answered",
        Flow::Oneway => "messages that nobody answers",
        Flow::Push(_) => "pushes",
        Flow::Idle => "connections without a message",
        Flow::Storm => "a storm of connections",
    }
}

/// The figures that may be compared.
fn figures(a: &Side, b: &Side, is_open: bool, with_latency: bool) -> Vec<Figure> {
    let all = || a.runs.iter().chain(&b.runs);
    let mut figures = vec![Figure::MESSAGES_PER_S];
    let (a_clients, b_clients) = (&a.runs[0].plan.clients, &b.runs[0].plan.clients);
    if is_open {
        figures.extend(Figure::percentiles(a_clients.headline_from_due()));
    }
    if with_latency {
        figures.extend(Figure::percentiles(a_clients.headline_from_sent()));
    }
    if a_clients.is_fanned_out() && b_clients.is_fanned_out() {
        figures.extend(Figure::OF_DELIVERIES);
    }
    for figure in [Figure::SERVER_US, Figure::GENERATOR_US] {
        if all().any(|run| figure.read(run).is_ok()) {
            figures.push(figure);
        }
    }
    figures.extend([Figure::ERRORS, Figure::UNANSWERED]);
    figures
}

/// One figure of both sides, not yet judged among the others.
fn contrast(figure: Figure, a: &Side, b: &Side, is_paired: bool) -> Contrast {
    let empty = Contrast {
        name: figure.name(),
        a: None,
        b: None,
        ratio: None,
        ratio_low: None,
        ratio_high: None,
        p_value: None,
        noise_a: None,
        noise_b: None,
        finding: None,
        missing: None,
        is_pooled: false,
    };
    let (of_a, of_b) = match (readings(figure, &a.runs), readings(figure, &b.runs)) {
        (Ok(of_a), Ok(of_b)) => (of_a, of_b),
        (of_a, of_b) => {
            if let Some((of_a, of_b, ratio)) = pooled::compared(figure, &a.runs, &b.runs) {
                return Contrast {
                    a: Some(of_a),
                    b: Some(of_b),
                    is_pooled: true,
                    ..with_ratio(empty, &ratio)
                };
            }
            let why = of_a.map_err(|why| format!("A: {why}")).err();
            let missing = why.or(of_b.map_err(|why| format!("B: {why}")).err());
            return Contrast { missing, ..empty };
        }
    };
    let (values_a, values_b) = (values(&of_a), values(&of_b));
    if figure.is_count() {
        return Contrast {
            a: Some(values_a.iter().sum()),
            b: Some(values_b.iter().sum()),
            ..empty
        };
    }
    let Some(ratio) = ratio(&of_a, &of_b, is_paired) else {
        let missing = Some("zero in a run".to_owned());
        return Contrast { missing, ..empty };
    };
    Contrast {
        a: runs::spread(&values_a).map(|spread| spread.mean),
        b: runs::spread(&values_b).map(|spread| spread.mean),
        noise_a: runs::noise(&values_a),
        noise_b: runs::noise(&values_b),
        ..with_ratio(empty, &ratio)
    }
}

/// The contrast with the ratio of its sides, and how sure that is.
fn with_ratio(contrast: Contrast, ratio: &Ratio) -> Contrast {
    Contrast {
        ratio: Some(ratio.value),
        ratio_low: ratio.interval.map(|interval| interval.low),
        ratio_high: ratio.interval.map(|interval| interval.high),
        p_value: ratio.p_value,
        ..contrast
    }
}

fn values(readings: &[Reading]) -> Vec<f64> {
    readings.iter().map(|reading| reading.value).collect()
}

/// B ÷ A: paired by rounds, else as two samples of runs; of two single runs by what each knows of
/// itself. `None` where a figure is not positive.
pub(crate) fn ratio(a: &[Reading], b: &[Reading], is_paired: bool) -> Option<Ratio> {
    let (values_a, values_b) = (values(a), values(b));
    if is_paired {
        let pairs: Vec<(f64, f64)> = values_a.into_iter().zip(values_b).collect();
        return runs::paired(&pairs);
    }
    if let ([a], [b]) = (a, b)
        && let (Some(within_a), Some(within_b)) = (a.within, b.within)
    {
        return runs::of_intervals((a.value, within_a), (b.value, within_b), runs::MANY);
    }
    runs::unpaired(&values_a, &values_b)
}

/// Judges every ratio among the others: of many figures one differs by chance, so each has to show
/// more (Holm), and a comparison of a server with itself finds a difference one time in twenty at
/// most, however many figures it has.
fn judged(figures: &mut [Contrast]) {
    let asked: Vec<usize> = (0..figures.len())
        .filter(|at| figures[*at].p_value.is_some())
        .collect();
    let p_values: Vec<f64> = asked.iter().filter_map(|at| figures[*at].p_value).collect();
    for (at, adjusted) in asked.into_iter().zip(holm(&p_values)) {
        figures[at].p_value = Some(adjusted);
    }
    for contrast in figures {
        let ratio = contrast.as_ratio();
        contrast.finding = ratio.map(|ratio| judge(&ratio, ratio.p_value).into());
    }
}

fn doubts(
    a: &Side,
    b: &Side,
    design: Design,
    unlike: &[String],
    spelling: &dyn Spelling,
) -> Vec<Doubt> {
    let by_design = by_design(a, b, design, unlike).into_iter();
    let mut doubts: Vec<Doubt> = by_design
        .map(|text| Doubt::Design {
            words: text.spelled(spelling),
        })
        .collect();
    for (side, of) in [("A", a), ("B", b)] {
        let audits = recurring(&of.runs).into_iter().map(|caveat| Doubt::Audit {
            side: side.to_owned(),
            caveat,
        });
        doubts.extend(audits);
    }
    doubts
}

/// Doubts that the way in which the comparison was made leaves open.
fn by_design(a: &Side, b: &Side, design: Design, unlike: &[String]) -> Vec<Text> {
    let mut found = Vec::new();
    if !unlike.is_empty() {
        let unlike = unlike.join("; ");
        let words = format!("forced, though they were not asked to do the same: {unlike}");
        found.push(words.into());
    }
    if let Design::Interleaved {
        asked_rounds,
        rounds,
    } = design
        && rounds < asked_rounds
    {
        found.push(format!("{rounds} of {asked_rounds} rounds were made").into());
    }
    if design == Design::Apart {
        found.push(
            "measured apart: whatever changed on the machine in between is part of the ratio; \
             two URLs are measured in turn"
                .into(),
        );
        if a.runs.len() == 1 || b.runs.len() == 1 {
            found.push(text![
                "a side is a single run, of which the noise between runs is not known: keep the \
                 results of ",
                Field::Repeat,
                ", or compare two URLs",
            ]);
        }
    }
    if !a.runs[0].host.is_like(&b.runs[0].host) {
        found.push("measured on different machines or systems".into());
    }
    for (side, of) in [("A", a), ("B", b)] {
        if let Some(text) = unsustained(side, &of.runs) {
            found.push(text);
        }
    }
    found
}

/// A side that did not keep up with the rate: its latencies are of a growing queue.
fn unsustained(side: &str, runs: &[Document]) -> Option<Text> {
    let of_both = |run: &Document| {
        let asked = run.asked_messages_per_s? * run.duration_s;
        Some((run.messages_per_s? * run.duration_s, asked))
    };
    let of_all: Option<Vec<(f64, f64)>> = runs.iter().map(of_both).collect();
    let (answered, due) = of_all?
        .into_iter()
        .fold((0.0, 0.0), |sum, run| (sum.0 + run.0, sum.1 + run.1));
    let achieved = answered / due;
    let asked = runs.first()?.asked_messages_per_s?;
    // A Poisson schedule has a spread of its own.
    let spread = 2.0 / due.sqrt();
    (achieved < RATE_SUSTAINED - spread).then(|| {
        text![
            format!(
                "{side} answered {} of {} messages/s: at a rate that it does not sustain its \
                 latency grows with the length of the run, and a lower ",
                percent(achieved),
                rate(asked)
            ),
            Field::Arrival.brief(),
            " compares more",
        ]
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wsbench_load::arrival::Process;
    use wsbench_load::nanos::Nanos;
    use wsbench_load::plan::{
        Audience, Awaited, ByNumber, Encoding, Greeting, Lifetime, LoginSteps, MessageUnit,
        Pattern, Payload, Pushes, Reads, Reconnect, Returns, Role, Rooms, Sessions, SlowReaders,
        Spoken, Stay, Think, Verify,
    };
    use wsbench_load::template::Template;
    use wsbench_wire::connection::MessageKind;

    use super::*;

    /// Each way in which two plans ask for something else is said, in one sentence each.
    #[test]
    fn what_flows_and_who_is_there_is_compared() {
        let plain = PlanSpec::against("ws://127.0.0.1:1/".parse().unwrap());
        assert_eq!(differences(&plain, &plain), [""; 0]);
        let sessions = Sessions {
            per_s: 50.0,
            process: Process::Poisson,
            stay: Stay::RoundTrips(5),
        };
        let slow = SlowReaders {
            share: 0.05,
            reads: Reads::Rate { bytes_per_s: 1_000 },
        };
        let returns = Returns {
            policy: Reconnect::Fixed {
                wait: Nanos::from_secs(1),
            },
            drill: None,
        };
        let changed = |change: &dyn Fn(&mut PlanSpec)| {
            let mut other = plain.clone();
            change(&mut other);
            let found = differences(&plain, &other);
            assert_eq!(differences(&other, &other), [""; 0]);
            found
        };
        let pushes = changed(&|plan| plan.clients.exchange.flow = Flow::Push(Pushes::default()));
        assert_eq!(
            pushes,
            ["messages that are answered in one, pushes in the other"]
        );
        let slow = changed(&|plan| plan.clients.slow = Some(slow));
        assert_eq!(slow, ["the slow readers differ"]);
        let churn = changed(&|plan| plan.clients.churn = Some(sessions));
        assert_eq!(churn, ["what comes and goes beside the load differs"]);
        let returns = changed(&|plan| plan.clients.returns = Some(returns));
        assert_eq!(
            returns,
            ["connections are cut, or clients come back, otherwise"]
        );
        let sessions = changed(&|plan| plan.clients.lifetime = Lifetime::Scheduled(sessions));
        assert_eq!(sessions, ["clients come or stay otherwise"]);
        let pause = Nanos::from_millis(5);
        let think = Think {
            least: pause,
            most: pause,
        };
        let paused = changed(&|plan| plan.clients.think = Some(think));
        assert_eq!(paused, ["the pauses between messages differ"]);
    }

    /// So is each way in which what is said on the connections is something else.
    #[test]
    fn exchanges_are_compared() {
        let plain = PlanSpec::against("ws://127.0.0.1:1/".parse().unwrap());
        let words = |text: &str| Spoken {
            kind: MessageKind::Text,
            words: Template::for_words(text).unwrap(),
        };
        type Change<'a> = (&'a str, &'a dyn Fn(&mut PlanSpec));
        let changes: [Change<'_>; 10] = [
            (
                "the messages of one are for others than those of the other",
                &|plan| plan.clients.exchange.audience = Audience::Room,
            ),
            ("the rooms differ", &|plan| {
                plan.clients.exchange.rooms = Some(Rooms::numbered(3));
            }),
            (
                "a message is what 'frame' means in one, 'lines' in the other",
                &|plan| plan.clients.exchange.unit = MessageUnit::Lines,
            ),
            (
                "other connections publish, or subscribe, in one than in the other",
                &|plan| plan.clients.roles = vec![role(1, true), role(2, false)],
            ),
            ("the text around the messages differs", &|plan| {
                plan.clients.exchange.envelope = Some(Arc::new(words("say {tag}{fill}")));
            }),
            ("the messages differ", &|plan| {
                plan.clients.exchange.payload = Payload::Template {
                    encoding: Encoding::Text,
                    template: Arc::new(Template::parse("{seq}").unwrap()),
                };
            }),
            (
                "answers are known otherwise in one than in the other",
                &|plan| {
                    plan.clients.exchange.request = Some(ByNumber {
                        at: "json:/id".parse().unwrap(),
                        failed: None,
                        end: None,
                    });
                },
            ),
            (
                "messages are acknowledged otherwise in one than in the other",
                &|plan| {
                    let ack = Awaited::new(None, Pattern::Contains(b"ok".to_vec()));
                    plan.clients.exchange.ack = Some(Arc::new(ack));
                },
            ),
            ("the answers were not checked alike", &|plan| {
                plan.clients.exchange.verify = Verify::Contains;
            }),
            (
                "messages that are answered in one, connections without a message in the other",
                &|plan| plan.clients.exchange.flow = Flow::Idle,
            ),
        ];
        for (told, change) in changes {
            let mut other = plain.clone();
            change(&mut other);
            assert_eq!(differences(&plain, &other), [told]);
            assert_eq!(differences(&other, &other), [""; 0]);
            // As stored, without what is withheld.
            let stored = other.redacted();
            assert_eq!(differences(&stored, &stored), [""; 0]);
        }
        // Which messages of the server's own are taken is the server's affair.
        let mut greeted = plain.clone();
        greeted.clients.exchange.greeting = Some(Greeting::Count(1));
        assert_eq!(differences(&plain, &greeted), [""; 0]);
        let pinged = |seconds| {
            let mut plan = plain.clone();
            plan.clients.exchange.flow = Flow::Idle;
            plan.clients.keep_alive = Some(Nanos::from_secs(seconds));
            plan
        };
        assert_eq!(
            differences(&pinged(1), &pinged(2)),
            ["the pings are not equally far apart"]
        );
    }

    fn role(connections: u32, publishes: bool) -> Role {
        Role {
            connections,
            publishes,
            subscribes: !publishes,
            reads: None,
            join: LoginSteps::default(),
            voice: None,
        }
    }
}
