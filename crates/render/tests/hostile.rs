//! Documents with hostile words wherever words can stand, in every form and at every width: they
//! command no terminal, begin no line, and widen nothing without bound.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod pages;
#[path = "../../judge/tests/rankings/mod.rs"]
mod rankings;
#[path = "../../judge/tests/runs/mod.rs"]
mod runs;
#[path = "../../judge/tests/searches/mod.rs"]
mod searches;

use std::collections::HashMap;

use serde_json::Value;
use wsbench_record::{comparison, document, ranking, repetition, search, sweep};
use wsbench_render::style::Style;
use wsbench_render::{csv, hlog, html, markdown, summary};

/// Begins a line where a line's end was let through.
const FORGED: &str = "FORGED";

/// Words that command terminals, turn the direction of text, end lines, cells and blocks of code,
/// and open elements.
fn hostile() -> String {
    let mut words =
        format!("a\x1b[2J\x1b]0;t\x07\u{202e}\u{2066}\r\n{FORGED}|`````\n```\n{FORGED}");
    words.push_str("\u{2028}\u{85}\0\u{9b}31m\t,\"</script><script>alert(1)</script><!--");
    words
}

/// A way of writing a document: its name and what it writes.
type Form = (&'static str, String);

/// A kind of document: how it is read, and written in every form at a width.
struct Kind {
    name: &'static str,
    json: String,
    /// The document written again as JSON; `None` where it was refused.
    again: fn(&str) -> Option<String>,
    text: fn(&str, Style) -> String,
    forms: fn(&str) -> Vec<Form>,
}

fn kinds() -> Vec<Kind> {
    vec![
        of_run(),
        of_repetition(),
        of_comparison(),
        of_search(),
        of_sweep(),
        of_ranking(),
    ]
}

fn of_run() -> Kind {
    Kind {
        name: "run",
        json: document::write(&pages::course("ours", 1.0, 7)),
        again: |json| document::read(json).ok().map(|read| document::write(&read)),
        text: |json, style| summary::render(&document::read(json).unwrap(), style, None),
        forms: |json| {
            let run = document::read(json).unwrap();
            vec![
                ("Markdown", markdown::render(&run, &runs::Flags)),
                ("CSV", csv::results(&[&run])),
                ("intervals", csv::intervals(&run)),
                ("log", hlog::log(&run).unwrap_or_default()),
                ("HTML", html::run(&run, &runs::Flags)),
            ]
        },
    }
}

fn of_repetition() -> Kind {
    Kind {
        name: "repetition",
        json: repetition::write(&pages::repetition()),
        again: |json| {
            repetition::read(json)
                .ok()
                .map(|read| repetition::write(&read))
        },
        text: |json, style| {
            wsbench_render::repetition::text(&repetition::read(json).unwrap(), style)
        },
        forms: |json| {
            let read = repetition::read(json).unwrap();
            vec![
                ("Markdown", wsbench_render::repetition::markdown(&read)),
                ("HTML", html::repetition(&read, &runs::Flags)),
            ]
        },
    }
}

fn of_comparison() -> Kind {
    Kind {
        name: "comparison",
        json: comparison::write(&pages::comparison()),
        again: |json| {
            comparison::read(json)
                .ok()
                .map(|read| comparison::write(&read))
        },
        text: |json, style| {
            wsbench_render::comparison::text(&comparison::read(json).unwrap(), style)
        },
        forms: |json| {
            let read = comparison::read(json).unwrap();
            vec![
                (
                    "Markdown",
                    wsbench_render::comparison::markdown(&read, &runs::Flags),
                ),
                ("CSV", wsbench_render::comparison::csv(&read)),
                ("HTML", html::comparison(&read, &runs::Flags)),
            ]
        },
    }
}

fn of_search() -> Kind {
    Kind {
        name: "search",
        json: search::write(&pages::search()),
        again: |json| search::read(json).ok().map(|read| search::write(&read)),
        text: |json, style| wsbench_render::search::text(&search::read(json).unwrap(), style),
        forms: |json| {
            let read = search::read(json).unwrap();
            vec![
                (
                    "Markdown",
                    wsbench_render::search::markdown(&read, &runs::Flags),
                ),
                ("CSV", wsbench_render::search::csv(&read)),
                ("HTML", html::search(&read, &runs::Flags)),
            ]
        },
    }
}

fn of_sweep() -> Kind {
    Kind {
        name: "sweep",
        json: sweep::write(&pages::sweep()),
        again: |json| sweep::read(json).ok().map(|read| sweep::write(&read)),
        text: |json, style| {
            let read = sweep::read(json).unwrap();
            wsbench_render::sweep::text(&read, style)
        },
        forms: |json| {
            let read = sweep::read(json).unwrap();
            vec![
                (
                    "Markdown",
                    wsbench_render::sweep::markdown(&read, &runs::Flags),
                ),
                ("CSV", wsbench_render::sweep::csv(&read)),
                ("HTML", html::sweep(&read, &runs::Flags)),
            ]
        },
    }
}

fn of_ranking() -> Kind {
    Kind {
        name: "ranking",
        json: ranking::write(&pages::ranking()),
        again: |json| ranking::read(json).ok().map(|read| ranking::write(&read)),
        text: |json, style| wsbench_render::ranking::text(&ranking::read(json).unwrap(), style),
        forms: |json| {
            let read = ranking::read(json).unwrap();
            vec![
                ("Markdown", wsbench_render::ranking::markdown(&read)),
                ("CSV", wsbench_render::ranking::csv(&read)),
                ("HTML", html::ranking(&read, &runs::Flags)),
            ]
        },
    }
}

/// Where strings stand: a pointer for each, with the first two elements of each list alone, and at
/// most two of each name.
fn places(
    value: &Value,
    at: &str,
    name: &str,
    seen: &mut HashMap<String, u32>,
    found: &mut Vec<String>,
) {
    match value {
        Value::String(_) => {
            let times = seen.entry(name.to_owned()).or_default();
            *times += 1;
            if *times <= 2 {
                found.push(at.to_owned());
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                places(
                    item,
                    &format!("{at}/{number}"),
                    &format!("{name}/-"),
                    seen,
                    found,
                );
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                places(
                    field,
                    &format!("{at}/{escaped}"),
                    &format!("{name}/{key}"),
                    seen,
                    found,
                );
            }
        }
        _ => {}
    }
}

/// The document with these words wherever it is still read with them, and in how many places.
fn planted(kind: &Kind, words: &str) -> (String, usize) {
    let mut value: Value = serde_json::from_str(&kind.json).unwrap();
    let mut found = Vec::new();
    places(&value, "", "", &mut HashMap::new(), &mut found);
    let mut planted = 0;
    for place in found {
        let at = value.pointer_mut(&place).unwrap();
        let before = std::mem::replace(at, Value::String(words.to_owned()));
        if (kind.again)(&value.to_string()).is_some() {
            planted += 1;
        } else {
            *value.pointer_mut(&place).unwrap() = before;
        }
    }
    (value.to_string(), planted)
}

/// Refuses what commands, and lines that somebody else began.
fn assert_tame(what: &str, text: &str) {
    for line in text.lines() {
        let of = |letter: char| {
            letter.is_control()
                || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}'..='\u{200f}')
        };
        assert!(!line.contains(of), "{what}: {line:?}");
        assert!(!line.trim_start().starts_with(FORGED), "{what}: {line:?}");
    }
    assert!(!text.contains('\r'), "{what}");
}

/// A line of Markdown without its code spans and escaped letters (CommonMark 0.31.2, sections 6.1
/// and 2.4): a span ends at a row of as many backticks as began it.
fn without_code(line: &str) -> String {
    let mut rest = line;
    let mut kept = String::new();
    while let Some(at) = rest.find(['\\', '`']) {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(escaped) = rest.strip_prefix('\\') {
            let mut letters = escaped.chars();
            letters.next();
            rest = letters.as_str();
            continue;
        }
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        let (fence, behind) = rest.split_at(ticks);
        rest = closed_at(behind, ticks).map_or(behind, |end| &behind[end..]);
        if rest.len() == behind.len() {
            kept.push_str(fence);
        }
    }
    kept + rest
}

/// Behind the first row of exactly so many backticks.
fn closed_at(text: &str, ticks: usize) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find('`') {
        let begin = from + at;
        let row = text[begin..].len() - text[begin..].trim_start_matches('`').len();
        from = begin + row;
        if row == ticks {
            return Some(from);
        }
    }
    None
}

/// Markdown without its code: a block (CommonMark 0.31.2, section 4.5) ends at a fence that is
/// at least as long as the one that began it.
fn prose(markdown: &str) -> String {
    let mut fence: Option<usize> = None;
    let mut prose = String::new();
    for line in markdown.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        let is_bare = line.len() == ticks;
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(opened) if is_bare && ticks >= opened => fence = None,
            Some(_) => {}
            None => {
                prose.push_str(&without_code(line));
                prose.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a block of code has no end: {markdown}");
    prose
}

#[test]
fn hostile_words_stay_words_in_every_form_at_every_width() {
    for kind in kinds() {
        let (json, places) = planted(&kind, &hostile());
        assert!(places >= 5, "{}: planted in {places} places", kind.name);
        for width in 1..=200 {
            let style = Style {
                colour: false,
                width,
                spelling: &runs::Flags,
                glyphs: wsbench_render::style::Glyphs::Unicode,
            };
            let text = (kind.text)(&json, style);
            assert!(text.contains(FORGED), "{}: the words are shown", kind.name);
            assert_tame(kind.name, &text);
        }
        for (form, text) in (kind.forms)(&json) {
            assert_tame(&format!("{} as {form}", kind.name), &text);
            if form == "HTML" {
                assert!(!text.contains("<script>alert(1)"), "{}", kind.name);
            }
            if form == "Markdown" {
                let prose = prose(&text);
                assert!(!prose.contains("</script>"), "{}: {prose}", kind.name);
            }
        }
    }
}

#[test]
fn endless_words_widen_nothing_beyond_themselves() {
    for kind in kinds() {
        let words = "µ".repeat(70_000);
        let (json, places) = planted(&kind, &words);
        let most = json.len() * 20 + (4 << 20);
        for width in [1, 80, 200] {
            let style = Style {
                colour: true,
                width,
                spelling: &runs::Flags,
                glyphs: wsbench_render::style::Glyphs::Unicode,
            };
            let text = (kind.text)(&json, style);
            assert!(
                text.len() <= most,
                "{}, {places} places: {}",
                kind.name,
                text.len()
            );
        }
        for (form, text) in (kind.forms)(&json) {
            assert!(
                text.len() <= most,
                "{} as {form}: {}",
                kind.name,
                text.len()
            );
        }
    }
}
