//! One case under way: it says what to write and how long to read, and is told what came.
//!
//! A state machine without a socket or a clock. It answers the server's pings, judges every frame
//! by the RFC whatever the case is about, and ends with the first thing that decides the case.

use std::collections::VecDeque;
use std::time::Duration;

use wsbench_setting::{Text, Told as _};
use wsbench_wire::connection::{Connection, Event, Limits, MessageKind, Role, Utf8};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{ClientHandshake, HandshakeError, MAX_HEAD};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

use crate::case::{Case, Expect, Opening, Step};
use crate::compressing::Compressing;
use crate::finding::{Finding, Verdict};
use crate::words;

/// The longest message that is looked at, octets.
const LONGEST: u64 = 64 * 1024 * 1024;
/// The mask of pongs that answer the server's pings.
const PONG_MASK: MaskKey = MaskKey([0x5a, 0xa5, 0x3c, 0xc3]);

/// What the caller has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Write all of this.
    Write(Vec<u8>),
    /// Write this octet by octet, each in a segment of its own.
    WriteSlowly(Vec<u8>),
    /// Read once, and tell [`Examination::on_bytes`], [`Examination::on_end`] or
    /// [`Examination::on_silence`]; the latter when nothing has come after this long.
    Read(Duration),
    /// The case is decided; drop the connection.
    Done(Finding),
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The end of the stream.
    Fin,
    /// A reset, also while we were writing.
    Reset,
}

/// One case under way.
#[derive(Debug)]
pub struct Examination<'a> {
    case: &'a Case,
    authority: String,
    resource: &'a str,
    patience: Duration,
    handshake: ClientHandshake,
    stage: Stage,
    step: usize,
    head: Vec<u8>,
    wire: Connection,
    /// There where compression was agreed upon.
    compressing: Option<Compressing>,
    message: Option<(MessageKind, Vec<u8>)>,
    events: VecDeque<Seen>,
    to_write: VecDeque<Vec<u8>>,
    /// The weakest verdict until now, and why.
    reservation: Option<String>,
    finding: Option<Finding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Request,
    Response,
    Steps,
}

/// What came, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Message(MessageKind, Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>),
    End(End),
    Violation(String),
    Silence,
}

impl<'a> Examination<'a> {
    /// A case at its beginning: the TCP connection has just been established to the server whose
    /// `Host` is `authority`. `nonce` is the handshake's; `patience` is how long silence is borne.
    #[must_use]
    pub fn new(
        case: &'a Case,
        authority: &str,
        resource: &'a str,
        nonce: [u8; 16],
        patience: Duration,
    ) -> Self {
        let limits = Limits {
            max_message: LONGEST,
        };
        let handshake = ClientHandshake::new(nonce);
        Self {
            case,
            authority: authority.to_owned(),
            resource,
            patience,
            handshake: match case.opening {
                Opening::Compressed(wish) => handshake.offering(wish.offer()),
                _ => handshake,
            },
            stage: Stage::Request,
            step: 0,
            head: Vec::new(),
            wire: Connection::new(Role::Client, limits, Utf8::Check),
            compressing: None,
            message: None,
            events: VecDeque::new(),
            to_write: VecDeque::new(),
            reservation: None,
            finding: None,
        }
    }

    /// What to do next.
    pub fn turn(&mut self) -> Turn {
        loop {
            if let Some(finding) = self.finding.take() {
                return Turn::Done(finding);
            }
            if let Some(bytes) = self.to_write.pop_front() {
                return Turn::Write(bytes);
            }
            match self.stage {
                Stage::Request => {
                    self.stage = Stage::Response;
                    let request = self.request();
                    return match self.case.opening {
                        Opening::OctetByOctet => Turn::WriteSlowly(request),
                        _ => Turn::Write(request),
                    };
                }
                Stage::Response => return Turn::Read(self.patience),
                Stage::Steps => {
                    if let Some(turn) = self.take_step() {
                        return turn;
                    }
                }
            }
        }
    }

    /// Bytes have come.
    pub fn on_bytes(&mut self, bytes: &mut [u8]) {
        match self.stage {
            Stage::Request => {}
            Stage::Response => {
                self.head.extend_from_slice(bytes);
                self.judge_response();
            }
            Stage::Steps => self.take_frames(bytes),
        }
    }

    /// The connection has ended.
    pub fn on_end(&mut self, end: End) {
        match self.stage {
            Stage::Request | Stage::Response => self.on_no_response(match end {
                End::Fin => "the connection was closed without an answer",
                End::Reset => "the connection was reset without an answer",
            }),
            Stage::Steps => self.events.push_back(Seen::End(end)),
        }
    }

    /// Nothing came for as long as silence is borne.
    pub fn on_silence(&mut self) {
        match self.stage {
            Stage::Request | Stage::Response => self.on_no_response("no answer"),
            Stage::Steps => self.events.push_back(Seen::Silence),
        }
    }

    fn done(&mut self, verdict: Verdict, seen: impl Into<Text>) {
        self.finding = Some(Finding::of(self.case, verdict, seen));
    }

    /// No HTTP answer. A request that must be refused has been, though not in words; and one that
    /// comes octet by octet may be taken for an attack.
    fn on_no_response(&mut self, seen: &'static str) {
        let opening = self.case.opening;
        let may_be_refused = opening.must_be_refused() || opening == Opening::OctetByOctet;
        let verdict = if may_be_refused && seen != "no answer" {
            Verdict::NonStrict
        } else {
            Verdict::Failed
        };
        self.done(verdict, seen);
    }

    fn request(&self) -> Vec<u8> {
        let key = str::from_utf8(self.handshake.key()).unwrap_or_default();
        let (authority, resource) = (&self.authority, self.resource);
        // An origin, since some servers refuse whoever has none.
        let origin = format!("http://{authority}");
        let upgrade = match self.case.opening {
            Opening::OtherCase => {
                "uPGRADE: WebSocket\r\nCONNECTION: keep-alive, UPGRADE\r\n".to_owned()
            }
            Opening::NoUpgrade => "Connection: close\r\n".to_owned(),
            _ => "Upgrade: websocket\r\nConnection: Upgrade\r\n".to_owned(),
        };
        let key = match self.case.opening {
            Opening::NoKey => String::new(),
            Opening::ShortKey => "Sec-WebSocket-Key: c2hvcnQ=\r\n".to_owned(),
            Opening::OtherCase => format!("SEC-WEBSOCKET-KEY: {key}\r\n"),
            _ => format!("Sec-WebSocket-Key: {key}\r\n"),
        };
        let further = match self.case.opening {
            Opening::UnknownSubprotocol => "Sec-WebSocket-Protocol: x-wsbench-nobody-knows\r\n",
            Opening::UnknownExtension => "Sec-WebSocket-Extensions: x-wsbench-nobody-knows\r\n",
            Opening::UnknownParameter => {
                "Sec-WebSocket-Extensions: permessage-deflate; x-wsbench-nobody-knows\r\n"
            }
            Opening::Compressed(wish) => &format!("Sec-WebSocket-Extensions: {}\r\n", wish.offer()),
            _ => "",
        };
        let version = match self.case.opening {
            Opening::OldVersion => 12,
            _ => 13,
        };
        format!(
            "GET {resource} HTTP/1.1\r\nHost: {authority}\r\n{upgrade}Origin: {origin}\r\n\
             {further}Sec-WebSocket-Version: {version}\r\n{key}\r\n"
        )
        .into_bytes()
    }

    fn judge_response(&mut self) {
        let offered = ["x-wsbench-nobody-knows".to_owned()];
        let offered: &[String] = match self.case.opening {
            Opening::UnknownSubprotocol => &offered,
            _ => &[],
        };
        let must_be_refused = self.case.opening.must_be_refused();
        match self.handshake.read_response(&self.head, offered) {
            Ok(None) if self.head.len() <= MAX_HEAD => {}
            Ok(None) => self.done(Verdict::Failed, "a head without an end"),
            // Whatever the accept key is, 101 says that it was taken for an upgrade.
            Ok(Some(_)) | Err(HandshakeError::WrongAccept { .. }) if must_be_refused => {
                self.done(Verdict::Failed, "it was upgraded (101)");
            }
            Ok(Some(upgraded)) => {
                self.stage = Stage::Steps;
                if let Opening::Compressed(wish) = self.case.opening {
                    let Some(terms) = upgraded.compression else {
                        return self.done(Verdict::Declined, "the server declined compression");
                    };
                    self.wire.allow_compression();
                    self.compressing = Some(Compressing::new(&terms, &wish, LONGEST));
                }
                let mut behind = self.head.split_off(upgraded.consumed);
                self.take_frames(&mut behind);
            }
            Err(HandshakeError::Status { code, .. }) if must_be_refused => {
                self.judge_refusal(code);
            }
            Err(HandshakeError::MissingAccept) if must_be_refused => {
                self.done(Verdict::Failed, "it was upgraded (101)");
            }
            Err(error) => self.done(Verdict::Failed, error.text()),
        }
    }

    /// Section 4.4 wants 426 and the versions known for an unknown one, and leaves the rest open.
    fn judge_refusal(&mut self, status: u16) {
        let seen = format!("refused with {status}");
        let head = self.head.to_ascii_lowercase();
        let names_versions = head
            .windows(b"sec-websocket-version".len())
            .any(|window| window == b"sec-websocket-version");
        match (self.case.opening, status) {
            (Opening::OldVersion, 400..=499) if names_versions => self.done(Verdict::Ok, seen),
            (Opening::OldVersion, _) => {
                let seen = format!("{seen}, without the versions that it knows");
                self.done(Verdict::NonStrict, seen);
            }
            (Opening::NoUpgrade, 100..=499) | (_, 400..=499) => self.done(Verdict::Ok, seen),
            _ => self.done(Verdict::NonStrict, seen),
        }
    }

    fn take_frames(&mut self, bytes: &mut [u8]) {
        let mut input = bytes;
        loop {
            match self.wire.receive(&mut input) {
                Ok(None) => return,
                Ok(Some(Event::Data {
                    kind, bytes, last, ..
                })) => {
                    let (_, whole) = self.message.get_or_insert((kind, Vec::new()));
                    whole.extend_from_slice(bytes);
                    if let Some((kind, whole)) = self.message.take_if(|_| last) {
                        self.events.push_back(Seen::Message(kind, whole));
                    }
                }
                Ok(Some(Event::Deflated { kind, bytes, last })) => {
                    let (_, whole) = self.message.get_or_insert((kind, Vec::new()));
                    let inflated = match &mut self.compressing {
                        Some(compressing) => compressing.inflate(kind, bytes, last, whole),
                        None => Ok(()), // nobody allowed compression
                    };
                    if let Err(error) = inflated {
                        self.events.push_back(Seen::Violation(error.to_string()));
                        return;
                    }
                    if let Some((kind, whole)) = self.message.take_if(|_| last) {
                        self.events.push_back(Seen::Message(kind, whole));
                    }
                }
                Ok(Some(Event::Ping)) => {
                    let mut pong = FrameBuffer::new();
                    let payload = self.wire.control();
                    pong.push_frame(true, OpCode::Pong, Some(PONG_MASK), &[payload]);
                    self.to_write.push_back(pong.as_slice().to_vec());
                }
                Ok(Some(Event::Pong)) => {
                    let payload = self.wire.control().to_vec();
                    self.events.push_back(Seen::Pong(payload));
                }
                Ok(Some(Event::Close { code })) => {
                    self.events.push_back(Seen::Close(code));
                    return;
                }
                Err(error) => {
                    self.events.push_back(Seen::Violation(error.to_string()));
                    return;
                }
            }
        }
    }

    /// The next step; `None` when something has been decided or taken, so look again.
    fn take_step(&mut self) -> Option<Turn> {
        let Some(step) = self.case.steps.get(self.step) else {
            match self.reservation.take() {
                Some(seen) => self.done(Verdict::NonStrict, seen),
                None => self.done(Verdict::Ok, "as expected"),
            }
            return None;
        };
        match step {
            Step::Send(bytes) => {
                self.step += 1;
                Some(Turn::Write(bytes.clone()))
            }
            Step::SendSlowly(bytes) => {
                self.step += 1;
                Some(Turn::WriteSlowly(bytes.clone()))
            }
            Step::SendCompressed {
                kind,
                message,
                frames,
                mask,
            } => {
                self.step += 1;
                let compressing = self.compressing.as_mut()?; // agreed upon, or declined before
                Some(Turn::Write(
                    compressing.compose(*kind, message, *frames, *mask),
                ))
            }
            Step::Expect(expect) => match self.events.pop_front() {
                Some(seen) => {
                    self.compare(expect, seen);
                    None
                }
                None => Some(Turn::Read(self.patience)),
            },
        }
    }

    fn met(&mut self) {
        self.step += 1;
    }

    /// Met, but not as it should be.
    fn met_with(&mut self, reservation: String) {
        self.reservation.get_or_insert(reservation);
        self.step += 1;
    }

    fn compare(&mut self, expect: &Expect, seen: Seen) {
        if let Seen::Violation(words) = seen {
            return self.done(Verdict::Failed, words);
        }
        match expect {
            Expect::Message(kind, bytes) => self.compare_message(*kind, bytes, &seen),
            Expect::MessageOfNoise(kind, bytes) => {
                let compressing = self.compressing.as_ref();
                let payload = compressing.map_or(0, Compressing::latest_payload);
                let is_message = matches!(seen, Seen::Message(..));
                if is_message && (1..bytes.len() / 4 * 3).contains(&payload) {
                    let seen = format!("{payload} octets: it refers back beyond the window");
                    return self.done(Verdict::Failed, seen);
                }
                self.compare_message(*kind, bytes, &seen);
            }
            Expect::Pong(payload) => match seen {
                Seen::Pong(found) if found == *payload => self.met(),
                Seen::Pong(_) => {}
                other => self.fail("no pong", &other),
            },
            Expect::Failure { codes, demanded } => self.compare_failure(codes, *demanded, &seen),
            Expect::CloseReply(sent) => match seen {
                Seen::Close(found) if found == *sent => self.met(),
                // A server may choose its own code (section 5.5.1: "typically echos").
                Seen::Close(found) => self.met_with(format!("closed with {}", words::code(found))),
                Seen::Pong(_) => {}
                other => self.fail("no close frame", &other),
            },
            Expect::End => match seen {
                Seen::End(End::Fin) => self.met(),
                Seen::End(End::Reset) => self.met_with("reset in place of closed".to_owned()),
                Seen::Silence => {
                    self.met_with("the TCP connection was left open".to_owned());
                }
                _ => {}
            },
        }
    }

    fn compare_message(&mut self, kind: MessageKind, bytes: &[u8], seen: &Seen) {
        match seen {
            Seen::Message(found, content) if *found == kind && content == bytes => self.met(),
            Seen::Message(found, content) if content == bytes => {
                let (found, kind) = (words::kind(*found), words::kind(kind));
                self.done(Verdict::Failed, format!("{kind} came back as {found}"));
            }
            Seen::Message(found, content) => {
                let (found, content) = (words::kind(*found), words::payload(content));
                let seen = format!("another message: {found}, {content}");
                self.done(Verdict::Failed, seen);
            }
            Seen::Pong(_) => {}
            Seen::Close(Some(1009)) => {
                let seen = "refused with 1009: a limit of the server's, smaller than the message";
                self.done(Verdict::NonStrict, seen);
            }
            other => self.fail("no answer", other),
        }
    }

    fn compare_failure(&mut self, codes: &[u16], demanded: bool, seen: &Seen) {
        match seen {
            Seen::Close(Some(code)) if codes.contains(code) => self.met(),
            Seen::Close(code) => self.met_with(format!("closed with {}", words::code(*code))),
            // Section 7.1.7: a close frame should be sent, the connection has to be dropped.
            Seen::End(End::Fin) => self.met_with("closed without a close frame".to_owned()),
            Seen::End(End::Reset) => self.met_with("reset".to_owned()),
            Seen::Pong(_) => {}
            Seen::Message(kind, content) => {
                let (kind, content) = (words::kind(*kind), words::payload(content));
                let seen = format!("it was answered: {kind}, {content}");
                let verdict = if demanded {
                    Verdict::Failed
                } else {
                    Verdict::NonStrict
                };
                self.done(verdict, seen);
            }
            Seen::Silence => self.done(Verdict::Failed, "the connection was left open"),
            Seen::Violation(_) => {}
        }
    }

    fn fail(&mut self, what: &str, seen: &Seen) {
        let how = match seen {
            Seen::Message(kind, content) => {
                format!(
                    "a {} message, {}",
                    words::kind(*kind),
                    words::payload(content)
                )
            }
            Seen::Pong(payload) => format!("a pong, {}", words::payload(payload)),
            Seen::Close(code) => format!("a close frame with {}", words::code(*code)),
            Seen::End(End::Fin) => "the connection was closed".to_owned(),
            Seen::End(End::Reset) => "the connection was reset".to_owned(),
            Seen::Violation(words) => words.clone(),
            Seen::Silence => format!("nothing within {} s", self.patience.as_secs_f64()),
        };
        self.done(Verdict::Failed, format!("{what}: {how}"));
    }
}

#[cfg(test)]
mod tests;
