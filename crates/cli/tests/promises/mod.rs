//! Tables of the sentences that promise something, in the README and in the help, with the tests that
//! hold each of them.
//!
//! A table is a text file beside this one. `[…]` begins a group: a flag, or a page. Below it stand the
//! sentences as they are said, without their full stop, each with an indented line: `= TEST TEST …` names
//! the tests that hold it, `- REASON` says why there is nothing to hold, with one of [`REASONS`], and
//! whatever explains it behind a colon.
//!
//! A sentence that is new, or that says something else, has no row and fails; so does a row whose sentence
//! is said no more, or whose test is gone.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary takes what it needs"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, iter};

/// Why a sentence has nothing to hold.
const REASONS: [&str; 5] = [
    // It says what something is or is for; what it does stands beside it.
    "a description",
    // It says when to take which, or what something is like.
    "advice",
    // It tells of another program, or of a standard.
    "of others",
    // It leads to another place.
    "leads elsewhere",
    // It promises, and no test of this machine can see it: why stands behind the colon.
    "untried",
];

/// A sentence, with the group that it is of.
pub type Said = (String, String);

/// The directory of the workspace.
fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Every file below a folder, but for what builds have left.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let found = paths.flat_map(|path| {
        if !path.is_dir() {
            return vec![path];
        }
        if path.ends_with("target") {
            return Vec::new();
        }
        files_below(&path)
    });
    found.collect()
}

/// True of a source in Rust.
pub fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "rs")
}

/// The sentences of a paragraph, without their full stops.
pub fn sentences(paragraph: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut from = 0;
    // A sentence ends where the next begins: with a capital letter, a digit, a command, a flag, a bracket.
    let begins = |it: char| it.is_uppercase() || it.is_ascii_digit() || "(`{-".contains(it);
    for (at, _) in paragraph.match_indices(['.', '?']) {
        let rest = &paragraph[at + 1..];
        let rest = rest.strip_prefix(')').unwrap_or(rest);
        let mut letters = rest.chars();
        if letters.next() == Some(' ') && letters.next().is_some_and(begins) {
            let end = paragraph.len() - rest.len();
            all.push(&paragraph[from..end]);
            from = end;
        }
    }
    all.push(&paragraph[from..]);
    let bare = all.iter().map(|it| it.trim().trim_end_matches('.'));
    bare.filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The rows of the tables that are named, with what holds them.
fn rows(tables: &[&str]) -> BTreeMap<Said, String> {
    let mut rows = BTreeMap::new();
    for name in tables {
        let path = workspace().join(format!("crates/cli/tests/promises/{name}.txt"));
        let text = fs::read_to_string(&path).unwrap();
        let (mut group, mut sentence) = (String::new(), None);
        for line in text.lines() {
            let place = || format!("{name}.txt: {line}");
            if line.is_empty() || line.starts_with('#') {
                continue;
            } else if let Some(named) = line.strip_prefix('[') {
                group = named.strip_suffix(']').unwrap().to_owned();
            } else if let Some(held) = line.strip_prefix("    ") {
                let said = sentence.take().unwrap_or_else(|| panic!("{}", place()));
                let is_new = rows
                    .insert((group.clone(), said), held.to_owned())
                    .is_none();
                assert!(is_new, "twice: {}", place());
            } else {
                assert!(
                    sentence.is_none(),
                    "nothing holds what is before {}",
                    place()
                );
                sentence = Some(line.to_owned());
            }
        }
        assert!(sentence.is_none(), "{name}.txt: {sentence:?}");
    }
    rows
}

/// The names of all tests: functions, and those that a macro makes of lines `name: "…"`.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let sources = files_below(&workspace().join("crates"));
    for path in sources.iter().filter(|path| is_source(path)) {
        let text = fs::read_to_string(path).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim_start) {
            let named = line.strip_prefix("fn ").or_else(|| {
                let made = line.split_once(": \"").map(|(name, _)| name);
                made.filter(|_| path.ends_with("docs/main.rs"))
            });
            match named {
                Some(rest) if is_test || !line.starts_with("fn ") => {
                    let is_of_name = |it: &char| it.is_alphanumeric() || *it == '_';
                    names.insert(rest.chars().take_while(is_of_name).collect());
                    is_test = false;
                }
                Some(_) => is_test = false,
                None => is_test |= line == "#[test]",
            }
        }
    }
    names
}

/// What is wrong with what holds a sentence; nothing where all is well.
fn fault(held: &str, tests: &BTreeSet<String>) -> Option<String> {
    if let Some(reason) = held.strip_prefix("- ") {
        let (reason, words) = reason.split_once(": ").unwrap_or((reason, ""));
        let is_explained = reason != "untried" || !words.is_empty();
        let is_known = REASONS.contains(&reason) && is_explained;
        return (!is_known).then(|| format!("'{reason}' is no reason"));
    }
    let Some(named) = held.strip_prefix("= ") else {
        return Some(format!("'{held}' is neither tests nor a reason"));
    };
    let missing = named.split_whitespace().filter(|it| !tests.contains(*it));
    let missing: Vec<&str> = missing.collect();
    (!missing.is_empty()).then(|| format!("no test is called {}", missing.join(", ")))
}

/// Holds what is said against the tables: each sentence has a row, each row a sentence, and each test that
/// is named is there.
pub fn assert_held(said: &BTreeSet<Said>, tables: &[&str]) {
    let rows = rows(tables);
    let tests = tests();
    assert!(tests.len() > 1_000, "{} tests", tests.len());
    let told = |(group, sentence): &Said| format!("[{group}]\n{sentence}");
    let new = said.iter().filter(|it| !rows.contains_key(*it));
    let new = new.map(|it| format!("no row says which test holds\n{}", told(it)));
    let old = rows.keys().filter(|it| !said.contains(*it));
    let old = old.map(|it| format!("it is said no more, or otherwise:\n{}", told(it)));
    let faults = rows.iter().filter_map(|(row, held)| {
        let fault = fault(held, &tests)?;
        Some(format!("{fault}:\n{}", told(row)))
    });
    let faults: Vec<String> = new.chain(old).chain(faults).collect();
    let all: Vec<&str> = iter::once("")
        .chain(faults.iter().map(String::as_str))
        .collect();
    assert!(faults.is_empty(), "{}", all.join("\n\n"));
}
