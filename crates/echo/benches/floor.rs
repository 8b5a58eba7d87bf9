//! What the echo server costs over a bare echo loop: CPU a round trip, side by side.
//!
//! The bare loop moves the same bytes over the same `mio`, with no framing at all (its answers are four
//! octets longer, for it keeps the masking key). Both run as processes of their own, held on core 0,
//! and are asked in turn by the same client, which is to be held on another core. What counts is the
//! median of the ratios: absolute figures drift on a shared machine. Linux only: the CPU time is read
//! from `/proc/PID/task/*/schedstat`, in nanoseconds.
//!
//! `taskset -c 1 cargo bench -p wsbench-echo --bench floor`
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure has nothing to say but why"
)]
#![allow(missing_docs, reason = "nothing here is for others to call")]

use std::env;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use wsbench_echo::{Config, Server};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

/// Pairs of measurements behind each median; odd.
const ROUNDS: usize = 7;
/// Length of one measurement.
const SPAN: Duration = Duration::from_millis(500);
/// Which of the two roles below a child process has.
const ROLE: &str = "WSBENCH_FLOOR_ROLE";

/// One load: connections, octets a message, messages in flight on each connection.
const LOADS: [(usize, usize, usize); 6] = [
    (1, 32, 1),
    (64, 32, 1),
    (1000, 32, 1),
    (64, 32, 16),
    (64, 1024, 1),
    (64, 16_384, 1),
];

fn main() {
    match env::var(ROLE).as_deref() {
        Ok("bare") => bare_echo(),
        Ok("websocket") => websocket_echo(),
        _ if env::args().any(|argument| argument == "--bench") => compare(),
        // `cargo test --all-targets` runs benchmarks, too; it asks for no figures.
        _ => {}
    }
}

fn compare() {
    let bare = Peer::start("bare");
    let websocket = Peer::start("websocket");
    println!(
        "connections × octets × depth: CPU µs a round trip, bare → WebSocket, ratio (min–max)"
    );
    for (connections, size, depth) in LOADS {
        let mut pairs: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| {
                let floor = measure(&bare, connections, size, depth);
                (floor, measure(&websocket, connections, size, depth))
            })
            .collect();
        pairs.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
        let ratio = |(floor, cost): (f64, f64)| cost / floor;
        let (floor, cost) = pairs[ROUNDS / 2];
        println!(
            "{connections:>5} × {size:>5} × {depth:>2}: {floor:.3} → {cost:.3}, {:.3} ({:.3}–{:.3})",
            cost / floor,
            ratio(pairs[0]),
            ratio(pairs[ROUNDS - 1]),
        );
    }
}

/// A server in a process of its own; ended when dropped.
struct Peer {
    child: Child,
    address: SocketAddr,
    upgrades: bool,
}

impl Peer {
    fn start(role: &str) -> Self {
        let mut child = Command::new("taskset")
            .args(["-c", "0"])
            .arg(env::current_exe().unwrap())
            .env(ROLE, role)
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset(1) of util-linux holds the server on its core");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.as_mut().unwrap());
        stdout.read_line(&mut line).unwrap();
        Self {
            child,
            address: line.trim().parse().unwrap(),
            upgrades: role == "websocket",
        }
    }

    /// CPU time of all its threads so far, ns.
    fn cpu_ns(&self) -> u64 {
        let tasks = format!("/proc/{}/task", self.child.id());
        let threads = std::fs::read_dir(tasks).unwrap();
        threads
            .map(|thread| {
                let path = thread.unwrap().path().join("schedstat");
                let text = std::fs::read_to_string(path).unwrap();
                text.split(' ').next().unwrap().parse::<u64>().unwrap()
            })
            .sum()
    }

    fn connect(&self) -> TcpStream {
        let mut stream = std::net::TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        if self.upgrades {
            let request = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
                Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
            stream.write_all(request).unwrap();
            let lines = BufReader::new(&stream).lines();
            assert!(lines.map(Result::unwrap).any(|line| line.is_empty()));
        }
        stream.set_nonblocking(true).unwrap();
        TcpStream::from_std(stream)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU µs that the server spends on a round trip.
fn measure(peer: &Peer, connections: usize, size: usize, depth: usize) -> f64 {
    let payload = vec![b'x'; size];
    let (mut batch, mut answer) = (FrameBuffer::new(), FrameBuffer::new());
    for _ in 0..depth {
        batch.push_frame(
            true,
            OpCode::Binary,
            Some(MaskKey([1, 2, 3, 4])),
            &[&payload],
        );
        answer.push_frame(true, OpCode::Binary, None, &[&payload]);
    }
    let expected = if peer.upgrades {
        answer.len()
    } else {
        batch.len()
    };
    let mut poll = Poll::new().unwrap();
    let mut streams: Vec<(TcpStream, usize)> = (0..connections)
        .map(|i| {
            let mut stream = peer.connect();
            let registry = poll.registry();
            registry
                .register(&mut stream, Token(i), Interest::READABLE)
                .unwrap();
            write_all(&mut stream, batch.as_slice());
            (stream, 0)
        })
        .collect();
    let mut buffer = vec![0; 1 << 18];
    let mut events = Events::with_capacity(1024);
    let (start, cpu, mut trips) = (Instant::now(), peer.cpu_ns(), 0);
    while start.elapsed() < SPAN {
        poll.poll(&mut events, Some(SPAN)).unwrap();
        for event in &events {
            let (stream, received) = &mut streams[event.token().0];
            while let Some(count) = read(stream, &mut buffer) {
                *received += count;
                if *received == expected {
                    *received = 0;
                    trips += depth;
                    write_all(stream, batch.as_slice());
                }
                if count < buffer.len() {
                    break;
                }
            }
        }
    }
    (peer.cpu_ns() - cpu) as f64 / trips as f64 / 1000.0
}

/// What is here; `None` when that is nothing.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> Option<usize> {
    match stream.read(buffer) {
        Ok(count) => Some(count),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}

/// Writes all, at the cost of spinning where the socket is full.
fn write_all(stream: &mut TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// The server that is measured.
fn websocket_echo() {
    let server = Server::bind(&Config::new("127.0.0.1:0".parse().unwrap())).unwrap();
    println!("{}", server.local_addr());
    let _ = server.run(&AtomicBool::new(false));
}

/// The floor: what is read is written, and nothing else is done.
fn bare_echo() {
    const LISTENER: Token = Token(usize::MAX - 1);
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    println!("{}", listener.local_addr().unwrap());
    let mut poll = Poll::new().unwrap();
    let registry = poll.registry().try_clone().unwrap();
    registry
        .register(&mut listener, LISTENER, Interest::READABLE)
        .unwrap();
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        poll.poll(&mut events, Some(Duration::from_millis(50)))
            .unwrap();
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true).unwrap();
                    let token = Token(streams.len());
                    registry
                        .register(&mut stream, token, Interest::READABLE)
                        .unwrap();
                    streams.push(Some(stream));
                }
                continue;
            }
            let place = &mut streams[event.token().0];
            if place
                .as_mut()
                .is_some_and(|stream| !echo(stream, &mut buffer))
            {
                *place = None;
            }
        }
    }
}

/// Echoes what is here; whether the connection goes on.
fn echo(stream: &mut TcpStream, buffer: &mut [u8]) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => return false,
            Ok(count) => {
                let mut rest = &buffer[..count];
                while !rest.is_empty() {
                    match stream.write(rest) {
                        Ok(written) => rest = &rest[written..],
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        Err(_) => return false,
                    }
                }
                if count < buffer.len() {
                    return true;
                }
            }
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
