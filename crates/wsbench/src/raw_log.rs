//! The raw log: the times of single round trips, appended as they come.
//!
//! Of replaced clients it is the older tool's log: one line a client, the service times of its
//! round trips in seconds, separated by commas. Of held connections it is one line a round trip,
//! under a header when the file is new. A client that made no round trip has no line: a line
//! without a number is no sample.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

use thiserror::Error;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::tally::LogRecord;

use crate::observer::{Observer, Wish};

/// Names the columns of the log of held connections.
const HEADER: &str = "connection,sequence,due_ns,sent_ns,received_ns\n";
/// Bytes of a log's beginning by which it is told from other files, and of a piece of its end.
const PIECE: u64 = 4096;

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

/// The reason why a file is not appended to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// What stands in it is no log of this kind, and would be spoilt by one.
    #[error(
        "it holds something else than {kind}, beginning with \"{beginning}\"; name another file, or \
         remove this one"
    )]
    OtherKind {
        /// The kind of log that was to be appended.
        kind: &'static str,
        /// The first letters of the file.
        beginning: String,
    },
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
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
    /// Goes on with the log in `file`, which is open for reading and appending, for a run by `plan`.
    /// A last line that a killed run has left in part is taken away.
    ///
    /// # Errors
    /// The file holds something else, or cannot be written.
    pub fn new(mut file: File, plan: &Plan) -> Result<Self, LogError> {
        let by_client = plan.logs_by_client();
        let found = file.metadata()?;
        // A pipe or a device holds nothing that could be looked at.
        if found.is_file() && found.len() > 0 {
            mend(&mut file, found.len(), by_client)?;
        } else if !by_client {
            file.write_all(HEADER.as_bytes())?;
        }
        Ok(Self {
            file,
            lines: String::new(),
            is_whole: true,
            failure: LogFailure::default(),
        })
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

/// Makes sure that a file of this length is a log of the kind, and that it ends with a whole line.
fn mend(file: &mut File, length: u64, by_client: bool) -> Result<(), LogError> {
    let mut beginning = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    Read::take(&mut *file, PIECE).read_to_end(&mut beginning)?;
    let is_ours = match by_client {
        true => is_line_of_seconds(&beginning),
        // One that was cut off in its header is begun anew.
        false => {
            let header = HEADER.as_bytes();
            beginning.starts_with(header) || header.starts_with(&beginning)
        }
    };
    if !is_ours {
        let words = String::from_utf8_lossy(&beginning);
        return Err(LogError::OtherKind {
            kind: match by_client {
                true => "a log of clients (a line of seconds each)",
                false => "a log of round trips (with a line of their columns first)",
            },
            beginning: words
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(40)
                .collect(),
        });
    }
    let whole = end_of_last_line(file, length)?;
    if whole < length {
        file.set_len(whole)?;
    }
    if whole == 0 && !by_client {
        file.write_all(HEADER.as_bytes())?;
    }
    Ok(())
}

/// True if a file that begins like this may be one of seconds between commas, a line a client.
fn is_line_of_seconds(beginning: &[u8]) -> bool {
    let first = beginning.split(|byte| *byte == b'\n').next();
    let is_time = |letter: &u8| letter.is_ascii_digit() || matches!(letter, b'.' | b',');
    let is_number = |number: &[u8]| {
        let number = str::from_utf8(number).ok();
        number.is_some_and(|number| number.parse::<f64>().is_ok())
    };
    let mut numbers = first.unwrap_or_default().split(|byte| *byte == b',');
    beginning
        .iter()
        .all(|letter| is_time(letter) || *letter == b'\n')
        && numbers.next().is_some_and(is_number)
}

/// The place behind the last line end of a file, bytes.
fn end_of_last_line(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    while end > 0 {
        let from = end.saturating_sub(PIECE);
        let mut piece = vec![0; (end - from) as usize];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
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

    /// A file with these words, open as a log is, and the same once a log was begun in it.
    fn begun(words: &str, by_client: bool) -> Result<String, LogError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        std::fs::write(&path, words).unwrap();
        let mut options = File::options();
        let file = options.read(true).append(true).open(&path).unwrap();
        let spec = wsbench_load::plan::PlanSpec::against("ws://h/".parse().unwrap());
        let spec = spec.with(|spec| {
            if by_client {
                spec.stop = wsbench_load::plan::StopRule::Clients(1);
                spec.clients.lifetime = wsbench_load::plan::Lifetime::Replaced { round_trips: 1 };
                spec.warmup.least = Nanos::ZERO;
            }
        });
        let mut log = RawLog::new(file, &spec.check().unwrap())?;
        log.append(&[LogRecord::Client(vec![Nanos(1)])])?;
        Ok(std::fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn a_partial_last_line_is_taken_away() {
        let one = "0.000000001\n";
        assert_eq!(
            begun("0.5,0.25\n0.7", true).unwrap(),
            format!("0.5,0.25\n{one}")
        );
        assert_eq!(begun("0.5,0.2", true).unwrap(), one);
        assert_eq!(begun("", true).unwrap(), one);
        assert_eq!(begun(HEADER, false).unwrap(), format!("{HEADER}{one}"));
        assert_eq!(
            begun(&HEADER[..9], false).unwrap(),
            format!("{HEADER}{one}")
        );
        let long = format!("{HEADER}1,2,3,4,5\n{}", "9".repeat(9_000));
        assert_eq!(
            begun(&long, false).unwrap(),
            format!("{HEADER}1,2,3,4,5\n{one}")
        );
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        for (words, by_client) in [
            (HEADER, true),
            ("0.5,0.25\n", false),
            ("{\"schema\":\"wsbench.result/1\"}", true),
            ("{\"schema\":\"wsbench.result/1\"}", false),
            ("notes of mine\n", false),
            ("\n", true),
        ] {
            let refused = begun(words, by_client);
            assert!(
                matches!(refused, Err(LogError::OtherKind { .. })),
                "{words}: {refused:?}"
            );
        }
    }
}
