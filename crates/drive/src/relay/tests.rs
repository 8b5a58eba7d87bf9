//! A relay between a client and a server that write their frames by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wsbench_load::plan::{PlanSpec, StopRule};
use wsbench_load::route::Target;
use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{
    ClientHandshake, Request, headers_of, push_rejection, push_response, read_request,
};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

use super::transcript::{Party, Transcript};
use super::{Behind, Noted, Relay, RelayEnding};
use crate::resolve;

/// Far beyond what anything here needs.
const LIMIT: Duration = Duration::from_secs(30);
const MASK: Option<MaskKey> = Some(MaskKey([1, 2, 3, 4]));

/// One end, which reads until something is said.
struct Peer {
    stream: TcpStream,
    wire: Connection,
    read: Vec<u8>,
    message: Vec<u8>,
}

/// Something that was said.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Message(MessageKind, Vec<u8>, bool),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    RelayEnd,
}

impl Peer {
    fn new(stream: TcpStream, role: Endpoint) -> Self {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let limits = Limits {
            max_message: 1 << 30,
        };
        Self {
            stream,
            wire: Connection::new(role, limits, Utf8::Check),
            read: Vec::new(),
            message: Vec::new(),
        }
    }

    fn read_more(&mut self) -> usize {
        let mut buffer = [0; 65_536];
        let len = self.stream.read(&mut buffer).unwrap_or(0);
        self.read.extend_from_slice(&buffer[..len]);
        len
    }

    fn hear(&mut self) -> Heard {
        let mut in_one = true;
        loop {
            let mut input = &mut self.read[..];
            let before = input.len();
            let mut heard = None;
            while heard.is_none() && !input.is_empty() {
                heard = match self.wire.receive(&mut input).unwrap() {
                    Some(Event::Data {
                        kind, bytes, last, ..
                    }) => {
                        self.message.extend_from_slice(bytes);
                        in_one &= last;
                        last.then(|| {
                            Heard::Message(kind, std::mem::take(&mut self.message), in_one)
                        })
                    }
                    Some(Event::Ping) => Some(Heard::Ping(self.wire.control().to_vec())),
                    Some(Event::Pong) => Some(Heard::Pong(self.wire.control().to_vec())),
                    Some(Event::Close { code }) => {
                        Some(Heard::Close(code, self.wire.close_reason().to_owned()))
                    }
                    _ => None,
                };
            }
            let used = before - input.len();
            self.read.drain(..used);
            if let Some(heard) = heard {
                return heard;
            }
            if self.read_more() == 0 {
                return Heard::RelayEnd;
            }
        }
    }

    fn say(&mut self, frames: impl FnOnce(&mut FrameBuffer)) {
        let mut out = FrameBuffer::new();
        frames(&mut out);
        self.stream.write_all(out.as_slice()).unwrap();
    }
}

/// A server for one client: what it was asked, and then what `serve` makes of it.
fn server(
    serve: impl FnOnce(Peer, Vec<(String, String)>, String) + Send + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let at_work = thread::spawn(move || {
        let mut peer = Peer::new(listener.accept().unwrap().0, Endpoint::Server);
        let request = loop {
            peer.read_more();
            if let Some(request) = read_request(&peer.read).unwrap() {
                break request;
            }
        };
        let headers = headers_of(&peer.read);
        peer.read.drain(..request.consumed);
        if request.resource.ends_with("refused") {
            peer.say(|out| push_rejection(out, 403));
            return;
        }
        let chosen = request.subprotocols.last().cloned();
        // What is said at once comes with the response.
        peer.say(|out| {
            push_response(out, &request, chosen.as_deref());
            out.push_frame(true, OpCode::Text, None, &[b"welcome"]);
        });
        serve(peer, headers, request.resource);
    });
    (address, at_work)
}

/// A relay in front of `server`, of one connection.
fn relay(server: SocketAddr) -> (SocketAddr, JoinHandle<(Transcript, Vec<Noted>)>) {
    let target: Target = format!("ws://{server}/given").parse().unwrap();
    let mut spec = PlanSpec::against(target);
    spec.stop = StopRule::Duration(LIMIT.into());
    let plan = spec.check().unwrap();
    let resolved = resolve::find(&plan, &|| false).unwrap();
    let behind = Behind::new(&plan, &resolved).unwrap();
    let relay = Relay::bind(([127, 0, 0, 1], 0).into(), behind).unwrap();
    let address = relay.address().unwrap();
    let at_work = thread::spawn(move || {
        let mut noted = Vec::new();
        let ending = RelayEnding {
            after: Some(LIMIT),
            connections: Some(1),
        };
        let is_over = std::cell::Cell::new(false);
        let transcript = relay.run(ending, &|| is_over.get(), &mut |it| {
            is_over.set(matches!(it, Noted::Refused { .. }));
            noted.push(it);
        });
        (transcript.unwrap(), noted)
    });
    (address, at_work)
}

/// A client that asks for `resource`; with what it got, the subprotocol or the status.
fn client(address: SocketAddr, resource: &str) -> (Peer, Result<Option<String>, String>) {
    let mut peer = Peer::new(TcpStream::connect(address).unwrap(), Endpoint::Client);
    let handshake = ClientHandshake::new([9; 16]);
    let subprotocols = ["one".to_owned(), "two".to_owned()];
    let headers = [
        ("X-Tenant".to_owned(), "seven".to_owned()),
        ("Cookie".to_owned(), "sid=x".to_owned()),
        (
            "Sec-WebSocket-Extensions".to_owned(),
            "permessage-deflate".to_owned(),
        ),
    ];
    let request = Request {
        authority: "relay:1",
        resource,
        headers: &headers,
        subprotocols: &subprotocols,
        origin: Some("https://app.test"),
    };
    peer.say(|out| handshake.push_request(&request, out));
    let answer = loop {
        let len = peer.read_more();
        match handshake.read_response(&peer.read, &subprotocols) {
            Ok(None) => assert!(len > 0, "no response"),
            Ok(Some(upgraded)) => {
                peer.read.drain(..upgraded.consumed);
                break Ok(upgraded.subprotocol);
            }
            Err(error) => break Err(error.to_string()),
        }
    };
    (peer, answer)
}

/// The server of a client that says all there is.
#[allow(
    clippy::needless_pass_by_value,
    reason = "a server takes what its client asked for"
)]
fn hears_and_answers(mut peer: Peer, headers: Vec<(String, String)>, resource: String) {
    assert_eq!(resource, "/chat?room=1");
    let has = |name: &str, value: &str| {
        headers
            .iter()
            .any(|(it, is)| it.eq_ignore_ascii_case(name) && is == value)
    };
    assert!(
        has("X-Tenant", "seven") && has("Cookie", "sid=x"),
        "{headers:?}"
    );
    assert!(has("Origin", "https://app.test"), "{headers:?}");
    assert!(
        !headers.iter().any(|(name, _)| name.contains("Extensions")),
        "{headers:?}"
    );
    assert_eq!(
        peer.hear(),
        Heard::Message(MessageKind::Text, b"hello".to_vec(), true)
    );
    assert_eq!(peer.hear(), Heard::Ping(b"there?".to_vec()));
    peer.say(|out| {
        out.push_frame(true, OpCode::Pong, None, &[b"there?"]);
        out.push_frame(false, OpCode::Binary, None, &[b"in two "]);
        out.push_frame(true, OpCode::Continuation, None, &[b"frames"]);
    });
    let large = vec![b'x'; 3 << 20];
    assert_eq!(peer.hear(), Heard::Message(MessageKind::Text, large, false));
    assert_eq!(peer.hear(), Heard::Close(Some(4001), "enough".to_owned()));
    peer.say(|out| push_close(out, None, Some(4001), "enough"));
}

#[test]
fn what_is_said_passes_unchanged_and_is_kept() {
    let (server, served) = server(hears_and_answers);
    let (address, relayed) = relay(server);
    let (mut peer, subprotocol) = client(address, "/chat?room=1");
    assert_eq!(subprotocol.unwrap().as_deref(), Some("two"));
    let text = |bytes: &[u8]| Heard::Message(MessageKind::Text, bytes.to_vec(), true);
    assert_eq!(peer.hear(), text(b"welcome"));
    peer.say(|out| {
        out.push_frame(true, OpCode::Text, MASK, &[b"hello"]);
        out.push_frame(true, OpCode::Ping, MASK, &[b"there?"]);
    });
    assert_eq!(peer.hear(), Heard::Pong(b"there?".to_vec()));
    let binary = Heard::Message(MessageKind::Binary, b"in two frames".to_vec(), true);
    assert_eq!(peer.hear(), binary);
    let large = vec![b'x'; 3 << 20];
    peer.say(|out| {
        out.push_frame(true, OpCode::Text, MASK, &[&large]);
        push_close(out, MASK, Some(4001), "enough");
    });
    assert_eq!(peer.hear(), Heard::Close(Some(4001), "enough".to_owned()));
    served.join().unwrap();
    let (transcript, noted) = relayed.join().unwrap();
    let [conversation] = &transcript.conversations[..] else {
        panic!("{transcript:?}");
    };
    assert_eq!(conversation.resource, "/chat?room=1");
    assert_eq!(conversation.subprotocols, ["one", "two"]);
    assert_eq!(conversation.origin.as_deref(), Some("https://app.test"));
    let names: Vec<&str> = conversation
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["X-Tenant", "Cookie"]);
    let said: Vec<(Party, usize, bool)> = conversation
        .said
        .iter()
        .map(|it| (it.by, it.content.len(), it.is_cut))
        .collect();
    assert_eq!(
        said,
        [
            (Party::Server, 7, false),
            (Party::Client, 5, false),
            (Party::Server, 13, false),
            (Party::Client, 64 << 10, true),
        ]
    );
    assert!(
        conversation
            .said
            .windows(2)
            .all(|two| two[0].at <= two[1].at)
    );
    let messages = [2, 2];
    assert_eq!(
        noted,
        [
            Noted::Opened {
                number: 1,
                resource: "/chat?room=1".to_owned()
            },
            Noted::Closed {
                number: 1,
                messages
            },
        ]
    );
}

#[test]
fn a_client_that_asks_for_nothing_is_led_to_the_path_that_was_given() {
    let (server, served) = server(|mut peer, _, resource| {
        assert_eq!(resource, "/given");
        peer.hear();
    });
    let (address, relayed) = relay(server);
    let (peer, answer) = client(address, "/");
    assert!(answer.is_ok());
    drop(peer);
    served.join().unwrap();
    assert_eq!(
        relayed.join().unwrap().0.conversations[0].resource,
        "/given"
    );
}

#[test]
fn a_refusal_is_passed_on() {
    let (server, served) = server(|_, _, _| {});
    let (address, relayed) = relay(server);
    let (_, answer) = client(address, "/refused");
    assert!(answer.unwrap_err().contains("403"));
    served.join().unwrap();
    let (transcript, noted) = relayed.join().unwrap();
    assert_eq!(transcript, Transcript::default());
    assert!(
        matches!(&noted[..], [Noted::Refused { why }] if why.contains("403")),
        "{noted:?}"
    );
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (address, relayed) = relay(nobody);
    let (_, answer) = client(address, "/");
    assert!(answer.unwrap_err().contains("502"));
    let (_, noted) = relayed.join().unwrap();
    let is_told = |why: &str| why.contains("the server cannot be reached");
    assert!(
        matches!(&noted[..], [Noted::Refused { why }] if is_told(why)),
        "{noted:?}"
    );
}

/// Whoever goes right behind what it says is heard to the end, by a server that takes its time.
#[test]
fn the_last_that_is_said_arrives() {
    const LAST: usize = 24 << 20;
    let (server, served) = server(|mut peer, _, _| {
        thread::sleep(Duration::from_millis(400));
        let Heard::Message(_, last, _) = peer.hear() else {
            panic!("no message");
        };
        assert_eq!(last.len(), LAST);
        assert_eq!(peer.hear(), Heard::RelayEnd);
    });
    let (address, relayed) = relay(server);
    let (mut peer, _) = client(address, "/");
    peer.say(|out| out.push_frame(true, OpCode::Binary, MASK, &[&vec![7; LAST]]));
    drop(peer);
    served.join().unwrap();
    let (transcript, _) = relayed.join().unwrap();
    assert_eq!(transcript.conversations[0].count(Party::Client), 1);
}

/// A client that does not wait for the answer to its request.
#[test]
fn what_comes_with_the_request_is_passed_on() {
    let (server, served) = server(|mut peer, _, _| {
        let early = Heard::Message(MessageKind::Text, b"early".to_vec(), true);
        assert_eq!(peer.hear(), early);
        assert_eq!(peer.hear(), Heard::Close(Some(1000), String::new()));
        peer.say(|out| push_close(out, None, Some(1000), ""));
    });
    let (address, relayed) = relay(server);
    let mut peer = Peer::new(TcpStream::connect(address).unwrap(), Endpoint::Client);
    let handshake = ClientHandshake::new([9; 16]);
    let request = Request {
        authority: "h",
        resource: "/",
        headers: &[],
        subprotocols: &[],
        origin: None,
    };
    peer.say(|out| {
        handshake.push_request(&request, out);
        out.push_frame(true, OpCode::Text, MASK, &[b"early"]);
    });
    let upgraded = loop {
        peer.read_more();
        if let Some(upgraded) = handshake.read_response(&peer.read, &[]).unwrap() {
            break upgraded;
        }
    };
    peer.read.drain(..upgraded.consumed);
    let welcome = Heard::Message(MessageKind::Text, b"welcome".to_vec(), true);
    assert_eq!(peer.hear(), welcome);
    peer.say(|out| push_close(out, MASK, Some(1000), ""));
    assert_eq!(peer.hear(), Heard::Close(Some(1000), String::new()));
    served.join().unwrap();
    let (transcript, _) = relayed.join().unwrap();
    let said = &transcript.conversations[0].said;
    let said: Vec<&[u8]> = said.iter().map(|it| &it.content[..]).collect();
    assert_eq!(said, [&b"welcome"[..], b"early"]);
}

/// A server that stays though its client has gone is let go all the same.
#[test]
fn nobody_who_stays_is_waited_for_without_end() {
    let (go, may_go) = std::sync::mpsc::channel();
    let (server, served) = server(move |mut peer, _, _| {
        // It says nothing and does not go, though it is told to.
        assert_eq!(peer.hear(), Heard::RelayEnd);
        may_go.recv().unwrap();
    });
    let (address, relayed) = relay(server);
    let (peer, _) = client(address, "/");
    drop(peer);
    // The server goes after the relay has ended, and not before.
    let (transcript, noted) = relayed.join().unwrap();
    assert_eq!(transcript.conversations.len(), 1);
    let messages = [0, 1];
    let number = 1;
    assert_eq!(noted[1..], [Noted::Closed { number, messages }]);
    go.send(()).unwrap();
    served.join().unwrap();
}
