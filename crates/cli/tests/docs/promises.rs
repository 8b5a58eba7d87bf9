//! What the README promises, and which test holds each of it (`tests/promises/readme.txt`); and of the help,
//! that each flag explains itself and is tried. The help's sentences have tables of their own
//! (`src/promises.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path};

use super::page::Page;
use super::said;
use super::tables::{assert_held, files_below, is_source, sentences};
use crate::running::{listed_commands, workspace};

/// The paragraphs of a page without blocks, tables and headings, links by their words alone.
fn paragraphs(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut all = Vec::new();
    for line in text.lines() {
        let fence = line.starts_with("```");
        is_code ^= fence;
        let is_prose = !is_code && !fence && !line.starts_with(['#', '|']) && !line.is_empty();
        if is_prose {
            all.push(without_links(line.trim_start_matches("* ")).replace("**", ""));
        }
    }
    all
}

/// A link `[words](place)` as its words.
fn without_links(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once('[') {
        plain.push_str(before);
        let Some((words, target)) = behind.split_once("](") else {
            plain.push('[');
            rest = behind;
            continue;
        };
        plain.push_str(words);
        rest = target.split_once(')').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

#[test]
fn every_sentence_of_the_readme_is_held_by_a_test() {
    let page = Page::read("README.md");
    let said = paragraphs(page.text())
        .into_iter()
        .flat_map(|it| sentences(&it));
    let said = said.map(|it| ("README.md".to_owned(), it));
    assert_held(&said.collect(), &["readme"]);
}

/// The bare loop's ratios at one message in flight, which the page of figures has.
#[test]
fn the_readme_tells_the_figures_of_the_floor() {
    let figures = Page::read("docs/performance.md");
    let lines = figures.text().lines();
    let ratios = lines.filter(|line| line.contains("× depth  1,"));
    let ratios: Vec<f64> = ratios
        .map(|line| {
            let (_, behind) = line.split_once(" → ").unwrap();
            let (_, ratio) = behind.split_once(", ").unwrap();
            ratio.split(' ').next().unwrap().parse().unwrap()
        })
        .collect();
    assert!(ratios.len() >= 5, "{ratios:?}");
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    let told = format!("**{least:.2} to {most:.2} times the CPU of a bare TCP loop**");
    let readme = Page::read("README.md");
    assert!(readme.text().contains(&told), "{told}");
}

/// Flags of a help page, by their long names.
fn flags(help: &str) -> BTreeSet<String> {
    let lines = help.lines().filter_map(|line| {
        let bare = line.trim_start();
        let is_flag = bare.starts_with("--") || bare.starts_with('-') && bare.contains(", --");
        let name = bare.split("--").nth(1).filter(|_| is_flag)?;
        let is_of_name = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        let name: String = name.chars().take_while(|it| is_of_name(*it)).collect();
        (!name.is_empty()).then_some(name)
    });
    lines.collect()
}

/// Each flag has words, and those of a flag say more than its name.
#[test]
fn every_flag_explains_itself() {
    let help = said(&["--help"]);
    let mut pages = vec![help.clone()];
    for name in listed_commands(&help).iter().filter(|name| *name != "help") {
        pages.push(said(&[name, "--help"]));
    }
    for page in pages {
        let mut lines = page.lines().peekable();
        while let Some(line) = lines.next() {
            let bare = line.trim_start();
            if !bare.starts_with('-') || flags(line).is_empty() {
                continue;
            }
            let words_behind = bare
                .split("  ")
                .skip(1)
                .any(|words| !words.trim().is_empty());
            let is_indented = |line: &&str| line.len() > line.trim_start().len();
            let words_below = lines.peek().is_some_and(is_indented);
            assert!(words_behind || words_below, "{line}");
        }
    }
}

/// Each flag of each command is tried: in a test of the command line, or on a page whose commands are run.
#[test]
fn every_flag_of_the_help_is_tried() {
    let help = said(&["--help"]);
    let mut all = flags(&help);
    for name in listed_commands(&help).iter().filter(|name| *name != "help") {
        all.extend(flags(&said(&[name, "--help"])));
    }
    assert!(all.len() > 150, "{} flags", all.len());
    let mut tried = String::new();
    for page in Page::all() {
        for command in page.all_commands() {
            tried.push_str(&command.text);
            tried.push('\n');
        }
    }
    for folder in ["crates/cli/tests", "crates/cli/src/plan"] {
        let files = files_below(&workspace().join(folder));
        for path in files.iter().filter(|path| is_of_tests(path)) {
            tried.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    // Those of one letter are tried by it.
    let is_brief = |flag: &String| {
        let letter = match flag.as_str() {
            "ipv6" => "-6",
            "verbose" => "-v",
            _ => return false,
        };
        let words = [format!(" {letter} "), format!("\"{letter}\"")];
        words.iter().any(|word| tried.contains(word))
    };
    let ends = |it: Option<char>| !it.is_some_and(|it| it.is_ascii_alphanumeric() || it == '-');
    let is_tried = |flag: &str| {
        let word = format!("--{flag}");
        let mut places = tried.match_indices(&word);
        places.any(|(at, _)| ends(tried[at + word.len()..].chars().next()))
    };
    let missing = all.iter().filter(|flag| !is_tried(flag) && !is_brief(flag));
    let missing: Vec<&String> = missing.collect();
    assert!(missing.is_empty(), "tried by no test: {missing:?}");
}

fn is_of_tests(path: &Path) -> bool {
    let is_text = path.extension().is_some_and(|it| it == "txt");
    // Transcripts of the help hold every flag, and so do the tables of its sentences.
    let of_the_help = ["transcripts", "promises"];
    let is_of_the_help = |part: Component<'_>| of_the_help.iter().any(|it| part.as_os_str() == *it);
    (is_source(path) || is_text) && !path.components().any(is_of_the_help)
}
