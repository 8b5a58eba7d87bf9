//! The help, sentence by sentence: each is held by tests, or says why not, in the tables of
//! `tests/promises`.
//!
//! A default that is printed from the value itself needs no row, nor does a list of values; what is said
//! of each value does.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../tests/promises/mod.rs"]
mod tables;

use std::collections::BTreeSet;

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory, Parser};
use tables::{Said, assert_held, sentences};

use crate::command_line::Cli;
use crate::legacy::Legacy;

/// The tables of the help; `readme` beside them is of the README.
const TABLES: [&str; 10] = [
    "amount", "pressure", "payload", "workload", "connect", "machine", "judge", "output", "serve",
    "commands",
];

/// Headings below which each line says something by itself; below others are sentences.
const LISTS: [&str; 3] = ["Quantities:", "Examples:", "Exit codes:"];

/// The name of a flag, or the place of a word.
fn name(arg: &Arg) -> String {
    match arg.get_long() {
        Some(long) => format!("--{long}"),
        None => format!("<{}>", arg.get_id()),
    }
}

fn paragraphs(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split("\n\n");
    parts.map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What a flag says of itself and of its values.
fn of_arg(arg: &Arg, said: &mut BTreeSet<Said>) {
    let group = name(arg);
    let help = arg.get_long_help().or_else(|| arg.get_help());
    let help = help
        .unwrap_or_else(|| panic!("{group} says nothing"))
        .to_string();
    // Whichever is shorter is of the short help.
    let short = arg.get_help().map(StyledStr::to_string).unwrap_or_default();
    for text in [&help, &short] {
        assert!(
            !text.contains("{n}"),
            "clap ends a line there: {group}: {text}"
        );
        let all = paragraphs(text).flat_map(|it| sentences(&it));
        said.extend(all.map(|it| (group.clone(), it)));
    }
    for value in arg.get_possible_values() {
        let Some(help) = value.get_help() else {
            continue;
        };
        let words = format!("{}: {help}", value.get_name());
        let all = paragraphs(&words).flat_map(|it| sentences(&it));
        said.extend(all.map(|it| (group.clone(), it)));
    }
}

/// The blocks of a text below the flags, each with its heading, which may be none.
fn blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("\n\n")
        .map(|block| match block.split_once('\n') {
            Some((head, rest)) if head.ends_with(':') && rest.starts_with(' ') => (head, rest),
            _ => ("", block),
        })
}

/// The lines of a list; what is indented further goes on with the line before.
fn lines(list: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in list.lines() {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match all.last_mut().filter(|_| line.starts_with("   ")) {
            Some(last) => *last = format!("{last} {words}"),
            None => all.push(words),
        }
    }
    all
}

/// What a command says of itself, and below its flags.
fn of_command(command: &Command, name: &str, said: &mut BTreeSet<Said>) {
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(StyledStr::to_string).unwrap_or_default();
    let mut all: Vec<String> = paragraphs(&about).flat_map(|it| sentences(&it)).collect();
    let below = [command.get_after_long_help(), command.get_after_help()];
    for text in below.into_iter().flatten().map(StyledStr::to_string) {
        for (head, block) in blocks(&text) {
            if LISTS.contains(&head) {
                all.extend(lines(block).into_iter().map(|it| format!("{head} {it}")));
            } else {
                let words = paragraphs(block).flat_map(|it| sentences(&it));
                all.extend(words);
            }
        }
    }
    said.extend(all.into_iter().map(|it| (name.to_owned(), it)));
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        of_arg(arg, said);
    }
}

/// The commands that the help lists, by their names.
fn commands() -> Vec<(String, Command)> {
    let root = Cli::command();
    let shown = root.get_subcommands().filter(|it| !it.is_hide_set());
    let below = shown.map(|it| (format!("wsbench {}", it.get_name()), it.clone()));
    let mut all: Vec<(String, Command)> = below.collect();
    all.push(("wsbench".to_owned(), root));
    all.push(("wsbench --h".to_owned(), Legacy::command()));
    all
}

#[cfg(feature = "export")]
#[test]
fn every_sentence_of_the_help_is_held_by_a_test() {
    let mut said = BTreeSet::new();
    for (name, command) in commands() {
        of_command(&command, &name, &mut said);
    }
    assert_held(&said, &TABLES);
}

/// Every example below the flags is a command line that is taken.
#[test]
fn every_example_of_the_help_is_taken() {
    let mut count = 0;
    for (_, command) in commands() {
        let Some(text) = command.get_after_long_help().map(StyledStr::to_string) else {
            continue;
        };
        let of_examples =
            |head: &str| head.is_empty() || head == "Examples:" || head.contains("older");
        for (_, block) in blocks(&text).filter(|(head, _)| of_examples(head)) {
            for line in block.lines() {
                // Behind two spaces stands what it does; before a command, variables.
                let Some(at) = line.find("wsbench").filter(|_| line.starts_with("  ")) else {
                    continue;
                };
                let line = &line[at..];
                let words = shlex::split(line.split("  ").next().unwrap().trim());
                let words = words.unwrap_or_else(|| panic!("{line}"));
                let refused = if words.iter().any(|word| word == "--h") {
                    Legacy::try_parse_from(&words).err()
                } else {
                    Cli::try_parse_from(&words).err()
                };
                // A file that is named is none of this machine's.
                let is_for_a_file = |it: &clap::Error| it.to_string().contains("no such file");
                let refused = refused.filter(|it| !is_for_a_file(it));
                assert!(refused.is_none(), "{line}: {}", refused.unwrap());
                count += 1;
            }
        }
    }
    assert!(count > 15, "{count} examples");
}
