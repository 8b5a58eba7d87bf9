//! METHOD's experiment V15, the half that needs another program: what wsbench writes in
//! HdrHistogram's formats is read by somebody else's library with the same counts.
//!
//! The library is Python's, installed by `scripts/test`, which is why the test is ignored unless
//! asked for.

#[path = "../../judge/tests/runs/mod.rs"]
mod runs;

use std::path::Path;
use std::process::Command;

use wsbench_load::histogram::Histogram;
use wsbench_load::nanos::Nanos;
use wsbench_load::series::{InSlices, Series};
use wsbench_record::document::{Distribution, Document, Slice};
use wsbench_render::hlog::{HlogError, log};

/// Spans around 100 µs, spread over four orders of magnitude, by seed.
fn spans(seed: u64, count: usize) -> Histogram {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut spans = Histogram::new();
    for _ in 0..count {
        let power = 3.0 + 4.0 * random.f64();
        spans.record(Nanos(10_f64.powf(power) as u64));
    }
    spans
}

/// A document with a course of three slices, of which the second has no answers.
fn document() -> (Document, Vec<Histogram>) {
    let mut document = runs::document(&runs::healthy());
    let all = vec![spans(1, 100_000), Histogram::new(), spans(2, 20_000)];
    let packed = |of: &Histogram| Distribution::of(of).hdr_v2_base64;
    let slices = all.iter().enumerate().map(|(at, of)| Slice {
        at_s: 0.5 * (at as f64 + 1.0),
        length_s: 0.5,
        messages: of.count(),
        packed: InSlices::from_fn(|series| match series {
            Series::Response | Series::Service => packed(of),
            _ => None,
        }),
    });
    document.record.slices = slices.collect();
    (document, all)
}

#[test]
fn a_log_has_a_line_for_each_slice_with_samples_and_kind_of_time() {
    let (mut document, _) = document();
    let text = log(&document).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "#[Histogram log format version 1.3]");
    let starts: Vec<&str> = lines[5..]
        .iter()
        .map(|line| line.rsplit_once(',').unwrap().0.rsplit_once(',').unwrap().0)
        .collect();
    assert_eq!(
        starts,
        [
            "Tag=response,0.000,0.500",
            "Tag=service,0.000,0.500",
            "Tag=response,1.000,0.500",
            "Tag=service,1.000,0.500"
        ]
    );
    document.record.slices.clear();
    assert_eq!(log(&document), Err(HlogError::NoSlices));
}

#[test]
#[ignore = "needs scripts/test"]
fn pythons_library_reads_the_same_counts() {
    let (document, all) = document();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.hlog");
    std::fs::write(&path, log(&document).unwrap()).unwrap();
    let output = Command::new(folder.join(".venv/bin/python"))
        .arg(folder.join("read.py"))
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let read = read.as_array().unwrap();
    assert_eq!(read.len(), 4, "two slices of two kinds");
    for (line, of) in [(0, 0), (1, 0), (2, 2), (3, 2)] {
        let (line, of) = (&read[line], &all[of]);
        assert_eq!(line["count"], of.count());
        let theirs: Vec<u64> = line["bins"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bin| bin[1].as_u64().unwrap())
            .collect();
        let ours: Vec<u64> = of.bins().map(|(_, count)| count).collect();
        assert_eq!(theirs, ours, "bin by bin");
        // The Java and Python ports say the highest value of the bin, as ours does.
        assert_eq!(line["p99"], of.quantile(0.99).unwrap().0);
    }
    assert_eq!(
        read[2]["end_ms"].as_f64().unwrap() - read[2]["start_ms"].as_f64().unwrap(),
        500.0
    );
}
