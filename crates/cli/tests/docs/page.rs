//! A page of the documentation: its fenced blocks, the commands in them, its links and headings.

use std::fs;
use std::path::{Path, PathBuf};

use crate::running::workspace;

/// A Markdown file of the repository.
pub(crate) struct Page {
    /// The path from the root of the repository.
    pub(crate) name: String,
    text: String,
}

/// A fenced block.
pub(crate) struct Block {
    /// The word behind the fence.
    pub(crate) language: String,
    /// The lines with their numbers, from 1.
    pub(crate) lines: Vec<(usize, String)>,
}

/// A line of a shell block.
#[derive(Debug)]
pub(crate) struct Command {
    /// Page and line, for the report of a failure.
    pub(crate) place: String,
    /// The line without its comment.
    pub(crate) text: String,
    /// The exit codes that the comment allows; 0 where it names none.
    pub(crate) exits: Vec<i32>,
}

impl Page {
    pub(crate) fn read(name: &str) -> Self {
        let text = fs::read_to_string(workspace().join(name));
        let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            name: name.to_owned(),
            text,
        }
    }

    /// Every page that people read: those at the root and in `docs`.
    pub(crate) fn all() -> Vec<Self> {
        let mut names = Vec::new();
        for folder in ["", "docs", "docs/ranking", "servers"] {
            let files = fs::read_dir(workspace().join(folder)).unwrap();
            let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
            let pages = files.filter(|file| file.ends_with(".md"));
            names.extend(pages.map(|file| Path::new(folder).join(file)));
        }
        names.sort();
        let read = |name: &PathBuf| Self::read(name.to_str().unwrap());
        names.iter().map(read).collect()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut is_inside = false;
        for (number, line) in (1..).zip(self.text.lines()) {
            match (line.strip_prefix("```"), is_inside) {
                (Some(language), false) => blocks.push(Block {
                    language: language.to_owned(),
                    lines: Vec::new(),
                }),
                (None, true) => {
                    let block = blocks.last_mut().unwrap();
                    block.lines.push((number, line.to_owned()));
                }
                _ => {}
            }
            is_inside ^= line.starts_with("```");
        }
        assert!(!is_inside, "{}: a block has no end", self.name);
        blocks
    }

    /// The commands of a shell block.
    pub(crate) fn commands(&self, block: &Block) -> Vec<Command> {
        let written = block.lines.iter().map(|(number, line)| {
            let (text, comment) = parted(line);
            Command {
                place: format!("{}:{number}", self.name),
                text: text.trim().to_owned(),
                exits: exits(comment),
            }
        });
        written.filter(|command| !command.text.is_empty()).collect()
    }

    /// The commands of all shell blocks.
    pub(crate) fn all_commands(&self) -> Vec<Command> {
        let blocks = self.blocks();
        let shell = blocks.iter().filter(|block| block.language == "sh");
        shell.flat_map(|block| self.commands(block)).collect()
    }

    /// The targets of links within the repository, with their lines.
    pub(crate) fn links(&self) -> Vec<(usize, String)> {
        let blocks = self.blocks();
        let inside = |number| {
            let mut lines = blocks.iter().flat_map(|block| &block.lines);
            lines.any(|(line, _)| *line == number)
        };
        let mut links = Vec::new();
        for (number, line) in (1..).zip(self.text.lines()).filter(|(it, _)| !inside(*it)) {
            for part in line.split("](").skip(1) {
                let target = part.split(')').next().unwrap();
                if !target.contains("://") {
                    links.push((number, target.to_owned()));
                }
            }
        }
        links
    }

    /// The anchors of the headings, as the forges make them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let headings = self.text.lines().filter(|line| line.starts_with('#'));
        let anchor = |heading: &str| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
            kept.collect::<String>().replace(' ', "-")
        };
        headings.map(anchor).collect()
    }
}

/// A line of a shell, and the comment at its end.
fn parted(line: &str) -> (&str, &str) {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '#') if before.is_whitespace() => return line.split_at(at),
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
        before = letter;
    }
    (line, "")
}

/// The codes in `exit 0, or 99`; 0 where no exit is spoken of.
fn exits(comment: &str) -> Vec<i32> {
    let Some((_, said)) = comment.split_once("exit ") else {
        return vec![0];
    };
    let words = said.split([',', ':', ' ']);
    let words = words.filter(|word| !word.is_empty() && *word != "or");
    let codes: Vec<i32> = words.map_while(|word| word.parse().ok()).collect();
    assert!(!codes.is_empty(), "no exit code in '{comment}'");
    codes
}

#[test]
fn comments_and_exit_codes_are_told_apart_from_commands() {
    let line = "wsbench -m 'a # b' host   # exit 0, or 99";
    let (text, comment) = parted(line);
    assert_eq!(text.trim(), "wsbench -m 'a # b' host");
    assert_eq!(exits(comment), [0, 99]);
    assert_eq!(exits("# exit 1: ten answers are wrong"), [1]);
    assert_eq!(exits("# a thousand"), [0]);
    assert_eq!(parted("wsbench host#1"), ("wsbench host#1", ""));
}
