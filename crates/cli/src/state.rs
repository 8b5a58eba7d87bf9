//! The last result, kept so that it can be reported again without a file having been named.
//!
//! It is a convenience and nothing that a run depends on: whatever keeps it from being written is
//! passed over in silence. There is one file, replaced whole, of a bounded length.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

/// The environment's word for the folder; empty for none.
const VARIABLE: &str = "WSBENCH_STATE_DIR";
/// The file.
const NAME: &str = "last.json";
/// The most that is kept, bytes. A result of 240 slices is about 2 MB.
const MOST: usize = 64 << 20;

/// The folder, by the environment: of `WSBENCH_STATE_DIR`, else as the XDG base directories have
/// it; `None` where none is wanted or known.
fn folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if let Some(folder) = variable(VARIABLE) {
        return (!folder.as_os_str().is_empty()).then_some(folder);
    }
    // A relative path is to be ignored, says the specification.
    let state = variable("XDG_STATE_HOME").filter(|folder| folder.is_absolute());
    let state = state.or_else(|| {
        let home = variable("HOME").filter(|home| home.is_absolute())?;
        Some(home.join(".local/state"))
    })?;
    Some(state.join("wsbench"))
}

/// The file of the last result, whether it is there or not.
pub(crate) fn last() -> Option<PathBuf> {
    let folder = folder(|name| env::var_os(name).map(PathBuf::from))?;
    Some(folder.join(NAME))
}

/// Permission to keep the result.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct StateArgs {
    /// Keep nothing of the result for a later `wsbench report` without a file.
    ///
    /// Else the last result is kept in $XDG_STATE_HOME/wsbench, or ~/.local/state/wsbench; the
    /// environment's WSBENCH_STATE_DIR names another folder, or none when it is empty.
    #[arg(long)]
    no_state: bool,
}

impl StateArgs {
    /// Keeps a result in place of the one before it, unless nothing is to be kept.
    pub(crate) fn keep(&self, document: impl FnOnce() -> String) {
        if !self.no_state {
            keep(&document());
        }
    }
}

fn keep(document: &str) {
    if let Some(file) = last() {
        // Whoever measures has the result; this copy is for comfort.
        let _ = put(&file, document);
    }
}

fn put(file: &Path, document: &str) -> Option<()> {
    let folder = file.parent().filter(|_| document.len() <= MOST)?;
    fs::create_dir_all(folder).ok()?;
    // Only the owner may read it, as temporary files are.
    let mut new = tempfile::Builder::new()
        .prefix(".wsbench-")
        .tempfile_in(folder)
        .ok()?;
    new.write_all(document.as_bytes()).ok()?;
    new.persist(file).ok()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(variables: &[(&str, &str)]) -> Option<PathBuf> {
        folder(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| PathBuf::from(value))
        })
    }

    #[test]
    fn the_folder_is_that_of_the_environment() {
        let home = ("HOME", "/home/a");
        assert_eq!(
            folder_of(&[home]),
            Some("/home/a/.local/state/wsbench".into())
        );
        assert_eq!(
            folder_of(&[home, ("XDG_STATE_HOME", "/state")]),
            Some("/state/wsbench".into())
        );
        assert_eq!(
            folder_of(&[home, ("XDG_STATE_HOME", "state")]),
            Some("/home/a/.local/state/wsbench".into())
        );
        assert_eq!(folder_of(&[home, (VARIABLE, "/x")]), Some("/x".into()));
        assert_eq!(folder_of(&[home, (VARIABLE, "")]), None);
        assert_eq!(folder_of(&[]), None);
    }

    #[test]
    fn a_result_takes_the_place_of_the_one_before_and_nothing_is_said_where_it_cannot() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("new/folder").join(NAME);
        put(&file, "one").unwrap();
        put(&file, "two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        let folder = fs::read_dir(file.parent().unwrap()).unwrap();
        assert_eq!(folder.count(), 1, "nothing is left beside it");
        assert_eq!(put(&file.join("below/a/file"), "three"), None);
        assert_eq!(put(&file, &"x".repeat(MOST + 1)), None);
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
    }
}
