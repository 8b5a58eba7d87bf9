//! The table of all servers, which is the chart of the first question and of the others in turn.
//!
//! Each row has, for every question, its place, its figure and its interval; the style shows those of
//! the question that is asked. The other columns are shown and hidden by their boxes, without a
//! script.

use std::fmt::Write as _;

use wsbench_judge::figure::Figure;
use wsbench_record::ranking::{Entry, League, Place, Ranking, Workload};
use wsbench_record::units::seconds;

use super::questions::{AnswerSource, Question, axis};
use super::told::ToldFigure;
use crate::html::markup::Markup;
use crate::html::plot::Axis;
use crate::html::plot::drawing::{line, percent};
use crate::html::plot::scale::AxisRange;
use crate::html::ranges::{Range, reach};
use crate::ranking::words;

/// Further columns that are shown until the reader chooses others.
const SHOWN: usize = 4;

/// A question that the table can be sorted and drawn by.
struct AskedLeague<'a> {
    league: &'a League,
    axis: Axis,
    extent: AxisRange,
    /// The values of those that cannot be told from the best.
    tie: Option<(f64, f64)>,
}

/// A further column.
struct LeagueColumn<'a> {
    head: (String, String),
    title: String,
    league: &'a League,
    is_shown: bool,
}

/// The servers in order: those placed by the first question, the others, the control.
pub(super) fn in_order<'a>(ranking: &'a Ranking, questions: &[Question<'_>]) -> Vec<&'a Entry> {
    let first = questions.iter().find_map(|question| match question.of {
        AnswerSource::League(league, _) => Some(league),
        AnswerSource::Front(_) => None,
    });
    let places = first.map_or(&[][..], |league| league.places.as_slice());
    let mut servers: Vec<&Entry> = ranking.servers.iter().collect();
    servers.sort_by_key(|entry| {
        let at = place_of(places, entry);
        (entry.facts.is_control, at.unwrap_or(usize::MAX))
    });
    servers
}

fn place_of(places: &[Place], entry: &Entry) -> Option<usize> {
    let mut all = places.iter();
    all.position(|place| place.server == entry.facts.name)
}

/// The table with its style, and above it the boxes of its columns.
pub(super) fn markup(ranking: &Ranking, questions: &[Question<'_>]) -> Markup {
    let asked: Vec<AskedLeague<'_>> = questions.iter().filter_map(asked).collect();
    let columns = columns(ranking, questions);
    let mut markup = Markup::new();
    markup.push(&boxes(&columns));
    markup.open("div", &[("class", "scroll all"), ("tabindex", "0")]);
    markup.open("table", &[("id", "servers"), ("class", "rank")]);
    markup.element(
        "caption",
        &[("class", "gone")],
        "Every server, the best first",
    );
    head(&mut markup, ranking, &asked, &columns);
    markup.open("tbody", &[]);
    let mut before = None;
    for entry in in_order(ranking, questions) {
        let tier = asked.first().and_then(|one| tier(one.league, entry));
        let is_edge = before.is_some_and(|before| before != tier);
        row(&mut markup, ranking, entry, is_edge, &asked, &columns);
        before = Some(tier);
    }
    markup.close("tbody").close("table").close("div");
    markup.element(
        "p",
        &[("class", "quiet note")],
        "Blue field: what ties with the best. Bars at the left edge: tiers, not told apart from \
         their best. Hollow with an arrow: a bound, the generator set it. Grey: too wide to be one \
         figure. 95 % intervals between rounds.",
    );
    markup
}

fn asked<'a>(question: &Question<'a>) -> Option<AskedLeague<'a>> {
    let AnswerSource::League(league, figure) = question.of else {
        return None;
    };
    let axis = axis(figure);
    let told = league
        .places
        .iter()
        .filter_map(|place| ToldFigure::of_place(league, place));
    let held: Vec<f64> = told.flat_map(|told| told.held()).collect();
    let first = league.places.iter().filter(|place| place.tier == Some(1));
    let ends = first.map(|place| {
        let (low, high) = place
            .low
            .zip(place.high)
            .unwrap_or((place.value, place.value));
        (low.min(place.value), high.max(place.value))
    });
    let tie = ends.reduce(|(low, high), (one, other)| (low.min(one), high.max(other)));
    Some(AskedLeague {
        extent: axis.extent(&held),
        league,
        axis,
        tie,
    })
}

/// A column for each league, shown where a question is about it.
fn columns<'a>(ranking: &'a Ranking, questions: &[Question<'_>]) -> Vec<LeagueColumn<'a>> {
    let asked: Vec<&str> = questions
        .iter()
        .flat_map(|question| match question.of {
            AnswerSource::League(league, _) => vec![league.key.as_str()],
            AnswerSource::Front(front) => vec![front.x.as_str(), front.y.as_str()],
        })
        .collect();
    let mut left = SHOWN;
    let leagues = ranking.leagues.iter().filter_map(|league| {
        let figure = Figure::recorded(&league.metric)?;
        // The first question's is beside its interval already.
        let is_asked = asked.iter().skip(1).any(|key| *key == league.key);
        let is_shown = is_asked && asked.first() != Some(&league.key.as_str()) && left > 0;
        left -= usize::from(is_shown);
        let workload = ranking.suite.workloads.iter();
        let mut workload = workload.filter(|one| one.name == league.workload);
        Some(LeagueColumn {
            head: (short(figure), league.workload.clone()),
            title: workload.next().map_or_else(String::new, |of: &Workload| {
                format!("{}: {}", figure.title(), words::workload(of))
            }),
            league,
            is_shown,
        })
    });
    leagues.collect()
}

/// The title of a figure in as few words as a narrow column has room for.
fn short(figure: Figure) -> String {
    match figure {
        Figure::SERVER_US => "CPU a msg".to_owned(),
        Figure::BYTES_PER_CONNECTION => "B a conn.".to_owned(),
        Figure::MESSAGES_PER_S | Figure::GREATEST_RATE_PER_S => "msg/s".to_owned(),
        Figure::CONNECTIONS_PER_S => "conn./s".to_owned(),
        other => match other.point() {
            Some(point) => point.name().to_owned(),
            None => other.title(),
        },
    }
}

/// A box for each column, and the style that obeys it.
fn boxes(columns: &[LeagueColumn<'_>]) -> Markup {
    let mut markup = Markup::new();
    let mut style = String::new();
    markup.open("details", &[("class", "columns")]);
    let all = columns.len() + 2;
    markup.element("summary", &[], &format!("Columns of {all}"));
    markup.open("div", &[]);
    let fixed = [("kl", "language", true), ("kg", "RFC cases", true)];
    let fixed = fixed.map(|(id, name, is_shown)| (id.to_owned(), name.to_owned(), is_shown));
    let others = columns.iter().enumerate().map(|(at, column)| {
        let (metric, workload) = &column.head;
        (
            format!("k{at}"),
            format!("{metric}, {workload}"),
            column.is_shown,
        )
    });
    for (id, name, is_shown) in fixed.into_iter().chain(others) {
        let _ = write!(style, "main:has(#{id}:not(:checked)) .{id}{{display:none}}");
        markup.open("label", &[]);
        let mut attributes = vec![("type", "checkbox"), ("id", &*id)];
        attributes.extend(is_shown.then_some(("checked", "")));
        markup.open("input", &attributes).text(&format!(" {name}"));
        markup.close("label");
    }
    markup.close("div").close("details");
    markup.open("style", &[]).constant(&style).close("style");
    markup
}

fn head(
    markup: &mut Markup,
    ranking: &Ranking,
    asked: &[AskedLeague<'_>],
    columns: &[LeagueColumn<'_>],
) {
    let contenders = ranking.servers.iter().filter(|one| !one.facts.is_control);
    let number = contenders.count();
    markup.open("thead", &[]).open("tr", &[]);
    markup.element("th", &[("scope", "col")], "server");
    markup.element("th", &[("scope", "col"), ("class", "kl")], "language");
    for (at, one) in asked.iter().enumerate() {
        let q = format!("q q{at}");
        let r = format!("r {q}");
        let place = if one.league.is_ranked {
            format!("place of {number}")
        } else {
            "sorted".to_owned()
        };
        markup.element("th", &[("scope", "col"), ("class", &r)], &place);
        let figure = Figure::recorded(&one.league.metric).map(short);
        let lead = format!("r lead {q}");
        markup.open("th", &[("scope", "col"), ("class", &lead)]);
        markup.text(&figure.unwrap_or_default());
        markup
            .element("small", &[], &one.league.workload)
            .close("th");
        let bar = format!("bar {q}");
        markup.open("th", &[("scope", "col"), ("class", &bar)]);
        markup.element("span", &[("class", "gone")], "interval");
        markup.open("svg", &[("height", "14"), ("aria-hidden", "true")]);
        let last = one.extent.ticks.len().saturating_sub(1);
        for (at, tick) in one.extent.ticks.iter().enumerate() {
            let x = percent(one.axis.place(&one.extent, *tick));
            let class = if (last - at) % 2 == 1 && last > 2 {
                "m odd"
            } else {
                "m"
            };
            let attributes = [("x", &*x), ("y", "11"), ("class", class)];
            markup.element("text", &attributes, &one.axis.label(*tick));
        }
        markup.close("svg").close("th");
    }
    for (at, column) in columns.iter().enumerate() {
        let class = format!("r k{at}");
        let (metric, workload) = &column.head;
        let attributes = [
            ("scope", "col"),
            ("class", &*class),
            ("title", &*column.title),
        ];
        markup.open("th", &attributes).text(metric);
        markup.element("small", &[], workload).close("th");
    }
    markup.element("th", &[("scope", "col"), ("class", "kg")], "RFC cases");
    markup.close("tr").close("thead");
}

fn tier(league: &League, entry: &Entry) -> Option<u32> {
    let at = place_of(&league.places, entry)?;
    league.places[at].tier
}

fn row(
    markup: &mut Markup,
    ranking: &Ranking,
    entry: &Entry,
    is_edge: bool,
    asked: &[AskedLeague<'_>],
    columns: &[LeagueColumn<'_>],
) {
    let facts = &entry.facts;
    let number = super::number(ranking, &facts.name);
    let id = format!("s{number}");
    let join = |of: &dyn Fn(&AskedLeague<'_>) -> String| {
        let all: Vec<String> = asked.iter().map(of).collect();
        all.join(",")
    };
    let orders =
        join(&|one| place_of(&one.league.places, entry).map_or(String::new(), |at| at.to_string()));
    let tiers = join(&|one| tier(one.league, entry).map_or(String::new(), |tier| tier.to_string()));
    let first = asked.first().and_then(|one| tier(one.league, entry));
    let tone = match first {
        Some(tier) if tier % 2 == 1 => "t1",
        Some(_) => "t2",
        None => "",
    };
    let class = if is_edge {
        format!("{tone} edge")
    } else {
        tone.to_owned()
    };
    let attributes = [
        ("id", &*id),
        ("class", &*class),
        ("data-o", &*orders),
        ("data-t", &*tiers),
        ("data-lang", &*facts.language),
        ("data-also", &*facts.library),
    ];
    markup.open("tr", &attributes);
    markup.open("th", &[("scope", "row")]);
    markup.element("span", &[("class", "name")], &facts.name);
    let language = if facts.is_control {
        "control".to_owned()
    } else {
        facts.language.clone()
    };
    markup.element("small", &[], &language).close("th");
    markup.element("td", &[("class", "kl")], &language);
    for (at, one) in asked.iter().enumerate() {
        answers(markup, entry, at, one);
    }
    for (at, column) in columns.iter().enumerate() {
        let told = of_league(column.league, entry);
        figure(markup, &format!("r k{at}"), &told);
    }
    markup.open("td", &[("class", "kg")]);
    markup.push(&gate(entry)).close("td").close("tr");
}

/// Place, figure and interval of a server for one question.
fn answers(markup: &mut Markup, entry: &Entry, at: usize, one: &AskedLeague<'_>) {
    let q = format!("q q{at}");
    let place = place_of(&one.league.places, entry).map(|at| &one.league.places[at]);
    let rank = place.map_or_else(String::new, words::rank);
    markup.element("td", &[("class", &format!("r {q}"))], &rank);
    let told = of_league(one.league, entry);
    figure(markup, &format!("r lead {q}"), &told);
    markup.open("td", &[("class", &format!("bar {q}"))]);
    let mut svg = Markup::new();
    svg.open("svg", &[("height", "20"), ("aria-hidden", "true")]);
    let place = |value: f64| one.axis.place(&one.extent, value);
    if let Some((low, high)) = one.tie {
        let (from, to) = (place(low), place(high));
        let (x, width) = (percent(from), percent(to - from));
        let attributes = [
            ("class", "tie"),
            ("x", &*x),
            ("width", &*width),
            ("height", "20"),
        ];
        svg.element("rect", &attributes, "");
    }
    for tick in &one.extent.ticks {
        let x = percent(place(*tick));
        line(&mut svg, "", (&x, "0"), (&x, "20"));
    }
    let range = Range {
        value: told.value,
        ends: told.ends.filter(|_| told.key.is_some()),
        is_hollow: told.is_bound,
        look: (!told.is_weak).then_some(0),
        ..Range::default()
    };
    reach(&mut svg, &range, place);
    if told.is_bound {
        arrow(&mut svg, &told, one, place);
    }
    svg.close("svg");
    markup.push(&svg).close("td");
}

/// The arrow of a bound, behind its interval, in the direction in which the server may be better.
fn arrow(svg: &mut Markup, told: &ToldFigure, one: &AskedLeague<'_>, place: impl Fn(f64) -> f64) {
    use wsbench_judge::figure::Sense;
    let Some(value) = told.value else { return };
    let (low, high) = told.ends.unwrap_or((value, value));
    let sense = Figure::recorded(&one.league.metric).map(Figure::sense);
    let (href, at) = match sense {
        Some(Sense::Less) => ("#ml", percent((place(low) - 0.01).max(0.0))),
        _ => ("#mr", percent((place(high) + 0.05).min(1.0))),
    };
    let attributes = [
        ("href", href),
        ("class", "c0 open"),
        ("x", &*at),
        ("y", "10"),
    ];
    svg.element("use", &attributes, "");
}

/// A server's figure in a league, or why there is none.
pub(super) fn of_league(league: &League, entry: &Entry) -> ToldFigure {
    let place = place_of(&league.places, entry).map(|at| &league.places[at]);
    let placed = place.and_then(|place| ToldFigure::of_place(league, place));
    placed.unwrap_or_else(|| {
        let mut unranked = league.unranked.iter();
        let why = unranked.find(|one| one.server == entry.facts.name);
        match (why, entry.facts.is_control) {
            (Some(why), _) => ToldFigure::missing(&why.reason),
            (None, true) => of_control(league, entry),
            (None, false) => ToldFigure::missing("not run"),
        }
    })
}

/// The control stands in no league, but has figures.
fn of_control(league: &League, entry: &Entry) -> ToldFigure {
    let cell = entry.cell(&league.workload);
    let figure = cell.and_then(|cell| cell.figure(&league.metric));
    let told = figure.and_then(ToldFigure::of_figure);
    told.unwrap_or_else(|| ToldFigure::missing("not run"))
}

fn figure(markup: &mut Markup, class: &str, told: &ToldFigure) {
    let key = told.key.map(|key| key.to_string());
    let weak = if told.is_weak { " weak" } else { "" };
    let class = format!("{class}{weak}");
    let mut attributes = vec![("class", &*class)];
    attributes.extend(key.as_deref().map(|key| ("data-v", key)));
    if told.reason.is_empty() {
        markup.element("td", &attributes, &told.words);
    } else {
        markup.open("td", &attributes);
        markup.element("span", &[("title", &told.reason)], &told.words);
        markup.close("td");
    }
}

/// The gate's stamp in a word, with a sign.
fn gate(entry: &Entry) -> Markup {
    match &entry.gate {
        None => Markup::words(&match entry.ready_s {
            Some(ready_s) => format!("not asked, ready after {}", seconds(ready_s)),
            None => "not reached".to_owned(),
        }),
        Some(stamp) if stamp.counts.pass() => Markup::of("span", &[("class", "good")], "✓ all"),
        Some(stamp) => {
            let words = format!("{} failed", stamp.counts.failed);
            Markup::of("span", &[("title", &stamp.words())], &words)
        }
    }
}
