//! The client whom the Autobahn testsuite examines: `wsbench-wire` in the client's role, over a
//! blocking socket.
//!
//! The testsuite's fuzzing server has a case at each `/runCase?case=N`; the client has to echo there
//! whatever is a message, and to fail the connection wherever a peer of RFC 6455 has to. A run never
//! echoes, so this is not the load generator's loop but the codec below it: frames, UTF-8, closing,
//! compression. `scripts/autobahn` runs it.
//!
//! ```text
//! autobahn_client ADDRESS AGENT
//! ```
#![allow(
    clippy::unwrap_used,
    reason = "a program for one script: a panic is its report"
)]

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::deflate::{Codec, Pool, Wish};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::{FrameBuffer, RSV1};
use wsbench_wire::handshake::{ClientHandshake, Request};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

/// The testsuite's longest message has 16 MiB.
const LIMITS: Limits = Limits {
    max_message: 64 << 20,
};
/// Writing the reports of all cases takes the testsuite a minute and more.
const PATIENCE: Duration = Duration::from_secs(300);
/// Octets of one read.
const ROOM: usize = 64 * 1024;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    let [address, agent] = &words[..] else {
        panic!("two words are needed: ADDRESS AGENT");
    };
    let count = said(address, "/getCaseCount");
    let count: u32 = String::from_utf8(count).unwrap().parse().unwrap();
    for case in 1..=count {
        let resource = format!("/runCase?case={case}&agent={agent}");
        // A server that resets in mid-case is one of the things that are tried.
        let ended = Client::open(address, &resource, false).and_then(|mut client| client.echo());
        if let Err(error) = ended {
            eprintln!("case {case} of {count}: {error}");
        }
    }
    said(address, &format!("/updateReports?agent={agent}"));
    println!("{count} cases");
}

/// The only message that this resource says, empty when it closes without one.
fn said(address: &str, resource: &str) -> Vec<u8> {
    let mut client = Client::open(address, resource, true).unwrap();
    client.echo().unwrap();
    client.message
}

/// One connection.
struct Client {
    stream: TcpStream,
    wire: Connection,
    codec: Option<Codec>,
    pool: Pool,
    random: fastrand::Rng,
    out: FrameBuffer,
    /// The message under way.
    message: Vec<u8>,
    /// The first message is kept and not echoed.
    keeps: bool,
    /// The server has closed, or broken the protocol: what is left to say has been composed.
    ended: bool,
}

impl Client {
    /// A connection behind its handshake; compression is offered.
    fn open(address: &str, resource: &str, keeps: bool) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut random = fastrand::Rng::new();
        let mut nonce = [0; 16];
        random.fill(&mut nonce);
        let wish = Wish::default();
        let handshake = ClientHandshake::new(nonce).offering(wish.offer());
        let request = Request {
            authority: address,
            resource,
            headers: &[],
            subprotocols: &[],
            origin: None,
        };
        let mut out = FrameBuffer::new();
        handshake.push_request(&request, &mut out);
        stream.write_all(out.as_slice())?;
        let (mut head, mut room) = (Vec::new(), [0; 4096]);
        let upgraded = loop {
            let count = stream.read(&mut room)?;
            if count == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            head.extend_from_slice(&room[..count]);
            if let Some(upgraded) = handshake.read_response(&head, &[]).map_err(refused)? {
                break upgraded;
            }
        };
        let mut wire = Connection::new(Endpoint::Client, LIMITS, Utf8::Check);
        let codec = upgraded.compression.map(|terms| {
            wire.allow_compression();
            Codec::new(Endpoint::Client, &terms, &wish, LIMITS, Utf8::Check)
        });
        out.clear();
        let mut client = Self {
            stream,
            wire,
            codec,
            pool: Pool::new(6),
            random,
            out,
            message: Vec::new(),
            keeps,
            ended: false,
        };
        client.take(&mut head[upgraded.consumed..]);
        Ok(client)
    }

    /// Echoes until the connection ends.
    fn echo(&mut self) -> io::Result<()> {
        let mut room = vec![0; ROOM];
        while !self.ended {
            self.stream.write_all(self.out.as_slice())?;
            self.out.clear();
            let count = self.stream.read(&mut room)?;
            if count == 0 {
                return Ok(());
            }
            self.take(&mut room[..count]);
        }
        self.stream.write_all(self.out.as_slice())?;
        self.wait_for_end(&mut room)
    }

    /// The server ends the TCP connection (RFC 6455 section 7.1.1), in order or by a reset; what it
    /// says until then counts no more.
    fn wait_for_end(&mut self, room: &mut [u8]) -> io::Result<()> {
        self.stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        while self.stream.read(room).is_ok_and(|count| count > 0) {}
        Ok(())
    }

    /// Composes the answers to what was read.
    fn take(&mut self, mut input: &mut [u8]) {
        while !self.ended {
            let outcome = match self.wire.receive(&mut input) {
                Ok(None) => return,
                Ok(Some(Event::Data {
                    kind, bytes, last, ..
                })) => {
                    self.message.extend_from_slice(bytes);
                    Ok(last.then_some(kind))
                }
                Ok(Some(Event::Deflated { kind, bytes, last })) => {
                    let codec = self.codec.as_mut().expect("compression was agreed upon");
                    inflate(
                        codec,
                        &mut self.pool,
                        kind,
                        (bytes, last),
                        &mut self.message,
                    )
                    .map(|()| last.then_some(kind))
                }
                Ok(Some(Event::Ping)) => {
                    let mask = mask(&mut self.random);
                    self.out
                        .push_frame(true, OpCode::Pong, mask, &[self.wire.control()]);
                    Ok(None)
                }
                Ok(Some(Event::Pong)) => Ok(None),
                Ok(Some(Event::Close { code })) => {
                    push_close(&mut self.out, mask(&mut self.random), code, "");
                    self.ended = true;
                    return;
                }
                Err(error) => Err(error),
            };
            match outcome {
                Ok(Some(kind)) if !self.keeps => self.send_back(kind),
                Ok(_) => {}
                Err(error) => {
                    let code = Some(error.close_code());
                    let reason = error.to_string();
                    push_close(&mut self.out, mask(&mut self.random), code, &reason);
                    self.ended = true;
                }
            }
        }
    }

    fn send_back(&mut self, kind: MessageKind) {
        let random = &mut self.random;
        if let Some(codec) = &mut self.codec {
            let mut packed = Vec::new();
            codec.compress(&mut self.pool, &[&self.message], &mut packed);
            let parts = [&packed[..], &[]];
            self.out
                .push_message(kind.opcode(), RSV1, usize::MAX, || mask(random), parts);
        } else {
            self.out
                .push_frame(true, kind.opcode(), mask(random), &[&self.message]);
        }
        self.message.clear();
    }
}

/// Each frame has a mask of its own (RFC 6455 section 5.3).
#[expect(
    clippy::unnecessary_wraps,
    reason = "what composes frames takes an option"
)]
fn mask(random: &mut fastrand::Rng) -> Option<MaskKey> {
    Some(MaskKey(random.u32(..).to_ne_bytes()))
}

/// Appends what a piece of a compressed message holds.
fn inflate(
    codec: &mut Codec,
    pool: &mut Pool,
    kind: MessageKind,
    (mut payload, last): (&[u8], bool),
    message: &mut Vec<u8>,
) -> Result<(), ProtocolError> {
    let mut room = [0; 16 * 1024];
    while let Some(piece) = codec.inflate(pool, kind, &mut payload, last, &mut room)? {
        message.extend_from_slice(piece.bytes);
        if piece.last {
            break;
        }
    }
    Ok(())
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}
