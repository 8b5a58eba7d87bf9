//! A process of our own that starts a server and sees to its end, whatever becomes of who asked.
//!
//! It waits until its input closes, which the kernel does when the other end dies, SIGKILL
//! included; then it ends the server and all that the server has started. Those that were left by
//! their parents become its children, so none escapes by leaving its group.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::tree::descendants;

/// Time that a server may take to end after SIGTERM, before SIGKILL.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two looks at it.
const GLANCE: Duration = Duration::from_millis(10);

/// Text before the server's process number in the first line that a supervisor writes.
pub(super) const STARTED: &str = "started ";
/// Text before its exit code in the line that a supervisor writes when it has ended; a process that
/// a signal has ended has none.
pub(super) const ENDED: &str = "ended";

/// Starts `supervisor`, a command that runs [`supervise`], with what is asked of it and of what it
/// starts on pipes, and what the latter says in `said`.
///
/// # Errors
/// It cannot be started.
pub(super) fn launch(mut supervisor: Command, said: &File) -> io::Result<Child> {
    supervisor
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(said.try_clone()?));
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Ctrl-C goes to the whole foreground group: a server has to outlive the drain, and what we
        // have started we end ourselves.
        supervisor.process_group(0);
    }
    supervisor.spawn()
}

/// Starts `command` by the shell and stays until it has ended, standard input has closed or `stop`
/// is raised; then nothing that descends from it is left.
///
/// # Errors
/// The shell cannot be started, or nobody listens to the first line.
pub fn supervise(command: &str, stop: &Arc<AtomicBool>) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", command])
        .stdin(Stdio::null())
        // What the server says goes where what we say goes, and not among our own lines.
        .stdout(Stdio::from(io::stderr()));
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        shell.process_group(0);
    }
    let server = shell.spawn()?;
    let mut stdout = io::stdout();
    let told = writeln!(stdout, "{STARTED}{}", server.id()).and_then(|()| stdout.flush());
    if told.is_ok() {
        stop_on_end_of_input(stop);
        let mut watch = Watch::over(server.id());
        while !stop.load(Ordering::Relaxed) && watch.collect_the_ended() {
            thread::sleep(GLANCE);
        }
    }
    end_all();
    told
}

/// Raises `stop` when standard input ends.
fn stop_on_end_of_input(stop: &Arc<AtomicBool>) {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let mut ignored = [0; 64];
        let mut stdin = io::stdin().lock();
        while matches!(stdin.read(&mut ignored), Ok(1..)) {}
        stop.store(true, Ordering::Relaxed);
    });
}

/// Sees children end, and tells when the one that was started does.
struct Watch {
    server: Option<Pid>,
}

impl Watch {
    fn over(server: u32) -> Self {
        let server = i32::try_from(server).ok().map(Pid::from_raw);
        Self { server }
    }

    /// As nobody's child: all are equal.
    fn over_all() -> Self {
        Self { server: None }
    }

    /// Collects children that have ended; says whether any is left.
    fn collect_the_ended(&mut self) -> bool {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => return true,
                Err(Errno::ECHILD) => return false,
                Ok(status) => self.tell(status),
                Err(_) => {}
            }
        }
    }

    fn tell(&mut self, status: WaitStatus) {
        if self.server.is_none() || status.pid() != self.server {
            return;
        }
        let line = match status {
            WaitStatus::Exited(_, code) => format!("{ENDED} {code}"),
            WaitStatus::Signaled(..) => ENDED.to_owned(),
            _ => return,
        };
        let mut stdout = io::stdout();
        // Who does not listen any more does not want to know.
        let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    }
}

/// Asks all descendants to end, and insists. What the kernel itself holds back is left to it.
fn end_all() {
    let begun = Instant::now();
    let mut asked = false;
    let mut watch = Watch::over_all();
    while watch.collect_the_ended() && begun.elapsed() < PATIENCE * 2 {
        let insists = begun.elapsed() >= PATIENCE;
        if !asked || insists {
            let signal = if insists {
                Signal::SIGKILL
            } else {
                Signal::SIGTERM
            };
            for pid in descendants(std::process::id()).into_keys() {
                let Ok(pid) = i32::try_from(pid) else {
                    continue;
                };
                // It may have ended in between; then there is nothing to end.
                let _ = kill(Pid::from_raw(pid), signal);
            }
            asked = true;
        }
        thread::sleep(GLANCE);
    }
}
