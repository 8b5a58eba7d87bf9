//! Messages from a template: what the server gets, and what is told of one that spoils them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::raw::Raw;
use crate::running::embedded::Embedded;
use crate::running::{Run, assert_refused, measured};
use serde_json::Value;

const TEMPLATE: &str =
    r#"{"id":{id},"seq":{seq},"nonce":"{rand:hex:16}","at":{now_ns},"text":"grüße"}"#;

/// A thousand messages of the template, eight in flight on each of two connections.
fn thousand(url: &str, further: &[&str]) -> Run {
    let words = ["-n", "1000", "-c", "2", "-p", "8", "--template", TEMPLATE];
    measured(&[&words, further, &[url]].concat())
}

#[test]
fn every_message_is_what_the_template_says_and_no_two_are_the_same() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    let server = Raw::start(move |mut peer| {
        peer.upgrade();
        while let Some(message) = peer.message() {
            note.lock().unwrap().push(message.payload.clone());
            peer.echo(&message);
        }
    });
    let run = thousand(&server.url(), &[]);
    assert_eq!(
        (run.exit, run.sent("answered")),
        (0, 1_000),
        "{}",
        run.story()
    );
    let plan = &run.document["plan"];
    assert_eq!(plan["payload"]["template"], TEMPLATE);
    assert_eq!(plan["matched_by"], "tag");
    let seen = seen.lock().unwrap();
    let all: Vec<Value> = seen
        .iter()
        .map(|it| serde_json::from_slice(it).unwrap())
        .collect();
    let of = |name: &str| {
        all.iter()
            .map(|it| it[name].to_string())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(all.len(), 1_000);
    assert_eq!(of("nonce").len(), 1_000, "random digits differ");
    assert_eq!(of("id").len(), 2);
    let pairs: BTreeSet<_> = all
        .iter()
        .map(|it| (it["id"].as_u64(), it["seq"].as_u64()))
        .collect();
    assert_eq!(pairs.len(), 1_000);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for message in &all {
        assert_eq!(message["text"], "grüße");
        let at = Duration::from_nanos(message["at"].as_u64().unwrap());
        assert!(now.abs_diff(at) < Duration::from_secs(60), "{message}");
    }
}

/// The same faults as with the default payload (`faults`), told apart by what the template put in.
#[test]
fn what_a_server_does_to_them_is_told_apart() {
    for (fault, count) in [
        ("duplicate:every=10", "duplicated"),
        ("wrong-bytes:every=10", "corrupted"),
        ("swap:every=7", "reordered"),
        ("drop:every=10", "lost"),
    ] {
        let run = thousand(&Embedded::with(fault).url, &["--timeout", "1s"]);
        assert_eq!(run.exit, 1, "{fault}: {}", run.story());
        assert!(run.sent(count) > 50, "{fault}: {}", run.story());
        for other in ["duplicated", "corrupted", "reordered", "lost", "unasked"] {
            assert!(
                other == count || run.sent(other) == 0,
                "{other} of {fault}: {}",
                run.story()
            );
        }
    }
}

#[test]
fn a_message_on_another_connection_is_told() {
    let last = Arc::new(Mutex::new(None));
    let server = Raw::start(move |mut peer| {
        peer.upgrade();
        while let Some(message) = peer.message() {
            // Each is answered with what came before, on whichever connection that was.
            if let Some(before) = last.lock().unwrap().replace(message) {
                peer.echo(&before);
            }
        }
    });
    let words = [
        "-d",
        "500ms",
        "--warmup",
        "0",
        "-c",
        "2",
        "-p",
        "4",
        "--template",
        TEMPLATE,
    ];
    let run = measured(&[&words[..], &[&server.url()]].concat());
    assert_eq!(run.exit, 1, "{}", run.story());
    assert!(run.errors("answers", "cross_talk") > 0, "{}", run.story());
}

#[test]
fn a_template_goes_through_compression_fragments_and_the_open_loop() {
    let server = Embedded::start(&["--compress"]);
    for further in [&["--compress"][..], &["--fragment", "7"], &["--binary"]] {
        let run = thousand(&server.url, further);
        assert_eq!(
            (run.exit, run.sent("answered")),
            (0, 1_000),
            "{further:?} {}",
            run.story()
        );
    }
    let open = [
        "-R",
        "2k",
        "-d",
        "500ms",
        "-c",
        "2",
        "--template",
        TEMPLATE,
        &server.url,
    ];
    let run = measured(&open);
    assert_eq!(
        run.sent("corrupted") + run.sent("unasked"),
        0,
        "{}",
        run.story()
    );
    assert_eq!(run.sent("answered"), run.sent("sent"), "{}", run.story());
    // Without both numbers it is matched in order, and the result says so.
    let run = measured(&[
        "-n",
        "100",
        "-c",
        "2",
        "--template",
        "seq {seq}",
        &server.url,
    ]);
    assert_eq!(run.sent("answered"), 100, "{}", run.story());
    assert_eq!(run.document["plan"]["matched_by"], "order");
    assert!(run.has_caveat("matching"), "{}", run.story());
}

#[test]
fn what_is_wrong_with_a_template_is_told_with_its_place() {
    for (words, told) in [
        (
            &["--template", "ab{sequence}"][..],
            "at byte 2: '{sequence}' is not known",
        ),
        (
            &["--template", "{id}{seq}"],
            "at byte 4: a number follows a number",
        ),
        (&["--template", "{id}", "-s", "30"], "leave --size out"),
    ] {
        assert_refused(words, told);
    }
}
