//! The pages in a browser: no error, nothing cut off, tables sorted, a ranking searched; and without
//! scripts, in the dark, and on paper. They need Chromium (`scripts/browser`), and are run by `scripts/test`.
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

/// The sizes that a page has to fit: a desk and a phone.
const DESK: &str = "--window-size=1400,900";
/// Headless Chromium makes no window narrower than 500 px; a frame within the page is.
const PHONE: (u32, u32) = (390, 844);

/// The page in a frame of the size of a phone, and the check's findings handed to the page around it.
fn on_a_phone(name: &str, page: &str) -> serde_json::Value {
    let inner = folder().join(format!("{name}-phone-inner.html"));
    std::fs::write(&inner, with_check(page)).unwrap();
    let (width, height) = PHONE;
    let outer = format!(
        "<!doctype html><html><body><iframe width={width} height={height} src=\"file://{}\" \
         style=\"border:0\"></iframe><script>addEventListener('message', (event) => \
         {{ document.documentElement.dataset.check = event.data; }});</script></body></html>",
        inner.display()
    );
    look(
        &format!("{name}-phone"),
        &outer,
        &["--allow-file-access-from-files"],
    )
    .check()
}

#[test]
#[ignore = "needs a browser: scripts/test"]
fn pages_fit_their_windows_sort_their_tables_and_say_nothing() {
    for (name, page) in pages::all() {
        let look = look(name, &with_check(&page), &[DESK]);
        assert_eq!(look.console(), Vec::<&str>::new(), "{name}");
        for (check, height) in [(look.check(), 900.0), (on_a_phone(name, &page), 844.0)] {
            assert_eq!(check["errors"], serde_json::json!([]), "{name}");
            assert_eq!(check["unsorted"], serde_json::json!([]), "{name}");
            assert!(
                check["pressed"].as_u64().unwrap() > 0 || !page.contains("\"sortable\""),
                "{name}"
            );
            assert_ne!(check["title"], "owned", "{name}");
            assert_eq!(
                check["unnamed"],
                serde_json::json!([]),
                "{name}: all has a name"
            );
            assert_eq!(
                check["wider"], 0,
                "{name}: nothing is wider than the page: {check}"
            );
            assert_eq!(
                check["outside"],
                serde_json::json!([]),
                "{name}: no letter is cut off"
            );
            let first = check["above"].as_f64().unwrap();
            assert!(
                first > 0.0 && first < height,
                "{name}: the first figure: {check}"
            );
            // A thin line joins points, and has no values of its own.
            let lines = page.split("<path class=\"line").skip(1);
            let is_thin = |line: &&str| matches!(line.split_once('"'), Some((class, _)) if class.ends_with("thin"));
            let charts = lines.filter(|line| !is_thin(line)).count();
            let told = check["told"].as_u64().unwrap();
            assert!(
                told > 0 || charts == 0,
                "{name}: values under the pointer: {check}"
            );
        }
    }
}

#[test]
#[ignore = "needs a browser: scripts/test"]
fn the_first_screen_has_the_figures_and_the_first_charts() {
    let page = html_of("run");
    let desk = look("run-fold", &with_check(&page), &[DESK]).check();
    assert!(desk["chart"].as_f64().unwrap() <= 900.0, "{desk}");
    let phone = on_a_phone("run-fold", &page);
    assert!(phone["chart"].as_f64().unwrap() <= 844.0, "{phone}");
    // The table is the first chart of a ranking.
    let desk = look("ranking-fold", &with_check(&html_of("ranking")), &[DESK]).check();
    assert!(desk["chart"].as_f64().unwrap() <= 900.0, "{desk}");
}

#[test]
#[ignore = "needs a browser: scripts/test"]
fn a_ranking_is_searched_filtered_asked_and_opened() {
    let page = html_of("ranking");
    let (before, after) = page.rsplit_once("</body>").unwrap();
    let script = include_str!("pages/ranking.js");
    let page = format!("{before}<script>{script}</script></body>{after}");
    let look = look("ranking-used", &page, &[DESK]);
    assert_eq!(look.console(), Vec::<&str>::new());
    let check = look.check();
    assert_eq!(check["failed"], serde_json::json!([]), "{check}");
    assert!(check["asked"].as_u64().unwrap() > 12, "{check}");
}

#[test]
#[ignore = "needs a browser: scripts/test"]
fn pages_print_as_short_reports() {
    for (name, most) in [("run", 4), ("comparison", 8), ("ranking", 10)] {
        let file = folder().join(format!("{name}-print.html"));
        std::fs::write(&file, html_of(name)).unwrap();
        let pages = printed(&file);
        assert!((1..=most).contains(&pages), "{name}: {pages} pages");
    }
}

/// The number of pages that a file prints on.
fn printed(file: &Path) -> usize {
    let pdf = file.with_extension("pdf");
    let _ = std::fs::remove_file(&pdf);
    let to = format!("--print-to-pdf={}", pdf.display());
    let output = browse(file, &[&to, "--no-pdf-header-footer"]);
    let bytes = std::fs::read(&pdf);
    let bytes = bytes.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let text = String::from_utf8_lossy(&bytes);
    text.matches("/Type /Page\n").count()
}

/// The published ranking, of 42 servers: as small and as short as was promised.
#[test]
#[ignore = "needs a browser: scripts/test"]
fn the_published_ranking_is_light_and_prints_within_thirty_pages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ranking");
    let page = folder.join("full.html").canonicalize().unwrap();
    assert!(std::fs::metadata(&page).unwrap().len() <= 700_000);
    let copy = self::folder().join("published.html");
    std::fs::copy(&page, &copy).unwrap();
    let pages = printed(&copy);
    assert!((2..=30).contains(&pages), "{pages} pages");
}

/// The page with axe-core and what it is asked.
fn with_axe(page: &str) -> String {
    let axe =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/axe/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).expect("axe-core: scripts/test installs it");
    let asked = include_str!("pages/axe.js");
    let (before, after) = page.rsplit_once("</body>").unwrap();
    format!("{before}<script>{axe}</script><script>{asked}</script></body>{after}")
}

/// Every kind of page, by day and in the dark, with all folds open: axe-core finds nothing against it.
#[test]
#[ignore = "needs a browser and axe-core: scripts/test"]
fn pages_are_open_to_everybody() {
    for (name, page) in pages::all() {
        for (light, flag) in [
            ("day", DESK),
            ("dark", "--blink-settings=preferredColorScheme=0"),
        ] {
            let look = look(&format!("{name}-{light}-axe"), &with_axe(&page), &[flag]);
            let check = look.check();
            assert_eq!(
                check["violations"],
                serde_json::json!([]),
                "{name}, {light}"
            );
            assert!(check["passes"].as_u64().unwrap() > 10, "{name}: {check}");
        }
    }
}

#[test]
#[ignore = "needs a browser and axe-core: scripts/test"]
fn what_is_closed_to_some_would_be_seen() {
    let closed = "<!doctype html><html><head><title>t</title></head><body>\
                  <p style=\"color:#ccc;background:#fff\">pale</p><img src=\"data:,\"></body></html>";
    let check = look("closed-axe", &with_axe(closed), &[DESK]).check();
    let found: Vec<&str> = check["violations"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|violation| violation["rule"].as_str())
        .collect();
    for rule in ["color-contrast", "image-alt", "html-has-lang"] {
        assert!(found.contains(&rule), "{rule}: {check}");
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
        for element in ["<svg class=\"plot", "<table", "<details", "<td class=\"bar"] {
            let (seen, written) = (still.dom.matches(element), page.matches(element));
            assert_eq!(seen.count(), written.count(), "{name}: {element}");
        }
    }
    let page = html_of("run");
    assert!(picture("run-still", &refused(&page), &[]) > 50_000);
}

#[test]
#[ignore = "needs a browser: scripts/test"]
fn pages_follow_the_dark() {
    let page = html_of("ranking");
    let light = look("ranking-light", &with_check(&page), &[DESK]).check();
    let flags = [DESK, "--blink-settings=preferredColorScheme=0"];
    let dark = look("ranking-dark", &with_check(&page), &flags).check();
    assert_eq!(light["paper"], "rgb(255, 255, 255)");
    assert_eq!(dark["paper"], "rgb(17, 21, 26)");
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
        "--window-size=1400,900",
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
