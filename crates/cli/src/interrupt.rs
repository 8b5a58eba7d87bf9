//! Ctrl-C, SIGTERM and SIGHUP: once means drain and report, twice means the end at once.
//!
//! In raw mode the terminal sends no signal for Ctrl-C, so the live screen asks here as well, and
//! both count as the same request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::{fs, io};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use wsbench_drive::run::StopSignal;

use crate::exit::Exit;

/// Counts the requests to stop; clones count together.
#[derive(Clone)]
pub(crate) struct Interrupts {
    stop: StopSignal,
    asked: Arc<AtomicBool>,
    /// Gives the terminal back, before an end at once.
    give_back: fn(),
}

impl Interrupts {
    /// Watches for signals from now on. Before an end at once, `give_back` gives the terminal back.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub(crate) fn watch(give_back: fn()) -> io::Result<Self> {
        let interrupts = Self {
            stop: StopSignal::new(),
            asked: Arc::new(AtomicBool::new(false)),
            give_back,
        };
        // A limit on the size of files is then an error of the write, which is told, and no death.
        signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
        let hangup = Some(SIGHUP).filter(|_| !is_hangup_ignored());
        let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hangup))?;
        let watched = interrupts.clone();
        thread::spawn(move || {
            for _ in signals.forever() {
                watched.ask();
            }
        });
        Ok(interrupts)
    }

    /// Signal that a run looks at.
    pub(crate) fn stop_signal(&self) -> &StopSignal {
        &self.stop
    }

    /// Asks the run to drain and report, however often: a key held down repeats itself.
    #[cfg(feature = "screen")]
    pub(crate) fn ask_to_drain(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.stop.request();
    }

    /// Asks the run to stop; the second time there is no return.
    pub(crate) fn ask(&self) {
        if self.asked.swap(true, Ordering::SeqCst) {
            (self.give_back)();
            std::process::exit(Exit::Interrupted as i32);
        }
        self.stop.request();
    }
}

/// True where whoever started this program has it ignore hang-ups, as `nohup` does: it is to outlive its
/// terminal then. Where the system does not say so, it is not.
fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (SIGHUP - 1)) != 0)
}
