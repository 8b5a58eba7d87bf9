//! TLS over a socket that does not block, for both ends.
//!
//! The protocol is `rustls`, which is given bytes and gives bytes; here it is moved between a
//! session and whatever reads and writes without blocking. Which certificates are trusted or shown
//! is the affair of whoever makes a [`TlsClient`] or a [`TlsServer`].

mod chain;
mod fault;

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, Connection, HandshakeKind, ServerConfig, ServerConnection,
};

pub use chain::Distrust;
pub use fault::TlsFault;

/// Plaintext that one connection may have waiting for the socket, octets.
const UNSENT_AT_MOST: usize = 256 * 1024;

/// The client's TLS, which the connections to one server have in common.
#[derive(Clone, Debug)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
}

impl TlsClient {
    /// Connections by `config` to the server of this name, which its certificate has to be for.
    #[must_use]
    pub const fn new(config: Arc<ClientConfig>, server_name: ServerName<'static>) -> Self {
        Self {
            config,
            server_name,
        }
    }

    /// The session of a connection that is being made.
    ///
    /// # Errors
    /// `rustls` refuses the configuration; the words are its own.
    pub(crate) fn session(&self) -> io::Result<TlsSession> {
        let connection = ClientConnection::new(self.config.clone(), self.server_name.clone());
        connection.map(TlsSession::new).map_err(io::Error::other)
    }
}

/// The server's TLS, which the connections that it accepts have in common.
#[derive(Clone, Debug)]
pub struct TlsServer(Arc<ServerConfig>);

impl TlsServer {
    /// Connections by `config`.
    #[must_use]
    pub const fn new(config: Arc<ServerConfig>) -> Self {
        Self(config)
    }

    /// The session of a connection that was accepted.
    ///
    /// # Errors
    /// `rustls` refuses the configuration; the words are its own.
    pub(crate) fn session(&self) -> io::Result<TlsSession> {
        let connection = ServerConnection::new(self.0.clone());
        connection.map(TlsSession::new).map_err(io::Error::other)
    }
}

/// One connection's TLS.
#[derive(Debug)]
pub(crate) struct TlsSession {
    connection: Connection,
    /// The peer has said farewell (close_notify): nothing more comes from it.
    has_ended: bool,
}

impl TlsSession {
    /// The TLS of a connection that has just been made, on either end.
    pub(crate) fn new(connection: impl Into<Connection>) -> Self {
        let mut connection = connection.into();
        connection.set_buffer_limit(Some(UNSENT_AT_MOST));
        Self {
            connection,
            has_ended: false,
        }
    }

    /// Goes on with the handshake as far as the socket lets it; says whether it is complete.
    ///
    /// # Errors
    /// The socket failed, or the peer: the latter is a `rustls::Error` within.
    pub(crate) fn shake_hands(&mut self, socket: &mut (impl Read + Write)) -> io::Result<bool> {
        loop {
            self.flush(socket)?;
            if !self.connection.is_handshaking() {
                return Ok(true);
            }
            match self.connection.read_tls(socket) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => self.process(socket)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads until the buffer is full or the socket is empty, as the engine's readers rely on;
    /// zero is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there now; as [`TlsSession::shake_hands`] otherwise.
    pub(crate) fn read(
        &mut self,
        socket: &mut (impl Read + Write),
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let mut filled = 0;
        loop {
            match self.connection.reader().read(&mut buffer[filled..]) {
                // Closed with or without a farewell (close_notify): the stream ends either way,
                // and WebSocket has a farewell of its own.
                Ok(0) => return Ok(filled),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(filled),
                Ok(len) => filled += len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if filled == buffer.len() {
                return Ok(filled);
            }
            match self.connection.read_tls(socket) {
                Ok(_) => match self.process(socket) {
                    // What came before the fault is the caller's; the fault shows again.
                    Err(_) if filled > 0 => return Ok(filled),
                    processed => processed?,
                },
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if filled > 0 && error.kind() == ErrorKind::WouldBlock => {
                    return Ok(filled);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn process(&mut self, socket: &mut impl Write) -> io::Result<()> {
        match self.connection.process_new_packets() {
            Ok(state) => self.has_ended |= state.peer_has_closed(),
            Err(error) => {
                // The alert tells the peer why; whether it arrives is no matter.
                let _ = self.flush(socket);
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
        }
        // What was read may have to be answered: a handshake, an update of keys.
        self.flush(socket)
    }

    /// Takes what there is room for and writes what the socket takes of it.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room.
    pub(crate) fn write(&mut self, socket: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.connection.writer().write(bytes)?;
        self.flush(socket)?;
        match taken {
            0 => Err(ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }

    /// Writes what waits for the socket, as far as it takes it.
    ///
    /// # Errors
    /// The socket failed.
    pub(crate) fn flush(&mut self, socket: &mut impl Write) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// True if the peer has said farewell (close_notify), perhaps behind what the latest read has
    /// brought: a further read tells the end of the stream, and no readiness announces it, for a
    /// peer may keep the socket open until it has our farewell.
    pub(crate) const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Says farewell (close_notify), if the socket takes it.
    pub(crate) fn farewell(&mut self, socket: &mut impl Write) {
        self.connection.send_close_notify();
        let _ = self.flush(socket);
    }

    /// True if something waits for the socket.
    pub(crate) fn has_unsent(&self) -> bool {
        self.connection.wants_write()
    }

    /// Version and cipher suite that were agreed upon, such as `TLS 1.3, TLS13_AES_256_GCM_SHA384`.
    pub(crate) fn agreed(&self) -> Option<String> {
        let version = self.connection.protocol_version()?;
        let suite = self.connection.negotiated_cipher_suite()?;
        let resumed = match self.connection.handshake_kind() {
            Some(HandshakeKind::Resumed) => ", resumed",
            _ => "",
        };
        let version = version
            .as_str()
            .unwrap_or("TLS")
            .replace('v', " ")
            .replace('_', ".");
        Some(format!("{version}, {:?}{resumed}", suite.suite()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use rustls::RootCertStore;
    use rustls::crypto::ring;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

    use super::*;

    /// One end of a pipe that does not block and takes no more than `room` at a time.
    #[derive(Default)]
    struct Pipe {
        inbound: VecDeque<u8>,
        outbound: VecDeque<u8>,
        room: usize,
    }

    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.inbound.is_empty() {
                return Err(ErrorKind::WouldBlock.into());
            }
            let len = buffer.len().min(self.inbound.len()).min(7);
            for slot in &mut buffer[..len] {
                *slot = self.inbound.pop_front().unwrap();
            }
            Ok(len)
        }
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let len = bytes
                .len()
                .min(self.room.saturating_sub(self.outbound.len()));
            if len == 0 && !bytes.is_empty() {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.outbound.extend(&bytes[..len]);
            Ok(len)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        (made.cert.der().clone(), key.into())
    }

    /// Both ends of a connection; the client trusts the certificate where it is told to.
    fn ends(trusts: bool) -> (TlsSession, TlsSession) {
        let (certificate, key) = certificate();
        let provider = Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(if trusts {
                certificate
            } else {
                self::certificate().0
            })
            .unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        (
            TlsClient::new(Arc::new(client), name).session().unwrap(),
            TlsServer::new(Arc::new(server)).session().unwrap(),
        )
    }

    fn exchange(near: &mut Pipe, far: &mut Pipe) {
        far.inbound.append(&mut near.outbound);
        near.inbound.append(&mut far.outbound);
    }

    /// Shakes hands to the end, and gives both pipes; or the client's error.
    fn shaken(client: &mut TlsSession, server: &mut TlsSession) -> io::Result<(Pipe, Pipe)> {
        let pipe = || Pipe {
            room: 100,
            ..Pipe::default()
        };
        let (mut near, mut far) = (pipe(), pipe());
        loop {
            let near_is_done = client.shake_hands(&mut near)?;
            exchange(&mut near, &mut far);
            // A server need not shake hands by itself: reading does it.
            let _ = server.read(&mut far, &mut [0; 1]);
            server.flush(&mut far)?;
            let far_is_done = !server.connection.is_handshaking();
            exchange(&mut near, &mut far);
            if near_is_done && far_is_done {
                return Ok((near, far));
            }
        }
    }

    #[test]
    fn what_goes_in_comes_out_however_little_the_socket_takes() {
        let (mut client, mut server) = ends(true);
        let (mut near, mut far) = shaken(&mut client, &mut server).unwrap();
        assert!(client.agreed().unwrap().starts_with("TLS 1.3, "));
        let sent: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
        let mut written = 0;
        let mut received = Vec::new();
        let mut buffer = [0; 1000];
        while received.len() < sent.len() {
            if written < sent.len() {
                written += client.write(&mut near, &sent[written..]).unwrap_or(0);
            }
            client.flush(&mut near).unwrap();
            exchange(&mut near, &mut far);
            while let Ok(len) = server.read(&mut far, &mut buffer) {
                received.extend_from_slice(&buffer[..len]);
            }
        }
        assert_eq!(received, sent);
        client.farewell(&mut near);
        near.room = usize::MAX;
        client.flush(&mut near).unwrap();
        exchange(&mut near, &mut far);
        assert_eq!(server.read(&mut far, &mut buffer).unwrap(), 0, "the end");
    }

    #[test]
    fn a_farewell_behind_the_last_words_is_known_with_them() {
        let (mut client, mut server) = ends(true);
        let (mut near, mut far) = shaken(&mut client, &mut server).unwrap();
        near.room = usize::MAX;
        let mut buffer = [0; 1000];
        client.write(&mut near, b"not yet").unwrap();
        exchange(&mut near, &mut far);
        assert_eq!(server.read(&mut far, &mut buffer).unwrap(), 7);
        assert!(!server.has_ended());
        client.write(&mut near, b"last words").unwrap();
        client.farewell(&mut near);
        exchange(&mut near, &mut far);
        assert_eq!(server.read(&mut far, &mut buffer).unwrap(), 10);
        assert!(server.has_ended(), "nothing will wake whoever waits now");
        assert_eq!(server.read(&mut far, &mut buffer).unwrap(), 0, "the end");
    }

    #[test]
    fn whom_nobody_vouches_for_is_named() {
        let (mut client, mut server) = ends(false);
        let error = shaken(&mut client, &mut server).err().unwrap();
        assert_eq!(
            TlsFault::of(&error),
            Some(TlsFault::Untrusted(Distrust::Unknown))
        );
    }

    #[test]
    fn what_is_no_tls_is_named() {
        let (mut client, _) = ends(true);
        let mut near = Pipe {
            room: 4096,
            ..Pipe::default()
        };
        near.inbound.extend(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let error = client.shake_hands(&mut near).unwrap_err();
        assert_eq!(TlsFault::of(&error), Some(TlsFault::PlainServer));
        let reset = io::Error::from(ErrorKind::ConnectionReset);
        assert_eq!(TlsFault::of(&reset), None);
    }
}
