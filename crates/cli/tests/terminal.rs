//! What is shown where there is a terminal, by one that Python makes.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::running::embedded::Embedded;
use crate::running::{Process, wsbench};
use snapbox::cmd::cargo_bin;

/// Runs its arguments on a terminal of their own, and prints what they show there.
const TERMINAL: &str = "
import os, pty, sys
sized = ['sh', '-c', 'stty rows 24 cols 80; exec \"$@\"', 'sh']
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sized + sys.argv[1:])))
";

/// What a terminal is sent while a run goes on it.
fn shown(flags: &[&str], no_color: &str) -> String {
    let server = Embedded::start(&[]);
    let mut command = std::process::Command::new("python3");
    command.args(["-c", TERMINAL]).arg(cargo_bin!("wsbench"));
    command.args(["-d", "1500ms", "--warmup", "0", "-c", "2", "--no-state"]);
    command.args(flags).arg(&server.url);
    command
        .env("TERM", "xterm-256color")
        .env("NO_COLOR", no_color);
    let ended = Process::start(&mut command).ended();
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{}{}",
        ended.stdout,
        ended.stderr
    );
    ended.stdout
}

/// Runs its arguments, from the third on, on a terminal that goes away once four intervals of the measured window
/// stand in the file that the second one names, with a signal that says so or, where the first is `ignored`,
/// with none; prints how it ended, or that it did not.
const GOES_AWAY: &str = "
import os, pty, signal, sys, time
pid, terminal = pty.fork()
if pid == 0:
    ignored = sys.argv[1] == 'ignored'
    signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    os.execvp(sys.argv[3], sys.argv[3:])
def told():
    try: return open(sys.argv[2]).read().count('\"stage\":\"measuring\"')
    except FileNotFoundError: return 0
until = time.monotonic() + 60
os.set_blocking(terminal, False)
while told() < 4 and time.monotonic() < until:
    try: os.read(terminal, 65536)
    except BlockingIOError: time.sleep(0.01)
os.close(terminal)
for _ in range(3000):
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended: break
    time.sleep(0.01)
else:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    print('went on')
    sys.exit()
print('ended', os.waitstatus_to_exitcode(status))
";

/// A run whose terminal is closed ends as the signal asks, or goes on to its end where that is ignored; it never
/// hangs, and what was measured is kept. That nothing could be printed any more is exit code 1.
#[test]
fn a_run_outlives_its_terminal() {
    let server = Embedded::start(&[]);
    for (signal, end) in [("ignored", "complete"), ("sent", "interrupted")] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kept.json");
        let stream = folder.path().join("stream.ndjson");
        let mut command = std::process::Command::new("python3");
        command
            .args(["-c", GOES_AWAY, signal])
            .arg(&stream)
            .arg(cargo_bin!("wsbench"));
        command.args(["-d", "6s", "--warmup", "0", "-c", "2", "--no-state"]);
        command
            .arg(format!("--stream=ndjson={}", stream.display()))
            .arg("-o")
            .arg(&file)
            .arg(&server.url)
            .env("TERM", "xterm-256color");
        let ended = Process::start(&mut command).ended();
        assert_eq!(ended.stdout.trim(), "ended 1", "{signal}");
        let kept: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert!(kept["messages"]["answered"].as_u64() > Some(0), "{signal}");
        assert_eq!(kept["ended"], end, "{signal}");
    }
}

/// The alternate screen is taken.
const SCREEN: &str = "\x1b[?1049h";

#[test]
fn a_terminal_has_a_screen_unless_it_is_to_have_none() {
    assert!(shown(&[], "1").contains(SCREEN));
    let plain = shown(&["--no-tui"], "1");
    assert!(
        !plain.contains(SCREEN) && plain.contains("plan: "),
        "{plain}"
    );
    // Where there is no terminal there is none in any case.
    let server = Embedded::start(&[]);
    let ended = Process::start(&mut wsbench(&["-n", "50", "-c", "1", &server.url])).ended();
    assert!(!ended.stderr.contains('\x1b') && !ended.stdout.contains('\x1b'));
}

/// Looking for the size of a terminal where there is none would start programs beside the measurement.
#[test]
fn where_there_is_no_terminal_none_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (tput, asked) = (folder.path().join("tput"), folder.path().join("asked"));
    let script = format!("#!/bin/sh\necho $1 >>{}\necho 80\n", asked.display());
    fs::write(&tput, script).unwrap();
    fs::set_permissions(&tput, Permissions::from_mode(0o755)).unwrap();
    let server = Embedded::start(&[]);
    // A session of its own has no terminal, whatever the tests run on.
    let mut command = std::process::Command::new("setsid");
    command.args(["--wait"]).arg(cargo_bin!("wsbench"));
    command.args(["-n", "50", "-c", "1", "--no-state", &server.url]);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", folder.path().display()));
    let ended = Process::start(&mut command).ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("plan: "), "{}", ended.stderr);
    assert_eq!(fs::read_to_string(&asked).unwrap_or_default(), "");
}

/// What is said beside the result as well, between words and never within a number or a flag.
#[test]
fn lines_are_broken_at_the_width_of_the_terminal() {
    let text = shown(
        &[
            "--no-tui",
            "-R",
            "200",
            "--arrival",
            "constant",
            "--timeout",
            "1500ms",
            "--keep-alive",
            "500ms",
        ],
        "1",
    );
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_end_matches('\r'))
        .collect();
    let plan = lines.iter().position(|line| line.starts_with("plan: "));
    let plan = &lines[plan.unwrap_or_else(|| panic!("no plan in {text}"))..];
    let wide = plan.iter().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None, "{text}");
    let second = plan.get(1).unwrap();
    assert!(!second.is_empty() && !second.starts_with("  "), "{text}");
}

/// `https://no-color.org`: any value but the empty one objects.
#[test]
fn a_terminal_has_colours_unless_somebody_objects() {
    let has_colours = |text: &str| {
        let begun = text
            .match_indices("\x1b[")
            .map(|(at, it)| &text[at + it.len()..]);
        let ends = begun.map(|rest| rest.find(|it: char| !it.is_ascii_digit() && it != ';'));
        let mut codes = text.match_indices("\x1b[").zip(ends);
        codes.any(|((at, _), end)| {
            let code = &text[at + 2..at + 2 + end.unwrap_or(0)];
            let is_set = text[at + 2 + end.unwrap_or(0)..].starts_with('m');
            is_set
                && code
                    .split(';')
                    .any(|it| matches!(it.parse(), Ok(30..=38 | 90..=97)))
        })
    };
    assert!(has_colours(&shown(&["--no-tui"], "")));
    assert!(!has_colours(&shown(&["--no-tui"], "1")));
}
