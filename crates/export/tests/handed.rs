//! What is handed out, by the real runs of the library against its own server: lines that follow
//! their schema, a page for Prometheus, and a dashboard that names what there is.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::collections::HashSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use prost::Message as _;
use serde_json::Value;
use wsbench::observer::Pulse;
use wsbench::{Bench, Nanos, Observer, StopRule, Wish};
use wsbench_export::metric::{Metric, MetricKind, table};
use wsbench_export::otlp::message::{ExportRequest, Number, Points};
use wsbench_export::remote_write::{Label, WriteRequest};
use wsbench_export::{Destinations, stream};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A short run of the embedded server.
fn bench() -> Bench {
    let mut bench = Bench::embedded();
    bench.spec().stop = StopRule::Duration(Nanos::from_millis(400));
    bench.spec().interval = Nanos::from_millis(100);
    bench.spec().clients.connections = 2;
    bench.spec().name = Some("a \"name\"".to_owned());
    bench
}

fn get(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    body.to_owned()
}

#[test]
fn every_line_follows_the_schema_and_the_last_has_the_result() {
    let folder = std::env::temp_dir().join(format!("wsbench-export-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("lines.ndjson");
    let destinations = Destinations {
        stream: Some(file.clone()),
        ..Destinations::default()
    };
    let (exporter, exports) = destinations.open().unwrap();
    let document = bench().observe(exporter).run().unwrap().document;
    assert_eq!(exports.finish(), Vec::<String>::new());
    let text = fs::read_to_string(&file).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let validator = jsonschema::validator_for(&stream::schema()).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    for line in &lines {
        let faults: Vec<String> = validator
            .iter_errors(line)
            .map(|it| it.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?} in {line}");
        assert_eq!(
            (&line["run"], &line["name"]),
            (&1.into(), &"a \"name\"".into())
        );
    }
    let last = lines.last().unwrap();
    assert_eq!(last["stage"], "ended");
    assert_eq!(last["messages"]["answered"], document.messages.answered);
    assert_eq!(last["verdict"], document.audit.verdict.word());
    assert_eq!(
        last["times"]["service_ns"]["count"],
        document.messages.answered
    );
    // Each interval stands in one line.
    let told: Vec<&Value> = lines
        .iter()
        .filter_map(|line| line.get("interval"))
        .collect();
    let ends: HashSet<String> = told.iter().map(|it| it["at_s"].to_string()).collect();
    assert_eq!(ends.len(), told.len());
    assert!(!told.is_empty());
}

/// Asks for the page in the midst of a run.
struct Asking(SocketAddr, std::sync::mpsc::Sender<String>);

impl Observer for Asking {
    fn progress(&mut self, progress: &wsbench::Progress) -> Wish {
        if progress.so_far.messages.answered > 0 {
            let _ = self.1.send(get(self.0));
        }
        Wish::Continue
    }

    fn pulse(&mut self, _: &Pulse) -> Wish {
        Wish::Continue
    }
}

#[test]
fn the_page_for_prometheus_is_what_the_books_say() {
    let destinations = Destinations {
        prometheus: Some(([127, 0, 0, 1], 0).into()),
        ..Destinations::default()
    };
    let (exporter, exports) = destinations.open().unwrap();
    let (send, heard) = std::sync::mpsc::channel();
    let address = exports.address().unwrap();
    let bench = bench().observe(exporter).observe(Asking(address, send));
    let document = bench.run().unwrap().document;
    let pages: Vec<String> = heard.try_iter().collect();
    assert!(!pages.is_empty());
    let labels = "{run=\"1\",name=\"a \\\"name\\\"\"";
    for page in &pages {
        assert!(
            page.contains("# TYPE wsbench_service_seconds histogram\n"),
            "{page}"
        );
        assert!(
            page.contains("stage=\"measuring\"} 1") || page.contains("stage=\"draining\"} 1"),
            "{page}"
        );
    }
    let last = get(address);
    let answered = document.messages.answered;
    for line in [
        format!("wsbench_messages_answered_total{labels}}} {answered}\n"),
        format!("wsbench_service_seconds_count{labels}}} {answered}\n"),
        format!("wsbench_service_seconds_bucket{labels},le=\"+Inf\"}} {answered}\n"),
    ] {
        assert!(last.contains(&line), "{line} in {last}");
    }
    assert_eq!(exports.finish(), Vec::<String>::new());
}

#[test]
fn a_collector_that_is_not_there_is_said_and_disturbs_nothing() {
    // A port that was free just now, and one at which nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let destinations = Destinations {
        otlp: Some(format!("http://{gone}")),
        push_gateway: Some(format!(
            "http://user:hidden@{}",
            silent.local_addr().unwrap()
        )),
        ..Destinations::default()
    };
    let (exporter, exports) = destinations.open().unwrap();
    let document = bench().observe(exporter).run().unwrap().document;
    assert!(document.messages.answered > 0);
    let told = exports.finish();
    assert_eq!(told.len(), 2, "{told:?}");
    // On a busy machine what is left may be given up before the refusals of it have come.
    let says = |it: &String| it.contains("not taken") || it.contains("left before all was taken");
    assert!(
        told.iter().any(|it| it.starts_with("otlp ") && says(it)),
        "{told:?}"
    );
    assert!(
        told.iter().any(|it| it.starts_with("push gateway ")),
        "{told:?}"
    );
    assert!(!told.concat().contains("hidden"), "{told:?}");
}

/// Takes requests, and gives their heads and bodies.
fn collector() -> (SocketAddr, std::sync::mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, received) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let mut text = Vec::new();
            let mut piece = [0; 65_536];
            let (head, body) = loop {
                let read = stream.read(&mut piece).unwrap();
                text.extend_from_slice(&piece[..read]);
                let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else {
                    continue;
                };
                let head = String::from_utf8_lossy(&text[..end]).into_owned();
                let body = &text[end + 4..];
                let length = head.to_lowercase();
                let length = length.split("content-length: ").nth(1).unwrap();
                let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
                if body.len() >= length {
                    break (head, body.to_owned());
                }
            };
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).unwrap();
            let _ = send.send((head, body));
        }
    });
    (address, received)
}

#[test]
fn what_is_sent_adds_up_to_the_run() {
    let (gateway, pushed) = collector();
    let (prometheus, written) = collector();
    let (otel, sent) = collector();
    let destinations = Destinations {
        otlp: Some(format!("http://{otel}")),
        push_gateway: Some(format!("http://{gateway}/")),
        remote_write: Some(format!("http://{prometheus}")),
        ..Destinations::default()
    };
    let (exporter, exports) = destinations.open().unwrap();
    let document = bench().observe(exporter).run().unwrap().document;
    assert_eq!(exports.finish(), Vec::<String>::new());
    let answered = document.messages.answered;

    let (head, body) = pushed.try_iter().last().unwrap();
    assert!(
        head.starts_with("PUT /metrics/job/wsbench HTTP/1.1"),
        "{head}"
    );
    let text = String::from_utf8(body).unwrap();
    assert!(text.contains(&format!("}} {answered}\n")), "{text}");
    assert_written(&written.try_iter().collect::<Vec<_>>(), answered);

    let (head, body) = sent.try_iter().last().unwrap();
    assert!(head.starts_with("POST /v1/metrics HTTP/1.1"), "{head}");
    let mut request = ExportRequest::decode(&body[..]).unwrap();
    let metrics = request
        .resource_metrics
        .remove(0)
        .scope_metrics
        .remove(0)
        .metrics;
    let data = |name: &str| {
        let metric = metrics.iter().find(|metric| metric.name == name);
        metric.unwrap().data.clone().unwrap()
    };
    let Points::Sum(sum) = data("wsbench.messages.answered") else {
        panic!("a counter is a sum");
    };
    let value = sum.points[0].value.clone();
    assert_eq!(value, Some(Number::Int(i64::try_from(answered).unwrap())));
    let Points::Histogram(times) = data("wsbench.service") else {
        panic!("times are a histogram");
    };
    let times = &times.points[0];
    assert_eq!(times.bucket_counts.len(), times.explicit_bounds.len() + 1);
    assert_eq!(times.bucket_counts.iter().sum::<u64>(), answered);
}

/// What was written to Prometheus is the run's, a sample of each series a time, each later than the one
/// before, its labels in the order of their names.
fn assert_written(requests: &[(String, Vec<u8>)], answered: u64) {
    let mut before = 0;
    let mut last = None;
    for (head, body) in requests {
        assert!(head.starts_with("POST /api/v1/write HTTP/1.1"), "{head}");
        let head = head.to_lowercase();
        assert!(head.contains("\r\ncontent-encoding: snappy"), "{head}");
        let body = snap::raw::Decoder::new().decompress_vec(body).unwrap();
        let request = WriteRequest::decode(&body[..]).unwrap();
        let at = request.timeseries[0].samples[0].timestamp;
        assert!(at > before, "{at} after {before}");
        before = at;
        for series in &request.timeseries {
            assert_eq!((series.samples.len(), series.samples[0].timestamp), (1, at));
            assert!(series.labels.is_sorted_by(|one, next| one.name < next.name));
        }
        last = Some(request);
    }
    let last = last.unwrap();
    let value = |name: &str| {
        let is_it = |label: &&Label| label.name == "__name__" && label.value == name;
        let mut all = last.timeseries.iter();
        let found = all.find(|series| series.labels.iter().any(|label| is_it(&label)));
        found.unwrap().samples[0].value
    };
    for name in [
        "wsbench_messages_answered_total",
        "wsbench_service_seconds_count",
    ] {
        assert_eq!(value(name), answered as f64, "{name}");
    }
}

#[test]
fn the_schema_that_is_published_is_that_of_the_lines() {
    let published = fs::read_to_string(workspace().join("docs/wsbench.stream-1.schema.json"));
    let published: Value = serde_json::from_str(&published.unwrap()).unwrap();
    assert_eq!(
        published,
        stream::schema(),
        "wsbench schema stream prints it"
    );
}

#[test]
fn the_dashboard_names_metrics_that_there_are() {
    let text = fs::read_to_string(workspace().join("docs/grafana/wsbench.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut known = HashSet::new();
    for metric in table() {
        let name = metric.prometheus_name();
        if metric.kind == MetricKind::Histogram {
            known.extend(["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")));
        }
        known.insert(name);
    }
    let mut named = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let words = expression.split(|c| !is_name(c));
            for name in words.filter(|word| word.starts_with("wsbench_")) {
                named += 1;
                assert!(known.contains(name), "{name} in {expression}");
            }
        }
    }
    assert!(named >= dashboard["panels"].as_array().unwrap().len());
}

#[test]
fn the_page_of_metrics_tells_names_that_there_are() {
    let page = fs::read_to_string(workspace().join("docs/live-data.md")).unwrap();
    let names: HashSet<String> = table().iter().map(Metric::prometheus_name).collect();
    let otlp: HashSet<String> = table().iter().map(Metric::otlp_name).collect();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `wsbench_"))
        .map(|line| line.split('`').collect())
        .collect();
    assert!(rows.len() > 5);
    for row in rows {
        assert!(names.contains(row[1]) && otlp.contains(row[3]), "{row:?}");
    }
}
