//! A run whose server went away and stayed away: when, why, and what it did until then.

use wsbench_load::failure::FailureKind;
use wsbench_record::document::{Document, Ended, Failure, rfc3339, unix_ms};
use wsbench_record::units::{count, counted, percent, rate, span};

use crate::style::{Glyphs, Tone};

use crate::times::headline;

use super::sheet::{Piece, Sheet};
use super::{SECOND, percentiles, shape};

/// The columns of the bar of what was never answered.
const NEVER: usize = 14;
/// Kinds of failures that are named beside the first.
pub(crate) const FURTHER: usize = 2;

/// The end of a server within the window.
pub(crate) struct Departure {
    /// Since the window opened, s.
    pub(crate) at_s: f64,
    /// Answers a second until then.
    pub(crate) per_s: f64,
}

impl Departure {
    /// The death that a record tells of; `None` where the server was there to the end.
    pub(crate) fn of(document: &Document) -> Option<Self> {
        let is_held = document.plan.clients.round_trips().is_none();
        let is_gone = is_held && wsbench_judge::is_server_gone(document);
        let has_ended = is_gone && document.ended != Ended::Interrupted;
        if !has_ended || document.messages.answered == 0 || document.errors.is_empty() {
            return None;
        }
        // The last interval in which something was answered is the one in which it ended.
        let answered = document
            .intervals
            .iter()
            .rposition(|interval| interval.messages > 0)?;
        let last = &document.intervals[answered];
        let before = &document.intervals[..answered];
        let (messages, length) = before
            .iter()
            .fold((0, 0.0), |(messages, length), interval| {
                (messages + interval.messages, length + interval.length_s)
            });
        let start_s = last.at_s - last.length_s;
        let (at_s, per_s) = if messages > 0 {
            let per_s = messages as f64 / length;
            let within = (last.messages as f64 / per_s).min(last.length_s);
            (start_s + within, per_s)
        } else {
            (last.at_s, last.messages as f64 / last.length_s)
        };
        Some(Self { at_s, per_s })
    }

    /// Puts the lines of such a run.
    pub(super) fn lines(&self, sheet: &mut Sheet, document: &Document, shares: &[f64]) {
        let messages = &document.messages;
        let is_open = document.plan.clients.is_open_loop();
        let due = messages.sent.saturating_add(messages.unsent);
        let never = due.saturating_sub(messages.answered);
        let gone = format!("server gone at {}", span(self.at_s * 1e9));
        let of = if is_open { "due" } else { "sent" };
        let mut fates = Piece::new(format!("{} {of}:", count(due)));
        fates.column = Some(SECOND);
        let pieces = [
            Piece::new(gone).toned(Tone::Bad),
            fates,
            Piece::new(format!("{} answered,", count(messages.answered))).close(),
            Piece::new(format!("{} never", count(never))).close(),
        ];
        sheet.put(2, &pieces);
        percentiles::line(sheet, document, shares);
        let share = never as f64 / due.max(1) as f64;
        if is_open {
            answered_or_never(sheet, document, share);
        } else {
            shape::line(sheet, headline(document));
        }
        causes(sheet, document);
        if let Some(advice) = self.advice(document) {
            super::advise(sheet, &advice);
        }
        self.until_then(sheet, document);
    }

    /// The place to look for why.
    pub(crate) fn advice(&self, document: &Document) -> Option<String> {
        let clock = self.clock(document)?;
        Some(format!("look at its log about {clock} UTC"))
    }

    /// The time of day.
    fn clock(&self, document: &Document) -> Option<String> {
        let began = unix_ms(&document.started_at)?;
        let warmup = document.plan.warmup.least.as_secs_f64();
        let at = rfc3339(began + ((warmup + self.at_s) * 1e3) as u64);
        Some(at.get(11..19)?.to_owned())
    }

    /// What it did while it was there.
    fn until_then(&self, sheet: &mut Sheet, document: &Document) {
        let mut words = format!("until then: {} msg/s", rate(self.per_s));
        let clients = &document.plan.clients;
        let service = document.at(clients.headline_from_sent());
        for percentile in [
            wsbench_record::document::Percentile::P50,
            wsbench_record::document::Percentile::P90,
        ] {
            if let Some(ns) = service.at(percentile) {
                words.push_str(&format!(", {} {}", percentile.label(), span(ns as f64)));
            }
        }
        let meanings: &[&str] = if clients.is_fanned_out() {
            &["from when it was sent, of the deliveries made only"]
        } else {
            &["service time, of the answered only", "of the answered only"]
        };
        let texts = meanings.iter().map(|of| format!("{words} ({of})"));
        sheet.put_fitting(2, &texts.collect::<Vec<_>>(), Tone::Quiet);
    }
}

/// The shape of what was answered, and beside it a bar for what never was.
fn answered_or_never(sheet: &mut Sheet, document: &Document, never: f64) {
    let clients = &document.plan.clients;
    let service = document.at(clients.headline_from_sent());
    let Some((bars, least, most)) = shape::bars(service, 12, sheet.style.glyphs) else {
        return;
    };
    let (edge, fill) = match sheet.style.glyphs {
        Glyphs::Unicode => ("│", "▒"),
        Glyphs::Ascii => ("|", "x"),
    };
    let bar = format!(
        "{bars}{edge}{}",
        fill.repeat(((never * NEVER as f64).round() as usize).max(1))
    );
    let word = if clients.is_fanned_out() {
        "delivered"
    } else {
        "answered"
    };
    let answered = format!("{word} {} to {}", span(least), span(most));
    let mut legend = Piece::new(answered).toned(Tone::Quiet);
    legend.column = Some(SECOND);
    let pieces = [
        Piece::new(bar).toned(Tone::Bad),
        legend,
        Piece::new(format!("{edge}{fill} never, {}", percent(never)))
            .close()
            .toned(Tone::Bad),
    ];
    sheet.put(2, &pieces);
}

/// Why connections ended, or came to nothing, by what was seen first and most; on one line where that
/// can be.
pub(super) fn causes(sheet: &mut Sheet, document: &Document) {
    let texts = (0..=FURTHER).rev();
    let texts = texts.filter_map(|further| cause(&document.errors, further));
    let texts: Vec<String> = texts.map(|words| format!("✕ {words}")).collect();
    sheet.put_fitting(2, &texts, Tone::Bad);
}

/// The cause in words, by what was seen first and most, and so many further kinds; `None` without
/// failures.
pub(crate) fn cause(errors: &[Failure], further: usize) -> Option<String> {
    let mut errors: Vec<&Failure> = errors.iter().collect();
    // An end of what was open tells more than what was refused afterwards.
    errors.sort_by_key(|error| (error.phase == "connect", std::cmp::Reverse(error.count)));
    let first = errors.first()?;
    let times = counted(first.count, "time");
    let mut words = format!("{}, {times}", meaning(first));
    for more in errors.iter().skip(1).take(further) {
        let name = in_short(&more.phase, &more.kind);
        words.push_str(&format!("; then {} × {name}", count(more.count)));
    }
    Some(words)
}

/// The meaning of a failure within a sentence.
fn meaning(failure: &Failure) -> String {
    let kind = FailureKind::ALL
        .iter()
        .find(|kind| kind.name() == failure.kind);
    match kind {
        Some(kind) => in_words(&failure.phase, *kind),
        None => in_short(&failure.phase, &failure.kind),
    }
}

/// A kind of failure with its phase, by name: `close fin without close`.
pub(crate) fn in_short(phase: &str, kind: &str) -> String {
    format!("{phase} {}", kind.replace('_', " "))
}

/// A kind of failure with its phase, within a sentence: `exchange: the peer reset the connection (RST)`.
pub(crate) fn in_words(phase: &str, kind: FailureKind) -> String {
    let words = match (phase, kind) {
        // What a proxy refuses is of another phase.
        ("connect", FailureKind::Refused) => "Nobody listens there",
        _ => kind.meaning().trim_end_matches('.'),
    };
    let mut letters = words.chars();
    match letters.next() {
        Some(first) if !words.starts_with("TCP") => {
            format!("{phase}: {}{}", first.to_lowercase(), letters.as_str())
        }
        _ => format!("{phase}: {words}"),
    }
}
