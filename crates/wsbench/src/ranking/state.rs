//! What a ranking has done so far, in a file beside its output: a header, then an entry a line.
//!
//! Each line is there as soon as what it tells has come about, so that whatever ends the ranking,
//! the next one continues there. A line that was cut off in the middle is taken back.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::bounded::{self, LARGEST_STORED};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use wsbench_experiment::rank::LedgerEntry;

use crate::digest;
use crate::suite::Suite;

/// Name and version of the format.
const SCHEMA: &str = "wsbench.ranking-runs/1";
/// The words that are appended to the name of the output.
const SUFFIX: &str = ".runs";

/// The reason why a state cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is of something else.
    #[error(
        "{} is what an interrupted ranking left, of another suite or other servers, workloads or \
         rounds than these",
        path.display()
    )]
    OfAnother {
        /// The file.
        path: PathBuf,
    },
    /// Its seed is another one.
    #[error(
        "{} is of an interrupted ranking with seed {found}",
        path.display()
    )]
    OtherSeed {
        /// The file.
        path: PathBuf,
        /// Its seed.
        found: u64,
    },
    /// It is none.
    #[error(
        "{} cannot be read as what an interrupted ranking left (line {line}: {reason})",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The reason.
        reason: String,
    },
    /// The system does not let us.
    #[error("{}: {source}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateHeader {
    schema: String,
    /// Of the suite and the servers.
    digest: String,
    /// Seed of the ranking.
    pub seed: u64,
    /// Wall-clock start, RFC 3339 in UTC.
    pub started_at: String,
}

/// The file, open for more.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    file: File,
}

/// The state that an interrupted ranking has left.
#[derive(Debug)]
pub struct InterruptedRanking {
    /// The file, open for more.
    pub state: StateFile,
    /// Its first line.
    pub header: StateHeader,
    /// All that came about.
    pub entries: Vec<LedgerEntry>,
}

impl StateFile {
    /// The place of the state of a ranking that goes to this output.
    pub fn beside(output: &Path) -> PathBuf {
        let mut name = OsString::from(output);
        name.push(SUFFIX);
        PathBuf::from(name)
    }

    /// Begins a new one, in the place of what is there.
    ///
    /// # Errors
    /// [`StateError::System`].
    pub fn begin(
        path: &Path,
        digest: &str,
        seed: u64,
        started_at: &str,
    ) -> Result<Self, StateError> {
        let header = StateHeader {
            schema: SCHEMA.to_owned(),
            digest: digest.to_owned(),
            seed,
            started_at: started_at.to_owned(),
        };
        let system = |source| StateError::System {
            path: path.to_owned(),
            source,
        };
        let file = File::create(path).map_err(system)?;
        let mut state = Self {
            path: path.to_owned(),
            file,
        };
        state.append(&header).map_err(system)?;
        Ok(state)
    }

    /// Reads what an interrupted ranking has left, if one has; to be continued with this seed,
    /// where one is given.
    ///
    /// # Errors
    /// [`StateError`]: it is of something else, or cannot be read.
    pub fn find(
        path: &Path,
        digest: &str,
        seed: Option<u64>,
    ) -> Result<Option<InterruptedRanking>, StateError> {
        let system = |source| StateError::System {
            path: path.to_owned(),
            source,
        };
        let text = match bounded::octets_of(path, LARGEST_STORED) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(system(error)),
        };
        // What has no line end was being written when everything ended.
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let mut lines = whole.lines().enumerate();
        let unreadable = |line: usize, reason: &dyn ToString| StateError::Unreadable {
            path: path.to_owned(),
            line: line + 1,
            reason: reason.to_string(),
        };
        let Some((_, first)) = lines.next() else {
            return Ok(None);
        };
        let header: StateHeader =
            serde_json::from_str(first).map_err(|error| unreadable(0, &error))?;
        if header.schema != SCHEMA || header.digest != digest {
            let path = path.to_owned();
            return Err(StateError::OfAnother { path });
        }
        if seed.is_some_and(|seed| seed != header.seed) {
            return Err(StateError::OtherSeed {
                path: path.to_owned(),
                found: header.seed,
            });
        }
        let read = |(at, line)| serde_json::from_str(line).map_err(|error| unreadable(at, &error));
        let entries = lines.map(read).collect::<Result<Vec<LedgerEntry>, _>>()?;
        let file = OpenOptions::new().append(true).open(path).map_err(system)?;
        file.set_len(whole.len() as u64).map_err(system)?;
        let state = Self {
            path: path.to_owned(),
            file,
        };
        Ok(Some(InterruptedRanking {
            state,
            header,
            entries,
        }))
    }

    /// Appends a line.
    ///
    /// # Errors
    /// The system's.
    pub fn append(&mut self, entry: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    /// Its place.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes it away: all of it is in the result.
    pub fn remove(self) {
        // One that stays is only in the way of the next, which will say so.
        let _ = fs::remove_file(&self.path);
    }
}

/// A digest that tells one suite with its servers from another: of all that a result depends on.
pub fn digest(suite: &Suite) -> String {
    let facts = serde_json::to_string(&(suite.facts(), suite.server_facts()));
    digest::of_text(&facts.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(server: &str) -> LedgerEntry {
        LedgerEntry::Ready {
            server: server.to_owned(),
            ready_s: 0.5,
        }
    }

    #[test]
    fn what_was_cut_off_is_taken_back_and_the_rest_continues() {
        let directory = tempfile::tempdir().unwrap();
        let path = StateFile::beside(&directory.path().join("ranking.json"));
        assert!(path.ends_with("ranking.json.runs"));
        assert!(StateFile::find(&path, "d", None).unwrap().is_none());
        let mut state = StateFile::begin(&path, "d", 7, "then").unwrap();
        state.append(&entry("a")).unwrap();
        state.file.write_all(b"{\"entry\":\"rea").unwrap();
        drop(state);
        let mut found = StateFile::find(&path, "d", Some(7)).unwrap().unwrap();
        assert_eq!(found.entries, [entry("a")]);
        assert_eq!(
            (found.header.seed, found.header.started_at.as_str()),
            (7, "then")
        );
        found.state.append(&entry("b")).unwrap();
        let found = StateFile::find(&path, "d", None).unwrap().unwrap();
        assert_eq!(found.entries, [entry("a"), entry("b")]);
        found.state.remove();
        assert!(!path.exists());
    }

    #[test]
    fn what_is_of_something_else_is_refused_with_the_way_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("r.runs");
        StateFile::begin(&path, "d", 7, "then").unwrap();
        let other = StateFile::find(&path, "e", None).unwrap_err();
        assert!(matches!(other, StateError::OfAnother { .. }), "{other}");
        let other = StateFile::find(&path, "d", Some(8)).unwrap_err();
        assert!(
            matches!(other, StateError::OtherSeed { found: 7, .. }),
            "{other}"
        );
        fs::write(&path, "no JSON\n").unwrap();
        let none = StateFile::find(&path, "d", None).unwrap_err();
        assert!(
            matches!(none, StateError::Unreadable { line: 1, .. }),
            "{none}"
        );
    }
}
