//! What is wrong with a file that people write, and where: the file, the line, the key.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

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

/// The text of a file, to tell where in it something stands; what is told is an error of this type.
#[derive(Debug)]
pub(crate) struct Source<'a, E> {
    path: &'a Path,
    text: &'a str,
    error: PhantomData<fn() -> E>,
}

impl<E> Clone for Source<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Source<'_, E> {}

impl<'a, E: From<Box<Fault>>> Source<'a, E> {
    pub(crate) fn new(path: &'a Path, text: &'a str) -> Self {
        Self {
            path,
            text,
            error: PhantomData,
        }
    }

    /// The fault of a key's value.
    pub(crate) fn fault<T>(&self, key: &str, value: &Spanned<T>, what: impl fmt::Display) -> E {
        self.at(value.span().start, key, what)
    }

    /// What is read off a key's value; `None` where it is not there.
    ///
    /// # Errors
    /// The fault that `read` finds, at the key.
    pub(crate) fn parsed<T, R, F: fmt::Display>(
        &self,
        key: &str,
        at: Option<&Spanned<T>>,
        read: impl FnOnce(&T) -> Result<R, F>,
    ) -> Result<Option<R>, E> {
        let parsed = at.map(|at| read(at.get_ref()).map_err(|why| self.fault(key, at, why)));
        parsed.transpose()
    }

    /// The fault of a key of a table that stands there.
    pub(crate) fn fault_in(&self, table: Range<usize>, key: &str, what: impl fmt::Display) -> E {
        self.at(
            self.line_of(table.start, key).unwrap_or(table.start),
            key,
            what,
        )
    }

    /// Place of the first line from `start` on that begins with this key.
    pub(crate) fn line_of(&self, start: usize, key: &str) -> Option<usize> {
        let is_key = |line: &str| {
            let before = line.split('=').next().unwrap_or_default();
            line.contains('=') && before.trim().trim_matches(['"', '\'']) == key
        };
        let mut offset = start;
        for line in self.text[start..].split_inclusive('\n') {
            if is_key(line) {
                return Some(offset);
            }
            offset += line.len();
        }
        None
    }

    /// The words of the TOML reader, which name the key where it is one of a table, and advice behind
    /// them.
    pub(crate) fn unread(&self, error: &toml::de::Error, advice: &str) -> E {
        let offset = error.span().map_or(0, |span| span.start);
        let line = self.text[..offset].rsplit('\n').next().unwrap_or_default();
        let key = line.split_once('=').map_or("", |(key, _)| key.trim());
        let what = format!("{}{advice}", error.message().trim());
        self.at(offset, key, what)
    }

    /// The fault of a key that stands at a byte.
    pub(crate) fn at(&self, offset: usize, key: &str, what: impl fmt::Display) -> E {
        let before = &self.text[..offset.min(self.text.len())];
        E::from(Box::new(Fault {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            key: key.to_owned(),
            what: what.to_string(),
        }))
    }
}
