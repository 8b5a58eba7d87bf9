//! A process of our own that starts a server and sees to its end, whatever becomes of who asked.
//!
//! It waits until its input closes, which the kernel does when the other end dies, SIGKILL
//! included; then it ends the server and all that the server has started. Those that were left by
//! their parents become its children, so none escapes by leaving its group.
//!
//! Reads what the server says, on the server's cores, and keeps the end of: a server that says a
//! gigabyte fills no disk.

use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
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
/// Bytes that are kept of what a server says: its last ones.
const KEPT: usize = 64 << 10;
/// Bytes of it that are read at a time.
const PIECE: usize = 64 << 10;

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
    // What the server says is read here, and not among our own lines.
    let (said, saying) = io::pipe()?;
    shell
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(saying.try_clone()?)
        .stderr(saying);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        shell.process_group(0);
    }
    let server = shell.spawn()?;
    // Its ends of the pipe are the server's alone, so that the pipe ends with the last of them.
    drop(shell);
    let words = LastWordsKeeper::heard_from(said);
    let mut stdout = io::stdout();
    let told = writeln!(stdout, "{STARTED}{}", server.id()).and_then(|()| stdout.flush());
    if told.is_ok() {
        stop_on_end_of_input(stop);
        let mut watch = ChildWatch::over(server.id());
        while !stop.load(Ordering::Relaxed) && watch.collect_the_ended() {
            words.write_down();
            thread::sleep(GLANCE);
        }
    }
    end_all();
    words.write_down_the_end();
    told
}

/// The last words of a server, which are kept in a file once they have changed.
struct LastWordsKeeper {
    end: Arc<Mutex<OutputTail>>,
    reader: JoinHandle<()>,
}

/// The end of what was said.
#[derive(Default)]
struct OutputTail {
    bytes: Vec<u8>,
    /// True where the file does not hold it yet.
    is_new: bool,
}

impl OutputTail {
    /// Adds a piece, and drops what is older than what is kept.
    fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() > 2 * KEPT {
            self.bytes.drain(..self.bytes.len() - KEPT);
        }
        self.is_new = true;
    }

    fn kept(&self) -> &[u8] {
        &self.bytes[self.bytes.len().saturating_sub(KEPT)..]
    }
}

impl LastWordsKeeper {
    /// Reads them as they come, so that nobody waits who says them.
    fn heard_from(mut said: PipeReader) -> Self {
        let end = Arc::new(Mutex::new(OutputTail::default()));
        let heard = Arc::clone(&end);
        let reader = thread::spawn(move || {
            let mut piece = vec![0; PIECE];
            loop {
                match said.read(&mut piece) {
                    Ok(0) => return,
                    Ok(length) => {
                        let mut end = heard.lock().unwrap_or_else(PoisonError::into_inner);
                        end.add(&piece[..length]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return,
                }
            }
        });
        Self { end, reader }
    }

    /// Writes what is new where what we say ourselves goes: in place of what stood there where that
    /// is a file.
    fn write_down(&self) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::take(&mut end.is_new) {
            return;
        }
        // Who does not keep them does not want to know.
        let _ = io::stderr()
            .as_fd()
            .try_clone_to_owned()
            .map(File::from)
            .and_then(|file| {
                if !file.metadata()?.is_file() {
                    let all = std::mem::take(&mut end.bytes);
                    return (&file).write_all(&all);
                }
                file.set_len(end.kept().len() as u64)?;
                file.write_all_at(end.kept(), 0)
            });
    }

    /// The same once nobody is left who says anything, or no longer waited for.
    fn write_down_the_end(self) {
        let begun = Instant::now();
        while !self.reader.is_finished() && begun.elapsed() < PATIENCE {
            thread::sleep(GLANCE / 10);
        }
        self.write_down();
    }
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
struct ChildWatch {
    server: Option<Pid>,
}

impl ChildWatch {
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
    let mut watch = ChildWatch::over_all();
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
