//! The pages in a browser: no error, plots drawn, tables sorted; and without scripts, and in the
//! dark. They need Chromium (`scripts/browser`), and are run by `scripts/test`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod pages;
#[path = "../../judge/tests/rankings/mod.rs"]
mod rankings;
#[path = "../../judge/tests/runs/mod.rs"]
mod runs;
#[path = "../../judge/tests/searches/mod.rs"]
mod searches;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Looks at the page from its inside once it is there: opens what is folded, presses every heading,
/// and writes what came of it into an attribute.
const CHECK: &str = include_str!("pages/check.js");

/// A browser's look at a page.
struct Look {
    /// The page as the browser has it in the end.
    dom: String,
    /// What it had to say.
    said: String,
}

fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").expect("PATH is set");
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut found = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .filter(|program| program.is_file());
    found
        .next()
        .expect("a browser: scripts/browser installs one")
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Starts the browser on a page, in a profile of its own.
fn browse(file: &Path, flags: &[&str]) -> Output {
    let profile = file.with_extension(format!("profile-{}", flags.len()));
    let output = Command::new(chromium())
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            "--timeout=60000",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(flags)
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let _ = std::fs::remove_dir_all(&profile);
    output
}

fn look(name: &str, page: &str, flags: &[&str]) -> Look {
    let file = folder().join(format!("{name}.html"));
    std::fs::write(&file, page).unwrap();
    let mut all = vec!["--dump-dom", "--virtual-time-budget=10000"];
    all.extend(flags);
    let output = browse(&file, &all);
    Look {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Look {
    /// What the page's scripts wrote to the console.
    fn console(&self) -> Vec<&str> {
        self.said
            .lines()
            .filter(|line| line.contains("CONSOLE"))
            .collect()
    }

    /// What the check found.
    fn check(&self) -> serde_json::Value {
        let found = self.dom.split_once("data-check=\"").map(|(_, after)| after);
        let found = found
            .and_then(|after| after.split_once('"'))
            .map(|(value, _)| value);
        let found = found.unwrap_or_else(|| panic!("no check in {:.400}\n{}", self.dom, self.said));
        serde_json::from_str(&found.replace("&quot;", "\"").replace("&amp;", "&")).unwrap()
    }
}

fn with_check(page: &str) -> String {
    let (before, after) = page.rsplit_once("</body>").unwrap();
    format!("{before}<script>{CHECK}</script></body>{after}")
}

#[test]
#[ignore = "needs a browser: scripts/test"]
fn pages_draw_their_plots_sort_their_tables_and_say_nothing() {
    for (name, page) in pages::all() {
        let look = look(name, &with_check(&page), &["--window-size=1280,1000"]);
        assert_eq!(look.console(), Vec::<&str>::new(), "{name}");
        let check = look.check();
        assert_eq!(check["errors"], serde_json::json!([]), "{name}");
        let figures = page
            .matches("<script type=\"application/json\">{\"levels\"")
            .count();
        assert_eq!(check["drawn"], figures, "{name}: every plot drawn: {check}");
        assert_eq!(check["canvases"], figures, "{name}: {check}");
        assert_eq!(check["unsorted"], serde_json::json!([]), "{name}");
        assert!(
            check["pressed"].as_u64().unwrap() > 0 || !page.contains("\"sortable\""),
            "{name}"
        );
        assert_ne!(check["title"], "owned", "{name}");
        assert_eq!(check["wider"], 0, "{name}: nothing is wider than the page");
    }
}

#[test]
#[ignore = "needs a browser: scripts/test"]
fn an_error_on_a_page_would_be_seen() {
    let broken = "<!doctype html><html><body><script>console.error('seen')</script></body></html>";
    assert_eq!(look("broken", broken, &[]).console().len(), 1);
    let thrown =
        "<!doctype html><html><body><script>throw new Error('seen')</script></body></html>";
    assert_eq!(look("thrown", thrown, &[]).console().len(), 1);
}

#[test]
#[ignore = "needs a browser: scripts/test"]
fn pages_are_there_without_scripts() {
    for (name, page) in pages::all() {
        let still = refused(&with_check(&page));
        let still = look(&format!("{name}-still"), &still, &[]);
        assert!(!still.console().is_empty(), "{name}: scripts were refused");
        assert!(!still.dom.contains("data-check"), "{name}: no script ran");
        assert!(!still.dom.contains("class=\"uplot"), "{name}");
        for element in ["<svg class=\"static\"", "<table", "<svg class=\"bar\""] {
            let (seen, written) = (still.dom.matches(element), page.matches(element));
            assert_eq!(seen.count(), written.count(), "{name}: {element}");
        }
    }
    let page = html_of("run");
    let (moving, still) = (
        picture("run", &page, &[]),
        picture("run-still", &refused(&page), &[]),
    );
    assert!(
        still > 50_000 && still != moving,
        "{still} bytes, {moving} with scripts"
    );
}

#[test]
#[ignore = "needs a browser: scripts/test"]
fn pages_fit_a_phone_and_the_dark() {
    let page = html_of("ranking");
    let light = look(
        "ranking-light",
        &with_check(&page),
        &["--window-size=500,900"],
    )
    .check();
    let flags = [
        "--window-size=500,900",
        "--blink-settings=preferredColorScheme=0",
    ];
    let dark = look("ranking-dark", &with_check(&page), &flags).check();
    assert_eq!(light["paper"], "rgb(255, 255, 255)");
    assert_eq!(dark["paper"], "rgb(20, 23, 26)");
    assert_eq!(light["wider"], 0, "{light}");
    let flags = ["--blink-settings=preferredColorScheme=0"];
    let dark = picture("ranking-dark", &page, &flags);
    assert_ne!(dark, picture("ranking", &page, &[]));
}

/// Takes a picture of a page, to be looked at; its size in bytes.
fn picture(name: &str, page: &str, flags: &[&str]) -> u64 {
    let file = folder().join(format!("picture-of-{name}.html"));
    std::fs::write(&file, page).unwrap();
    let picture = file.with_extension("png");
    let _ = std::fs::remove_file(&picture);
    let place = format!("--screenshot={}", picture.display());
    let mut all = vec![
        place.as_str(),
        "--window-size=1280,3000",
        "--virtual-time-budget=5000",
    ];
    all.extend(flags);
    let output = browse(&file, &all);
    let taken = std::fs::metadata(&picture).map_or(0, |found| found.len());
    assert!(taken > 0, "{}", String::from_utf8_lossy(&output.stderr));
    taken
}

/// The page with a policy that keeps its scripts from running.
fn refused(page: &str) -> String {
    let (granted, refused) = (
        "script-src &#39;unsafe-inline&#39;",
        "script-src &#39;none&#39;",
    );
    assert!(page.contains(granted), "the page's own policy");
    page.replace(granted, refused)
}

fn html_of(kind: &str) -> String {
    let mut pages = pages::all().into_iter();
    pages.find(|(name, _)| *name == kind).unwrap().1
}
