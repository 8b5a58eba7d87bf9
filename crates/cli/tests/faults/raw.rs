//! Servers that do wrong what the embedded one cannot be told to do wrong: plain TCP, bytes by hand.
//!
//! Nothing of wsbench's own framing is used here, so that a fault of it cannot cancel itself out.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tungstenite::handshake::derive_accept_key;

/// A server with a thread a connection; what it does with each is given.
pub(crate) struct Raw {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
}

/// The server's end of one connection. Writes that fail are the client's good right: it may have
/// hung up on what it was sent.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    /// Which connection of the server, from 0.
    pub(crate) number: u64,
    /// Bytes read and not yet taken.
    read: Vec<u8>,
}

/// A frame from the client, unmasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// First octet: FIN, reserved bits, opcode.
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

/// What the client's close frames said, over all connections.
#[derive(Clone, Default)]
pub(crate) struct CloseCodes(Arc<Mutex<Vec<u16>>>);

impl Raw {
    pub(crate) fn start(serve: impl Fn(Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (serve, is_over) = (Arc::new(serve), Arc::clone(&stop));
        thread::spawn(move || {
            for (number, stream) in (0..).zip(listener.incoming()) {
                if is_over.load(SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                stream.set_nodelay(true).unwrap();
                let serve = Arc::clone(&serve);
                let read = Vec::new();
                thread::spawn(move || {
                    serve(Peer {
                        stream,
                        number,
                        read,
                    });
                });
            }
        });
        Self { address, stop }
    }

    /// A server that upgrades each connection and then answers each message with these bytes. It
    /// notes the codes with which connections are closed that had such an answer: the run may end
    /// on one that has just come up.
    pub(crate) fn answering(bytes: impl Into<Vec<u8>>) -> (Self, CloseCodes) {
        let bytes = bytes.into();
        let codes = CloseCodes::default();
        let seen = codes.clone();
        let server = Self::start(move |mut peer| {
            peer.upgrade();
            let mut has_answered = false;
            while let Some(frame) = peer.frame() {
                match frame.opcode() {
                    8 if has_answered => return seen.note(&frame),
                    8 => return,
                    _ => peer.send(&bytes),
                }
                has_answered = true;
            }
        });
        (server, codes)
    }

    /// A server that answers each request for an upgrade with this head.
    pub(crate) fn responding(head: impl Into<String>) -> Self {
        let head = head.into();
        Self::start(move |mut peer| {
            let request = peer.request();
            let head = head.replace("{accept}", &accept(&request));
            peer.send(head.as_bytes());
            peer.drain();
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.stop.store(true, SeqCst);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

impl Peer {
    /// Reads a request's head.
    pub(crate) fn request(&mut self) -> String {
        loop {
            let end = self.read.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.read.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            if !self.fill() {
                return String::new();
            }
        }
    }

    /// Answers the upgrade as it should be.
    pub(crate) fn upgrade(&mut self) {
        self.upgrade_with("");
    }

    /// Answers the upgrade, with further header lines.
    pub(crate) fn upgrade_with(&mut self, lines: &str) {
        let request = self.request();
        let head = switching(&request);
        self.send(format!("{}{lines}\r\n", &head[..head.len() - 2]).as_bytes());
    }

    /// The next frame; `None` when the client has gone.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, len)) = Frame::parse(&self.read) {
                self.read.drain(..len);
                return Some(frame);
            }
            if !self.fill() {
                return None;
            }
        }
    }

    /// The next text or binary message, close frames answered on the way.
    pub(crate) fn message(&mut self) -> Option<Frame> {
        loop {
            let frame = self.frame()?;
            match frame.opcode() {
                1 | 2 => return Some(frame),
                8 => {
                    self.send(&encoded(0x88, &frame.payload));
                    return None;
                }
                _ => {}
            }
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Echoes a message as it came.
    pub(crate) fn echo(&mut self, message: &Frame) {
        self.send(&encoded(message.first, &message.payload));
    }

    /// Reads until the client has gone.
    pub(crate) fn drain(&mut self) {
        while self.fill() {
            self.read.clear();
        }
    }

    /// Ends the connection by RST.
    pub(crate) fn reset(self) {
        let socket = socket2::Socket::from(self.stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Ends our direction of the connection and goes on reading.
    pub(crate) fn half_close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    fn fill(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(len @ 1..) => {
                self.read.extend_from_slice(&buffer[..len]);
                true
            }
            Ok(0) | Err(_) => false,
        }
    }
}

impl Frame {
    pub(crate) fn opcode(&self) -> u8 {
        self.first & 0x0f
    }

    /// The first frame in `bytes` and its length there (RFC 6455 section 5.2).
    fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        assert_eq!(second & 0x80, 0x80, "a client masks its frames");
        let (len, at) = match second & 0x7f {
            126 => {
                let len = u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap());
                (usize::from(len), 4)
            }
            127 => {
                let len = u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap());
                (len as usize, 10)
            }
            len => (usize::from(len), 2),
        };
        let mask: [u8; 4] = bytes.get(at..at + 4)?.try_into().unwrap();
        let masked = bytes.get(at + 4..at + 4 + len)?;
        let payload = (0..len).map(|i| masked[i] ^ mask[i % 4]).collect();
        Some((Self { first, payload }, at + 4 + len))
    }
}

impl CloseCodes {
    pub(crate) fn note(&self, close: &Frame) {
        let code = close.payload.get(..2).map(|code| code.try_into().unwrap());
        let code = code.map_or(1005, u16::from_be_bytes);
        self.0.lock().unwrap().push(code);
    }

    pub(crate) fn seen(&self) -> Vec<u16> {
        self.0.lock().unwrap().clone()
    }
}

/// An unmasked frame with this first octet: 0x81 is a text message, 0x82 binary, 0x88 close.
pub(crate) fn encoded(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(len as u8),
        len @ 126..65_536 => {
            frame.push(126);
            frame.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            frame.push(127);
            frame.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// The right answer to a request for an upgrade.
pub(crate) fn switching(request: &str) -> String {
    let accept = accept(request);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// `Sec-WebSocket-Accept` for a request.
fn accept(request: &str) -> String {
    let key = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    });
    derive_accept_key(key.unwrap_or_default().as_bytes())
}

/// A counter that server and test share.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(crate) fn up(&self) -> u64 {
        self.0.fetch_add(1, SeqCst) + 1
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(SeqCst)
    }
}
