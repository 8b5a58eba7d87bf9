//! A stored result prints the same as a fresh one, whatever it holds.

#[path = "../../judge/tests/runs/mod.rs"]
mod runs;

use proptest::prelude::*;
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::series::Series;
use wsbench_record::document::{Document, read, write};
use wsbench_render::style::Style;
use wsbench_render::{csv, hgrm, markdown, summary};

/// Members that a document may lack.
const SPARE: &[&str] = &[
    "host",
    "gaps",
    "intervals",
    "errors",
    "close_codes",
    "generator",
    "handshake_ns",
    "send_lag_ns",
    "total_s",
    "bytes",
    "addresses",
];

/// Every rendering of a document, one after the other.
fn rendered(document: &Document) -> String {
    [
        summary::render(document, Style::default(), None),
        markdown::render(document, &runs::Flags),
        csv::results(&[document]),
        csv::intervals(document),
    ]
    .join("\n")
}

#[test]
fn a_stored_result_prints_the_same_as_a_fresh_one() {
    for (name, fresh) in runs::all() {
        let stored = read(&write(&fresh)).unwrap();
        assert_eq!(stored, fresh, "{name}");
        assert_eq!(rendered(&stored), rendered(&fresh), "{name}");
    }
}

#[test]
fn counts_beyond_reason_do_not_make_a_reader_panic() {
    use base64::Engine as _;
    use hdrhistogram::serialization::{Serializer as _, V2Serializer};
    let mut spans = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1_000_000, 3).unwrap();
    for ns in [1, 5_000, 900_000] {
        spans.record_n(ns, i64::MAX as u64).unwrap();
    }
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(&spans, &mut bytes).unwrap();
    let mut document = runs::document(&runs::healthy());
    document.record.times.get_mut(Series::Service).count = u64::MAX;
    document.record.times.get_mut(Series::Service).hdr_v2_base64 =
        Some(base64::engine::general_purpose::STANDARD.encode(bytes));
    let histogram = document.at(Series::Service).histogram();
    assert!(histogram.is_none_or(|histogram| histogram.count() == u64::MAX));
    assert!(!rendered(&document).is_empty());
    let _ = hgrm::percentiles(document.at(Series::Service));
    let _ = wsbench_judge::audit(&document, &runs::Flags);
}

#[test]
fn a_sparse_result_is_rendered_all_the_same() {
    let fresh = runs::document(&runs::corrupted());
    let mut value: serde_json::Value = serde_json::from_str(&write(&fresh)).unwrap();
    for name in SPARE {
        value.as_object_mut().unwrap().remove(*name);
    }
    let sparse = read(&value.to_string()).unwrap();
    assert!(!rendered(&sparse).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_result_is_stored_and_read_again(
        spans in prop::collection::vec(0_u64..10_000_000_000_000, 0..200),
        counts in prop::array::uniform8(any::<u32>()),
        measured in any::<u64>(),
        offered in any::<u128>(),
        seed in any::<u64>(),
        name in ".{0,20}",
        wild in any::<f64>(),
    ) {
        let (mut result, mut plan) = runs::healthy();
        let mut histogram = Histogram::new();
        spans.iter().for_each(|ns| histogram.record(Nanos(*ns)));
        result.tally.times[Series::Service] = histogram.clone();
        result.tally.times[Series::Response] = histogram;
        result.messages.sent = counts[0].into();
        result.messages.answered = counts[1].into();
        result.messages.timed_out = counts[2].into();
        result.messages.lost = counts[3].into();
        result.connections.alive_at_end = counts[4].into();
        result.connections.upgraded = counts[5].into();
        result.connections.never_answered = counts[6].into();
        result.messages.received_in_window = counts[7].into();
        result.measured = Nanos(measured);
        result.offered_in_flight_ns = offered;
        let service = result.intervals[0].times.get_mut(Series::Service);
        service.expect("in intervals").mean = wild.is_finite().then_some(wild);
        plan.seed = seed;
        plan.name = Some(name);
        let fresh = runs::document(&(result, plan));
        let stored = read(&write(&fresh)).unwrap();
        prop_assert_eq!(rendered(&stored), rendered(&fresh));
        prop_assert_eq!(stored, fresh);
    }
}
