//! The rules that the code cites: "METHOD 5.3", "METHOD section 3, B", "METHOD V7", "METHOD 11,
//! rule 7". Each has to stand in `docs/method.md` under its number.

use std::fs;
use std::path::PathBuf;

use crate::page::Page;
use crate::running::workspace;
use crate::tables::{files_below, is_source};

/// What a comment cites.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cited {
    /// A section: `5.3`.
    Section(String),
    /// A check of section 3, or an experiment of section 10: `B`, `V7`.
    Row(String),
    /// A rule of section 11.
    Rule(String),
}

impl Cited {
    /// The beginning of the line of the page that it is.
    fn line(&self) -> String {
        match self {
            Self::Section(number) if number.contains('.') => format!("### {number} "),
            Self::Section(number) => format!("## {number}. "),
            Self::Row(name) => format!("| {name} |"),
            Self::Rule(number) => format!("{number}. "),
        }
    }
}

/// What is cited behind the word, up to the first word that says something else.
fn cited(behind: &str) -> Vec<Cited> {
    let mut found = Vec::new();
    let mut is_rule = false;
    for word in behind.split_whitespace() {
        let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        let is_number = bare.starts_with(|letter: char| letter.is_ascii_digit());
        let is_row = match bare.strip_prefix('V') {
            Some(number) if !number.is_empty() => number.parse::<u32>().is_ok(),
            _ => bare.len() == 1 && bare.starts_with(|letter: char| letter.is_ascii_uppercase()),
        };
        match bare {
            "" | "s" | "section" | "check" | "experiment" | "and" => {}
            "rule" => is_rule = true,
            _ if is_number && is_rule => found.push(Cited::Rule(bare.to_owned())),
            _ if is_number => found.push(Cited::Section(bare.to_owned())),
            _ if is_row => found.push(Cited::Row(bare.to_owned())),
            _ => break,
        }
        if word.ends_with([')', ';', ':', '.']) || word.contains(").") {
            break;
        }
    }
    found
}

/// The text of a source without what makes comments of its lines.
fn plain(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim_start();
        let markers = ["///", "//!", "//"];
        let bare = markers.iter().find_map(|marker| line.strip_prefix(marker));
        bare.unwrap_or(line).trim()
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// Every source that may cite a rule, but for this test.
fn sources() -> impl Iterator<Item = PathBuf> {
    let files = files_below(&workspace().join("crates")).into_iter();
    files.filter(|path| is_source(path) && *path != this_file())
}

fn this_file() -> PathBuf {
    workspace().join("crates/cli/tests/docs/cited.rs")
}

#[test]
fn every_rule_that_the_code_cites_is_on_its_page() {
    let page = Page::read("docs/method.md");
    let mut count = 0;
    for path in sources() {
        let text = plain(&fs::read_to_string(&path).unwrap());
        for (at, word) in text.match_indices("METHOD") {
            let behind = &text[at + word.len()..];
            let is_word = text[..at].ends_with([' ', '(']) && behind.starts_with([' ', ',', '\'']);
            if !is_word {
                continue;
            }
            let place = path.display();
            let cited = cited(behind);
            assert!(!cited.is_empty(), "{place}: METHOD{behind:.40}");
            for rule in cited {
                count += 1;
                let line = rule.line();
                // The sources at the end of the page have numbers, too.
                let rules = page.text().split("\n## 11. ").nth(1).unwrap();
                let among = match rule {
                    Cited::Rule(_) => rules.split("\n## ").next().unwrap(),
                    Cited::Section(_) | Cited::Row(_) => page.text(),
                };
                let is_there = among.lines().any(|it| it.starts_with(&line));
                assert!(
                    is_there,
                    "{place} cites {rule:?}, and no line begins '{line}'"
                );
            }
        }
    }
    assert!(count > 30, "{count} citations were seen");
}

#[test]
fn citations_are_read_as_they_are_written() {
    let section = |number: &str| Cited::Section(number.to_owned());
    let row = |name: &str| Cited::Row(name.to_owned());
    let rule = |number: &str| Cited::Rule(number.to_owned());
    for (behind, expected) in [
        (" 5.4 and 5.5 say why", vec![section("5.4"), section("5.5")]),
        (" 11, rule 7). Then 3", vec![section("11"), rule("7")]),
        (" section 3, B). This", vec![section("3"), row("B")]),
        (", rule D): MSER", vec![row("D")]),
        (" V12 and V13 of a tree", vec![row("V12"), row("V13")]),
        (" §2: evenly", vec![section("2")]),
        ("'s experiment V15, the half", vec![row("V15")]),
        (" rule 13).", vec![rule("13")]),
        (" holds nothing", vec![]),
    ] {
        assert_eq!(cited(behind), expected, "{behind}");
    }
}
