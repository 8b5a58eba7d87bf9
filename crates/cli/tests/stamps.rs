//! Kernel receive time stamps on real sockets: a server whose delay is known, against a generator
//! that is overburdened, and one that is stopped. What passed outside stays what it is, and what
//! the generator lost is on its own account.
//!
//! Of times only that is asked which stays true on a busy machine: a delay is a lower bound of what
//! passed outside, and parts add up.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod running;

use std::thread;
use std::time::Duration;

use running::embedded::Embedded;
use running::{Run, measured, start_measuring};

const MS: f64 = 1e6;
/// How long the server holds each message.
const DELAY_MS: f64 = 20.0;

fn delaying() -> Embedded {
    Embedded::start(&["--delay", "20ms"])
}

/// A figure of a distribution, ms.
fn ms(run: &Run, spans: &str, figure: &str) -> f64 {
    let value = run.document[spans][figure].as_f64();
    value.unwrap_or_else(|| panic!("no {figure} of {spans}: {}", run.story())) / MS
}

/// The least that a percentile may be, ms: the value, or the bound where a busy machine leaves no more known.
fn least_ms(run: &Run, spans: &str, percentile: &str) -> f64 {
    match run.document[spans]["at_least"][percentile].as_f64() {
        Some(bound) => bound / MS,
        None => ms(run, spans, percentile),
    }
}

fn number(run: &Run, spans: &str) -> u64 {
    run.document[spans]["count"].as_u64().unwrap()
}

#[test]
fn an_overburdened_generator_shortens_nothing_that_passed_outside() {
    let server = delaying();
    // 8,000 messages in 20 ms are more than one thread writes and reads here.
    let load = [
        "-c", "500", "-p", "16", "-t", "1", "-d", "2s", "--warmup", "200ms",
    ];
    let run = measured(&[&load[..], &[&server.url]].concat());
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["timestamps"], "kernel");
    let outside = least_ms(&run, "outside_ns", "p50");
    assert!(outside >= DELAY_MS, "{outside}: {}", run.story());
    let told = number(&run, "outside_ns");
    assert_eq!(told, number(&run, "receive_wait_ns"));
    // A stamp may be missing where the wall clock was set; hardly ever.
    assert!(told * 100 >= number(&run, "service_ns") * 99);
    if told == number(&run, "service_ns") {
        let parts = ms(&run, "outside_ns", "mean") + ms(&run, "receive_wait_ns", "mean");
        let whole = ms(&run, "service_ns", "mean");
        assert!((parts / whole - 1.0).abs() < 0.01, "{parts} of {whole}");
    }
    // Messages overtake none of their connection, so the tail waits for the generator.
    let waited = least_ms(&run, "receive_wait_ns", "p99");
    assert!(waited > 0.1, "{waited}: {}", run.story());
}

#[test]
fn a_stopped_generator_takes_its_stall_on_its_own_account() {
    let server = delaying();
    let load = [
        "--rate", "2k", "-c", "50", "-t", "1", "-d", "4s", "--warmup", "0s",
    ];
    let generator = start_measuring(&[&load[..], &[&server.url]].concat());
    thread::sleep(Duration::from_millis(2_000));
    generator.signal("-STOP");
    thread::sleep(Duration::from_millis(200));
    generator.signal("-CONT");
    let run = Run::of(generator.ended());
    assert_eq!(run.document["timestamps"], "kernel", "{}", run.story());
    // Forty answers were on their way, and lay there for most of the stop.
    let longest = ms(&run, "receive_wait_ns", "max");
    assert!(longest >= 150.0, "{longest}: {}", run.story());
    let stopped = ms(&run, "response_ns", "max");
    assert!(stopped >= 180.0, "{stopped}");
    // One message in twenty was due while it stood still, and none of them took longer outside.
    let outside = ms(&run, "outside_ns", "p50");
    assert!((DELAY_MS..3.0 * DELAY_MS).contains(&outside), "{outside}");
}

#[test]
fn busy_polling_is_counted_as_spinning_and_the_floor_stands_beside() {
    // An answer each 5 ms leaves little to do but spin.
    let server = Embedded::start(&["--delay", "5ms"]);
    let words = [
        "--busy-poll",
        "-c",
        "1",
        "-t",
        "1",
        "-d",
        "1s",
        "--warmup",
        "0s",
    ];
    let run = measured(&[&words[..], &[&server.url]].concat());
    assert_eq!(run.exit, 0, "{}", run.story());
    let thread = &run.document["generator"]["threads"][0];
    let share = |name: &str| thread[name].as_f64().unwrap();
    let (spun, worked) = (share("spun_share"), share("cpu_share"));
    assert!(spun > 0.0 && worked < spun, "{spun} spun, {worked} worked");
    let floor = &run.document["floor_ns"];
    let (p50, p99) = (
        floor["p50"].as_f64().unwrap(),
        floor["p99"].as_f64().unwrap(),
    );
    assert!(0.0 < p50 && p50 <= p99, "{floor}");
    assert!(
        ms(&run, "service_ns", "p50") >= 5.0,
        "nothing is subtracted"
    );
}

#[test]
fn the_floor_is_measured_for_a_single_message_in_flight_alone() {
    let server = Embedded::start(&[]);
    let floor = |words: &[&str], url: &[&str]| {
        let load: &[&str] = match words {
            [.., "-n", _] => &["--warmup", "0s"],
            _ => &["-n", "2000", "--warmup", "0s"],
        };
        let run = measured(&[load, words, url].concat());
        assert_eq!(run.exit, 0, "{}", run.story());
        run.document.get("floor_ns").is_some()
    };
    let url = [&*server.url];
    assert!(floor(&["-c", "1"], &url));
    assert!(!floor(&["-c", "1", "-n", "1"], &url), "longer than the run");
    assert!(!floor(&["-c", "64"], &url));
    assert!(!floor(&["-c", "1", "-p", "2"], &url));
    assert!(
        !floor(&["-c", "1"], &[]),
        "the embedded server is the floor"
    );
}

#[test]
fn whose_clock_is_meant_is_whose_clock_tells() {
    let server = Embedded::start(&[]);
    for whose in ["user", "kernel"] {
        let words = ["-n", "200", "-c", "2", "--timestamps", whose, &server.url];
        let run = measured(&words);
        assert_eq!(run.exit, 0, "{}", run.story());
        assert_eq!(run.document["timestamps"], whose);
        let parts = run.document.get("outside_ns").is_some();
        assert_eq!(parts, whose == "kernel", "{}", run.story());
    }
}

/// With a message each 10 ms there is little to do but wait: asleep, or spinning throughout.
#[test]
fn how_a_thread_waits_shows_in_what_it_spins() {
    let server = Embedded::start(&[]);
    let spun = |pace: &str| {
        let load = ["-R", "100", "--arrival", "constant", "-c", "1", "-t", "1"];
        let further = ["-d", "1s", "--warmup", "0s", "--pace", pace, &server.url];
        let run = measured(&[&load[..], &further].concat());
        let thread = &run.document["generator"]["threads"][0];
        thread["spun_share"].as_f64().unwrap_or(0.0)
    };
    assert!(spun("sleep") <= 0.0);
    assert!(spun("spin") > 0.0);
}
