//! `wsbench serve`: the embedded echo server, in the foreground.

use std::net::IpAddr;
use std::time::Duration;

use clap::Args;
use wsbench_load::nanos::Nanos;

use crate::quantity::{self, CpuList, QuantityError};

/// The embedded echo server, with delays and faults that can be set.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Port to listen on; 0 takes a free one. The first line printed says which.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
}
