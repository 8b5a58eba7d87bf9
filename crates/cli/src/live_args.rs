//! Figures that are handed out while runs are under way: where to, and what did not get there.

#[cfg(feature = "export")]
use std::net::{SocketAddr, ToSocketAddrs};
#[cfg(feature = "export")]
use std::path::{Path, PathBuf};

#[cfg(feature = "export")]
use anyhow::Context;
use clap::Args;
#[cfg(feature = "export")]
use wsbench_export::{Destinations, Exporter, Exports};

#[cfg(feature = "export")]
use crate::exit::say;
use crate::output::OutputFile;
use crate::usage::UsageError;

/// Destinations of figures while runs are under way. Of a build without `export` there are none.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Live data")]
pub(crate) struct LiveArgs {
    /// Write a line of JSON for each interval of a run, and one at its end: ndjson to standard
    /// output, which then has nothing else, ndjson=FILE to a file.
    #[cfg(feature = "export")]
    #[arg(long, value_name = "ndjson[=FILE]", value_parser = stream)]
    stream: Option<PathBuf>,
    /// Answer Prometheus at ADDR, under /metrics, while runs are under way: PORT of this machine
    /// alone, or HOST:PORT.
    #[cfg(feature = "export")]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    prometheus: Option<SocketAddr>,
    /// Push the same to a push gateway of Prometheus at URL, after each interval.
    #[cfg(feature = "export")]
    #[arg(long, value_name = "URL", value_parser = url)]
    push_gateway: Option<String>,
    /// Write the same to Prometheus at URL (remote write), after each interval; it has to be started
    /// with --web.enable-remote-write-receiver (example: http://localhost:9090).
    #[cfg(feature = "export")]
    #[arg(long, value_name = "URL", value_parser = url)]
    remote_write: Option<String>,
    /// Send metrics to a collector of OpenTelemetry at URL, by OTLP over HTTP, after each interval
    /// (example: http://localhost:4318).
    ///
    /// Headers are those of the environment's OTEL_EXPORTER_OTLP_HEADERS.
    #[cfg(feature = "export")]
    #[arg(long, value_name = "URL", value_parser = url)]
    otlp: Option<String>,
}

/// Destinations that are open. When it goes, they have what they will get, and what they did not
/// get is said.
pub(crate) struct LiveData {
    #[cfg(feature = "export")]
    exports: Option<Exports>,
}

impl LiveData {
    /// Gives the destinations what they will get, and ends.
    pub(crate) fn close(self) {}
}

#[cfg(feature = "export")]
impl LiveArgs {
    fn destinations(&self) -> Destinations {
        Destinations {
            stream: self.stream.clone(),
            prometheus: self.prometheus,
            push_gateway: self.push_gateway.clone(),
            remote_write: self.remote_write.clone(),
            otlp: self.otlp.clone(),
        }
    }

    /// True where standard output is taken.
    pub(crate) fn takes_stdout(&self) -> bool {
        self.destinations().takes_stdout()
    }

    /// The file that lines are written to as they come, found to be writable.
    ///
    /// # Errors
    /// [`UsageError::Unwritable`] as for a result.
    pub(crate) fn file(&self) -> Result<Option<OutputFile>, UsageError> {
        let file = self
            .stream
            .as_deref()
            .filter(|path| *path != Path::new("-"));
        file.map(|path| OutputFile::check("--stream", path))
            .transpose()
    }

    /// Opens the destinations: the observer, if there are any, and what is held until the runs are
    /// over.
    ///
    /// # Errors
    /// A file or an address that cannot be had.
    pub(crate) fn open(&self) -> anyhow::Result<(Option<Exporter>, LiveData)> {
        let destinations = self.destinations();
        if destinations.is_empty() {
            return Ok((None, LiveData { exports: None }));
        }
        let opened = destinations.open();
        let (exporter, exports) = opened.context("live data cannot be handed out")?;
        if let Some(address) = exports.address() {
            say(&format!("prometheus: http://{address}/metrics"));
        }
        let exports = Some(exports);
        Ok((Some(exporter), LiveData { exports }))
    }
}

#[cfg(feature = "export")]
impl Drop for LiveData {
    fn drop(&mut self) {
        let exports = self.exports.take();
        for line in exports.map(Exports::finish).unwrap_or_default() {
            say(&line);
        }
    }
}

/// The observer of a build that hands nothing out.
#[cfg(not(feature = "export"))]
pub(crate) enum Nobody {}

#[cfg(not(feature = "export"))]
impl wsbench::Observer for Nobody {}

#[cfg(not(feature = "export"))]
#[allow(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    clippy::trivially_copy_pass_by_ref,
    reason = "as where there is something to open"
)]
impl LiveArgs {
    /// True where standard output is taken.
    pub(crate) fn takes_stdout(&self) -> bool {
        false
    }

    /// No file.
    ///
    /// # Errors
    /// None.
    pub(crate) fn file(&self) -> Result<Option<OutputFile>, UsageError> {
        Ok(None)
    }

    /// Opens nothing.
    ///
    /// # Errors
    /// None.
    pub(crate) fn open(&self) -> anyhow::Result<(Option<Nobody>, LiveData)> {
        Ok((None, LiveData {}))
    }
}

#[cfg(feature = "export")]
fn stream(text: &str) -> Result<PathBuf, String> {
    match text.split_once('=') {
        None if text == "ndjson" => Ok("-".into()),
        Some(("ndjson", file)) if !file.is_empty() => Ok(file.into()),
        _ => Err("there is ndjson, and ndjson=FILE".to_owned()),
    }
}

/// An address to be asked at: a port is of this machine alone.
#[cfg(feature = "export")]
fn address(text: &str) -> Result<SocketAddr, String> {
    let bare = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = bare.parse::<u16>() {
        return Ok(([127, 0, 0, 1], port).into());
    }
    let found = text.to_socket_addrs().map_err(|error| error.to_string());
    found?.next().ok_or_else(|| "no such address".to_owned())
}

#[cfg(feature = "export")]
fn url(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        // A login in the URL would be sent to nobody.
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            Err("it takes no login in the URL".to_owned())
        }
        "http" | "https" if url.has_host() => Ok(text.to_owned()),
        _ => Err("give it like http://localhost:4318".to_owned()),
    }
}

#[cfg(all(test, feature = "export"))]
mod tests {
    use super::*;

    #[test]
    fn words_are_places() {
        assert_eq!(stream("ndjson"), Ok("-".into()));
        assert_eq!(stream("ndjson=a=b"), Ok("a=b".into()));
        assert!(stream("csv").is_err() && stream("ndjson=").is_err());
        for (text, is) in [("9464", "127.0.0.1:9464"), (":9464", "127.0.0.1:9464")] {
            assert_eq!(address(text).unwrap().to_string(), is);
        }
        assert_eq!(address("0.0.0.0:1").unwrap().to_string(), "0.0.0.0:1");
        assert!(address("nonsense").is_err());
        assert!(url("http://c:4318").is_ok() && url("c:4318").is_err());
        assert!(url("http://user:pass@c:4318").is_err());
    }
}
