//! What is told of compression: what was agreed upon, what came of it, and when that says little.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

#[path = "../../judge/tests/runs/mod.rs"]
mod runs;

use std::sync::Arc;

use wsbench_load::corpus::Corpus;
use wsbench_load::plan::{Compression, Encoding, Payload, PlanSpec, WindowBits, Wish};
use wsbench_load::result::RunResult;
use wsbench_load::tally::CompressedCounts;
use wsbench_record::audit::{Kind, Severity};
use wsbench_record::document::Document;
use wsbench_render::style::Style;
use wsbench_render::{csv, markdown, summary};

/// A run of ten seconds that offered compression: 640,000 messages of 100 bytes, compressed to 25
/// by codecs that took 2 µs a message to compress and 0.5 µs to decompress.
fn compressed() -> (RunResult, PlanSpec) {
    let (mut result, mut plan) = runs::healthy();
    plan.clients.compression = Some(Compression {
        wish: Wish {
            server_bits: WindowBits::new(12),
            ..Wish::default()
        },
        level: 6,
    });
    plan.clients.exchange.payload = Payload::Corpus {
        encoding: Encoding::Text,
        corpus: Arc::new(Corpus::builtin(1)),
    };
    let side = |each: u64| CompressedCounts {
        messages: 640_000,
        compressed: 640_000,
        message_bytes: 64_000_000,
        payload_bytes: 16_000_000,
        codec_ns: 640_000 * each,
    };
    let counts = &mut result.compression;
    let terms = "permessage-deflate; server_max_window_bits=12";
    counts.accepted.insert(terms.into(), 64);
    (counts.sent, counts.received) = (side(2_000), side(500));
    (result, plan)
}

fn caveats(document: &Document) -> Vec<(Severity, &str)> {
    let of_kind = document.audit.of_kind(Kind::Compression);
    of_kind
        .map(|caveat| (caveat.severity, caveat.message.as_str()))
        .collect()
}

fn text(document: &Document) -> String {
    let plain = Style {
        width: 100,
        ..Style::default()
    };
    summary::render(document, plain, None)
}

#[test]
fn messages_stand_beside_what_was_left_of_them() {
    let document = runs::document(&compressed());
    let compression = document.compression.as_ref().unwrap();
    assert_eq!(compression.sent.ratio, Some(4.0));
    assert_eq!(compression.sent.message_bytes_per_s, Some(6_400_000.0));
    assert_eq!(compression.sent.payload_bytes_per_s, Some(1_600_000.0));
    assert_eq!(compression.sent.codec_ns_per_message, Some(2_000.0));
    assert_eq!(compression.received.codec_ns_per_message, Some(500.0));
    let text: Vec<String> = text(&document)
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let text = text.join(" "); // however it is wrapped
    for line in [
        "compression permessage-deflate; server_max_window_bits=12; client_max_window_bits offered",
        "permessage-deflate; server_max_window_bits=12 accepted on 64 connections",
        "sent 6.40 MB/s of messages as 1.60 MB/s of payload, 4.00:1, 2.00 µs of ours to compress each",
        "received 6.40 MB/s of messages as 1.60 MB/s of payload, 4.00:1, 500 ns of ours to decompress",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let markdown = markdown::render(&document, &runs::Flags);
    assert!(
        markdown.contains("| sent | 64.0 MB | 16.0 MB | 4.00:1 | 2.00 µs |"),
        "{markdown}"
    );
    assert_eq!(caveats(&document), []);
}

#[test]
fn csv_has_the_same_columns_with_compression_and_without() {
    let with = runs::document(&compressed());
    let without = runs::document(&runs::healthy());
    let table = csv::results(&[&without, &with]);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split(',').collect())
        .collect();
    let column = rows[0]
        .iter()
        .position(|name| *name == "compression_sent_ratio")
        .unwrap();
    assert_eq!((rows[1][column], rows[2][column]), ("", "4"));
    assert_eq!(without.compression, None);
    assert!(!text(&without).contains("compression"));
}

#[test]
fn a_server_that_declines_is_named() {
    let (mut result, plan) = compressed();
    result.compression.accepted.clear();
    result.compression.declined = 64;
    let document = runs::document(&(result.clone(), plan.clone()));
    let message = "deflate offered, not accepted: all messages went uncompressed";
    assert_eq!(caveats(&document), [(Severity::Note, message)]);
    assert!(text(&document).contains("not accepted on 64 connections"));
    result
        .compression
        .accepted
        .insert("permessage-deflate".into(), 60);
    result.compression.declined = 4;
    let mixed = runs::document(&(result, plan));
    let found = caveats(&mixed);
    assert_eq!(found[0].0, Severity::Doubtful, "{found:?}");
    assert!(
        found[0].1.contains("60 connections and declined on 4"),
        "{found:?}"
    );
}

#[test]
fn a_ratio_that_says_little_is_told() {
    let (mut result, mut plan) = compressed();
    plan.clients.exchange.payload = runs::plan().clients.exchange.payload.clone();
    result.compression.received.compressed = 1_000;
    let document = runs::document(&(result, plan));
    let found = caveats(&document);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0]
            .1
            .contains("639,000 of 640,000 answers came uncompressed"),
        "{found:?}"
    );
    assert!(found[1].1.contains("alike but for their tags"), "{found:?}");
}
