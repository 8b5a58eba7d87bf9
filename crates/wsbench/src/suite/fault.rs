//! What is wrong with a suite, and where: the file, the line, the key.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::Spanned;

/// The reason why a suite cannot be run.
#[derive(Debug, Error)]
pub enum SuiteError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}; {advice}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
        /// The way out.
        advice: &'static str,
    },
    /// A line of a file is wrong.
    #[error(transparent)]
    Line(Box<Fault>),
    /// A server was chosen that is none of the suite's.
    #[error("the suite has no server '{name}'; it has {}", known.join(", "))]
    NoSuchServer {
        /// The word.
        name: String,
        /// Their names.
        known: Vec<String>,
    },
}

/// The fault of a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    path: PathBuf,
    /// From 1.
    line: usize,
    /// The key; empty where the message names it.
    key: String,
    /// The fault in words, and the way out.
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.path.display(), self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}

/// The text of a file, to tell where in it something stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// The fault of a key's value.
    pub(crate) fn fault<T>(
        &self,
        key: &str,
        value: &Spanned<T>,
        what: impl fmt::Display,
    ) -> SuiteError {
        self.at(value.span().start, key, what)
    }

    /// The fault of a key of a table that stands there.
    pub(crate) fn fault_in(
        &self,
        table: Range<usize>,
        key: &str,
        what: impl fmt::Display,
    ) -> SuiteError {
        let is_key = |line: &str| {
            let before = line.split('=').next().unwrap_or_default();
            line.contains('=') && before.trim().trim_matches(['"', '\'']) == key
        };
        let mut offset = table.start;
        for line in self.text[table.start..].split_inclusive('\n') {
            if is_key(line) {
                return self.at(offset, key, what);
            }
            offset += line.len();
        }
        self.at(table.start, key, what)
    }

    /// The words of the TOML reader, which name the key where it is one of a table.
    pub(crate) fn unread(&self, error: &toml::de::Error) -> SuiteError {
        let offset = error.span().map_or(0, |span| span.start);
        let line = self.text[..offset].rsplit('\n').next().unwrap_or_default();
        let key = line.split_once('=').map_or("", |(key, _)| key.trim());
        let advice = "; `wsbench schema suite` and `wsbench schema server` tell every key";
        let what = format!("{}{advice}", error.message().trim());
        self.at(offset, key, what)
    }

    fn at(&self, offset: usize, key: &str, what: impl fmt::Display) -> SuiteError {
        let before = &self.text[..offset.min(self.text.len())];
        SuiteError::Line(Box::new(Fault {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            key: key.to_owned(),
            what: what.to_string(),
        }))
    }
}
