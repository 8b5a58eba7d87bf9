//! The figures in large print at the head of a run's page.

use wsbench_record::document::{Distribution, Document, Known, Percentile};
use wsbench_record::units::{self, count, rate, span};

use crate::brief::{Lead, died};
use crate::html::page::Tile;
use crate::mark;
use crate::times::headline;

/// The percentiles among the figures of a page.
pub(super) const QUOTED: [Percentile; 4] = [
    Percentile::P50,
    Percentile::P90,
    Percentile::P99,
    Percentile::P99_9,
];

/// The figures that are looked for first.
pub(super) fn key_figures(document: &Document) -> Vec<Tile> {
    let mut list = vec![lead(document)];
    let spans = headline(document);
    list.extend(QUOTED.map(|percentile| {
        let known = spans.known(percentile);
        let (figure, beside) = match known {
            Known::Not => ("not known".to_owned(), too_few(spans, percentile)),
            known => mark::words(known),
        };
        Tile {
            name: percentile.label().to_owned(),
            figure,
            beside,
            class: if known.is_weak() { "weak" } else { "" },
        }
    }));
    let server = document.server.as_ref();
    if let Some(us) = server.and_then(|server| server.cpu_us_per_message) {
        let parts = server.and_then(|server| {
            let user = server.cpu_user_us_per_message?;
            Some((user, server.cpu_system_us_per_message?))
        });
        let parts = parts.map(|(user, system)| {
            format!("{} user, {} system", span(user * 1e3), span(system * 1e3))
        });
        list.push(Tile {
            name: "server CPU a message".to_owned(),
            figure: span(us * 1e3),
            beside: parts.unwrap_or_default(),
            class: "",
        });
    }
    list
}

/// The reason why a percentile is not known.
fn too_few(spans: &Distribution, percentile: Percentile) -> String {
    if spans.is_empty() {
        mark::NO_SAMPLES.to_owned()
    } else if spans.count < percentile.samples_needed() {
        format!("it takes {} samples", count(percentile.samples_needed()))
    } else {
        "its samples follow each other: too few are independent".to_owned()
    }
}

/// The rate; of a server that went away, when that was.
fn lead(document: &Document) -> Tile {
    if let Some(gone) = died::Departure::of(document) {
        return Tile {
            name: "the server was gone at".to_owned(),
            figure: span(gone.at_s * 1e9),
            beside: format!("until then {} msg/s", rate(gone.per_s)),
            class: "bad",
        };
    }
    let asked = match document.asked_messages_per_s {
        Some(asked) => format!("{} asked", units::asked_rate(asked)),
        None => mark::no_rate(document, "closed loop").to_owned(),
    };
    let is_of_answers =
        document.plan.clients.exchange.flow.is_answered() && document.deliveries.is_none();
    let beside = match mark::rate_confidence(document).filter(|_| is_of_answers) {
        Some(half) => format!("{half} (95 %, within this run), {asked}"),
        None => asked,
    };
    let Lead { name, figure, .. } = Lead::of(document);
    Tile {
        name: name.to_owned(),
        class: if figure.is_some() { "" } else { "bad" },
        figure: figure.unwrap_or_else(|| mark::NO_SAMPLES.to_owned()),
        beside,
    }
}
