//! What goes wrong on our own side.

use std::process::Command;
use std::thread;
use std::time::Duration;

use snapbox::cmd::cargo_bin;

use super::Name::{Caveat, Nothing};
use super::{Row, Seen};
use crate::running::embedded::Embedded;
use crate::running::{Ended, Process, Run, measured, start_measuring, wsbench};

const PHASE: &str = "Here";

/// A row that is told on standard error in these words.
fn said(
    fault: &str,
    counted: &'static str,
    words: &'static str,
    run: impl Fn() -> Ended + Send + Sync + 'static,
) -> Row {
    Row::told(PHASE, fault, move || {
        let ended = run();
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        Seen {
            counted: counted.to_owned(),
            said: words.to_owned(),
            exit: ended.status.code().unwrap(),
            stands: None,
        }
    })
}

pub(super) fn rows() -> Vec<Row> {
    let interrupted = |signal: &'static str| {
        let server = Embedded::start(&[]);
        let run = crate::end::under_way(&server, &["-d", "10m"]);
        run.signal(signal);
        let run = Run::of(run.ended());
        assert_eq!(run.sent("in_flight_at_end"), 0, "the last answers came");
        run
    };
    let short = ["-n", "100", "-c", "2", "--no-tui"];
    let mut rows = vec![
        Row::of(PHASE, "Ctrl-C", Caveat("interrupted"), move || {
            interrupted("-INT")
        }),
        Row::of(PHASE, "SIGTERM", Caveat("interrupted"), move || {
            interrupted("-TERM")
        }),
        Row::of(
            PHASE,
            "SIGHUP: the terminal has gone",
            Caveat("interrupted"),
            move || interrupted("-HUP"),
        ),
        said("Ctrl-C twice", "ends at once", "", || {
            let server = Embedded::with("drop:every=1");
            let run = start_measuring(&["-d", "10m", "--timeout", "10m", &server.url]);
            thread::sleep(Duration::from_secs(1));
            run.signal("-INT");
            thread::sleep(Duration::from_millis(200));
            run.signal("-INT");
            run.ended()
        }),
        said(
            "the disk is full (`-o`)",
            "after the run",
            "No space left on device",
            move || {
                let server = Embedded::start(&[]);
                let words = [&short[..], &["-o", "/dev/full", &server.url]].concat();
                Process::start(&mut wsbench(&words)).ended()
            },
        ),
        said(
            "the disk is full (`--log`)",
            "ends the run",
            "No space left on device",
            || {
                let server = Embedded::start(&[]);
                let words = ["--clients", "10m", "-c", "2", "--no-tui", "-l", "/dev/full"];
                Process::start(&mut wsbench(&[&words[..], &[&server.url]].concat())).ended()
            },
        ),
        said(
            "a limit on the size of files (SIGXFSZ)",
            "ends the run",
            "File too large",
            || {
                let server = Embedded::start(&[]);
                let directory = tempfile::tempdir().unwrap();
                let mut command = Command::new("sh");
                command
                    .args(["-c", "ulimit -f 8 && exec \"$0\" \"$@\""])
                    .arg(cargo_bin!("wsbench"))
                    .args(["--clients", "10m", "-c", "2", "--no-tui", "--no-state"])
                    .args(["-l", "log", &server.url])
                    .current_dir(directory.path());
                Process::start(&mut command).ended()
            },
        ),
        said(
            "the file of `--log` is something else",
            "before the run",
            "it holds something else than a log of round trips",
            || {
                let directory = tempfile::tempdir().unwrap();
                std::fs::write(directory.path().join("log"), "notes of mine\n").unwrap();
                let words = ["-n", "100", "--no-tui", "-l", "log", "localhost:1"];
                let ended = Process::start(wsbench(&words).current_dir(directory.path())).ended();
                let kept = std::fs::read_to_string(directory.path().join("log")).unwrap();
                assert_eq!(kept, "notes of mine\n");
                ended
            },
        ),
        said(
            "a named pipe that nobody reads (`-o`)",
            "after the run",
            "is a named pipe that nobody reads",
            move || {
                let server = Embedded::start(&[]);
                let directory = tempfile::tempdir().unwrap();
                let made = Command::new("mkfifo")
                    .arg(directory.path().join("pipe"))
                    .status();
                assert!(made.unwrap().success());
                let words = [&short[..], &["-o", "pipe", &server.url]].concat();
                Process::start(wsbench(&words).current_dir(directory.path())).ended()
            },
        ),
        said(
            "standard output is a full disk",
            "after the run",
            "No space left on device",
            move || {
                let server = Embedded::start(&[]);
                let mut command = Command::new("sh");
                command
                    .args(["-c", "exec \"$0\" \"$@\" >/dev/full"])
                    .arg(cargo_bin!("wsbench"))
                    .args(short)
                    .arg(&server.url);
                Process::start(&mut command).ended()
            },
        ),
        said(
            "the place of the output cannot be written",
            "before the run",
            "/no/such/place",
            move || {
                let words = [
                    &short[..],
                    &["-o", "/no/such/place/run.json", "localhost:1"],
                ]
                .concat();
                Process::start(&mut wsbench(&words)).ended()
            },
        ),
        said(
            "a reader that has seen enough (`\\| head -1`)",
            "nothing",
            "",
            move || {
                let server = Embedded::start(&[]);
                let script = "\"$0\" \"$@\" | head -1 >/dev/null; exit ${PIPESTATUS[0]}";
                let mut command = Command::new("bash");
                command.args(["-c", script]).arg(cargo_bin!("wsbench"));
                command.args(short).arg(&server.url);
                Process::start(&mut command).ended()
            },
        ),
        said(
            "out of descriptors (EMFILE)",
            "before the run",
            "64 connections need",
            || {
                let server = Embedded::start(&[]);
                let mut command = Command::new("sh");
                command
                    .args(["-c", "ulimit -n 50 && exec \"$0\" \"$@\""])
                    .arg(cargo_bin!("wsbench"))
                    .args(["-n", "100", "-c", "64", &server.url]);
                Process::start(&mut command).ended()
            },
        ),
    ];
    rows.push(Row::told(
        PHASE,
        "out of local ports (EADDRNOTAVAIL)",
        out_of_ports,
    ));
    rows.extend(machine());
    rows
}

/// Eleven local ports, in a network namespace of its own; where none is to be had, what is to be
/// seen elsewhere is taken on trust, and said to be.
fn out_of_ports() -> Seen {
    let words = "64 connections to one address need as many local ports, and there are 11";
    let script =
        "echo '40000 40010' > /proc/sys/net/ipv4/ip_local_port_range && exec \"$0\" \"$@\"";
    let apart = ["--map-root-user", "--net", "sh", "-c", script];
    let probe = Command::new("unshare").args(apart).arg("true").output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        eprintln!("not carried out, for there are no network namespaces: out of local ports");
    } else {
        let mut command = Command::new("unshare");
        command.args(apart).arg(cargo_bin!("wsbench"));
        command.args(["-n", "100", "-c", "64", "ws://127.0.0.1:4000/"]);
        let ended = Process::start(&mut command).ended();
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert_eq!(ended.status.code(), Some(1));
    }
    Seen {
        counted: "before the run".to_owned(),
        said: words.to_owned(),
        exit: 1,
        stands: None,
    }
}

/// What the machine does to us.
fn machine() -> Vec<Row> {
    vec![
        Row::of(
            PHASE,
            "stopped and continued (suspended)",
            Caveat("gaps"),
            || {
                let server = Embedded::start(&[]);
                let run = crate::end::under_way(&server, &["-d", "4s"]);
                run.signal("-STOP");
                thread::sleep(Duration::from_millis(800));
                run.signal("-CONT");
                let run = Run::of(run.ended());
                let longest = run.document["gaps"][0]["length_s"].as_f64().unwrap();
                assert!(longest > 0.7, "{:#}", run.document["gaps"]);
                run
            },
        ),
        Row::of(
            PHASE,
            "another process takes the core",
            Caveat("generator_starved"),
            || {
                let server = Embedded::start(&[]);
                let mut others: Vec<_> = (0..3)
                    .map(|_| {
                        let script = "while :; do :; done";
                        let mut command = Command::new("timeout");
                        command.args(["20", "taskset", "-c", "0", "sh", "-c", script]);
                        command.spawn().unwrap()
                    })
                    .collect();
                let words = [
                    "-d", "2s", "--warmup", "0", "-c", "8", "-t", "1", "--pin", "0",
                ];
                let run = measured(&[&words[..], &[&server.url]].concat());
                for other in &mut others {
                    crate::running::send_signal("-TERM", other.id());
                    other.wait().unwrap();
                }
                run
            },
        ),
        Row::of(PHASE, "no fault at all", Nothing, || {
            let server = Embedded::start(&[]);
            measured(&["-n", "1000", "-c", "4", "-p", "4", &server.url])
        }),
    ]
}
