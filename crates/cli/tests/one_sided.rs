//! One side alone over the kernel, against the embedded server, whose pushes and faults are known.
//! Nothing here asks for a time that a busy machine cannot keep.
#![cfg(unix)]

use serde_json::{Value, json};

use crate::raw::Raw;
use crate::running::embedded::Embedded;
use crate::running::{assert_refused, caveat, count, documented};

fn measured(server: &Embedded, words: &[&str]) -> (Option<i32>, Value) {
    let warmup = ["--warmup", "200ms"];
    of_two_seconds(server, &[&warmup[..], words].concat())
}

fn of_two_seconds(server: &Embedded, words: &[&str]) -> (Option<i32>, Value) {
    let usual = ["-d", "2s", "--seed", "5"];
    documented(&[&usual[..], words, &[&server.url]].concat())
}

const PUSH: [&str; 8] = [
    "--mode",
    "push",
    "-c",
    "10",
    "--stamp",
    "json:/T:us",
    "--sequence",
    "json:/u",
];

#[test]
fn pushes_are_counted_by_their_numbers_and_have_their_age() {
    let server = Embedded::start(&["--push", "100/s"]);
    let (code, document) = measured(&server, &PUSH);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let received = count(&document["pushes"], "received");
    assert!((1_500..=2_100).contains(&received), "{received}");
    let wrong = [
        "missing",
        "duplicated",
        "reordered",
        "unnumbered",
        "unstamped",
    ];
    for name in wrong {
        assert_eq!(count(&document["pushes"], name), 0, "{name}");
    }
    let ages = document["push_age_ns"]["count"].as_u64().unwrap();
    assert_eq!(
        ages + count(&document["pushes"], "from_the_future"),
        received
    );
    let gaps = document["push_gap_ns"]["count"].as_u64().unwrap();
    assert!(gaps + 10 >= received, "{gaps} of {received}");
    let mean = document["push_gap_ns"]["mean"].as_f64().unwrap();
    assert!((9.0e6..11.5e6).contains(&mean), "{mean}");
}

#[test]
fn pushes_that_are_lost_or_repeated_make_the_run_invalid_unless_that_is_meant() {
    for (fault, name, promise) in [
        ("drop:every=40", "missing", "at-most-once"),
        ("duplicate:every=40", "duplicated", "at-least-once"),
    ] {
        let server = Embedded::start(&["--push", "200/s", "--misbehave", fault]);
        let (code, document) = measured(&server, &PUSH);
        assert_eq!(code, Some(1), "{fault}");
        let received = count(&document["pushes"], "received");
        let expected = received / 40;
        let told = count(&document["pushes"], name);
        assert!(
            told.abs_diff(expected) <= 20,
            "{fault}: {told} of {received}"
        );
        let words = [&PUSH[..], &["--expect", promise]].concat();
        let (code, document) = measured(&server, &words);
        assert_eq!(code, Some(0), "{fault}: {:#}", document["audit"]);
    }
}

#[test]
fn figures_of_pushes_are_conditions() {
    let server = Embedded::start(&["--push", "100/s", "--each", "1ms"]);
    let conditions = ["--fail-if", "push.missing>0", "--fail-if", "p50<1us"];
    let words = [&PUSH[..], &conditions].concat();
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(0), "{:#}", document["conditions"]);
    let words = [&PUSH[..], &["--fail-if", "push.gap.p50<10s"]].concat();
    let (code, _) = measured(&server, &words);
    assert_eq!(code, Some(99));
}

#[test]
fn a_server_that_sends_nothing_by_itself_is_no_server_of_pushes() {
    let server = Embedded::start(&[]);
    let (code, document) = measured(&server, &["--mode", "push", "-c", "2"]);
    assert_eq!(code, Some(1));
    let is_it = caveat(&document, "nothing_answered").is_some();
    assert!(is_it, "{:#}", document["audit"]);
}

#[test]
fn messages_that_nobody_answers_are_sent_by_the_schedule() {
    // It takes pushes' place: what clients send goes nowhere.
    let server = Embedded::start(&["--push", "0.01/s"]);
    let words = ["--mode", "oneway", "-c", "4", "-R", "500"];
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let messages = &document["messages"];
    let sent = messages["sent"].as_u64().unwrap();
    assert!(sent > 500, "{messages}");
    assert_eq!(messages["unawaited"].as_u64(), Some(sent));
    assert_eq!(messages["timed_out"], 0);
    assert_eq!(document["plan"]["flow"]["kind"], "oneway");
}

#[test]
fn connections_are_held_by_pings_alone() {
    let server = Embedded::start(&[]);
    let words = ["--mode", "idle", "-c", "20", "--keep-alive", "100ms"];
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    assert_eq!(document["connections"]["alive_at_end"], 20);
    assert_eq!(document["messages"]["sent"], 0);
    assert!(document["pings"]["sent"].as_u64().unwrap() > 100);
}

#[test]
fn an_echo_less_a_ping_is_the_applications_part() {
    // The server holds each answer, and a pong behind it for what is left of that: half on average.
    let server = Embedded::start(&["--delay", "20ms"]);
    let (code, document) = measured(&server, &["--mode", "ping", "-c", "4"]);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let application = document["application_ns"].as_f64().unwrap();
    let service = document["service_ns"]["mean"].as_f64().unwrap();
    assert!(application <= service);
    assert!(application > 0.2 * service, "{application} of {service}");
}

#[test]
fn sessions_come_by_their_schedule() {
    let server = Embedded::start(&[]);
    let words = ["--arrive", "50/s", "--arrival", "constant", "-r", "3"];
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let sessions = &document["sessions"];
    assert!(
        sessions["due"].as_u64().unwrap().abs_diff(100) <= 1,
        "{sessions}"
    );
    let opened = sessions["opened"].as_u64().unwrap();
    let spans = document["opening_service_ns"]["count"].as_u64();
    assert_eq!(spans, Some(opened));
    let answered = document["messages"]["answered"].as_u64().unwrap();
    assert!(
        answered + 30 >= 3 * opened,
        "{answered} of {opened} sessions"
    );
}

#[test]
fn sessions_send_what_a_schedule_has_due() {
    let server = Embedded::start(&[]);
    let words = ["--arrive", "50/s", "--arrival", "constant"];
    let words = [&words[..], &["--live", "500ms", "-R", "200"]].concat();
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let (messages, plan) = (&document["messages"], &document["plan"]);
    let due = messages["due"].as_u64().unwrap();
    assert!(due.abs_diff(400) <= 2, "{messages}");
    assert_eq!(messages["unsent"], 0, "{messages}");
    assert_eq!(messages["answered"], messages["due"]);
    // 50 a second for half of one each, and none had to wait for one to be there.
    let peak = document["connections"]["peak_concurrent"].as_u64().unwrap();
    assert!((20..=60).contains(&peak), "{peak}");
    assert_eq!(plan["threads"], 1, "{plan:#}");
}

/// On one machine the two clocks are one, and what answers allow holds that.
#[test]
fn ages_are_corrected_by_what_the_server_says_of_its_clock() {
    let server = Embedded::start(&["--push", "100/s"]);
    let clock = ["--clock", r#"{"time":1}"#, "--clock-stamp", "json:/now:us"];
    let (code, document) = measured(&server, &[&PUSH[..], &clock].concat());
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    for when in ["before", "after"] {
        let offset = &document["push_clock"][when];
        let ahead = offset["ahead_ns"].as_i64().unwrap();
        let within = offset["within_ns"].as_u64().unwrap();
        // The two clocks are one. What the run takes for it is a counter that is held beside it when the
        // run begins; the wall clock may be slewed meanwhile, by 500 parts in a million at most.
        let slewed = 5_000_000;
        assert!(ahead.unsigned_abs() <= within + slewed, "{offset}");
        assert!(within < 1_000_000_000, "{offset}");
        assert!(offset["answers"].as_u64().unwrap() > 0, "{offset}");
    }
    let received = count(&document["pushes"], "received");
    assert_eq!(count(&document["pushes"], "unclocked"), 0);
    let ages = document["push_age_ns"]["count"].as_u64().unwrap();
    assert_eq!(
        ages + count(&document["pushes"], "from_the_future"),
        received
    );
    assert_eq!(document["plan"]["flow"]["clock"]["stamp"], "json:/now:us");
    assert!(
        caveat(&document, "clocks").is_some(),
        "{:#}",
        document["audit"]
    );
}

/// A scenario asks for the time as the flags do, and flags outweigh it.
#[test]
fn a_scenario_says_what_is_read_off_pushes_and_flags_outweigh_it() {
    let server = Embedded::start(&["--push", "100/s"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feed.toml");
    let text = r#"
[[clients]]
count = 4
roles = ["subscribe"]
stamp = "json:/T:us"
sequence = "json:/nowhere"
clock = '{"time":1}'
clock_stamp = "json:/now:us"
"#;
    std::fs::write(&file, text).unwrap();
    let scenario = ["--scenario", file.to_str().unwrap()];
    let words = [&scenario[..], &["--sequence", "json:/u"]].concat();
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let flow = &document["plan"]["flow"];
    let expected = json!({
        "kind": "push",
        "stamp": "json:/T:us",
        "sequence": "json:/u",
        "clock": { "ask": r#"{"time":1}"#, "stamp": "json:/now:us" },
    });
    assert_eq!(flow, &expected);
    let before = &document["push_clock"]["before"];
    assert!(before["answers"].as_u64().unwrap() > 0, "{before}");
    assert_eq!(count(&document["pushes"], "unnumbered"), 0);
    let idle = "[[clients]]\ncount = 4\nroles = [\"idle\"]\n";
    std::fs::write(&file, idle).unwrap();
    let words = [&scenario[..], &["--stamp", "json:/T:us"]].concat();
    assert_refused(&words, "the scenario has none");
}

#[test]
fn connections_come_and_go_beside_the_load() {
    for (serve, words) in [
        (&[][..], &["-c", "4"][..]),
        (
            &["--broadcast"],
            &["--mode", "broadcast", "-c", "4", "-R", "50"],
        ),
        (&["--push", "100/s"], &["--mode", "push", "-c", "4"]),
    ] {
        let server = Embedded::start(serve);
        let churn = ["--churn", "30/s", "--churn-live", "200ms"];
        let (code, document) = measured(&server, &[words, &churn].concat());
        assert_eq!(code, Some(0), "{words:?}: {:#}", document["audit"]);
        let (connections, sessions) = (&document["connections"], &document["sessions"]);
        assert_eq!(connections["asked"], 4);
        assert_eq!(connections["alive_at_end"], 4);
        // Poisson: 60 are due on average.
        let opened = sessions["opened"].as_u64().unwrap();
        assert!((20..=110).contains(&opened), "{sessions}");
        assert_eq!(sessions["turned_away"], 0);
        assert_eq!(document["opening_service_ns"]["count"], opened);
        assert!(connections["closed_cleanly"].as_u64().unwrap() >= opened);
        assert_eq!(count(&document["messages"], "unasked"), 0);
        assert_eq!(document["plan"]["churn"]["stay"]["live_s"], 0.2);
    }
}

#[test]
fn a_storm_is_open_no_faster_than_the_server_accepts() {
    let server = Embedded::start(&["--accept-delay", "5ms"]);
    let (code, document) = of_two_seconds(&server, &["--mode", "storm", "-c", "60"]);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    assert_eq!(document["sessions"]["opened"], 60);
    let storm = &document["storm_ns"];
    assert_eq!(storm["count"], 60);
    let (p50, last) = (
        storm["p50"].as_u64().unwrap(),
        storm["max"].as_u64().unwrap(),
    );
    assert!(p50 >= 140_000_000 && last >= 290_000_000, "{p50} {last}");
}

/// Closed behind each answer, a connection is opened again at once; turned away, it is opened after pauses
/// of 50 ms at least, which double: five times in a second at most.
#[test]
fn who_had_been_answered_comes_back_at_once_and_who_is_turned_away_does_not() {
    let attempted = |url: &str, connections: &str| {
        let words = ["-d", "1s", "--warmup", "0", "-c", connections, url];
        let (_, document) = documented(&words);
        count(&document["connections"], "attempted")
    };
    let closing = Embedded::with("close-after:messages=1,code=1001");
    let answered = attempted(&closing.url, "1");
    assert!(answered > 10, "{answered}");
    // The first is served, and every other turned away.
    let choosy = Raw::start(|mut peer| {
        if peer.number > 0 {
            peer.request();
            return peer.send(b"HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n");
        }
        peer.upgrade();
        while let Some(message) = peer.message() {
            peer.echo(&message);
        }
    });
    let refused = attempted(&choosy.url(), "2") - 1;
    assert!((2..=7).contains(&refused), "{refused}");
}

/// At a rate the last of ten comes no sooner than nine of its steps, and all of them stay.
#[test]
fn a_storm_at_a_rate_is_held_to_its_end() {
    let server = Embedded::start(&[]);
    let words = ["--mode", "storm", "-c", "10", "--connect-rate", "20"];
    let (code, document) = of_two_seconds(&server, &words);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let storm = &document["storm_ns"];
    for figure in ["p50", "p90", "p99", "max"] {
        assert!(storm[figure].as_u64().is_some(), "{figure}: {storm}");
    }
    assert!(storm["max"].as_u64().unwrap() >= 400_000_000, "{storm}");
    assert_eq!(document["connections"]["alive_at_end"], 10);
}

#[test]
fn pings_come_each_tenth_of_a_second_unless_it_is_said_otherwise() {
    let server = Embedded::start(&[]);
    for (words, each_s) in [(&[][..], 0.1), (&["--keep-alive", "300ms"], 0.3)] {
        let words = [&["--mode", "ping", "-c", "2"], words].concat();
        let (_, document) = measured(&server, &words);
        assert_eq!(document["plan"]["keep_alive_s"], each_s);
        assert!(document["pings"]["sent"].as_u64().unwrap() > 0);
    }
}

#[test]
fn flags_of_sessions_and_pushes_that_do_not_go_together_are_refused() {
    for (words, said) in [
        (&["--live", "5s"][..], "add --arrive"),
        (&["--arrive", "5/s", "-c", "10"], "--max-sessions"),
        (
            &["--arrive", "5/s", "-R", "10", "-n", "10"],
            "--max-sessions",
        ),
        (
            &["--arrive", "5/s", "-R", "10", "--mode", "broadcast"],
            "--arrive",
        ),
        (
            &["--arrive", "5/s", "-R", "10", "--mode", "oneway"],
            "--live",
        ),
        (&["--arrive", "5/s", "--mode", "idle"], "--live"),
        (&["--churn-live", "2s"], "--churn"),
        (&["--churn", "5/s", "--arrive", "5/s"], "--churn"),
        (&["--churn", "5/s", "--clients", "9"], "--clients"),
        (&["--churn", "5/s", "--mode", "storm"], "--churn"),
        (&["--stamp", "json:/E:ms"], "add --mode push"),
        (&["--mode", "push", "--stamp", "json:/E"], "its unit"),
        (&["--mode", "push", "-R", "10"], "--mode"),
        (&["--mode", "push", "--clock", "t"], "--clock-stamp"),
        (
            &[
                "--mode",
                "push",
                "--clock",
                "t",
                "--clock-stamp",
                "json:/t:s",
            ],
            "--stamp",
        ),
        (&["--mode", "oneway"], "--mode"),
        (&["--mode", "idle", "-n", "10"], "--mode"),
        (&["--mode", "storm", "--warmup", "1s"], "--warmup"),
    ] {
        assert_refused(words, said);
    }
}

#[test]
fn a_drill_cuts_connections_and_tells_when_their_clients_are_back() {
    let server = Embedded::start(&[]);
    let words = [
        "-c",
        "20",
        "--drill",
        "cut 50% at 500ms",
        "--reconnect",
        "fixed:100ms",
    ];
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    let returns = &document["returns"];
    let told = ["lost", "cut", "back", "away"].map(|name| returns[name].as_u64().unwrap());
    assert_eq!(told, [10, 10, 10, 0]);
    assert_eq!(document["back_ns"]["count"], 10);
    assert!(document["back_ns"]["min"].as_u64().unwrap() >= 50_000_000);
}

#[test]
fn slow_readers_are_told_apart_from_the_others() {
    let server = Embedded::start(&["--push", "100/s"]);
    let words = [&PUSH[..], &["--mix", "slow=20%,rate=200"]].concat();
    let (code, document) = measured(&server, &words);
    assert_eq!(code, Some(0), "{:#}", document["audit"]);
    assert_eq!(count(&document["pushes"], "missing"), 0);
    let received = count(&document["pushes"], "received");
    let slow = document["slow"]["received"].as_u64().unwrap();
    // Two of ten, at 200 B/s of 50 B each.
    assert!(slow < received / 10, "{slow} beside {received}");
    assert_eq!(document["plan"]["slow"]["reads"]["how"], "rate");
}
