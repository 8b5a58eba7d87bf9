//! The parts of the service time, as they are shown: what passed outside of the generator, and what
//! the answer then waited in the generator's own queue.
//!
//! Beside them the floor of the machine, where it was measured. The parts were told apart by the kernel's receive time stamps while the run went on; nothing is
//! subtracted here.

use wsbench_load::series::{Series, SeriesInfo};
use wsbench_record::document::{Distribution, Document, Percentile, Stamps};
use wsbench_record::units::{self, count, span};

use crate::mark;

/// The series that is divided.
const WHOLE: Series = Series::Service;

/// Service time and its parts.
#[derive(Clone, Debug)]
pub(crate) struct Parts<'a> {
    whole: &'a Distribution,
    parts: Vec<(Series, &'a Distribution)>,
}

impl<'a> Parts<'a> {
    /// Figures that are shown of each part.
    pub(crate) const COLUMNS: [&'static str; 4] = ["p50", "p99", "max", "mean"];

    /// The parts; `None` where kernel stamps did not tell them apart.
    pub(crate) fn of(document: &'a Document) -> Option<Self> {
        let parts = WHOLE.parts();
        let parts: Option<Vec<_>> = parts
            .map(|part| Some((part, document.known(part)?)))
            .collect();
        Some(Self {
            whole: document.at(WHOLE),
            parts: parts?,
        })
    }

    /// The parts alone, by name, each with its distribution.
    pub(crate) fn divided_into(&self) -> Vec<(&'static str, &'a Distribution)> {
        let parts = self.parts.iter();
        parts
            .map(|(part, spans)| (part.info().title, *spans))
            .collect()
    }

    /// The whole and its parts, each with its distribution.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static SeriesInfo, &'a Distribution)> {
        let parts = self.parts.iter().map(|(part, spans)| (part.info(), *spans));
        std::iter::once((WHOLE.info(), self.whole)).chain(parts)
    }

    /// What passed outside of the generator.
    pub(crate) fn outside(&self) -> Option<&'a Distribution> {
        let outside = self.parts.iter().find(|(part, _)| *part == Series::Outside);
        outside.map(|(_, spans)| *spans)
    }

    /// The same by name, with a figure for each of the columns.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static str, [String; 4])> {
        self.all().map(|(info, spans)| (info.title, figures(spans)))
    }

    /// Answers whose times were told apart.
    fn divided(&self) -> u64 {
        self.parts.first().map_or(0, |(_, spans)| spans.count)
    }

    /// Meaning of the names, and what may be added up.
    pub(crate) fn legend(&self) -> String {
        let (told, all) = (self.divided(), self.whole.count);
        let told = if told == all {
            String::new()
        } else {
            format!(" of {} of {} answers", count(told), count(all))
        };
        format!(
            "by the kernel's receive stamps{told}: outside = server and network; own queue = the \
             answer waited for wsbench; means add up, percentiles do not"
        )
    }
}

fn figures(spans: &Distribution) -> [String; 4] {
    [
        mark::percentile(spans, Percentile::P50),
        mark::percentile(spans, Percentile::P99),
        mark::longest(spans),
        mean(spans),
    ]
}

/// The mean as text; the mark of the unknown without samples.
pub(crate) fn mean(spans: &Distribution) -> String {
    spans.mean.map_or_else(|| units::UNKNOWN.to_owned(), span)
}

/// Remark where the parts are not known although the run had its say on stamps.
pub(crate) fn undivided(document: &Document) -> Option<&'static str> {
    let is_known = document.timestamps == Some(Stamps::User);
    is_known.then_some(
        "no kernel stamps: service time includes what answers waited in wsbench's own queue",
    )
}

/// The floor of this machine in words, where it was measured, or that the run was too short for it.
pub(crate) fn floor(document: &Document) -> Option<String> {
    let plan = &document.plan;
    let Some(floor) = document.floor_ns else {
        let was_left_out = plan.is_near_the_floor() && plan.is_brief();
        return was_left_out
            .then(|| "floor of this machine: not measured before so short a run".to_owned());
    };
    let over_tls = if plan.target.secure { " over TLS" } else { "" };
    let (p50, p99) = (span(floor.p50 as f64), span(floor.p99 as f64));
    Some(format!(
        "floor of this machine, embedded server{over_tls}, same payload: p50 {p50}, p99 {p99}"
    ))
}
