//! What servers do once they are connected: frames, answers, the end.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::Name::{Caveat, Error, Nothing};
use super::{Name, Row, SOON, echo, limits, raw};
use crate::raw::{Peer, Raw, encoded};
use crate::running::embedded::Embedded;
use crate::running::{Run, measured};
use crate::short_run;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = frames();
    rows.extend(answers());
    rows.extend(end());
    rows
}

/// A row against the embedded server with flags.
fn embedded(
    phase: &'static str,
    fault: &str,
    name: Name,
    flags: &'static [&'static str],
    words: &'static [&'static str],
) -> Row {
    Row::of(phase, fault, name, move || {
        let server = Embedded::start(flags);
        short_run(&server.url, &[words, limits(name)].concat())
    })
}

fn frames() -> Vec<Row> {
    let phase = "Frames";
    let answering = |fault: &str, kind, bytes: Vec<u8>| {
        Row::of(phase, fault, Error("frames", kind), move || {
            let (server, _) = Raw::answering(bytes.clone());
            short_run(&server.url(), &SOON)
        })
    };
    let close = |code: u16| encoded(0x88, &code.to_be_bytes());
    let masked = vec![0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
    let interleaved = [encoded(0x01, b"first"), encoded(0x81, b"second")].concat();
    let too_large = vec![0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0];
    let too_long = vec![0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0];
    let roundabout = [&[0x81, 126, 0, 5], b"hello".as_slice()].concat();
    let mut rows = vec![
        answering("masked by the server", "masked_by_server", masked),
        answering("reserved bits", "reserved_bits", encoded(0xc1, b"hi")),
        answering("an unknown opcode", "unknown_opcode", encoded(0x83, b"")),
        answering(
            "a ping of 126 octets",
            "long_control",
            encoded(0x89, &[b'.'; 126]),
        ),
        answering(
            "a fragmented ping",
            "fragmented_control",
            encoded(0x09, b"half"),
        ),
        answering(
            "a continuation without a start",
            "unexpected_continuation",
            encoded(0x80, b"hi"),
        ),
        answering(
            "a message inside another",
            "interleaved_message",
            interleaved,
        ),
        answering("a length of 2^63", "length_too_large", too_large),
        answering("a length of a terabyte", "message_too_long", too_long),
        answering(
            "a length in too many octets",
            "non_minimal_length",
            roundabout,
        ),
        answering("close code 999", "invalid_close_code", close(999)),
        answering("close code 1005", "invalid_close_code", close(1005)),
        answering("close code 5000", "invalid_close_code", close(5000)),
        answering(
            "a close body of one byte",
            "short_close_body",
            vec![0x88, 1, 3],
        ),
        answering(
            "a close reason that is no UTF-8",
            "invalid_close_reason",
            encoded(0x88, &[0x03, 0xe8, 0xff, 0xfe]),
        ),
    ];
    rows.extend(floods(phase));
    rows
}

/// What never ends, or swells.
fn floods(phase: &'static str) -> Vec<Row> {
    let without_end = |fault: &str, name, first: Vec<u8>, more: Vec<u8>| {
        raw(phase, fault, name, move |mut peer| {
            peer.upgrade();
            peer.message();
            peer.send(&first);
            while peer.stream.write_all(&more).is_ok() {}
        })
    };
    vec![
        raw(
            phase,
            "text that is no UTF-8",
            Error("answers", "invalid_utf8"),
            |mut peer| {
                peer.upgrade();
                while let Some(message) = peer.message() {
                    let mut payload = message.payload;
                    *payload.last_mut().unwrap() = 0xff;
                    peer.send(&encoded(message.first, &payload));
                }
            },
        ),
        without_end(
            "fragments without end",
            Error("frames", "message_too_long"),
            encoded(0x01, b"once"),
            encoded(0x00, &[b'.'; 60_000]),
        ),
        without_end(
            "empty fragments without end",
            Error("answers", "timed_out"),
            encoded(0x01, b""),
            encoded(0x00, b"").repeat(10_000),
        ),
        raw(phase, "pings between fragments", Nothing, |mut peer| {
            peer.upgrade();
            while let Some(message) = peer.message() {
                let (head, tail) = message.payload.split_at(message.payload.len() / 2);
                peer.send(&encoded(message.first & 0x0f, head));
                peer.send(&encoded(0x89, b"between"));
                peer.send(&encoded(0x80, tail));
            }
        }),
        raw(
            phase,
            "a thousand pings before each answer",
            Nothing,
            |mut peer| {
                peer.upgrade();
                while let Some(message) = peer.message() {
                    peer.send(&encoded(0x89, b"?").repeat(1_000));
                    peer.echo(&message);
                }
            },
        ),
        raw(
            phase,
            "pings without end",
            Caveat("nothing_answered"),
            |mut peer| {
                peer.upgrade();
                let pings = encoded(0x89, &[b'!'; 125]).repeat(1_000);
                while peer.stream.write_all(&pings).is_ok() {}
            },
        ),
        Row::of(
            phase,
            "a decompression bomb: 400 KB that are 64 MiB",
            Error("frames", "inflated_too_long"),
            || {
                let server = Raw::start(|mut peer| {
                    peer.upgrade_with("Sec-WebSocket-Extensions: permessage-deflate\r\n");
                    while peer.message().is_some() {
                        peer.send(&encoded(0xc2, &bomb()));
                    }
                });
                let run = short_run(&server.url(), &[&["--compress"], &SOON[..]].concat());
                let resident = run.document["generator"]["max_rss_bytes"].as_u64().unwrap();
                assert!(resident < 200 << 20, "{resident} bytes resident");
                run
            },
        ),
        Row::of(
            phase,
            "compressed against more than the window that was agreed on",
            Error("frames", "window_exceeded"),
            || {
                let server = Raw::start(|mut peer| {
                    let agreed = "permessage-deflate; server_max_window_bits=10";
                    peer.upgrade_with(&format!("Sec-WebSocket-Extensions: {agreed}\r\n"));
                    while peer.message().is_some() {
                        peer.send(&encoded(0xc2, &far_back()));
                    }
                });
                let compress = &["--compress=server-bits=10"];
                short_run(&server.url(), &[compress, &SOON[..]].concat())
            },
        ),
    ]
}

/// Bits of a DEFLATE stream, each number with its lowest bit first (RFC 1951 section 3.1.1).
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    bits: u64,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u64, len: u32) {
        self.bits |= value << self.count;
        self.count += len;
        while self.count >= 8 {
            self.bytes.push(self.bits as u8);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    /// The octet 0 so many times, in a block of the fixed code that is not the final one (section
    /// 3.2.6): code 0x30, its highest bit first.
    fn zeros(octets: usize) -> Self {
        let mut bits = Self::default();
        bits.push(0, 1);
        bits.push(1, 2);
        for _ in 0..octets {
            bits.push(0b0000_1100, 8);
        }
        bits
    }

    /// A copy of 258 octets (code 285, 0xc5), as far back as this code of 5 bits and the extra bits
    /// behind it say.
    fn copy(&mut self, distance: u64, extra: u32) {
        self.push(0b1010_0011, 8);
        self.push(distance, 5);
        self.push(0, extra);
    }

    /// The payload: the end of the block, and an empty stored one, whose lengths are the tail that
    /// is not sent.
    fn payload(mut self) -> Vec<u8> {
        self.push(0, 7);
        self.push(0, 3);
        self.push(0, 7);
        self.bytes
    }
}

/// 64 MiB of zeros: one, and then copies at distance 1, of which each takes 13 bits.
fn bomb() -> Vec<u8> {
    let mut bits = Bits::zeros(1);
    for _ in 0..(64 << 20) / 258 {
        bits.copy(0, 0);
    }
    bits.payload()
}

/// A message of 3,258 octets whose end is a copy from 2,049 octets back: code 22, and 10 bits more.
fn far_back() -> Vec<u8> {
    let mut bits = Bits::zeros(3_000);
    bits.copy(0b01101, 10);
    bits.payload()
}

fn answers() -> Vec<Row> {
    let phase = "Answers";
    let faulty = |fault: &str, name, mode: &'static str, words: &'static [&'static str]| {
        Row::of(phase, fault, name, move || {
            let server = Embedded::with(mode);
            short_run(&server.url, &[words, limits(name)].concat())
        })
    };
    let depth: &[&str] = &["-p", "4"];
    vec![
        faulty("never", Error("answers", "timed_out"), "drop:every=1", &[]),
        faulty("each tenth never", Caveat("lost"), "drop:every=10", depth),
        faulty(
            "to some connections only",
            Caveat("never_answered"),
            "silent-connections:every=2",
            &["-c", "4"],
        ),
        embedded(
            phase,
            "late, within the time-out",
            Nothing,
            &["--delay", "100ms"],
            &[],
        ),
        embedded(
            phase,
            "too late",
            Caveat("nothing_answered"),
            &["--delay", "700ms"],
            &[],
        ),
        faulty(
            "twice",
            Error("answers", "duplicated"),
            "duplicate:every=10",
            depth,
        ),
        faulty("swapped", Caveat("reordered"), "swap:every=7", depth),
        faulty(
            "wrong bytes of the right length",
            Error("answers", "wrong_bytes"),
            "wrong-bytes:every=10",
            &[],
        ),
        encoded_anew(phase),
        in_json(
            phase,
            "wrapped in JSON",
            Error("answers", "wrong_length"),
            &[],
        ),
        in_json(
            phase,
            "wrapped in JSON, with --verify contains",
            Nothing,
            &["--verify", "contains"],
        ),
        raw(
            phase,
            "a wrong byte within the tag",
            Error("answers", "wrong_bytes"),
            |mut peer| {
                peer.upgrade();
                while let Some(mut message) = peer.message() {
                    message.payload[0] = if message.payload[0] == b'B' {
                        b'C'
                    } else {
                        b'B'
                    };
                    peer.echo(&message);
                }
            },
        ),
        raw(
            phase,
            "a greeting before a perfect echo",
            Error("answers", "greeting"),
            |mut peer| {
                peer.upgrade();
                peer.send(&encoded(0x81, b"Welcome"));
                echo(&mut peer);
            },
        ),
        raw(
            phase,
            "heartbeats beside the echo",
            Error("answers", "untagged"),
            |mut peer| {
                peer.upgrade();
                while let Some(message) = peer.message() {
                    peer.echo(&message);
                    peer.send(&encoded(0x81, br#"{"type":"ping"}"#));
                }
            },
        ),
        raw(phase, "pongs that nobody asked for", Nothing, |mut peer| {
            peer.upgrade();
            while let Some(message) = peer.message() {
                peer.send(&encoded(0x8a, b"here"));
                peer.echo(&message);
            }
        }),
        faulty(
            "another opcode",
            Error("answers", "wrong_opcode"),
            "wrong-opcode",
            &[],
        ),
        faulty(
            "split in two messages",
            Error("answers", "split_answer"),
            "split",
            &[],
        ),
        faulty(
            "two merged in one",
            Error("answers", "merged_answers"),
            "merge",
            &["-p", "2"],
        ),
        faulty(
            "a pong in place of an echo",
            Caveat("nothing_answered"),
            "empty-pong",
            &[],
        ),
        faulty(
            "a message that nobody asked for",
            Caveat("unasked"),
            "unasked:every=10",
            &[],
        ),
        Row::of(
            phase,
            "on another connection",
            Error("answers", "cross_talk"),
            || {
                let held: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
                let server = Raw::start(move |mut peer| {
                    peer.upgrade();
                    while let Some(message) = peer.message() {
                        let other = held.lock().unwrap().replace(message.payload);
                        if let Some(other) = other {
                            peer.send(&encoded(message.first, &other));
                        }
                    }
                });
                short_run(&server.url(), &SOON)
            },
        ),
    ]
}

/// Each message comes back within an object.
fn in_json(phase: &'static str, fault: &str, name: Name, words: &'static [&'static str]) -> Row {
    Row::of(phase, fault, name, move || {
        let server = Raw::start(|mut peer| {
            peer.upgrade();
            while let Some(message) = peer.message() {
                let wrapped = [b"{\"data\":\"", &message.payload[..], b"\"}"].concat();
                peer.send(&encoded(message.first, &wrapped));
            }
        });
        short_run(&server.url(), &[&["-c", "1"], words, limits(name)].concat())
    })
}

/// Text that is taken for Latin-1 and sent as UTF-8, on a single connection: how much longer that
/// makes it depends on the message, and the first to be answered is always the same one there.
fn encoded_anew(phase: &'static str) -> Row {
    let fault = "text encoded anew";
    Row::of(phase, fault, Error("answers", "wrong_length"), || {
        let server = Raw::start(|mut peer| {
            peer.upgrade();
            while let Some(message) = peer.message() {
                let text: String = message
                    .payload
                    .iter()
                    .map(|byte| char::from(*byte))
                    .collect();
                peer.send(&encoded(message.first, text.as_bytes()));
            }
        });
        short_run(&server.url(), &[&["-c", "1"], &SOON[..]].concat())
    })
}

/// Echoes three messages on each of the first two connections and then does something else; on
/// those that come in their place it echoes for good.
fn after_three(
    fault: &str,
    kind: &'static str,
    then: impl Fn(Peer) + Send + Sync + 'static,
) -> Row {
    raw("End", fault, Error("close", kind), move |mut peer| {
        peer.upgrade();
        let mut echoed = 0;
        while peer.number >= 2 || echoed < 3 {
            let Some(message) = peer.message() else {
                return;
            };
            peer.echo(&message);
            echoed += 1;
        }
        then(peer);
    })
}

fn end() -> Vec<Row> {
    let phase = "End";
    let closing = [1000_u16, 1001, 1002, 1008, 1009, 1011, 1013, 4999].map(|code| {
        let fault = format!("a close frame with {code}");
        Row::of(
            phase,
            fault,
            Error("close", "closed_by_server"),
            move || {
                let server = Embedded::with(&format!("close-after:messages=5,code={code}"));
                measured(&["-n", "30", "-c", "2", &server.url])
            },
        )
    });
    let mut rows: Vec<Row> = closing.into();
    rows.extend([
        Row::of(
            phase,
            "a close frame with a reason",
            Error("close", "closed_by_server"),
            || {
                let server = Raw::start(|mut peer| {
                    peer.upgrade();
                    for _ in 0..3 {
                        let Some(message) = peer.message() else {
                            return;
                        };
                        peer.echo(&message);
                    }
                    let reason = "\x1b[31mtoo\nmany requests";
                    let body = [&4008_u16.to_be_bytes()[..], reason.as_bytes()].concat();
                    peer.send(&encoded(0x88, &body));
                    peer.drain();
                });
                measured(&["-n", "30", "-c", "2", &server.url()])
            },
        ),
        Row::of(
            phase,
            "each connection is closed after its answer",
            Error("close", "closed_by_server"),
            || {
                let server = Embedded::with("close-after:messages=1,code=1011");
                measured(&["-n", "100", "-c", "2", &server.url])
            },
        ),
        Row::of(
            phase,
            "each connection is reset after its answer",
            Error("close", "reset"),
            || {
                let server = Embedded::with("reset-after:messages=1");
                measured(&["-n", "100", "-c", "2", &server.url])
            },
        ),
        after_three(
            "a close frame without a code",
            "closed_by_server",
            |mut peer| {
                peer.send(&encoded(0x88, b""));
                while peer.frame().is_some_and(|frame| frame.opcode() != 8) {}
            },
        ),
        after_three(
            "FIN without a close frame",
            "fin_without_close",
            |mut peer| {
                peer.half_close();
                peer.drain();
            },
        ),
        after_three("RST in the middle of a frame", "reset", |mut peer| {
            peer.message();
            peer.send(&[0x81, 100, b'h', b'a']);
            peer.reset();
        }),
        Row::of(
            phase,
            "no close frame in answer to ours",
            Error("close", "no_close_reply"),
            || {
                let server = Embedded::with("no-close-reply");
                measured(&["-n", "100", "-c", "2", &server.url])
            },
        ),
        Row::of(
            phase,
            "no FIN after the closing handshake",
            Error("close", "no_fin"),
            || {
                let server = Raw::start(|mut peer| {
                    peer.upgrade();
                    echo(&mut peer);
                    peer.drain();
                });
                measured(&["-n", "100", "-c", "2", &server.url()])
            },
        ),
        Row::of(
            phase,
            "the server dies and stays away",
            Error("connect", "refused"),
            || {
                let mut server = Embedded::start(&[]);
                let run = crate::end::under_way(&server, &["-d", "10m"]);
                server.kill();
                Run::of(run.ended())
            },
        ),
        Row::of(
            phase,
            "the server dies and comes back",
            Error("connect", "refused"),
            || {
                let mut server = Embedded::start(&[]);
                let run = crate::end::under_way(&server, &["-d", "6s"]);
                let port = server.port().to_owned();
                server.kill();
                thread::sleep(Duration::from_millis(300));
                let _server = Embedded::start(&["--port", &port]);
                Run::of(run.ended())
            },
        ),
        Row::of(
            phase,
            "a reader that stalls",
            Caveat("nothing_answered"),
            || {
                let server = Raw::start(|mut peer| {
                    peer.upgrade();
                    thread::sleep(Duration::from_secs(60));
                });
                let words = ["-s", "1m", "-p", "64", "--timeout", "500ms"];
                short_run(&server.url(), &words)
            },
        ),
        Row::of(
            phase,
            "everyone is turned away",
            Caveat("nothing_answered"),
            || {
                let server = Embedded::with("close-after:messages=0,code=1013");
                measured(&["-n", "100k", "-c", "2", &server.url])
            },
        ),
    ]);
    rows
}
