//! Rankings as text, as Markdown and as CSV.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../../judge/tests/rankings/mod.rs"]
mod rankings;

use wsbench_judge::ranking::rank;
use wsbench_render::ranking;
use wsbench_render::style::Style;

use rankings::{NOISE, closed, held_up, late_sends, tradeoff, two_workloads, without_figures};

#[test]
fn what_is_only_sorted_says_so() {
    let few = rank(closed(&[("slow", 50.0), ("fast", 100.0)], 9, &NOISE, 1));
    let text = ranking::text(&few, Style::default());
    assert!(
        text.contains("sorted, not ranked: 9 rounds of the 10"),
        "{text}"
    );
}

#[test]
fn figures_that_the_generator_set_are_bounds() {
    let held_up = ranking::text(&rank(held_up()), Style::default());
    assert!(held_up.contains("≥ 80"), "{held_up}");
    let late = ranking::text(&rank(late_sends()), Style::default());
    assert!(late.contains("≤ 1.5"), "{late}");
}

#[test]
fn a_row_without_figures_says_why() {
    let ranked = rank(without_figures());
    let text = ranking::text(&ranked, Style::default());
    assert!(text.contains("the server died"), "{text}");
    assert!(text.contains("no such package"), "{text}");
    assert!(ranking::markdown(&ranked).contains("no such package"));
}

#[test]
fn a_ranking_is_told_in_every_format() {
    let mut measured = two_workloads();
    measured.suite.tradeoffs = vec![tradeoff(
        "closed/messages_per_s",
        "idle/server.bytes_per_connection",
    )];
    let ranked = rank(measured);
    insta::assert_snapshot!("ranking_text", ranking::text(&ranked, Style::default()));
    insta::assert_snapshot!("ranking_markdown", ranking::markdown(&ranked));
    let csv = ranking::csv(&ranked);
    assert!(
        csv.contains("quick,libquick,1.0,C,closed,messages_per_s,"),
        "{csv}"
    );
}
