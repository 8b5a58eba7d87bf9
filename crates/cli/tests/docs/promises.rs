//! What the README and the help promise, and which test holds each of it.
//!
//! A sentence that is new, or that says something else, has no row here and fails; a row names tests
//! that are there, or says why there is nothing to hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use Held::{By, Nothing};

use super::page::Page;
use super::said;
use crate::running::workspace;

/// What holds a sentence.
enum Held {
    /// These tests.
    By(&'static [&'static str]),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

const LINK: Held = By(&["every_link_leads_somewhere"]);

/// The sentences of the README.
const README: [(&str, Held); 30] = [
    (
        "A WebSocket benchmarker that is also a measuring instrument.",
        Nothing("says what it is"),
    ),
    (
        "It loads an echo server, or an application of another kind: broadcasts, rooms, requests, pushes, \
         logins and heartbeats by a scenario file, slow readers, storms of connections.",
        By(&[
            "every_message_is_answered",
            "a_broadcast_of_ws_reaches_everybody_its_sender_too",
            "each_message_reaches_the_members_of_its_room",
            "requests_of_json_rpc_by_their_preset",
            "pushes_are_counted_by_their_numbers_and_have_their_age",
            "a_scenario_of_publishers_and_subscribers_is_run_and_shows_no_secret",
            "slow_readers_are_told_apart_from_the_others",
            "a_storm_is_open_no_faster_than_the_server_accepts",
        ]),
    ),
    (
        "It checks every answer and every delivery, unless it is told to check less, and says how far its \
         own figures may be believed.",
        By(&[
            "the_matrix_is_the_published_one",
            "losses_repetitions_and_spoilt_deliveries_are_told_and_make_the_run_invalid",
            "looser_checks_are_noted",
        ]),
    ),
    (
        "The clock is read before the write, and again right after the read that brought the answer.",
        By(&["an_overburdened_generator_shortens_nothing_that_passed_outside"]),
    ),
    (
        "Every answer is compared with what was sent, at full speed.",
        By(&[
            "wrong_answers_are_found_and_fail_the_run",
            "faults_are_counted_to_the_last_one",
        ]),
    ),
    (
        "Each message is unique unless you give its text, so lost, duplicated, reordered, corrupted and \
         unasked answers are told apart and counted.",
        By(&[
            "every_message_is_what_the_template_says_and_no_two_are_the_same",
            "what_a_server_does_to_them_is_told_apart",
        ]),
    ),
    (
        "An audit stands in every result.",
        By(&["runs_on_simulated_time_yield_the_documents_that_are_stored"]),
    ),
    ("Do the messages add up?", By(&["messages_must_add_up"])),
    (
        "Does Little's law hold?",
        By(&["littles_law_holds_within_two_per_cent"]),
    ),
    (
        "Is the generator itself the bottleneck?",
        By(&["a_busy_generator_is_the_bottleneck"]),
    ),
    (
        "Are there enough samples behind a percentile?",
        By(&["few_samples_are_noted_when_p99_is_not_known"]),
    ),
    (
        "A doubtful figure says so, and says what to do.",
        By(&["advice_fits_the_options_in_use"]),
    ),
    (
        "At one message in flight on each connection it took 0.86 to 1.17 times the CPU of a bare TCP loop \
         that moves the same bytes and looks at none of them, when that was last measured (`cargo bench -p \
         wsbench-drive --bench floor`, all figures).",
        By(&["the_readme_tells_the_figures_of_the_floor"]),
    ),
    (
        "So what you see is mostly the server and the kernel.",
        Nothing("follows"),
    ),
    (
        "On a fresh Debian or Ubuntu machine with a Rust toolchain:",
        By(&["what_is_not_run_is_on_a_page", "readme"]),
    ),
    (
        "For a server of your own:",
        Nothing("leads to a command that is run by hand"),
    ),
    (
        "Figures first, each percentile with its interval in its own unit.",
        By(&["the_blocks_come_in_the_promised_order", "briefs"]),
    ),
    (
        "Then what limited the run: a fact, not a doubt.",
        By(&["back_pressure_is_named_and_not_doubted"]),
    ),
    (
        "Here server and generator share two cores, so the server does *at least* so much.",
        Nothing("tells of the screen above"),
    ),
    (
        "The last line says how far to believe it; had something spoilt the figures, it would say \
         *doubtful* or *invalid*, and why.",
        By(&["the_line_names_the_gravest_and_counts_the_rest"]),
    ),
    (
        "(This run was made by a build for tests, on cores that others were using too.)",
        Nothing("tells of the screen above"),
    ),
    (
        "`-v` prints all that is known, and `wsbench report` prints it afterwards.",
        By(&[
            "a_stored_result_prints_the_same_as_a_fresh_one",
            "the_last_run_is_reported_without_a_file",
        ]),
    ),
    ("What each line means: reading a result.", LINK),
    (
        "`wsbench --help` has every flag, its unit and its default.",
        By(&[
            "every_flag_explains_itself",
            "each_default_that_is_printed_is_what_holds",
            "quantities_mean_what_the_help_says",
        ]),
    ),
    (
        "On a terminal a live screen shows the run while it is under way; Ctrl-C once ends it in order, \
         with its report.",
        By(&[
            "screens_from_tiny_to_wide",
            "an_interrupted_run_reports_what_it_measured",
        ]),
    ),
    ("All pages: docs/README.md.", LINK),
    (
        "The words are defined in TERMS.md, the inside in ARCHITECTURE.md.",
        LINK,
    ),
    ("To change something: CONTRIBUTING.md.", LINK),
    ("What there is so far: CHANGELOG.md.", LINK),
    ("MIT.", LINK),
];

/// The text of a page without blocks, tables and headings, in sentences, links by their words alone.
fn sentences(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut all = Vec::new();
    for line in text.lines() {
        let fence = line.starts_with("```");
        is_code ^= fence;
        let is_prose = !is_code && !fence && !line.starts_with(['#', '|']) && !line.is_empty();
        if !is_prose {
            continue;
        }
        let line = without_links(line.trim_start_matches("* ")).replace("**", "");
        let mut from = 0;
        // A sentence ends where the next begins with a capital letter, or a command or a bracket.
        for (at, _) in line.match_indices(['.', '?']) {
            let rest = &line[at + 1..];
            let rest = rest.strip_prefix(')').unwrap_or(rest);
            let begins = |it: char| it.is_uppercase() || it == '(' || it == '`';
            let mut letters = rest.chars();
            if letters.next() == Some(' ') && letters.next().is_some_and(begins) {
                let end = line.len() - rest.len();
                all.push(line[from..end].trim().to_owned());
                from = end;
            }
        }
        all.push(line[from..].trim().to_owned());
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

/// The sources of all tests, in one text.
fn sources() -> String {
    let mut all = String::new();
    let mut folders = vec![workspace().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                all.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    all
}

#[test]
fn every_sentence_of_the_readme_is_held_by_a_test() {
    let page = Page::read("README.md");
    let said = sentences(page.text());
    for sentence in &said {
        let is_known = README.iter().any(|(row, _)| row == sentence);
        assert!(is_known, "no test is named that holds: {sentence}");
    }
    let sources = sources();
    for (sentence, held) in &README {
        assert!(
            said.iter().any(|it| it == sentence),
            "the README does not say: {sentence}"
        );
        match held {
            Nothing(reason) => assert!(!reason.is_empty()),
            By(tests) => {
                for test in *tests {
                    let is_there = sources.contains(&format!("fn {test}()"))
                        || sources.contains(&format!("{test}: \""));
                    assert!(is_there, "no test {test}, which is to hold: {sentence}");
                }
            }
        }
    }
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

/// The commands that the help lists.
fn commands(help: &str) -> Vec<String> {
    let (_, list) = help.split_once("\nSubcommands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let names = list.lines().filter(|line| !line.starts_with("    "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

/// Each flag has words, and those of a flag say more than its name.
#[test]
fn every_flag_explains_itself() {
    let help = said(&["--help"]);
    let mut pages = vec![help.clone()];
    for name in commands(&help).iter().filter(|name| *name != "help") {
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

/// Flags that no test tries, and why.
const UNTRIED: [(&str, &str); 3] = [
    ("bus-ca", "no bus behind TLS is started by the tests"),
    ("creds", "no bus with accounts is started by the tests"),
    ("idle-exit", "agents of the tests are ended by them"),
];

/// Each flag of each command is tried: in a test of the command line, or on a page whose commands are run.
#[test]
fn every_flag_of_the_help_is_tried() {
    let help = said(&["--help"]);
    let mut all = flags(&help);
    for name in commands(&help).iter().filter(|name| *name != "help") {
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
    let mut folders = vec![
        workspace().join("crates/cli/tests"),
        workspace().join("crates/cli/src/plan"),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if is_of_tests(&path) {
                tried.push_str(&fs::read_to_string(&path).unwrap());
            }
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
    for (flag, reason) in UNTRIED {
        assert!(!is_tried(flag), "{flag} is tried: {reason}");
        all.remove(flag);
    }
    let missing = all.iter().filter(|flag| !is_tried(flag) && !is_brief(flag));
    let missing: Vec<&String> = missing.collect();
    assert!(missing.is_empty(), "tried by no test: {missing:?}");
}

fn is_of_tests(path: &Path) -> bool {
    let is_source = path.extension().is_some_and(|it| it == "rs" || it == "txt");
    // Transcripts of the help hold every flag.
    is_source && !path.components().any(|it| it.as_os_str() == "transcripts")
}
