//! One TLS connection over a socket that does not block, for both ends.
//!
//! The protocol is `rustls`, which is given bytes and gives bytes; here it is moved between a
//! session and whatever reads and writes without blocking. Which certificates are trusted or shown
//! is the affair of whoever makes the connection; of WebSocket nothing is known.
#![forbid(unsafe_code)]

use std::io::{self, ErrorKind, Read, Write};

use rustls::{Connection, HandshakeKind};

/// Plaintext that one connection may have waiting for the socket, octets.
const UNSENT_AT_MOST: usize = 256 * 1024;

/// One connection's TLS.
#[derive(Debug)]
pub struct TlsSession {
    connection: Connection,
    /// The peer has said farewell (close_notify): nothing more comes from it.
    has_ended: bool,
}

impl TlsSession {
    /// The TLS of a connection that has just been made, on either end.
    #[must_use]
    pub fn new(connection: impl Into<Connection>) -> Self {
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
    pub fn shake_hands(&mut self, socket: &mut (impl Read + Write)) -> io::Result<bool> {
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
    pub fn read(
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
    pub fn write(&mut self, socket: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
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
    pub fn flush(&mut self, socket: &mut impl Write) -> io::Result<()> {
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

    /// Whether the peer has said farewell (close_notify), perhaps behind what the latest read has
    /// brought: a further read tells the end of the stream, and no readiness announces it, for a
    /// peer may keep the socket open until it has our farewell.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Says farewell (close_notify), if the socket takes it.
    pub fn farewell(&mut self, socket: &mut impl Write) {
        self.connection.send_close_notify();
        let _ = self.flush(socket);
    }

    /// What was agreed upon, such as `TLS 1.3, TLS13_AES_256_GCM_SHA384`.
    #[must_use]
    pub fn agreed(&self) -> Option<String> {
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

/// A fault of TLS within an error of the socket: a stable name, and words with the way out.
#[must_use]
pub fn fault(error: &io::Error) -> Option<(&'static str, String)> {
    use rustls::{CertificateError as Certificate, Error, InvalidMessage};
    let fault = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match fault {
        Error::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => (
            "tls_expired",
            "the server's certificate has expired; -k measures all the same".to_owned(),
        ),
        Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => (
            "tls_wrong_host",
            format!("{fault}; --server-name asks for another name, -k takes any"),
        ),
        Error::InvalidCertificate(Certificate::UnknownIssuer | Certificate::BadSignature) => (
            "tls_untrusted",
            "the certificate is self-signed or of an authority that is not trusted here; \
             --cacert trusts it, -k takes any"
                .to_owned(),
        ),
        Error::InvalidCertificate(_) => ("tls_bad_certificate", fault.to_string()),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => (
            "tls_plain_server",
            "what the server says is not TLS; is it a plain one (ws://)?".to_owned(),
        ),
        Error::AlertReceived(alert) => ("tls_alert", format!("the server refused: {alert:?}")),
        Error::PeerIncompatible(_) => ("tls_incompatible", fault.to_string()),
        _ => ("tls_failed", fault.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use rustls::crypto::ring;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

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
            TlsSession::new(ClientConnection::new(Arc::new(client), name).unwrap()),
            TlsSession::new(ServerConnection::new(Arc::new(server)).unwrap()),
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
        assert_eq!(fault(&error).unwrap().0, "tls_untrusted");
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
        assert_eq!(fault(&error).unwrap().0, "tls_plain_server");
        assert!(fault(&io::Error::from(ErrorKind::ConnectionReset)).is_none());
    }
}
