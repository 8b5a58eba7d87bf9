//! The raw log: the times of single round trips, appended as they come.
//!
//! Of replaced clients it is the older tool's log: one line a client, the service times of its
//! round trips in seconds, separated by commas. Of held connections it is one line a round trip,
//! under a header when the file is new. A client that made no round trip has no line: a line
//! without a number is no sample.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::tally::LogRecord;

use crate::observer::{Observer, Wish};

/// Names the columns of the log of held connections.
const HEADER: &str = "connection,sequence,due_ns,sent_ns,received_ns\n";

/// A log that is open for appending.
#[derive(Debug)]
pub struct RawLog {
    file: File,
    /// The lines of one call; kept, so that its memory is.
    lines: String,
    /// True while the log is whole.
    is_whole: bool,
    failure: LogFailure,
}

/// The reason why a log has ended before its run, for who has given the log away to a run.
#[derive(Clone, Debug, Default)]
pub struct LogFailure(Rc<RefCell<Option<io::Error>>>);

impl LogFailure {
    /// The reason, once; `None` where the log is whole.
    #[must_use]
    pub fn take(&self) -> Option<io::Error> {
        self.0.borrow_mut().take()
    }
}

impl Observer for RawLog {
    /// Appends the records. A log with a hole would be taken for a whole one, so the run ends where
    /// one cannot be written.
    fn log(&mut self, records: &[LogRecord]) -> Wish {
        if !self.is_whole {
            return Wish::Stop;
        }
        match self.append(records) {
            Ok(()) => Wish::Continue,
            Err(failure) => {
                self.is_whole = false;
                *self.failure.0.borrow_mut() = Some(failure);
                Wish::Stop
            }
        }
    }
}

impl RawLog {
    /// Goes on with the log in `file`, for a run by `plan`.
    ///
    /// # Errors
    /// The header cannot be written.
    pub fn new(file: File, plan: &Plan) -> io::Result<Self> {
        let mut log = Self {
            file,
            lines: String::new(),
            is_whole: true,
            failure: LogFailure::default(),
        };
        if !plan.logs_by_client() && log.file.metadata()?.len() == 0 {
            log.file.write_all(HEADER.as_bytes())?;
        }
        Ok(log)
    }

    /// The place where the reason will stand if the log ends before its run.
    #[must_use]
    pub fn failure(&self) -> LogFailure {
        self.failure.clone()
    }

    /// Appends the records, in whole lines, with one write.
    ///
    /// # Errors
    /// The system's: the disk is full.
    fn append(&mut self, records: &[LogRecord]) -> io::Result<()> {
        self.lines.clear();
        for record in records {
            push_line(&mut self.lines, record);
        }
        self.file.write_all(self.lines.as_bytes())
    }
}

fn push_line(lines: &mut String, record: &LogRecord) {
    match record {
        LogRecord::Client(times) => {
            for (at, time) in times.iter().enumerate() {
                let separator = if at == 0 { "" } else { "," };
                let Nanos(ns) = *time;
                let (whole, rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
                write!(lines, "{separator}{whole}.{rest:09}").expect("a String takes any text");
            }
            if !times.is_empty() {
                lines.push('\n');
            }
        }
        LogRecord::RoundTrip {
            connection,
            sequence,
            due,
            sent,
            received,
        } => {
            let (due, sent, received) = (due.0, sent.0, received.0);
            writeln!(lines, "{connection},{sequence},{due},{sent},{received}")
                .expect("a String takes any text");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(records: &[LogRecord]) -> String {
        let mut lines = String::new();
        for record in records {
            push_line(&mut lines, record);
        }
        lines
    }

    #[test]
    fn a_client_is_a_line_of_seconds() {
        let records = [
            LogRecord::Client(vec![Nanos(123_456), Nanos::from_millis(1_500)]),
            LogRecord::Client(vec![]),
            LogRecord::Client(vec![Nanos(1)]),
        ];
        assert_eq!(lines_of(&records), "0.000123456,1.500000000\n0.000000001\n");
    }

    #[test]
    fn a_round_trip_is_a_line_of_nanoseconds() {
        let record = LogRecord::RoundTrip {
            connection: 3,
            sequence: 9,
            due: Nanos(10),
            sent: Nanos(20),
            received: Nanos(70),
        };
        assert_eq!(lines_of(&[record]), "3,9,10,20,70\n");
    }
}
