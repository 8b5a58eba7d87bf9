//! Files that hold what wsbench says, for comparing it with what it says now.
//!
//! With `WSBENCH_BLESS=1` they are written anew.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary takes what it needs"
)]

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folder of the stored files.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Where what is said now is put, for a look at it beside what is stored.
fn lookout() -> PathBuf {
    // Unit tests are not given a folder.
    let place = option_env!("CARGO_TARGET_TMPDIR").map_or_else(env::temp_dir, PathBuf::from);
    place.join("wsbench-golden")
}

/// FNV-1a, 64 bits.
pub fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Compares texts with stored ones, and tells of all that differ at the end.
#[derive(Default)]
pub struct Golden {
    differing: Vec<String>,
}

impl Golden {
    /// Compares `text` with the stored file of this name.
    pub fn compare(&mut self, name: &str, text: &str) {
        let stored = folder().join(name);
        if env::var("WSBENCH_BLESS").is_ok_and(|blessed| blessed == "1") {
            fs::create_dir_all(stored.parent().unwrap()).unwrap();
            fs::write(stored, text).unwrap();
            return;
        }
        let was = fs::read_to_string(&stored).unwrap_or_default();
        if was != text {
            self.keep_for_a_look(name, text);
            let told = first_difference(&was, text);
            self.differing.push(format!("{name}: {told}"));
        }
    }

    /// Puts `text` where it can be looked at, should its hash be found to differ.
    pub fn keep_for_a_look(&mut self, name: &str, text: &str) {
        let place = lookout().join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// Panics if anything differed.
    pub fn end(self) {
        let Self { differing } = self;
        assert!(
            differing.is_empty(),
            "{} differ, which WSBENCH_BLESS=1 would store; now in {}:\n{}",
            differing.len(),
            lookout().display(),
            differing.join("\n")
        );
    }
}

/// The first line that differs, as it was and as it is.
fn first_difference(was: &str, is: &str) -> String {
    let lines = was.lines().zip(is.lines()).enumerate();
    let cut = |line: &str| line.chars().take(300).collect::<String>();
    for (number, (was, is)) in lines {
        if was != is {
            return format!(
                "line {}\n  was: {}\n  is:  {}",
                number + 1,
                cut(was),
                cut(is)
            );
        }
    }
    format!(
        "{} lines and then {}",
        was.lines().count(),
        is.lines().count()
    )
}

/// The command lines of a stored file: its lines that begin with `$ `, without that.
pub fn command_lines(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("$ "));
    lines.map(str::to_owned).collect()
}

/// The words of a command line as a shell takes them: single quotes hold a word together.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None, false);
    for character in line.chars() {
        match character {
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_with(String::new);
            }
            ' ' if !is_quoted => words.extend(word.take()),
            _ => word.get_or_insert_with(String::new).push(character),
        }
    }
    words.extend(word);
    words
}
