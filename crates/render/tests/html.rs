//! What the pages are made of: whole, escaped, without anything from elsewhere, and readable
//! without scripts. What a browser makes of them is `browser.rs`'.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod pages;
#[path = "../../judge/tests/rankings/mod.rs"]
mod rankings;
#[path = "../../judge/tests/runs/mod.rs"]
mod runs;
#[path = "../../judge/tests/searches/mod.rs"]
mod searches;

use std::path::Path;

use wsbench_judge::repetition::repeated;
use wsbench_load::series::Series;
use wsbench_record::stored::Stored;
use wsbench_render::html;

/// Elements that have no end.
const VOID: [&str; 4] = ["meta", "link", "input", "br"];

/// The elements of a page by name, in order, with their attributes as written; refuses what does not
/// nest.
fn elements(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = page
        .strip_prefix("<!doctype html>\n")
        .expect("the doctype first");
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "before …{rest:.80}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(
            name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "<{tag}>"
        );
        assert_eq!(attributes.matches('"').count() % 2, 0, "<{tag}>");
        found.push((name.to_owned(), attributes.to_owned()));
        if matches!(name, "script" | "style") {
            let close = format!("</{name}>");
            let after = rest.find(&close).expect("it ends");
            rest = &rest[after + close.len()..];
        } else if !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    found
}

/// Attributes by name; those without a value are left out.
fn named(attributes: &str) -> Vec<(&str, &str)> {
    let mut pieces = attributes.split('"');
    let mut found = Vec::new();
    while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
        let name = name.rsplit(' ').next().unwrap_or_default();
        found.push((name.trim_end_matches('='), value));
    }
    found
}

fn count(elements: &[(String, String)], name: &str, with: &str) -> usize {
    let same = |(of, attributes): &&(String, String)| of == name && attributes.contains(with);
    elements.iter().filter(same).count()
}

#[test]
fn every_page_is_whole_and_refers_to_nothing_elsewhere() {
    for (name, page) in pages::all() {
        let elements = elements(&page);
        assert_eq!(count(&elements, "h1", ""), 1, "{name}");
        for (element, attributes) in &elements {
            for (attribute, value) in named(attributes) {
                assert!(
                    !attribute.starts_with("on"),
                    "{name}: <{element} {attributes}>"
                );
                if ["src", "href", "action", "xlink:href", "style"].contains(&attribute) {
                    let is_within = value.starts_with('#') || value == "data:,";
                    assert!(is_within, "{name}: <{element} {attributes}>");
                }
            }
        }
        assert!(page.contains("default-src &#39;none&#39;"), "{name}");
        assert!(page.len() < 2_500_000, "{name}: {} bytes", page.len());
    }
}

#[test]
fn words_of_a_document_never_become_markup() {
    for (name, page) in pages::all() {
        assert!(!page.contains("<img"), "{name}");
        assert!(
            page.contains("&lt;/script&gt;&lt;img"),
            "{name}: told, and escaped"
        );
        elements(&page);
    }
}

#[test]
fn links_within_a_page_lead_somewhere_and_ids_are_unique() {
    for (name, page) in pages::all() {
        let elements = elements(&page);
        let of = |attribute: &str| -> Vec<String> {
            let begin = format!("{attribute}=\"");
            let found = elements.iter().filter_map(|(_, attributes)| {
                let (_, after) = attributes.split_once(&begin)?;
                Some(after.split_once('"')?.0.to_owned())
            });
            found.collect()
        };
        let ids = of("id");
        let mut unique = ids.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name}: {ids:?}");
        for link in of("href").iter().filter_map(|href| href.strip_prefix('#')) {
            assert!(ids.iter().any(|id| id == link), "{name}: #{link}");
        }
    }
}

#[test]
fn every_plot_has_a_picture_and_every_page_a_table() {
    for (name, page) in pages::all() {
        let elements = elements(&page);
        let plots = count(&elements, "figure", "class=\"plot\"");
        assert!(plots > 0, "{name}");
        let pictures = count(&elements, "svg", "class=\"static\"");
        assert_eq!(
            plots, pictures,
            "{name}: without scripts the pictures are the plots"
        );
        assert!(count(&elements, "table", "") > 1, "{name}");
        assert!(!page.contains("NaN"), "{name}: no number that is none");
    }
}

#[test]
fn a_run_tells_its_caveats_before_its_figures() {
    let page = html::run(&pages::course("run", 1.0, 1), &runs::Flags);
    let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}"));
    let order = [
        "Audit: ",
        "class=\"tiles\"",
        "id=\"throughput\"",
        "id=\"latency\"",
        "id=\"course\"",
        "id=\"parts\"",
        "id=\"connections\"",
        "id=\"messages\"",
        "id=\"cost\"",
        "id=\"machine\"",
        "id=\"repeat\"",
    ];
    let places: Vec<usize> = order.iter().map(|words| place(words)).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(
        page.contains("Example 9000") && page.contains("--seed 1"),
        "machine, command"
    );
}

#[test]
fn runs_without_samples_make_a_page_without_zeros() {
    for (name, document) in runs::all() {
        let page = html::run(&document, &runs::Flags);
        elements(&page);
        assert!(page.len() < 300_000, "{name}: {} bytes", page.len());
        if document.at(Series::Service).is_empty() {
            assert!(
                page.contains("no samples") && !page.contains(" 0 ns"),
                "{name}"
            );
        }
    }
}

#[test]
fn no_axis_of_lengths_is_truncated_and_no_mean_latency_is_drawn() {
    for (name, page) in pages::all() {
        for data in page.split("<script type=\"application/json\">").skip(1) {
            let data = data.split("</script>").next().unwrap();
            let data: serde_json::Value = serde_json::from_str(data).unwrap();
            for axis in ["x", "y"] {
                if data[axis]["scale"] == "linear" {
                    assert_eq!(data[axis]["from"], 0.0, "{name}");
                }
                assert!(
                    !data[axis]["name"]
                        .as_str()
                        .unwrap_or_default()
                        .contains("mean"),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn a_ranking_says_everything() {
    let page = html::ranking(&pages::ranking(), &runs::Flags);
    for words in [
        "Rank intervals",
        "passed",
        "1 failed",
        "cannot-be-installed",
        "install failed",
        "the control is no contender",
        "Trade-offs",
        "beaten by none",
        "The suite&#39;s weights: closed-64/messages_per_s × 2",
        "Latency over load",
        "Memory over connections",
        "wsbench rank suite.toml",
        "as its README shows it",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn what_is_stored_has_a_page_when_it_is_one_thing() {
    let run = || Stored::Run(Box::new(pages::course("run", 1.0, 1)));
    assert!(
        html::stored(&[run()], &runs::Flags)
            .unwrap()
            .contains(">Run</p>")
    );
    assert!(
        html::stored(&[run(), run()], &runs::Flags)
            .unwrap()
            .contains(">Runs</p>")
    );
    let runs = vec![pages::course("run", 1.0, 1), pages::course("run", 1.0, 2)];
    let repetition = repeated(runs, 2).unwrap();
    let repetition = Stored::Repetition(repetition);
    assert!(html::stored(std::slice::from_ref(&repetition), &runs::Flags).is_some());
    assert!(html::stored(&[repetition, run()], &runs::Flags).is_none());
}

#[test]
fn what_is_embedded_of_others_is_what_they_published() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/uplot");
    for (file, sum) in [
        (
            "uPlot.iife.min.js",
            "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
        ),
        (
            "uPlot.min.css",
            "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
        ),
        (
            "LICENSE",
            "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
        ),
    ] {
        let bytes = std::fs::read(assets.join(file)).unwrap();
        let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
        let words: Vec<String> = digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(words.concat(), sum, "{file}");
    }
}
