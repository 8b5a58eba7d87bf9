//! The raw log: the times of single round trips, appended as they come.
//!
//! Of replaced clients it is the older tool's log: one line a client, the service times of its
//! round trips in seconds, separated by commas. Of held connections it is one line a round trip,
//! under a header when the file is new. A client that made no round trip has no line: a line
//! without a number is no sample.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};

use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::tally::LogRecord;

/// Names the columns of the log of held connections.
const HEADER: &str = "connection,sequence,due_ns,sent_ns,received_ns\n";

/// A log that is open for appending.
#[derive(Debug)]
pub(crate) struct RawLog {
    file: File,
    /// The lines of one call; kept, so that its memory is.
    lines: String,
}

impl RawLog {
    /// Goes on with the log in `file`, for a run by `plan`.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub(crate) fn new(file: File, plan: &Plan) -> io::Result<Self> {
        let mut log = Self {
            file,
            lines: String::new(),
        };
        if !plan.logs_by_client() && log.file.metadata()?.len() == 0 {
            log.file.write_all(HEADER.as_bytes())?;
        }
        Ok(log)
    }

    /// Appends the records, in whole lines, with one write.
    ///
    /// # Errors
    /// What the system says: the disk is full.
    pub(crate) fn append(&mut self, records: &[LogRecord]) -> io::Result<()> {
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
