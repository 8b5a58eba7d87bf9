//! What is compared: a server by its URL, or a stored result by its file.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use thiserror::Error;
use wsbench::bounded::{self, LARGEST_STORED};
use wsbench_load::route::Target;
use wsbench_record::document::Document;
use wsbench_record::stored::{self, Stored};

use crate::advice::{self, Advised};

/// One side of a comparison, as named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// A server.
    Server(Target),
    /// A stored result.
    Stored(StoredSide),
}

/// A stored result, or one side of a stored comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredSide {
    /// The file.
    path: PathBuf,
    /// Side to take, where the file holds a comparison.
    side: Option<ComparisonSide>,
}

/// A side of a stored comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComparisonSide {
    A,
    B,
}

/// Why a word names neither a server nor a result.
#[derive(Debug, Error)]
pub(crate) enum ContenderError {
    /// There is no such file, and it is no URL.
    #[error("neither a file that is there nor a URL ({0}); a server is ws://HOST[:PORT][/PATH]")]
    Neither(#[source] Advised),
    /// There is no such file.
    #[error("there is no such file; give a result that --output wrote")]
    NoFile,
}

/// Reads a word of the command line: a URL, or a file where there is one of that name.
///
/// # Errors
/// [`ContenderError::Neither`].
pub(crate) fn contender(word: &str) -> Result<Contender, ContenderError> {
    match stored(word) {
        Ok(side) if !word.contains("://") => Ok(Contender::Stored(side)),
        // What looks like a file is no host that is missing.
        _ if word.ends_with(".json") => Err(ContenderError::NoFile),
        _ => advice::target(word)
            .map(Contender::Server)
            .map_err(ContenderError::Neither),
    }
}

/// Reads the name of a file, with `#a` or `#b` behind it for one side of a comparison.
///
/// # Errors
/// [`ContenderError::NoFile`].
pub(crate) fn stored(word: &str) -> Result<StoredSide, ContenderError> {
    let (path, side) = match word.rsplit_once('#') {
        Some((path, "a")) => (path, Some(ComparisonSide::A)),
        Some((path, "b")) => (path, Some(ComparisonSide::B)),
        _ => (word, None),
    };
    let path = PathBuf::from(path);
    if path.is_file() {
        Ok(StoredSide { path, side })
    } else {
        Err(ContenderError::NoFile)
    }
}

impl StoredSide {
    /// The runs that are stored.
    ///
    /// # Errors
    /// The file cannot be read, is no result, or holds two sides of which none is named.
    pub(crate) fn runs(&self) -> anyhow::Result<Vec<Document>> {
        let path = self.path.display();
        let stored = read(&self.path)?;
        match (stored, self.side) {
            (Stored::Run(run), None) => Ok(vec![*run]),
            (Stored::Repetition(repetition), None) => Ok(repetition.runs),
            (Stored::Comparison(comparison), Some(ComparisonSide::A)) => Ok(comparison.a.runs),
            (Stored::Comparison(comparison), Some(ComparisonSide::B)) => Ok(comparison.b.runs),
            (Stored::Comparison(_), None) => {
                anyhow::bail!("{path} holds two sides: say {path}#a or {path}#b")
            }
            (_, Some(_)) => anyhow::bail!("{path} holds no comparison: leave the #a or #b out"),
        }
    }
}

/// Reads whatever wsbench has stored in a file.
///
/// # Errors
/// The file cannot be read, or is nothing of wsbench.
pub(crate) fn read(path: &Path) -> anyhow::Result<Stored> {
    let path_words = path.display();
    let text = bounded::text_of(path, LARGEST_STORED)
        .with_context(|| format!("{path_words} cannot be read"))?;
    stored::read(&text).with_context(|| format!("{path_words} cannot be compared"))
}

impl fmt::Display for StoredSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            None => "",
            Some(ComparisonSide::A) => "#a",
            Some(ComparisonSide::B) => "#b",
        };
        write!(f, "{}{side}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_word_is_a_file_where_there_is_one_and_else_a_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.json");
        let word = path.to_str().unwrap();
        assert!(contender(word).is_err());
        fs::write(&path, "").unwrap();
        let side = |side| {
            let path = path.clone();
            Contender::Stored(StoredSide { path, side })
        };
        assert_eq!(contender(word).unwrap(), side(None));
        assert_eq!(
            contender(&format!("{word}#b")).unwrap(),
            side(Some(ComparisonSide::B))
        );
        for url in ["localhost:3000", "ws://localhost:3000/a#b"] {
            let found = contender(url);
            assert!(!matches!(found, Ok(Contender::Stored(_))), "{found:?}");
        }
        assert!(matches!(
            contender("localhost:3000"),
            Ok(Contender::Server(_))
        ));
    }
}
