//! How connections and servers end before their time.

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::raw::{Peer, Raw, encoded};
use crate::running::embedded::Embedded;
use crate::running::{Run, measured, start_measuring};
use crate::{assert_failed, assert_verdict, short_run};

/// Connections that a run opens first, and that end before their time.
const FIRST: u64 = 2;

/// Echoes three messages on each of the first connections and then does something else; on those
/// that come in their place it echoes for good.
fn after_three(then: impl Fn(Peer) + Send + Sync + 'static) -> impl Fn(&[&str]) -> Run {
    let then = Arc::new(then);
    move |further| {
        let then = Arc::clone(&then);
        let server = Raw::start(move |mut peer| {
            peer.upgrade();
            let mut echoed = 0;
            while peer.number >= FIRST || echoed < 3 {
                let Some(message) = peer.message() else {
                    return;
                };
                peer.echo(&message);
                echoed += 1;
            }
            then(peer);
        });
        let run = short_run(&server.url(), further);
        assert_eq!(run.connections("replaced"), FIRST, "{}", run.story());
        assert_eq!(run.connections("failed"), FIRST, "{}", run.story());
        assert_eq!(run.connections("alive_at_end"), FIRST);
        assert!(run.sent("answered") > 3 * FIRST, "the load went on");
        run
    }
}

/// The same fault has the same code, whatever moment the run ends in. A server that ends each connection
/// after its answer was there all the time, but held nothing.
#[test]
fn a_server_that_ends_each_connection_gives_one_code() {
    const RUNS: usize = 8;
    let server = Embedded::with("close-after:messages=1,code=1011");
    let runs =
        || (0..RUNS).map(|_| measured(&["-d", "150ms", "-c", "2", "--warmup", "0s", &server.url]));
    for run in runs() {
        assert_eq!(run.exit, 1, "{}", run.story());
        let audit = run.document["audit"].to_string();
        assert!(
            audit.contains("though they were to be held"),
            "{}",
            run.story()
        );
        assert!(!run.has_caveat("server_gone"), "{}", run.story());
    }
    // So many are tolerated where that is asked for.
    let tolerant = [
        "-n",
        "200",
        "-c",
        "2",
        "--tolerate-failures",
        "100%",
        &server.url,
    ];
    assert_eq!(measured(&tolerant).exit, 0);
}

#[test]
fn a_close_frame_with_each_code() {
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999,
    ] {
        let server = Embedded::with(&format!("close-after:messages=5,code={code}"));
        let run = measured(&["-n", "30", "-c", "2", &server.url]);
        // One in five messages: those were to be held connections.
        assert_eq!(run.exit, 1, "{}", run.story());
        assert_eq!(run.document["audit"]["verdict"], "invalid");
        let closed = run.errors("close", "closed_by_server");
        assert!(closed >= 4, "{}", run.story());
        // The answers to our own close frames, with 1000, are counted as well.
        let seen = run.document["close_codes"][code.to_string()]
            .as_u64()
            .unwrap();
        let of_ours = if code == 1000 {
            run.connections("closed_cleanly") - closed
        } else {
            0
        };
        assert_eq!(seen, closed + of_ours, "{}", run.story());
        let example = run.example("close", "closed_by_server");
        assert!(example.contains(&format!("code {code}")), "{example}");
        assert_eq!(
            run.connections("replaced"),
            run.connections("attempted") - 2
        );
    }
}

#[test]
fn a_close_frame_without_a_code() {
    let run = after_three(|mut peer| {
        peer.send(&encoded(0x88, b""));
        while peer.frame().is_some_and(|frame| frame.opcode() != 8) {}
    });
    let run = assert_verdict("doubtful", run);
    assert_eq!(run.errors("close", "closed_by_server"), FIRST);
    assert_eq!(run.document["close_codes"]["1005"], FIRST);
    let example = run.example("close", "closed_by_server");
    assert!(example.contains("no code"), "{example}");
}

#[test]
fn a_fin_without_a_close_frame() {
    let run = assert_verdict("doubtful", after_three(drop));
    // Where our next message crosses the FIN, the kernel answers it by RST.
    let found = ["fin_without_close", "reset", "broken_pipe"];
    let found = found.map(|kind| run.errors("close", kind));
    assert_eq!(found.iter().sum::<u64>(), FIRST, "{}", run.story());
}

#[test]
fn a_reset_in_the_middle_of_a_frame() {
    let run = after_three(|mut peer| {
        peer.message();
        peer.send(&[0x81, 100, b'h', b'a']);
        peer.reset();
    });
    let run = assert_verdict("doubtful", run);
    assert_eq!(run.errors("close", "reset"), FIRST, "{}", run.story());
    assert_eq!(run.sent("failed"), FIRST, "{}", run.story());
}

/// The server has said its last word but goes on reading: no answer can come any more.
#[test]
fn a_half_close() {
    let run = after_three(|mut peer| {
        peer.half_close();
        peer.drain();
    });
    let run = assert_verdict("doubtful", run);
    assert_eq!(run.errors("close", "fin_without_close"), FIRST);
}

#[test]
fn no_answer_to_our_close_frame() {
    let server = Embedded::with("no-close-reply");
    let run = assert_verdict("doubtful", |strict| {
        measured(&[&["-n", "100", "-c", "2", &server.url], strict].concat())
    });
    assert_eq!(run.errors("close", "no_close_reply"), 2, "{}", run.story());
    assert_eq!(run.connections("closed_cleanly"), 0);
    assert_eq!(run.sent("answered"), 100);
}

#[test]
fn no_fin_after_the_closing_handshake() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        while let Some(message) = peer.message() {
            peer.echo(&message);
        }
        peer.drain();
    });
    let run = assert_verdict("doubtful", |strict| {
        measured(&[&["-n", "100", "-c", "2", &server.url()], strict].concat())
    });
    assert_eq!(run.errors("close", "no_fin"), 2, "{}", run.story());
    assert_eq!(run.connections("closed_cleanly"), 2);
    assert_eq!(run.sent("answered"), 100);
}

/// Each close frame might be taken for the beginning of a new wait.
#[test]
fn close_frames_without_end() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        while let Some(message) = peer.message() {
            peer.echo(&message);
        }
        let close = encoded(0x88, &1000_u16.to_be_bytes());
        while peer.stream.write_all(&close).is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let run = assert_verdict("doubtful", |strict| {
        measured(&[&["-n", "100", "-c", "2", &server.url()], strict].concat())
    });
    assert_eq!(run.sent("answered"), 100);
    assert_eq!(run.errors("close", "no_fin"), 2, "{}", run.story());
}

/// A run over four connections, under way: its log has round trips.
pub(crate) fn under_way(server: &Embedded, further: &[&str]) -> crate::running::Process {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("raw.csv");
    let words = ["--warmup", "0", "-c", "4", "--log", log.to_str().unwrap()];
    let mut run = start_measuring(&[&words, further, &[&server.url]].concat());
    while fs::read_to_string(&log).map_or(0, |raw| raw.lines().count()) < 2 {
        assert!(run.is_running(), "it ended by itself");
        thread::sleep(Duration::from_millis(20));
    }
    run
}

#[test]
fn the_server_dies_and_stays_away() {
    let mut server = Embedded::start(&[]);
    let run = under_way(&server, &["-d", "10m"]);
    server.kill();
    let run = Run::of(run.ended());
    assert_failed(&run, "the server died");
    assert_eq!(run.document["ended"], "server_died");
    assert!(run.sent("answered") > 0, "what was measured is kept");
    // Back-off: four slots, a handful of attempts each within the time of grace.
    assert!(run.errors("connect", "refused") < 60, "{}", run.story());
}

/// Clients that cannot connect are not burnt through: the run ends while most are still to come.
#[test]
fn the_server_dies_among_replaced_clients() {
    let mut server = Embedded::start(&[]);
    let run = under_way(&server, &["--clients", "10m", "-r", "2"]);
    server.kill();
    let run = Run::of(run.ended());
    assert_failed(&run, "the server died");
    assert!(run.connections("clients_completed") > 0);
    assert!(run.errors("connect", "refused") < 60, "{}", run.story());
}

#[test]
fn the_server_dies_and_comes_back() {
    let mut server = Embedded::start(&[]);
    let run = under_way(&server, &["-d", "6s"]);
    let port = server.port().to_owned();
    server.kill();
    thread::sleep(Duration::from_millis(300));
    let _server = Embedded::start(&["--port", &port]);
    let run = Run::of(run.ended());
    assert_eq!(run.document["ended"], "complete", "{}", run.story());
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["audit"]["verdict"], "doubtful");
    assert_eq!(run.connections("alive_at_end"), 4, "{}", run.story());
    assert!(run.connections("replaced") >= 4);
    assert!(run.connections("upgraded") >= 8);
    assert!(run.errors("connect", "refused") > 0, "{}", run.story());
    let gone = &run.document["server_gone"];
    assert_eq!(gone["times"], 1, "{gone}");
    let length = gone["longest_s"].as_f64().unwrap();
    // It was away for 300 ms at least, and its slots try again after 2 s at the latest.
    assert!((0.3..6.0).contains(&length), "{gone}");
    assert_eq!(gone["total_s"], gone["longest_s"]);
    assert!(run.has_caveat("server_gone"), "{}", run.story());
}

/// Clients that are replaced one at a time leave no connection open for a moment: no absence.
#[test]
fn a_server_that_is_there_is_never_gone() {
    let server = Embedded::start(&[]);
    let run = measured(&["--clients", "20", "-c", "1", &server.url]);
    assert_eq!(run.document.get("server_gone"), None, "{}", run.story());
    let run = short_run(&server.url, &[]);
    assert_eq!(run.document.get("server_gone"), None, "{}", run.story());
}

/// A server that does not read: what cannot be written is bounded, and times out.
#[test]
fn a_reader_that_stalls() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        thread::sleep(Duration::from_secs(120));
    });
    let words = ["-s", "1m", "-p", "64", "--timeout", "500ms"];
    let run = short_run(&server.url(), &words);
    assert_failed(&run, "nothing was answered");
    assert!(run.sent("timed_out") > 0, "{}", run.story());
    let resident = run.document["generator"]["max_rss_bytes"].as_u64().unwrap();
    assert!(resident < 200 << 20, "{resident} bytes resident");
}

/// A server that reads late: our writes block, and go on where they stopped.
#[test]
fn a_reader_that_pauses() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        thread::sleep(Duration::from_millis(300));
        while let Some(message) = peer.message() {
            peer.echo(&message);
        }
    });
    let words = ["-n", "60", "-c", "1", "-s", "1m", "-p", "16"];
    let run = measured(&[&words[..], &["--binary", &server.url()]].concat());
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.sent("answered"), 60);
}

/// Closed at once, again and again: a run that counts messages must end all the same.
#[test]
fn a_server_that_turns_everyone_away() {
    let server = Embedded::with("close-after:messages=0,code=1013");
    let run = measured(&["-n", "100k", "-c", "2", &server.url]);
    assert_failed(&run, "nothing was answered");
    assert!(
        run.errors("close", "closed_by_server") > 0,
        "{}",
        run.story()
    );
}

/// A proxy that cuts what is idle: the way to keep connections is told.
#[test]
fn a_connection_that_is_cut_when_it_is_idle() {
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        let idle = Duration::from_secs(1);
        peer.stream.set_read_timeout(Some(idle)).unwrap();
        // What has not come in time reads as the end.
        while let Some(message) = peer.message() {
            peer.echo(&message);
        }
    });
    let words = ["-R", "1", "-c", "4", "-d", "5s", "--warmup", "0"];
    let run = measured(&[&words[..], &[&server.url()]].concat());
    assert!(
        run.errors("close", "fin_without_close") > 0,
        "{}",
        run.story()
    );
    let caveats = run.document["audit"]["caveats"].as_array().unwrap();
    let advice = caveats.iter().filter_map(|it| it["advice"].as_str());
    let told = advice
        .into_iter()
        .any(|it| it.contains("--keep-alive keeps it busy"));
    assert!(told, "{}", run.story());
}
