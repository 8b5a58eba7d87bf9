//! The documentation, held to the program: every command of the pages is run, every link leads
//! somewhere, every rule that the code cites stands on its page, and every key and mode is told.
//!
//! A page's commands are run one after the other in a world of their own (`world`), made short
//! (`short`). What a command prints is another test's affair; here it has to be accepted, to end
//! with the code that the page tells (0 unless its comment says `exit …`), and to write its files.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod cited;
mod page;
mod promises;
#[allow(dead_code, reason = "the tests of faults take the rest")]
#[path = "../faults/raw.rs"]
mod raw;
#[path = "../running/mod.rs"]
mod running;
mod short;
#[path = "../promises/mod.rs"]
mod tables;
mod workflow;
mod world;

use page::Page;
use running::{Process, workspace, wsbench};
use world::{World, assert_is_there};

/// The README is the front door, and nobody reads a long one.
const MOST_WORDS: usize = 1_200;

/// Commands that begin so are not run here, and why. That what they name is there is looked at.
const NOT_RUN: [(&str, &str); 11] = [
    ("scripts/test", "it runs this test"),
    ("cargo install", "installs"),
    ("scripts/instructions", "it builds a benchmark"),
    ("scripts/ab", "figures of a busy machine are noise"),
    ("scripts/against", "needs a program of somebody else's"),
    ("cargo bench", "figures of a busy machine are noise"),
    (
        "taskset -c 1 cargo bench",
        "figures of a busy machine are noise",
    ),
    ("cargo nextest", "runs this test"),
    ("cargo test", "runs tests"),
    ("cargo build", "builds the program for minutes"),
    ("scripts/build-cost", "builds the program several times"),
];

fn is_run(text: &str) -> bool {
    !NOT_RUN.iter().any(|(begin, _)| text.starts_with(begin))
}

/// Carries out what a page says, block by block.
fn carry_out(name: &str) {
    let page = Page::read(name);
    let mut world = World::new();
    for block in page.blocks() {
        match block.language.as_str() {
            "toml" => world.keep(&block),
            "csv" => world.keep_rows(&block),
            "yaml" => {
                for command in workflow::commands(name, &block) {
                    world.carry_out(&command);
                }
            }
            "sh" => {
                for command in page.commands(&block) {
                    if is_run(&command.text) {
                        world.carry_out(&command);
                    } else {
                        assert_is_there(&command);
                    }
                }
                world.end_of_block(name);
            }
            _ => {}
        }
    }
}

/// A test a page, and their list.
macro_rules! pages {
    ($($test:ident: $page:literal,)*) => {
        $(
            #[test]
            fn $test() {
                carry_out($page);
            }
        )*

        const PAGES: &[&str] = &[$($page),*];
    };
}

pages! {
    readme: "README.md",
    contributing: "CONTRIBUTING.md",
    first_run: "docs/first-run.md",
    reading_a_result: "docs/reading-a-result.md",
    open_loop: "docs/open-loop.md",
    workloads: "docs/workloads.md",
    comparing_and_ci: "docs/comparing-and-ci.md",
    ci: "docs/ci.md",
    live_data: "docs/live-data.md",
    searching: "docs/searching.md",
    ranking: "docs/ranking.md",
    the_ranking_of_november: "docs/ranking/README.md",
    tls_and_proxies: "docs/tls-and-proxies.md",
    embedded_server: "docs/embedded-server.md",
    http2: "docs/http2.md",
    limits: "docs/limits.md",
    performance: "docs/performance.md",
    fleet: "docs/fleet.md",
}

#[test]
fn no_page_with_commands_is_forgotten() {
    for page in Page::all() {
        let commands = page.all_commands().len();
        let is_listed = PAGES.contains(&page.name.as_str());
        assert_eq!(
            commands > 0,
            is_listed,
            "{}: {commands} commands",
            page.name
        );
    }
}

#[test]
fn what_is_not_run_is_on_a_page() {
    let pages = Page::all();
    let commands: Vec<_> = pages.iter().flat_map(Page::all_commands).collect();
    for (begin, reason) in NOT_RUN {
        let mut begun = commands.iter().filter(|it| it.text.starts_with(begin));
        assert!(begun.next().is_some(), "no page has '{begin}' ({reason})");
    }
}

#[test]
fn the_readme_is_short() {
    let words = Page::read("README.md").text().split_whitespace().count();
    assert!(words < MOST_WORDS, "{words} words");
}

#[test]
fn every_link_leads_somewhere() {
    let mut links = 0;
    for page in Page::all() {
        let folder = workspace().join(&page.name);
        let folder = folder.parent().unwrap();
        for (line, target) in page.links() {
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = folder.join(file);
            let place = format!("{}:{line}: {target}", page.name);
            assert!(path.exists(), "{place} leads nowhere");
            if !anchor.is_empty() {
                let of = if file.is_empty() {
                    page.anchors()
                } else {
                    let root = workspace().canonicalize().unwrap();
                    let path = path.canonicalize().unwrap();
                    Page::read(path.strip_prefix(root).unwrap().to_str().unwrap()).anchors()
                };
                assert!(of.iter().any(|it| it == anchor), "{place}: only {of:?}");
            }
        }
    }
    assert!(links > 50, "{links} links were seen");
}

#[test]
fn every_path_that_a_page_names_is_there() {
    let roots = [
        "crates/", "docs/", "scripts/", "servers/", "suites/", "fuzz/",
    ];
    let mut count = 0;
    for page in Page::all() {
        for name in page.text().split('`').skip(1).step_by(2) {
            let is_path = roots.iter().any(|root| name.starts_with(root));
            let is_made = name.ends_with("/target");
            if is_path && !is_made && !name.contains(['*', ' ', '\n']) {
                count += 1;
                let path = workspace().join(name);
                // A test is named without its ending where it may be a folder as well.
                let is_there = path.exists() || path.with_extension("rs").exists();
                assert!(is_there, "{}: there is no {name}", page.name);
            }
        }
    }
    assert!(count > 30, "{count} paths were seen");
}

#[test]
fn every_page_is_in_the_index() {
    let index: Vec<_> = Page::read("docs/README.md").links();
    for page in Page::all() {
        // A folder has an index of its own.
        let name = page.name.strip_prefix("docs/");
        let Some(name) = name.filter(|name| !name.contains('/')) else {
            continue;
        };
        let is_listed = index.iter().any(|(_, target)| target == name);
        assert!(is_listed || name == "README.md", "{name} is not listed");
    }
}

/// What `wsbench` says with these words, on either stream.
fn said(words: &[&str]) -> String {
    let ended = Process::start(&mut wsbench(words)).ended();
    ended.stdout + &ended.stderr
}

#[test]
fn every_mode_of_the_embedded_server_is_told() {
    let page = Page::read("docs/embedded-server.md");
    let help = said(&["serve", "--help"]);
    let calibration = help.split_once("Calibration:").unwrap().1;
    let flags = calibration.lines().map(str::trim_start);
    let flags: Vec<_> = flags.filter(|line| line.starts_with("--")).collect();
    assert!(flags.len() > 10, "{flags:?}");
    for line in flags {
        let flag = line.split([' ', '=', '[']).next().unwrap();
        assert!(page.text().contains(&format!("`{flag}")), "no {flag}");
    }
    let refused = said(&["serve", "--misbehave", "nothing"]);
    let modes = refused.split_once("there are: ").unwrap().1;
    let modes = modes.lines().next().unwrap().split(", ");
    let modes: Vec<_> = modes.map(|mode| mode.trim_end_matches('\'')).collect();
    assert!(modes.len() > 20, "{modes:?}");
    for mode in modes {
        let is_told = [":", "`"].map(|end| page.text().contains(&format!("| `{mode}{end}")));
        assert!(is_told.contains(&true), "no {mode}");
    }
}

#[test]
fn every_key_of_suites_and_servers_is_told() {
    let page = Page::read("docs/ranking.md");
    let mut keys = 0;
    for schema in ["suite", "server"] {
        let schema: serde_json::Value = serde_json::from_str(&said(&["schema", schema])).unwrap();
        let definitions = schema["$defs"].as_object().into_iter().flatten();
        let objects = definitions.map(|(_, object)| object).chain([&schema]);
        for key in objects
            .flat_map(|object| object["properties"].as_object())
            .flatten()
        {
            keys += 1;
            let row = format!("| `{}` |", key.0);
            assert!(page.text().contains(&row), "no row of {}", key.0);
        }
    }
    assert!(keys > 50, "{keys} keys were seen");
}
