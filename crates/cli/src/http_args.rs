//! The flags that say which HTTP WebSockets are opened over.

use clap::{Args, ValueEnum};
use wsbench_load::plan::Http;

use crate::usage::UsageError;
use wsbench::quantity;

/// True where this binary was built with HTTP/2.
const IS_BUILT_IN: bool = cfg!(feature = "http2");
/// WebSockets on one HTTP/2 connection, where neither the user nor the server says how many.
const STREAMS: u32 = 100;

/// Transport under the WebSockets.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct HttpArgs {
    /// Open WebSockets over this HTTP: 1.1, each on a TCP connection of its own, or 2, many on each
    /// (RFC 8441).
    ///
    /// HTTP/2 is spoken from the first byte, over ws:// without an upgrade (prior knowledge).
    #[arg(long, value_name = "VERSION", default_value = "1.1")]
    http: HttpVersion,
    /// Put at most N WebSockets on one HTTP/2 connection [default: 100, or what the server allows].
    #[arg(long, value_name = "N", value_parser = quantity::positive_u32)]
    streams: Option<u32>,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum HttpVersion {
    /// RFC 9112.
    #[default]
    #[value(name = "1.1")]
    V1_1,
    /// RFC 9113.
    #[value(name = "2")]
    V2,
}

impl HttpArgs {
    /// Transport that the plan opens WebSockets over.
    ///
    /// # Errors
    /// A flag that goes with HTTP/2 alone; or this binary was built without it.
    pub(crate) fn plan(&self) -> Result<Http, UsageError> {
        match (self.http, self.streams) {
            (HttpVersion::V1_1, Some(_)) => Err(UsageError::StreamsWithoutHttp2),
            (HttpVersion::V1_1, None) => Ok(Http::One),
            (HttpVersion::V2, _) if !IS_BUILT_IN => Err(UsageError::NoHttp2),
            (HttpVersion::V2, streams) => Ok(Http::Two {
                streams: streams.unwrap_or(STREAMS),
            }),
        }
    }
}
