//! The questions that people ask of a ranking, each with its answer from a league.

use wsbench_judge::figure::Figure;
use wsbench_record::ranking::{Contest, Front, League, Place, Ranking, Workload};
use wsbench_record::units::{asked_rate, counted};

use super::told::{ToldFigure, within};
use crate::html::plot::{Axis, Scale};

/// Servers that are named at once.
const NAMED: usize = 4;

/// Questions of loads that scenarios alone make, and the figures that answer them.
const FURTHER: [(Contest, Figure, &str); 5] = [
    (
        Contest::Items,
        Figure::ITEMS_PER_S,
        "Who sends most parts of answers?",
    ),
    (
        Contest::ItemTimes,
        Figure::ITEM_FIRST_P50,
        "How soon is the first part of an answer there?",
    ),
    (
        Contest::PushAges,
        Figure::PUSH_AGE_P50,
        "How old is what the server sends?",
    ),
    (
        Contest::Pushes,
        Figure::PUSH_GAP_P99,
        "How evenly does the server send?",
    ),
    (
        Contest::Openings,
        Figure::OPENING_P50,
        "How soon is a client open?",
    ),
];

/// A question.
pub(super) struct Question<'a> {
    /// The question.
    pub(super) title: String,
    /// Subject in a few words: `64 × 1, messages/s`.
    pub(super) subject: String,
    /// The answer.
    pub(super) answer: String,
    /// Source of the answer.
    pub(super) of: AnswerSource<'a>,
}

/// Source of an answer.
#[derive(Clone, Copy)]
pub(super) enum AnswerSource<'a> {
    /// A league.
    League(&'a League, Figure),
    /// A trade-off.
    Front(&'a Front),
}

/// The questions that this ranking answers, at most five.
pub(super) fn all(ranking: &Ranking) -> Vec<Question<'_>> {
    let mut questions = Vec::new();
    let workloads = ranking.suite.workloads.as_slice();
    let of_kind = |of: Contest| workloads.iter().filter(move |one| one.contest() == of);
    let mut ask = |workload: Option<&Workload>, figure: Figure, title: String| {
        let league = workload.and_then(|of| league(ranking, &of.name, figure));
        if let Some(league) = league.filter(|league| !league.places.is_empty()) {
            questions.push(Question {
                title,
                subject: format!("{}, {}", figure.title(), league.workload),
                answer: answer(league, figure),
                of: AnswerSource::League(league, figure),
            });
        }
    };
    // Many connections with one message in flight on each are what most people mean.
    let closed = of_kind(Contest::Throughput).max_by_key(|one| {
        let is_usual = one.depth == 1 && one.connections > 1;
        (is_usual, std::cmp::Reverse(one.size_bytes))
    });
    ask(
        closed,
        Figure::MESSAGES_PER_S,
        "Who answers most?".to_owned(),
    );
    let open = of_kind(Contest::Times).next();
    let at = open.and_then(|one| one.rate_per_s);
    let at = at.map_or_else(String::new, |per_s| {
        format!(" at {} msg/s", asked_rate(per_s))
    });
    ask(open, Figure::RESPONSE_P50, format!("Who is quick{at}?"));
    ask(
        open,
        Figure::SERVER_US,
        "What does a message cost?".to_owned(),
    );
    // Most receivers are what a broadcast is hard with; of so many not everything may be known.
    let broadcast = |figure: Figure| {
        let known = of_kind(Contest::Deliveries).filter(|one| {
            let league = league(ranking, &one.name, figure);
            league.is_some_and(|league| !league.places.is_empty())
        });
        known.max_by_key(|one| one.connections)
    };
    let of = broadcast(Figure::LAST_P50);
    let title = format!("When have all {}got it?", receivers(of));
    ask(of, Figure::LAST_P50, title);
    let of = broadcast(Figure::LAST_P99);
    let title = match receivers(of) {
        all if all.is_empty() => "And one time in a hundred?".to_owned(),
        all => format!("And {all}one time in a hundred?"),
    };
    ask(of, Figure::LAST_P99, title);
    ask(
        broadcast(Figure::SERVER_US_PER_DELIVERY),
        Figure::SERVER_US_PER_DELIVERY,
        "What does a delivery cost?".to_owned(),
    );
    for (contest, figure, title) in FURTHER {
        ask(of_kind(contest).next(), figure, title.to_owned());
    }
    let objective = ranking.suite.objective.as_deref();
    let objective = objective.map_or_else(String::new, |words| format!(" {words}"));
    ask(
        of_kind(Contest::GreatestRate).next(),
        Figure::GREATEST_RATE_PER_S,
        format!("What holds{objective}?"),
    );
    questions.extend(ranking.tradeoffs.first().map(|front| Question {
        title: "What is the trade-off?".to_owned(),
        subject: format!("{} against {}", front.x, front.y),
        answer: beaten_by_none(front),
        of: AnswerSource::Front(front),
    }));
    questions
}

/// All connections, where a message is for all of them, with a space behind: `100 receivers `.
fn receivers(of: Option<&Workload>) -> String {
    // In a scenario a message may be for some of them, such as those in a room.
    let to_all = of.filter(|one| one.scenario.is_none());
    to_all.map_or_else(String::new, |one| {
        format!("{} ", counted(one.connections.into(), "receiver"))
    })
}

fn league<'a>(ranking: &'a Ranking, workload: &str, figure: Figure) -> Option<&'a League> {
    let metric = figure.key();
    let mut leagues = ranking.leagues.iter();
    leagues.find(|league| league.workload == workload && league.metric == metric)
}

/// Who leads, and who cannot be told from them.
pub(super) fn answer(league: &League, figure: Figure) -> String {
    let mut answer = if league.is_ranked {
        let tier = |number| -> Vec<&Place> {
            let places = league.places.iter();
            places.filter(|place| place.tier == Some(number)).collect()
        };
        let (first, second) = (tier(1), tier(2));
        let mut words = match first.as_slice() {
            [] => "no server is ahead".to_owned(),
            [one] => format!("{}, {}", one.server, words(league, one)),
            many => format!("{} tie at {}", names(many), range(many, figure)),
        };
        if let ([_], [_, _, ..]) = (first.as_slice(), second.as_slice()) {
            let number = counted(second.len() as u64, "server");
            words.push_str(&format!(
                "; {number} tie behind it at {}",
                range(&second, figure)
            ));
        }
        words
    } else {
        let first = league.places.first();
        let first = first.map(|place| format!("{}, {}", place.server, words(league, place)));
        format!(
            "{}; {}: sorted, not ranked",
            first.unwrap_or_default(),
            counted(u64::from(league.rounds), "round")
        )
    };
    match league.unranked.len() {
        0 => {}
        1 => answer.push_str("; 1 has no figure"),
        more => answer.push_str(&format!("; {more} have no figure")),
    }
    answer
}

fn words(league: &League, place: &Place) -> String {
    ToldFigure::of_place(league, place).map_or_else(String::new, |told| told.words)
}

fn names(places: &[&Place]) -> String {
    let names: Vec<&str> = places.iter().map(|place| place.server.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [some @ .., last] if names.len() <= NAMED => format!("{} and {last}", some.join(", ")),
        _ => format!("{} and {} others", names[..3].join(", "), names.len() - 3),
    }
}

/// The least and the greatest value of several places.
fn range(places: &[&Place], figure: Figure) -> String {
    let values = || places.iter().map(|place| place.value);
    let (low, high) = (
        values().fold(f64::INFINITY, f64::min),
        values().fold(0.0, f64::max),
    );
    let bound = if places.iter().any(|place| place.generator_limited) {
        match figure.sense() {
            wsbench_judge::figure::Sense::More => "≥ ",
            wsbench_judge::figure::Sense::Less => "≤ ",
        }
    } else {
        ""
    };
    format!("{bound}{}", within(figure, high, low, high))
}

/// The servers on a front.
pub(super) fn beaten_by_none(front: &Front) -> String {
    let best: Vec<&str> = front
        .points
        .iter()
        .filter(|point| point.on_front)
        .map(|point| point.server.as_str())
        .collect();
    match best.as_slice() {
        [] => "no server has both figures".to_owned(),
        [one] => format!("{one}: none beats it in either"),
        [some @ .., last] => format!("{} and {last}: none beats them in both", some.join(", ")),
    }
}

/// The axis of a figure: rates and CPU from zero, times, memory and limits by their logarithms.
pub(super) fn axis(figure: Figure) -> Axis {
    use wsbench_judge::figure::Unit;
    let scale = match figure.unit() {
        Unit::Span | Unit::Bytes => Scale::Log,
        _ if figure == Figure::GREATEST_RATE_PER_S => Scale::Log,
        _ => Scale::Linear,
    };
    Axis::new("", scale, figure.unit().into())
}
