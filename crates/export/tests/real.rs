//! Figures handed to real programs: Prometheus, its push gateway and its linter, and to a receiver on
//! OpenTelemetry's own definitions of its protocol.
//!
//! `scripts/servers` installs them, which is why these tests are ignored unless asked for
//! (`scripts/test` does).
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use wsbench::{Bench, Document, Nanos, StopRule};
use wsbench_export::Destinations;

/// Far beyond what any of them needs to come up, also on busy cores.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// The body of what is asked for; `None` where nobody answers yet.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    head.contains(" 200 ").then(|| body.to_owned())
}

/// Asks again until there is something.
fn awaited<T>(ask: impl Fn() -> Option<T>) -> T {
    let ends = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(Instant::now() < ends, "nothing came of it");
        thread::sleep(Duration::from_millis(100));
    }
}

/// A run that hands its figures out, with what is looked at before they are closed. How soon whoever
/// is sent to takes them is not asked: the machine may be busy.
fn run(destinations: &Destinations, seconds: u64, then: impl FnOnce(&Document)) {
    let (exporter, exports) = destinations.open().unwrap();
    let mut bench = Bench::embedded();
    bench.spec().stop = StopRule::Duration(Nanos::from_secs(seconds));
    bench.spec().clients.connections = 2;
    let document = bench.observe(exporter).run().unwrap().document;
    then(&document);
    let untaken = exports.finish();
    assert!(
        untaken.iter().all(|it| it.ends_with("it is too slow")),
        "{untaken:?}"
    );
}

/// Prometheus, ready, with a configuration of the test's own.
struct Prometheus {
    _running: Running,
    _folder: TempDir,
    address: SocketAddr,
}

impl Prometheus {
    fn start(configuration: &str, words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, data) = (folder.path().join("p.yml"), folder.path().join("data"));
        fs::write(&file, configuration).unwrap();
        let address = free();
        let running = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address={address}"))
            .args(words)
            .stderr(Stdio::null())
            .spawn();
        let prometheus = Self {
            _running: Running(running.unwrap()),
            _folder: folder,
            address,
        };
        awaited(|| get(address, "/-/ready"));
        prometheus
    }

    /// The figure that a query comes to; `None` where it has none, or none yet.
    fn query(&self, query: &str) -> Option<f64> {
        let body = get(self.address, &format!("/api/v1/query?query={query}"))?;
        let body: Value = serde_json::from_str(&body).unwrap();
        let value = body["data"]["result"][0]["value"][1].as_str()?;
        value.parse().ok()
    }

    /// It has what the run measured: the messages, by the series that is asked for, and their times.
    fn assert_measured(&self, document: &Document, series: &str) {
        let answered = document.messages.answered as f64;
        awaited(|| self.query(series).filter(|value| *value == answered));
        let counted = awaited(|| self.query("wsbench_service_seconds_count"));
        assert_eq!(counted, answered);
        let p99 = "histogram_quantile(0.99,wsbench_service_seconds_bucket)";
        let p99 = awaited(|| self.query(p99).filter(|it| *it > 0.0));
        // Within the bucket that the run's own p99 is in.
        let own = document.at(wsbench::Series::Service).p99.unwrap() as f64 / 1e9;
        assert!((own / 2.51..=own * 2.51).contains(&p99), "{p99} and {own}");
    }
}

#[test]
#[ignore = "needs scripts/servers"]
fn prometheus_scrapes_what_the_run_measured() {
    let ours = free();
    let prometheus = Prometheus::start(
        &format!(
            "global:\n  scrape_interval: 500ms\nscrape_configs:\n  - job_name: wsbench\n    \
             static_configs:\n      - targets: ['{ours}']\n"
        ),
        &[],
    );
    let destinations = Destinations {
        prometheus: Some(ours),
        ..Destinations::default()
    };
    // The page has the whole of it until it is closed.
    run(&destinations, 3, |document| {
        prometheus.assert_measured(document, "wsbench_messages_answered_total");
    });
}

/// Nobody asks us here: the last of a short run is there when it is over.
#[test]
#[ignore = "needs scripts/servers"]
fn prometheus_keeps_what_is_written_to_it() {
    let words = ["--web.enable-remote-write-receiver"];
    let prometheus = Prometheus::start("global: {}\n", &words);
    let destinations = Destinations {
        remote_write: Some(format!("http://{}", prometheus.address)),
        ..Destinations::default()
    };
    run(&destinations, 2, |document| {
        let labelled = "wsbench_messages_answered_total{job=%22wsbench%22,run=%221%22}";
        prometheus.assert_measured(document, labelled);
        // More than the last of it: a sample an interval.
        let samples = "count_over_time(wsbench_run_done_ratio[1m])";
        let samples = awaited(|| prometheus.query(samples));
        assert!(samples > 3.0, "{samples}");
    });
}

#[test]
#[ignore = "needs scripts/servers"]
fn the_linter_of_prometheus_takes_the_page() {
    let ours = free();
    let destinations = Destinations {
        prometheus: Some(ours),
        ..Destinations::default()
    };
    run(&destinations, 1, |_| {
        let page = get(ours, "/metrics").unwrap();
        let mut linter = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        linter
            .stdin
            .take()
            .unwrap()
            .write_all(page.as_bytes())
            .unwrap();
        let said = linter.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
        assert!(said.status.success() && words.is_empty(), "{words}\n{page}");
    });
}

#[test]
#[ignore = "needs scripts/servers"]
fn the_push_gateway_keeps_the_last_of_a_run() {
    let gateway = free();
    let _gateway = Running(
        Command::new("prometheus-pushgateway")
            .arg(format!("--web.listen-address={gateway}"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    awaited(|| get(gateway, "/-/ready"));
    let destinations = Destinations {
        push_gateway: Some(format!("http://{gateway}")),
        ..Destinations::default()
    };
    run(&destinations, 1, |document| {
        let answered = document.messages.answered as f64;
        let last = || {
            let page = get(gateway, "/metrics")?;
            let mut lines = page.lines();
            let line = lines.find(|it| it.starts_with("wsbench_messages_answered_total{"))?;
            let value: f64 = line.rsplit(' ').next()?.parse().ok()?;
            (value == answered).then_some(())
        };
        awaited(last);
    });
}

/// The receiver that reads what comes by the protocol's own definitions, and its port.
fn receiver() -> (Running, u16, impl Iterator<Item = Value>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/collectors");
    let mut receiver = Running(
        Command::new(folder.join(".venv/bin/python"))
            .arg(folder.join("receiver.py"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(receiver.0.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap().parse().unwrap();
    let requests = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let requests = requests.inspect(|request| assert_eq!(request.get("refused"), None));
    (receiver, port, requests)
}

/// The last of a run is among what has come, whole numbers of 64 bits and histograms included.
fn assert_last(document: &Document, mut requests: impl Iterator<Item = Value>) {
    let answered = document.messages.answered;
    let sum = |request: &Value| request["wsbench.messages.answered"]["value"] == answered;
    let ended = |request: &Value| request["wsbench.run.done"]["value"] == 1.0;
    let last = requests
        .find(|request| sum(request) && ended(request))
        .unwrap();
    assert_eq!(last["wsbench.messages.answered"]["kind"], "sum");
    let service = &last["wsbench.service"];
    let kind = (&service["kind"], &service["unit"]);
    assert_eq!(kind, (&"histogram".into(), &"s".into()));
    assert_eq!(
        service["value"],
        serde_json::json!([answered, answered, 25])
    );
    assert_eq!(last["wsbench.run.stage"]["labels"]["run"], "1");
}

#[test]
#[ignore = "needs scripts/servers"]
fn the_definitions_of_opentelemetry_take_every_metric() {
    let (_receiver, port, requests) = receiver();
    let destinations = Destinations {
        otlp: Some(format!("http://127.0.0.1:{port}")),
        ..Destinations::default()
    };
    run(&destinations, 1, |document| assert_last(document, requests));
}

/// A collector that is somebody else's program, Rotel: what it has taken from us it passes on as it took
/// it.
#[test]
#[ignore = "needs scripts/servers"]
fn a_collector_passes_on_what_it_was_sent() {
    let (_receiver, port, requests) = receiver();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/collectors/.venv/lib");
    let mut programs = fs::read_dir(folder).unwrap().filter_map(|python| {
        let python = python.unwrap().path();
        let program = python.join("site-packages/rotel/rotel-agent");
        program.is_file().then_some(program)
    });
    let (http, grpc) = (free(), free());
    let _collector = Running(
        Command::new(programs.next().unwrap())
            .args(["start", "--exporter", "otlp"])
            .arg(format!("--otlp-exporter-endpoint=http://127.0.0.1:{port}"))
            .arg("--otlp-exporter-protocol=http")
            .arg(format!("--otlp-http-endpoint={http}"))
            .arg(format!("--otlp-grpc-endpoint={grpc}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    awaited(|| TcpStream::connect(http).ok());
    let destinations = Destinations {
        otlp: Some(format!("http://{http}")),
        ..Destinations::default()
    };
    run(&destinations, 1, |document| assert_last(document, requests));
}
