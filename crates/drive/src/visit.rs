//! A connection to the server that blocks, and not for ever: for what is asked of it before a run
//! and never measured (the conformance gate, redirects). It goes the way that a run's connections
//! go: through the proxy, and encrypted where they are.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};
use thiserror::Error;
use wsbench_load::plan::Plan;
use wsbench_wire::close::{NORMAL, push_close};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{ClientHandshake, HandshakeError, Request};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::proxy::{ProxyError, Tunnel};

use crate::address::Address;
use crate::line;
use crate::resolve::Resolved;
use crate::tls::{TlsClient, TlsError};

/// Visits one server.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Where connections are made to.
    address: Address,
    /// What the proxy there is asked for.
    tunnel: Option<Tunnel>,
    /// With it connections are encrypted.
    tls: Option<TlsClient>,
    /// How long silence is borne.
    patience: Duration,
}

/// A connection that blocks, and not for ever.
pub(crate) trait Wire: Read + Write {
    /// Reads and writes give up after this long.
    fn set_patience(&mut self, patience: Duration);

    /// Ends the connection.
    fn hang_up(&mut self);
}

impl Visitor {
    /// Visits the server of `plan`.
    ///
    /// # Errors
    /// TLS cannot be had as the plan wants it.
    pub fn new(plan: &Plan, resolved: &Resolved, patience: Duration) -> Result<Self, TlsError> {
        let secure = plan.target.secure;
        let tls = secure.then(|| TlsClient::new(&plan.tls, &plan.target));
        Ok(Self {
            address: resolved.addresses[0].clone(),
            tunnel: resolved.tunnel(plan),
            tls: tls.transpose()?,
            patience,
        })
    }

    /// How long silence is borne.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Connects, through the proxy and with TLS where there are such.
    pub(crate) fn connect(&self) -> io::Result<Box<dyn Wire>> {
        let mut wire: Box<dyn Wire> = match &self.address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, self.patience);
                let is_proxy = self.tunnel.is_some();
                let stream = stream.map_err(|error| match error.kind() {
                    io::ErrorKind::ConnectionRefused if is_proxy => {
                        io::Error::other(ProxyError::Refused)
                    }
                    _ => error,
                })?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Address::Unix(path) => Box::new(UnixStream::connect(path)?),
        };
        wire.set_patience(self.patience);
        if let Some(mut tunnel) = self.tunnel.clone()
            && !line::open(&mut tunnel, &mut wire)?
        {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let Some(tls) = &self.tls else {
            return Ok(wire);
        };
        let mut sealed = StreamOwned::new(tls.connection()?, wire);
        while sealed.conn.is_handshaking() {
            sealed.conn.complete_io(&mut sealed.sock)?;
        }
        Ok(Box::new(sealed))
    }
}

impl Wire for Box<dyn Wire> {
    fn set_patience(&mut self, patience: Duration) {
        (**self).set_patience(patience);
    }

    fn hang_up(&mut self) {
        (**self).hang_up();
    }
}

impl Wire for TcpStream {
    fn set_patience(&mut self, patience: Duration) {
        // A time-out of nothing would be refused; the patience is not nothing.
        let _ = self.set_read_timeout(Some(patience));
        let _ = self.set_write_timeout(Some(patience));
    }

    fn hang_up(&mut self) {
        // A reset would serve as well: what was to be found out is known.
        let _ = self.shutdown(Shutdown::Both);
    }
}

impl Wire for UnixStream {
    fn set_patience(&mut self, patience: Duration) {
        let _ = self.set_read_timeout(Some(patience));
        let _ = self.set_write_timeout(Some(patience));
    }

    fn hang_up(&mut self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

impl Wire for StreamOwned<ClientConnection, Box<dyn Wire>> {
    fn set_patience(&mut self, patience: Duration) {
        self.sock.set_patience(patience);
    }

    fn hang_up(&mut self) {
        self.conn.send_close_notify();
        let _ = self.conn.complete_io(&mut self.sock);
        self.sock.hang_up();
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
    let visitor = Visitor::new(plan, resolved, plan.connect.timeout.into())?;
    let mut wire = visitor.connect()?;
    let upgrade = &plan.upgrade;
    let handshake = ClientHandshake::new(nonce);
    let request = Request {
        authority: &plan.target.authority(),
        resource: &plan.target.resource,
        headers: &upgrade.headers,
        subprotocols: &upgrade.subprotocols,
        origin: upgrade.origin.as_deref(),
    };
    let mut out = FrameBuffer::new();
    handshake.push_request(&request, &mut out);
    wire.write_all(out.as_slice())?;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let len = match wire.read(&mut buffer) {
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
    let _ = wire.write_all(out.as_slice());
    wire.hang_up();
    Ok(())
}
