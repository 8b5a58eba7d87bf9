//! The document as it is stored: it comes back as it was, follows its schema, and old ones are
//! still read.

mod runs;

use proptest::prelude::*;
use serde_json::{Value, json};
use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Encoding, Header, Payload, PlanSpec};
use wsbench_load::result::RunResult;
use wsbench_load::series::Series;
use wsbench_record::audit::{Audit, Caveat, Kind, Severity, Verdict};
use wsbench_record::document::{
    Distribution, Document, Interval, Percentile, Support, read, schema, write,
};
use wsbench_record::storage::DocumentError;

/// A document as the first release of the schema wrote it. It is never written anew: it must stay
/// readable as it is.
const GOLDEN: &str = include_str!("golden/result-1.json");

/// The document of a run, with one doubt: which doubts a run deserves is not this crate's affair.
fn document(run: &(RunResult, PlanSpec)) -> Document {
    Document {
        record: runs::record(run),
        audit: Audit {
            verdict: Verdict::Invalid,
            limit: None,
            caveats: vec![Caveat::new(
                Kind::Corrupted,
                Severity::Invalid,
                "990 answers with other bytes than were sent",
                "look at what is between here and the server",
            )],
        },
    }
}

#[test]
fn a_stored_document_comes_back() {
    for (name, run) in runs::all() {
        let fresh = document(&run);
        assert_eq!(read(&write(&fresh)).unwrap(), fresh, "{name}");
    }
}

#[test]
fn the_golden_document_stays_readable() {
    let golden = read(GOLDEN).unwrap();
    assert_eq!(golden.audit.verdict, Verdict::Invalid);
    assert_eq!(golden.messages.corrupted, 990);
    assert_eq!(
        golden.at(Series::Service).histogram().unwrap().count(),
        639_000
    );
    // The figures are held to; the audit's words may be put better in a later version.
    let fresh = document(&runs::corrupted());
    assert_eq!(golden.plan, fresh.plan);
    assert_eq!(golden.messages, fresh.messages);
    assert_eq!(golden.connections, fresh.connections);
    // How well bytes are packed depends on the library that packs them, not what they hold.
    let bins = |document: &Document| -> Vec<_> {
        document
            .at(Series::Response)
            .histogram()
            .unwrap()
            .bins()
            .collect()
    };
    assert_eq!(bins(&golden), bins(&fresh));
    assert_eq!(
        golden.at(Series::Response).p99_9,
        fresh.at(Series::Response).p99_9
    );
    // Its intervals did not count what was due, sent, out and waiting.
    let counted_then = |interval: &Interval| Interval {
        due: None,
        sent: None,
        in_flight: None,
        waiting: None,
        ..*interval
    };
    let intervals: Vec<Interval> = fresh.intervals.iter().map(counted_then).collect();
    assert_eq!(golden.intervals, intervals);
}

#[test]
fn documents_follow_the_schema() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, run) in runs::all() {
        let document = document(&run);
        let value: Value = serde_json::from_str(&write(&document)).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&value)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
    assert!(validator.is_valid(&serde_json::from_str(GOLDEN).unwrap()));
    assert!(!validator.is_valid(&json!({"schema": "wsbench.result/1"})));
    insta::assert_json_snapshot!("schema", schema);
}

#[test]
fn every_field_of_the_schema_is_described() {
    fn undescribed(at: &str, value: &Value, found: &mut Vec<String>) {
        let Some(members) = value.as_object() else {
            return;
        };
        if let Some(fields) = members.get("properties").and_then(Value::as_object) {
            for (name, field) in fields {
                // The tag of an enum is described by the variant that it names.
                if field.get("const").is_none() && field.get("description").is_none() {
                    found.push(format!("{at}/{name}"));
                }
            }
        }
        for (name, member) in members {
            undescribed(&format!("{at}/{name}"), member, found);
            for (place, item) in member.as_array().into_iter().flatten().enumerate() {
                undescribed(&format!("{at}/{name}/{place}"), item, found);
            }
        }
    }
    let mut found = Vec::new();
    undescribed("", &schema(), &mut found);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn unknown_fields_and_kinds_are_tolerated_and_missing_ones_defaulted() {
    let fresh = document(&runs::corrupted());
    let mut value: Value = serde_json::from_str(&write(&fresh)).unwrap();
    value["from_the_future"] = json!({"deep": [1, 2]});
    value["messages"]["teleported"] = json!(7);
    assert_eq!(read(&value.to_string()).unwrap(), fresh);

    value["audit"]["caveats"][0]["kind"] = json!("phase_of_the_moon");
    let read_again = read(&value.to_string()).unwrap();
    assert_eq!(read_again.audit.caveats[0].kind, Kind::Unknown);

    let optional = [
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
    for name in optional {
        value.as_object_mut().unwrap().remove(name);
    }
    let sparse = read(&value.to_string()).unwrap();
    assert!(sparse.intervals.is_empty() && sparse.at(Series::SendLag).is_empty());
}

#[test]
fn what_is_no_document_is_told_apart() {
    let whole = write(&document(&runs::healthy()));
    let cut_off = &whole[..whole.len() / 2];
    assert!(matches!(
        read(cut_off),
        Err(DocumentError::NotJson { line, .. }) if line > 10
    ));
    let garbage = read("{\n  garbage").unwrap_err();
    assert!(matches!(
        garbage,
        DocumentError::NotJson {
            line: 2,
            column: 3,
            ..
        }
    ));
    assert_eq!(
        garbage.to_string(),
        "not JSON, at line 2 column 3: key must be a string"
    );

    for other in ["[]", "3", "{}", "null", r#"{"schema": null}"#] {
        let error = read(other).unwrap_err();
        assert!(
            matches!(error, DocumentError::NotAResult { .. }),
            "{other}: {error}"
        );
    }
    let error = read(r#"{"schema": "someone.else/1"}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not a wsbench result: its `schema` is someone.else/1"
    );
    let error = read(r#"{"schema": "wsbench.result/2"}"#).unwrap_err();
    assert!(
        matches!(error, DocumentError::OtherVersion { found, .. } if found == "wsbench.result/2")
    );

    let wrong_type = whole.replacen("\"seed\": 42", "\"seed\": \"42\"", 1);
    let error = read(&wrong_type).unwrap_err();
    assert!(
        matches!(error, DocumentError::Malformed { line, .. } if line > 1),
        "{error}"
    );
}

#[test]
fn absent_is_not_zero() {
    let value: Value = serde_json::from_str(&write(&document(&runs::nothing_connected()))).unwrap();
    assert_eq!(value["service_ns"], json!({"count": 0}));
    for name in ["messages_per_s", "sent_bytes_per_s", "asked_messages_per_s"] {
        assert_eq!(value.get(name), None, "{name}");
    }
    assert_eq!(value["generator"].get("max_rss_bytes"), None);
}

#[test]
fn credentials_are_withheld_and_long_payloads_left_out() {
    let (result, mut plan) = runs::healthy();
    plan.upgrade.headers = vec![
        Header::new("AUTHORIZATION", "Basic c2VjcmV0"),
        Header::new("X-Trace", "on"),
    ];
    plan.clients.exchange.payload = Payload::Fixed {
        encoding: Encoding::Text,
        bytes: vec![b'x'; 5_000].into(),
    };
    let text = write(&document(&(result, plan)));
    assert!(!text.contains("c2VjcmV0") && text.contains("(withheld)") && text.contains("X-Trace"));
    assert!(text.contains("\"bytes\": 5000") && !text.contains("\"base64\""));
}

#[test]
fn percentiles_are_known_from_a_hundred_samples_above() {
    let borders = [
        (Percentile::P50, 20, 200),
        (Percentile::P90, 100, 1_000),
        (Percentile::P99, 1_000, 10_000),
        (Percentile::P99_9, 10_000, 100_000),
        (Percentile::P99_99, 100_000, 1_000_000),
    ];
    for (percentile, low, known) in borders {
        assert_eq!(percentile.support(low - 1), Support::Unknown);
        assert_eq!(percentile.support(low), Support::Low);
        assert_eq!(percentile.support(known - 1), Support::Low);
        assert_eq!(percentile.support(known), Support::Known);
        assert_eq!(percentile.samples_needed(), low);
    }
    assert_eq!(Percentile::P50.support(0), Support::Unknown);
    assert_eq!(Percentile::P99_99.support(u64::MAX), Support::Known);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn stored_percentiles_are_those_of_the_histogram(
        spans in prop::collection::vec(0_u64..3_600_000_000_000, 1..300),
    ) {
        let mut histogram = Histogram::new();
        spans.iter().for_each(|ns| histogram.record(Nanos(*ns)));
        let stored = Distribution::of(&histogram);
        for percentile in Percentile::ALL {
            prop_assert_eq!(
                stored.quantile(percentile.share()).map(|span| span.0),
                stored.at(percentile)
            );
        }
        prop_assert_eq!(stored.min, spans.iter().min().copied());
        prop_assert_eq!(stored.max, spans.iter().max().copied());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn no_histogram_text_makes_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        use base64::Engine as _;
        let spans = Distribution {
            count: 1,
            hdr_v2_base64: Some(base64::engine::general_purpose::STANDARD.encode(bytes)),
            ..Distribution::default()
        };
        prop_assert!(spans.histogram().is_none());
    }

    #[test]
    fn no_damage_to_a_histogram_makes_a_reader_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        count in any::<u64>(),
    ) {
        use base64::Engine as _;
        use hdrhistogram::serialization::{Serializer as _, V2Serializer};
        let mut spans = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1_000_000, 3).unwrap();
        (1..2_000).for_each(|ns| spans.record(ns * 7).unwrap());
        // Not deflated, so that the damage reaches the counts and not just a checksum.
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&spans, &mut bytes).unwrap();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let damaged = Distribution {
            count,
            hdr_v2_base64: Some(base64::engine::general_purpose::STANDARD.encode(bytes)),
            ..Distribution::default()
        };
        if let Some(read) = damaged.histogram() {
            prop_assert_eq!(read.count(), count);
        }
    }
}
