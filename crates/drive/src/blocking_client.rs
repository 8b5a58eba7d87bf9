//! A connection to the server that blocks, and not for ever: for what is asked of it before a run
//! and never measured (the conformance gate, redirects). It goes the way that a run's connections
//! go: from the addresses of the plan, through the proxy, encrypted where they are, and over the same
//! version of HTTP.

use std::io::{self, Read, Write};
use std::time::Duration;

use thiserror::Error;
use wsbench_load::plan::{Http, Plan};
use wsbench_transport::blocking::Blocking;
use wsbench_transport::dial::Dialer;
use wsbench_wire::close::{NORMAL, push_close};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{ClientHandshake, HandshakeError, Request};
use wsbench_wire::mask::MaskKey;

use crate::resolve::Resolved;
use crate::tls::{self, TlsError};

/// Visits one server.
#[derive(Clone, Debug)]
pub struct BlockingClient {
    dialer: Dialer,
    http: Http,
    /// Time for which silence is borne.
    patience: Duration,
}

impl BlockingClient {
    /// Visits the server of `plan`.
    ///
    /// # Errors
    /// TLS cannot be had as the plan wants it.
    pub fn new(plan: &Plan, resolved: &Resolved, patience: Duration) -> Result<Self, TlsError> {
        let secure = plan.target.secure;
        let tls = secure.then(|| tls::client(&plan.tls, &plan.target));
        let dialer = Dialer::new(resolved.addresses[0].clone())
            .from_sources(plan.connect.route.sources.addresses().clone(), 0, 1)
            .through(resolved.tunnel(plan))
            .encrypted(tls.transpose()?);
        Ok(Self {
            dialer,
            http: plan.connect.http,
            patience,
        })
    }

    /// Time for which silence is borne.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The version of HTTP that handshakes are made over.
    pub(crate) fn http(&self) -> Http {
        self.http
    }

    /// Connects, through the proxy and with TLS where there are such.
    pub(crate) fn connect(&self) -> io::Result<Blocking> {
        let mut dialer = self.dialer.clone();
        match self.http {
            Http::One => Blocking::connect(&mut dialer, self.patience),
            #[cfg(feature = "http2")]
            Http::Two { .. } => Blocking::connect_http2(&mut dialer, self.patience),
            #[cfg(not(feature = "http2"))]
            Http::Two { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Why a server's answer to one upgrade is not known, or is a refusal.
#[derive(Debug, Error)]
pub enum VisitError {
    /// TLS cannot be had as the plan wants it.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The connection failed.
    #[error(transparent)]
    Connection(#[from] io::Error),
    /// The server does not upgrade.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
}

/// Asks the server of `plan` for one upgrade, as the plan's connections will, and leaves.
///
/// # Errors
/// [`VisitError`]; a redirect is a [`HandshakeError::Status`] with its location.
pub fn try_upgrade(plan: &Plan, resolved: &Resolved, nonce: [u8; 16]) -> Result<(), VisitError> {
    let client = BlockingClient::new(plan, resolved, plan.connect.timeout.into())?;
    let mut connection = client.connect()?;
    let upgrade = &plan.upgrade;
    let headers = upgrade.revealed();
    let handshake = ClientHandshake::new(nonce);
    let request = Request {
        authority: &plan.target.authority(),
        resource: &plan.target.resource,
        headers: &headers.of(0),
        subprotocols: &upgrade.subprotocols,
        origin: upgrade.origin.as_deref(),
    };
    let mut out = FrameBuffer::new();
    handshake.push_request(&request, &mut out);
    connection.write_all(out.as_slice())?;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let len = match connection.read(&mut buffer) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        head.extend_from_slice(&buffer[..len]);
        if handshake
            .read_response(&head, &upgrade.subprotocols)?
            .is_some()
        {
            break;
        }
    }
    out.clear();
    push_close(
        &mut out,
        Some(MaskKey([nonce[0], nonce[1], nonce[2], nonce[3]])),
        Some(NORMAL),
        "",
    );
    // Whether the farewell arrives is no matter.
    let _ = connection.write_all(out.as_slice());
    Ok(())
}
