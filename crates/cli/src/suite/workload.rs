//! A workload of a suite: as facts for the reports, and as the flags by which one run of it is
//! made by hand.
//!
//! The flags are the truth: the plan of a run is read off them like any command line, so what a
//! report says of a workload can be typed.

use std::ops::Range;

use toml::Spanned;
use wsbench_load::nanos::Nanos;
use wsbench_record::ranking::{Workload, WorkloadKind};

use super::fault::{Source, SuiteError};
use super::file::{Amount, Kind, WorkloadFile};
use crate::quantity;
use crate::shell_words::shell_words;

/// Connections of a workload of kind "idle".
const IDLE_CONNECTIONS: u32 = 1_000;
/// What opening, draining and closing take at a guess, s.
const AROUND_S: f64 = 0.3;
/// Clients a second that are expected of a server nobody knows.
const CLIENTS_PER_S: f64 = 1_500.0;
/// A search's first trials are so much shorter than the search.
const TRIALS: u64 = 10;
/// Bounds of their length.
const TRIAL: Range<Nanos> = Nanos::from_millis(300)..Nanos::from_secs(5);

/// A workload.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// For the reports.
    pub(crate) facts: Workload,
    /// The flags of a run, without the server.
    pub(crate) words: Vec<String>,
    /// What a run takes at a guess, s.
    pub(crate) expected_s: f64,
}

/// What of a suite bears on its workloads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    /// Rounds of the suite.
    pub(super) rounds: u32,
    /// Its objective.
    pub(super) slo: Option<&'a str>,
    /// The generator's cores.
    pub(super) cores: Option<&'a str>,
}

/// Reads a workload.
///
/// # Errors
/// A value that is none, a key that its kind does not have, one that it needs and has not.
pub(super) fn load(
    source: &Source<'_>,
    entry: &Spanned<WorkloadFile>,
    terms: &Terms<'_>,
) -> Result<Load, SuiteError> {
    let reader = Reader {
        source,
        span: entry.span(),
        file: entry.get_ref(),
    };
    reader.check_name()?;
    reader.check_keys()?;
    let parts = match reader.file.kind {
        Kind::Closed => reader.closed()?,
        Kind::Open => reader.open()?,
        Kind::Idle => reader.idle()?,
        Kind::Storm => reader.storm()?,
        Kind::Limit => reader.limit(terms)?,
    };
    Ok(reader.load(parts, terms))
}

/// What the kinds of workloads differ in.
struct Parts {
    kind: WorkloadKind,
    connections: u32,
    depth: u32,
    rate_per_s: Option<f64>,
    duration_s: f64,
    warmup_s: f64,
    expected_s: f64,
    size: u32,
    words: Vec<String>,
}

/// A workload that is being read.
struct Reader<'a> {
    source: &'a Source<'a>,
    span: Range<usize>,
    file: &'a WorkloadFile,
}

impl Reader<'_> {
    fn load(&self, parts: Parts, terms: &Terms<'_>) -> Load {
        let mut words = parts.words;
        words.push(if self.file.text { "--text" } else { "--binary" }.to_owned());
        if let Some(cores) = terms.cores {
            words.extend(["--pin".to_owned(), cores.to_owned()]);
        }
        let asked = self.file.rounds.as_ref().map(|it| *it.get_ref());
        let command = [&["wsbench".to_owned()], &words[..], &["URL".to_owned()]].concat();
        let command: Vec<_> = command.into_iter().map(Into::into).collect();
        Load {
            facts: Workload {
                name: self.file.name.get_ref().clone(),
                kind: parts.kind,
                connections: parts.connections,
                depth: parts.depth,
                size_bytes: parts.size.into(),
                rate_per_s: parts.rate_per_s,
                duration_s: parts.duration_s,
                warmup_s: parts.warmup_s,
                rounds: asked.map_or(terms.rounds, |rounds| rounds.min(terms.rounds)),
                command: shell_words(&command),
            },
            words,
            expected_s: parts.expected_s,
        }
    }

    fn check_name(&self) -> Result<(), SuiteError> {
        let name = self.file.name.get_ref();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || !name.chars().all(is_plain) {
            let what = format!(
                "'{name}' is no name of a workload; letters, digits, '-', '_' and '.' make one"
            );
            return Err(self.source.fault("name", &self.file.name, what));
        }
        if let Some(rounds) = self.file.rounds.as_ref().filter(|it| *it.get_ref() == 0) {
            let what = "a workload takes part in one round at least; leave it out of the suite, or \
                        give rounds = 1";
            return Err(self.source.fault("rounds", rounds, what));
        }
        Ok(())
    }

    /// Refuses what would be ignored.
    fn check_keys(&self) -> Result<(), SuiteError> {
        let file = self.file;
        let given = [
            (
                "depth",
                file.depth.as_ref().map(Spanned::span),
                &[Kind::Closed][..],
            ),
            (
                "rate",
                file.rate.as_ref().map(Spanned::span),
                &[Kind::Open, Kind::Idle],
            ),
            (
                "connect_rate",
                file.connect_rate.as_ref().map(Spanned::span),
                &[Kind::Idle],
            ),
            (
                "clients",
                file.clients.as_ref().map(Spanned::span),
                &[Kind::Storm],
            ),
            (
                "duration",
                file.duration.as_ref().map(Spanned::span),
                &[Kind::Closed, Kind::Open, Kind::Idle, Kind::Limit],
            ),
            (
                "warmup",
                file.warmup.as_ref().map(Spanned::span),
                &[Kind::Closed, Kind::Open, Kind::Idle, Kind::Limit],
            ),
        ];
        for (key, span, kinds) in given {
            let Some(span) = span else { continue };
            if !kinds.contains(&file.kind) {
                let of: Vec<String> = kinds
                    .iter()
                    .map(|kind| format!("\"{}\"", kind.word()))
                    .collect();
                let what = format!(
                    "a workload of kind \"{}\" has none, only {}; leave it out",
                    file.kind.word(),
                    of.join(" and ")
                );
                let value = Spanned::new(span, ());
                return Err(self.source.fault(key, &value, what));
            }
        }
        Ok(())
    }

    fn closed(&self) -> Result<Parts, SuiteError> {
        let depth = self.count("depth", self.file.depth.as_ref(), 1)?;
        let mut parts = self.timed(WorkloadKind::Closed, 64, "500ms")?;
        parts.words.extend(["-p".to_owned(), depth.to_string()]);
        Ok(Parts { depth, ..parts })
    }

    fn open(&self) -> Result<Parts, SuiteError> {
        let Some((rate, words)) = self.rate("rate", self.file.rate.as_ref())? else {
            let what = "a workload of kind \"open\" needs a rate over all connections; add one, \
                        like rate = \"5k\"";
            return Err(self.source.fault_in(self.span.clone(), "rate", what));
        };
        let mut parts = self.timed(WorkloadKind::Open, 64, "500ms")?;
        parts.words.extend(["-R".to_owned(), words]);
        Ok(Parts {
            rate_per_s: Some(rate),
            ..parts
        })
    }

    fn idle(&self) -> Result<Parts, SuiteError> {
        let rate = self.rate("rate", self.file.rate.as_ref())?;
        let (rate, rate_words) = rate.unwrap_or((100.0, "100".to_owned()));
        let opened = self.rate("connect_rate", self.file.connect_rate.as_ref())?;
        let (opened, opened_words) = opened.unwrap_or((1_000.0, "1k".to_owned()));
        let parts = self.timed(WorkloadKind::Idle, IDLE_CONNECTIONS, "0s")?;
        let further = ["-R", &rate_words, "--connect-rate", &opened_words];
        let words = further.into_iter().map(str::to_owned);
        Ok(Parts {
            rate_per_s: Some(rate),
            expected_s: parts.expected_s + f64::from(parts.connections) / opened,
            words: parts.words.iter().cloned().chain(words).collect(),
            ..parts
        })
    }

    fn storm(&self) -> Result<Parts, SuiteError> {
        let clients = self.count("clients", self.file.clients.as_ref(), 1_000)?;
        let connections = self.count("connections", self.file.connections.as_ref(), 64)?;
        let (size, size_words) = self.size()?;
        let expected_s = f64::from(clients) / CLIENTS_PER_S;
        let words = [
            "-c",
            &connections.to_string(),
            "--clients",
            &clients.to_string(),
            "-r",
            "1",
            "-s",
            &size_words,
        ];
        Ok(Parts {
            kind: WorkloadKind::Storm,
            connections,
            depth: 1,
            rate_per_s: None,
            // It lasts as long as the server needs.
            duration_s: 0.0,
            warmup_s: 0.0,
            expected_s: expected_s + AROUND_S,
            size,
            words: words.map(str::to_owned).to_vec(),
        })
    }

    fn limit(&self, terms: &Terms<'_>) -> Result<Parts, SuiteError> {
        let Some(slo) = terms.slo else {
            let what = "a workload of kind \"limit\" needs the suite's objective; add one above, \
                        like slo = \"p99<5ms\"";
            return Err(self.source.fault_in(self.span.clone(), "kind", what));
        };
        let connections = self.count("connections", self.file.connections.as_ref(), 64)?;
        let (size, size_words) = self.size()?;
        let (duration, limit) = self.span("duration", self.file.duration.as_ref(), "15s")?;
        let (warmup, warmup_words) = self.span("warmup", self.file.warmup.as_ref(), "500ms")?;
        let trial = Nanos(duration.0 / TRIALS).max(TRIAL.start).min(TRIAL.end);
        if duration < trial + warmup {
            let what = "a search is shorter than one trial with its warm-up; give 5s at least";
            return Err(self.source.fault_in(self.span.clone(), "duration", what));
        }
        let trial_words = format!("{}ms", trial.0 / 1_000_000);
        let words = [
            "find",
            "--slo",
            slo,
            "-c",
            &connections.to_string(),
            "-s",
            &size_words,
            "-d",
            &trial_words,
            "--limit",
            &limit,
            "--warmup",
            &warmup_words,
        ];
        Ok(Parts {
            kind: WorkloadKind::Limit,
            connections,
            depth: 1,
            rate_per_s: None,
            duration_s: duration.as_secs_f64(),
            warmup_s: warmup.as_secs_f64(),
            expected_s: duration.as_secs_f64() + AROUND_S,
            size,
            words: words.map(str::to_owned).to_vec(),
        })
    }

    /// What all workloads with a window have in common.
    fn timed(
        &self,
        kind: WorkloadKind,
        connections: u32,
        warmup: &str,
    ) -> Result<Parts, SuiteError> {
        let connections = self.count("connections", self.file.connections.as_ref(), connections)?;
        let (size, size_words) = self.size()?;
        let (duration, length) = self.span("duration", self.file.duration.as_ref(), "2s")?;
        let (warmup, warmup_words) = self.span("warmup", self.file.warmup.as_ref(), warmup)?;
        if duration == Nanos::ZERO {
            let what = "a window has a length; give a longer one, like \"2s\"";
            return Err(self.source.fault_in(self.span.clone(), "duration", what));
        }
        let words = [
            "-c",
            &connections.to_string(),
            "-s",
            &size_words,
            "-d",
            &length,
            "--warmup",
            &warmup_words,
        ];
        let (duration_s, warmup_s) = (duration.as_secs_f64(), warmup.as_secs_f64());
        Ok(Parts {
            kind,
            connections,
            depth: 1,
            rate_per_s: None,
            duration_s,
            warmup_s,
            expected_s: duration_s + warmup_s + AROUND_S,
            size,
            words: words.map(str::to_owned).to_vec(),
        })
    }

    fn count(
        &self,
        key: &str,
        value: Option<&Spanned<u32>>,
        default: u32,
    ) -> Result<u32, SuiteError> {
        match value {
            None => Ok(default),
            Some(value) if *value.get_ref() == 0 => {
                Err(self
                    .source
                    .fault(key, value, "0 is too few; give 1 at least"))
            }
            Some(value) => Ok(*value.get_ref()),
        }
    }

    fn size(&self) -> Result<(u32, String), SuiteError> {
        let Some(value) = &self.file.size else {
            return Ok((30, "30".to_owned()));
        };
        let words = value.get_ref().words();
        let size = quantity::message_size(&words);
        let size = size.map_err(|error| self.source.fault("size", value, error))?;
        Ok((size, words))
    }

    fn span(
        &self,
        key: &str,
        value: Option<&Spanned<String>>,
        default: &str,
    ) -> Result<(Nanos, String), SuiteError> {
        let words = value.map_or(default, |value| value.get_ref());
        match (quantity::span(words), value) {
            (Ok(span), _) => Ok((span, words.to_owned())),
            (Err(error), Some(value)) => Err(self.source.fault(key, value, error)),
            (Err(error), None) => Err(self.source.fault_in(self.span.clone(), key, error)),
        }
    }

    fn rate(
        &self,
        key: &str,
        value: Option<&Spanned<Amount>>,
    ) -> Result<Option<(f64, String)>, SuiteError> {
        let Some(value) = value else { return Ok(None) };
        let words = value.get_ref().words();
        match quantity::rate_per_s(&words) {
            Ok(rate) => Ok(Some((rate, words))),
            Err(error) => Err(self.source.fault(key, value, error)),
        }
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Idle => "idle",
            Self::Storm => "storm",
            Self::Limit => "limit",
        }
    }
}
