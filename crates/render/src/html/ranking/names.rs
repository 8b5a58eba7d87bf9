//! Servers and their gates in the way in which the page of a ranking names them.

use wsbench_record::ranking::{Entry, Ranking};
use wsbench_record::units::percent;

use crate::html::grid::Cell;
use crate::html::markup::Markup;

/// Half an interval as a share of the value.
pub(super) fn half(value: f64, ends: Option<(f64, f64)>) -> String {
    match ends {
        Some((low, high)) if value > 0.0 => {
            let half = (high / value - 1.0).max(1.0 - low / value);
            format!("±{}", percent(half))
        }
        _ => String::new(),
    }
}

/// A server's name, leading to its details.
pub(super) fn named(ranking: &Ranking, name: &str) -> Cell {
    let mut link = Markup::new();
    link.element("a", &[("href", &format!("#{}", id(ranking, name)))], name);
    let control = ranking.server(name).filter(|entry| entry.facts.is_control);
    if control.is_some() {
        link.text(" ").element("small", &[], "control");
    }
    Cell::markup(link)
}

/// The place of a server's details on the page: by its number, for names may be anything.
pub(super) fn id(ranking: &Ranking, name: &str) -> String {
    let mut servers = ranking.servers.iter();
    let at = servers.position(|entry| entry.facts.name == name);
    format!("server-{}", at.map_or(0, |at| at + 1))
}

/// The gate's stamp in a word.
pub(super) fn gate(entry: &Entry) -> Markup {
    match &entry.gate {
        None => Markup::of("span", &[("class", "quiet")], "not reached"),
        Some(stamp) if stamp.counts.pass() => Markup::of("span", &[("class", "pass")], "passed"),
        Some(stamp) => {
            let words = format!("{} failed", stamp.counts.failed);
            Markup::of("b", &[("class", "fail"), ("title", &stamp.words())], &words)
        }
    }
}
