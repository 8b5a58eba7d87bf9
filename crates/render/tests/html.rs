//! What the pages are made of: whole, escaped, without anything from elsewhere, and readable
//! without scripts. What a browser makes of them is `browser.rs`'.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod pages;
#[path = "../../judge/tests/rankings/mod.rs"]
mod rankings;
#[path = "../../judge/tests/runs/mod.rs"]
mod runs;
#[path = "../../judge/tests/searches/mod.rs"]
mod searches;

use wsbench_judge::repetition::repeated;
use wsbench_load::series::Series;
use wsbench_record::document::{ClockOffset, PushClock};
use wsbench_record::stored::Stored;
use wsbench_render::style::Style;
use wsbench_render::{brief, html};

/// Elements that have no end.
const VOID: [&str; 4] = ["meta", "link", "input", "br"];

/// The elements of a page by name, in order, with their attributes as written; refuses what does not
/// nest.
fn elements(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = page
        .strip_prefix("<!doctype html>\n")
        .expect("the doctype first");
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "before …{rest:.80}");
            continue;
        }
        let whole = tag.trim_end_matches('/');
        let (name, attributes) = whole.split_once(' ').unwrap_or((whole, ""));
        assert!(
            name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "<{tag}>"
        );
        assert_eq!(attributes.matches('"').count() % 2, 0, "<{tag}>");
        found.push((name.to_owned(), attributes.to_owned()));
        if tag.ends_with('/') {
            continue;
        }
        if matches!(name, "script" | "style") {
            let close = format!("</{name}>");
            let after = rest.find(&close).expect("it ends");
            rest = &rest[after + close.len()..];
        } else if !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    found
}

/// Attributes by name; those without a value are left out.
fn named(attributes: &str) -> Vec<(&str, &str)> {
    let mut pieces = attributes.split('"');
    let mut found = Vec::new();
    while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
        let name = name.rsplit(' ').next().unwrap_or_default();
        found.push((name.trim_end_matches('='), value));
    }
    found
}

fn count(elements: &[(String, String)], name: &str, with: &str) -> usize {
    let same = |(of, attributes): &&(String, String)| of == name && attributes.contains(with);
    elements.iter().filter(same).count()
}

#[test]
fn every_page_is_whole_and_refers_to_nothing_elsewhere() {
    for (name, page) in pages::all() {
        let elements = elements(&page);
        assert_eq!(count(&elements, "h1", ""), 1, "{name}");
        for (element, attributes) in &elements {
            for (attribute, value) in named(attributes) {
                assert!(
                    !attribute.starts_with("on"),
                    "{name}: <{element} {attributes}>"
                );
                if ["src", "href", "action", "xlink:href", "style"].contains(&attribute) {
                    let is_within = value.starts_with('#') || value == "data:,";
                    assert!(is_within, "{name}: <{element} {attributes}>");
                }
            }
        }
        assert!(page.contains("default-src &#39;none&#39;"), "{name}");
        let most = match name {
            "run" | "search" | "sweep" => 100_000,
            "ranking" => 700_000,
            _ => 250_000,
        };
        assert!(page.len() <= most, "{name}: {} bytes", page.len());
    }
}

#[test]
fn words_of_a_document_never_become_markup() {
    for (name, page) in pages::all() {
        assert!(!page.contains("<img"), "{name}");
        assert!(
            page.contains("&lt;/script&gt;&lt;img"),
            "{name}: told, and escaped"
        );
        elements(&page);
    }
}

#[test]
fn links_within_a_page_lead_somewhere_and_ids_are_unique() {
    for (name, page) in pages::all() {
        let elements = elements(&page);
        let of = |attribute: &str| -> Vec<String> {
            let begin = format!("{attribute}=\"");
            let found = elements.iter().filter_map(|(_, attributes)| {
                let (_, after) = attributes.split_once(&begin)?;
                Some(after.split_once('"')?.0.to_owned())
            });
            found.collect()
        };
        let ids = of("id");
        let mut unique = ids.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name}: {ids:?}");
        for link in of("href").iter().filter_map(|href| href.strip_prefix('#')) {
            assert!(ids.iter().any(|id| id == link), "{name}: #{link}");
        }
    }
}

#[test]
fn every_picture_has_words_and_every_page_a_table() {
    for (name, page) in pages::all() {
        let elements = elements(&page);
        let pictures = count(&elements, "svg", "role=\"img\"");
        assert!(pictures > 0 || name == "comparison", "{name}");
        for (element, attributes) in &elements {
            if element == "svg" && attributes.contains("role=\"img\"") {
                let label = named(attributes);
                let label = label.iter().find(|(name, _)| *name == "aria-label");
                assert!(
                    label.is_some_and(|(_, words)| words.len() > 5),
                    "{name}: {attributes}"
                );
            }
        }
        // What a picture shows stands in a table too.
        let charts = count(&elements, "figure", "id=\"chart-");
        assert!(
            count(&elements, "details", "class=\"data\"") >= charts,
            "{name}"
        );
        assert!(count(&elements, "table", "") > 1, "{name}");
        assert!(!page.contains("NaN"), "{name}: no number that is none");
    }
}

#[test]
fn headings_of_tables_say_of_what_they_are() {
    for (name, page) in pages::all() {
        for (element, attributes) in elements(&page) {
            if element == "th" {
                assert!(attributes.contains("scope=\""), "{name}: <th {attributes}>");
            }
        }
    }
}

#[test]
fn a_run_tells_its_figures_first_then_its_trust_then_its_charts() {
    let page = html::run(&pages::course("run", 1.0, 1), &runs::Flags);
    let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}"));
    let order = [
        "<h1>",
        "class=\"figs\"",
        "class=\"trust\"",
        "How long does an answer take?",
        "Was it steady?",
        "What was the limit?",
        "id=\"doubts\"",
        "id=\"times\"",
        "id=\"connections\"",
        "id=\"messages\"",
        "id=\"cost\"",
        "id=\"repeat\"",
    ];
    let places: Vec<usize> = order.iter().map(|words| place(words)).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(
        page.contains("Example 9000") && page.contains("--seed 1"),
        "machine, command"
    );
}

/// The page has the offset of the server's clock as the text has it.
#[test]
fn a_run_of_pushes_tells_the_clock_that_its_ages_are_less() {
    let mut document = pages::course("run", 1.0, 1);
    let words = "less the server's clock −266 ns ±3.80 µs";
    let page = html::run(&document, &runs::Flags);
    assert!(!page.contains("the server's clock"));
    let offset = |ahead_ns, within_ns| ClockOffset {
        ahead_ns,
        within_ns,
        answers: 16,
    };
    document.record.push_clock = Some(PushClock {
        before: offset(-266, 3_801),
        after: Some(offset(15_700, 3_740)),
    });
    let page = html::run(&document, &runs::Flags);
    let told = format!("<p>Ages are {words}, at the end +15.7 µs ±3.74 µs.</p>");
    assert!(page.contains(&told.replace('\'', "&#39;")), "{page}");
    let text = brief::render(&document, Style::default(), None, &[]);
    assert!(
        text.contains(words) && text.contains("at the end +15.7 µs ±3.74 µs"),
        "{text}"
    );
}

#[test]
fn runs_without_samples_make_a_page_without_zeros() {
    for (name, document) in runs::all() {
        let page = html::run(&document, &runs::Flags);
        elements(&page);
        assert!(page.len() < 100_000, "{name}: {} bytes", page.len());
        if document.at(Series::Service).is_empty() {
            assert!(
                page.contains("no samples") && !page.contains(" 0 ns"),
                "{name}"
            );
            for claim in ["all answered", "every byte verified", "rate held"] {
                assert!(!page.contains(claim), "{name}: of nothing it is {claim}");
            }
        }
    }
}

/// The colours of the page by name, as one scheme has them.
fn tokens(style: &str) -> Vec<(&str, [f64; 3])> {
    let pairs = style.split("--").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once(": #")?;
        let hex = rest.get(..6)?;
        let part = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Some((name, [0, 2, 4].map(|at| f64::from(part(at)) / 255.0)))
    });
    pairs.collect()
}

/// The contrast of two colours (WCAG 2.2).
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let [r, g, b] = colour.map(|part| match part {
            ..=0.04045 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_colour_of_text_can_be_read_on_every_ground() {
    let style = include_str!("../assets/page.css");
    let (light, dark) = style.split_once("@media screen").unwrap();
    for scheme in [light, dark] {
        let tokens = tokens(scheme);
        let of = |name: &str| tokens.iter().find(|(token, _)| *token == name).unwrap().1;
        let texts = [
            "ink", "ink2", "s1", "s2", "s3", "s4", "weak", "good", "doubt", "bad",
        ];
        for text in texts {
            for ground in ["bg", "surface", "tint"] {
                let contrast = contrast(of(text), of(ground));
                assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
            }
        }
    }
}

#[test]
fn what_is_typed_is_code_that_stays_whole() {
    let mut document = pages::course("run", 1.0, 1);
    let caveat = wsbench_record::audit::Caveat::new(
        wsbench_record::audit::Kind::GeneratorStarved,
        wsbench_record::audit::Severity::Doubtful,
        "another program took 29 % of the generator's core",
        "give it cores of its own (--pin), or fewer connections (-c 16)",
    );
    document.audit.caveats.insert(0, caveat);
    let page = html::run(&document, &runs::Flags);
    assert!(page.contains("(<code>--pin</code>)"), "a flag is code");
    assert!(page.contains("(<code>-c 16</code>)"), "with its value");
}

#[test]
fn a_server_that_died_is_told_first_and_hatched() {
    let mut document = pages::course("run", 1.0, 1);
    document.record.connections.alive_at_end = 0;
    document.record.ended = wsbench_record::document::Ended::ServerDied;
    for interval in document.record.intervals.iter_mut().skip(12) {
        interval.messages = 0;
    }
    let page = html::run(&document, &runs::Flags);
    assert!(
        page.contains("the server was gone at"),
        "in the first figure"
    );
    assert!(page.contains("class=\"dead\""), "and over time");
    assert!(page.contains("look at its log about"), "where to look");
    assert!(!page.contains("To be surer"), "surer of what is dead");
}

#[test]
fn what_was_answered_has_a_line_where_most_never_was() {
    let mut document = pages::course("run", 1.0, 1);
    let whole = document.record.times.get_mut(Series::Service);
    (whole.censored, whole.censored_from) = (whole.count, whole.min);
    let page = html::run(&document, &runs::Flags);
    assert!(page.contains("of the answered only, by percentile"));
    assert!(page.contains(">outside</text>"), "its line has its name");
    assert!(
        !page.contains("95 % band"),
        "and there is none of the whole"
    );
}

#[test]
fn the_scale_of_a_picture_is_as_wide_as_what_is_below_it() {
    let page = html::repetition(&pages::repetition(), &runs::Flags);
    let head = page
        .split("<thead>")
        .nth(1)
        .and_then(|it| it.split("</thead>").next());
    assert!(head.is_some_and(|head| head.contains("<td class=\"bar\"><svg")));
}

#[test]
fn a_ranking_says_everything() {
    let page = html::ranking(&pages::ranking(), &runs::Flags);
    for words in [
        "Who answers most?",
        "Who is quick at 2k msg/s?",
        "What does a message cost?",
        "What is the trade-off?",
        "✓ all",
        "1 failed",
        "cannot-be-installed",
        "install failed",
        ">control<",
        "none beats",
        "The suite&#39;s weights: closed-64/messages_per_s × 2",
        "wsbench rank suite.toml",
        "as its README shows it",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn a_figure_that_says_nothing_is_on_no_axis_and_no_front() {
    let mut ranking = pages::ranking();
    let page = html::ranking(&ranking, &runs::Flags);
    let axis = |page: &str| {
        let (_, chart) = page.split_once("What is the trade-off?").unwrap();
        let (_, chart) = chart.split_once("<figure").unwrap();
        let (chart, _) = chart.split_once("</figure>").unwrap();
        chart.contains("100 GB")
    };
    assert!(!axis(&page));
    let league = ranking.leagues.iter_mut();
    let league = league.filter(|league| league.metric.ends_with("bytes_per_connection"));
    for league in league {
        let place = league.places.last_mut().unwrap();
        (place.value, place.low, place.high) = (2e3, Some(1e-5), Some(1e11));
    }
    let page = html::ranking(&ranking, &runs::Flags);
    assert!(!axis(&page), "the axis fits what is known");
    assert!(
        page.contains("Not known, so on no front"),
        "and says who is not"
    );
}

#[test]
fn what_is_stored_has_a_page_when_it_is_one_thing() {
    let run = || Stored::Run(Box::new(pages::course("run", 1.0, 1)));
    let one = html::stored(&[run()], &runs::Flags).unwrap();
    assert!(one.contains("<p>run, "), "its kind, and when");
    let two = html::stored(&[run(), run()], &runs::Flags).unwrap();
    assert!(two.contains("<h1>2 runs</h1>"));
    let runs = vec![pages::course("run", 1.0, 1), pages::course("run", 1.0, 2)];
    let repetition = repeated(runs, 2).unwrap();
    let repetition = Stored::Repetition(repetition);
    assert!(html::stored(std::slice::from_ref(&repetition), &runs::Flags).is_some());
    assert!(html::stored(&[repetition, run()], &runs::Flags).is_none());
}

#[test]
fn scripts_and_styles_are_small() {
    for (name, page) in pages::all() {
        let within = |tag: &str| -> usize {
            let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
            let pieces = page.split(open.as_str()).skip(1);
            pieces
                .filter_map(|piece| Some(piece.split_once(close.as_str())?.0.len()))
                .sum()
        };
        assert!(within("script") <= 15_000, "{name}: {}", within("script"));
        assert!(within("style") <= 16_000, "{name}: {}", within("style"));
    }
}
