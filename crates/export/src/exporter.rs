//! The observer that takes snapshots, and the destinations that they go to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;
use wsbench::{Document, Observer, Plan, Progress, Wish};

use crate::post::Poster;
use crate::scrape::{self, Newest};
use crate::sink::Sink;
use crate::snapshot::{RunFacts, Snapshot, now_unix_ns};
use crate::stream::LineWriter;

/// The time that destinations have at the end for what they have not taken yet.
const PATIENCE: Duration = Duration::from_secs(5);

/// Places that figures of runs are handed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destinations {
    /// Lines of JSON to a file; to standard output where it is `-`.
    pub stream: Option<PathBuf>,
    /// The address at which Prometheus may ask.
    pub prometheus: Option<SocketAddr>,
    /// A push gateway of Prometheus.
    pub push_gateway: Option<String>,
    /// Prometheus, written to from here.
    pub remote_write: Option<String>,
    /// A collector of OpenTelemetry.
    pub otlp: Option<String>,
}

/// Why a destination cannot be had.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The file cannot be written: look at its folder.
    #[error("{}: not written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Nobody can be answered there: another program has the port, or the address is none of this
    /// machine.
    #[error("nobody can be answered at {address}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
}

/// Both ends of an export: the observer, and who waits for its end.
#[derive(Default)]
struct Joint {
    newest: Newest,
    /// Empty once they were told to finish.
    sinks: Mutex<Vec<Sink>>,
}

/// The observer of the runs of a command.
pub struct Exporter {
    shared: Arc<Joint>,
    facts: RunFacts,
}

/// The destinations of a command, whose end is waited for.
pub struct Exports {
    shared: Arc<Joint>,
    address: Option<SocketAddr>,
}

impl Destinations {
    /// True where nothing is handed out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// True where the lines of JSON go to standard output, so that nothing else may.
    #[must_use]
    pub fn takes_stdout(&self) -> bool {
        self.stream
            .as_ref()
            .is_some_and(|path| path.as_os_str() == "-")
    }

    /// Opens them.
    ///
    /// # Errors
    /// [`ExportError`]: a file or an address that cannot be had. Whoever is only sent to may come
    /// later.
    pub fn open(&self) -> Result<(Exporter, Exports), ExportError> {
        let mut sinks = Vec::new();
        if let Some(path) = &self.stream {
            let stream = if self.takes_stdout() {
                LineWriter::to_stdout()
            } else {
                let file = File::create(path);
                LineWriter::to_file(file.map_err(|source| ExportError::File {
                    path: path.clone(),
                    source,
                })?)
            };
            sinks.push(Sink::open(format!("stream {}", path.display()), stream));
        }
        if let Some(url) = &self.push_gateway {
            let name = format!("push gateway {}", shown(url));
            sinks.push(Sink::open(name, Poster::to_push_gateway(url)));
        }
        if let Some(url) = &self.remote_write {
            let name = format!("remote write {}", shown(url));
            sinks.push(Sink::open(name, Poster::to_remote_write(url)));
        }
        if let Some(url) = &self.otlp {
            sinks.push(Sink::open(
                format!("otlp {}", shown(url)),
                Poster::to_otlp(url),
            ));
        }
        let shared = Joint {
            sinks: Mutex::new(sinks),
            ..Joint::default()
        };
        let address = match self.prometheus {
            Some(address) => {
                let answers = scrape::serve(address, shared.newest.clone());
                let failed = |source| ExportError::Address { address, source };
                Some(answers.map_err(failed)?)
            }
            None => None,
        };
        let shared = Arc::new(shared);
        let exporter = Exporter {
            shared: Arc::clone(&shared),
            facts: RunFacts::default(),
        };
        Ok((exporter, Exports { shared, address }))
    }
}

/// A URL without its login.
fn shown(url: &str) -> String {
    wsbench_load::secret::shown_url(url).into_owned()
}

impl Exporter {
    fn publish(&self, mut snapshot: Snapshot) {
        let sinks = self
            .shared
            .sinks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let dropped = sinks.iter().map(|sink| (sink.name.clone(), sink.dropped()));
        snapshot.dropped = dropped.collect::<BTreeMap<_, _>>();
        let snapshot = Arc::new(snapshot);
        self.shared.newest.put(&snapshot);
        for sink in sinks.iter() {
            sink.offer(&snapshot);
        }
    }
}

impl Observer for Exporter {
    fn begin(&mut self, plan: &Plan) {
        self.facts = RunFacts {
            run: self.facts.run + 1,
            name: plan.name.clone(),
            target: plan.target.url(),
            started_unix_ns: now_unix_ns(),
        };
    }

    fn progress(&mut self, progress: &Progress) -> Wish {
        self.publish(Snapshot::of_progress(&self.facts, progress));
        Wish::Continue
    }

    fn end(&mut self, document: &Document) {
        self.publish(Snapshot::of_document(&self.facts, document));
    }
}

impl Exports {
    /// The address at which Prometheus may ask.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Waits a little for what destinations have not taken yet, and says, a line each, which of them
    /// did not get all.
    #[must_use]
    pub fn finish(self) -> Vec<String> {
        let mut sinks = self
            .shared
            .sinks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let ends = Instant::now() + PATIENCE;
        let all = sinks.drain(..);
        all.filter_map(|sink| sink.finish(ends)).collect()
    }
}
