//! One case under way: it says what to write and how long to read, and is told what came.
//!
//! A state machine without a socket or a clock. It answers the server's pings, judges every frame
//! by the RFC whatever the case is about, and ends with the first thing that decides the case.

use std::collections::VecDeque;
use std::time::Duration;

use wsbench_dialogue::{
    ConnectionEnd, Dialogue, DialogueStep, Expectation, Next, ReceivedMessage, Seen, Sent, Upshot,
};
use wsbench_setting::{Text, Told as _};
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{ClientHandshake, HandshakeError, MAX_HEAD};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

use crate::case::{Case, OpeningDeviation};
use crate::compressing::Compressing;
use crate::finding::{CaseVerdict, Finding};

/// The longest message that is looked at, octets.
const LONGEST: u64 = 64 * 1024 * 1024;
/// The mask of pongs that answer the server's pings, and of what is framed here.
const MASK: MaskKey = MaskKey([0x5a, 0xa5, 0x3c, 0xc3]);

/// Next task of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerTask {
    /// Write all of this.
    Write(Vec<u8>),
    /// Write this octet by octet, each in a segment of its own.
    WriteSlowly(Vec<u8>),
    /// Read once, and tell [`CaseExamination::on_bytes`], [`CaseExamination::on_end`] or
    /// [`CaseExamination::on_silence`]; the latter when nothing has come after this long.
    Read(Duration),
    /// The case is decided; drop the connection.
    Done(Finding),
}

/// One case under way.
#[derive(Debug)]
pub struct CaseExamination<'a> {
    case: &'a Case,
    authority: String,
    resource: &'a str,
    patience: Duration,
    handshake: ClientHandshake,
    stage: Stage,
    dialogue: Dialogue,
    head: Vec<u8>,
    wire: Connection,
    /// There where compression was agreed upon.
    compressing: Option<Compressing>,
    message: Option<(MessageKind, Vec<u8>)>,
    to_write: VecDeque<Vec<u8>>,
    /// Messages of the server's own that are still to be passed over.
    greetings: u32,
    finding: Option<Finding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Request,
    Response,
    Steps,
}

impl<'a> CaseExamination<'a> {
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
                OpeningDeviation::Compressed(wish) => handshake.offering(wish.offer()),
                _ => handshake,
            },
            stage: Stage::Request,
            dialogue: Dialogue::default(),
            head: Vec::new(),
            wire: Connection::new(Endpoint::Client, limits, Utf8::Check),
            compressing: None,
            message: None,
            to_write: VecDeque::new(),
            greetings: 0,
            finding: None,
        }
    }

    /// The same, with so many messages of the server's own passed over: it is known to greet.
    #[must_use]
    pub fn passing_over(self, greetings: u32) -> Self {
        Self { greetings, ..self }
    }

    /// Next step to take.
    pub fn turn(&mut self) -> CallerTask {
        loop {
            if let Some(finding) = self.finding.take() {
                return CallerTask::Done(finding);
            }
            if let Some(bytes) = self.to_write.pop_front() {
                return CallerTask::Write(bytes);
            }
            match self.stage {
                Stage::Request => {
                    self.stage = Stage::Response;
                    let request = self.request();
                    return match self.case.opening {
                        OpeningDeviation::OctetByOctet => CallerTask::WriteSlowly(request),
                        _ => CallerTask::Write(request),
                    };
                }
                Stage::Response => return CallerTask::Read(self.patience),
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
    pub fn on_end(&mut self, end: ConnectionEnd) {
        match self.stage {
            Stage::Request | Stage::Response => self.on_no_response(match end {
                ConnectionEnd::Fin => "the connection was closed without an answer",
                ConnectionEnd::Reset => "the connection was reset without an answer",
            }),
            Stage::Steps => self.dialogue.on_seen(Seen::End(end)),
        }
    }

    /// Nothing came for as long as silence is borne.
    pub fn on_silence(&mut self) {
        match self.stage {
            Stage::Request | Stage::Response => self.on_no_response("no answer"),
            Stage::Steps => self.dialogue.on_seen(Seen::Silence(self.patience)),
        }
    }

    fn done(&mut self, verdict: CaseVerdict, seen: impl Into<Text>) {
        self.finding = Some(Finding::of(self.case, verdict, seen));
    }

    /// No HTTP answer. A request that must be refused has been, though not in words; and one that
    /// comes octet by octet may be taken for an attack.
    fn on_no_response(&mut self, seen: &'static str) {
        let opening = self.case.opening;
        let may_be_refused = opening.must_be_refused() || opening == OpeningDeviation::OctetByOctet;
        let verdict = if may_be_refused && seen != "no answer" {
            CaseVerdict::NonStrict
        } else {
            CaseVerdict::Failed
        };
        self.done(verdict, seen);
    }

    fn request(&self) -> Vec<u8> {
        let key = str::from_utf8(self.handshake.key()).unwrap_or_default();
        let (authority, resource) = (&self.authority, self.resource);
        // An origin, since some servers refuse whoever has none.
        let origin = format!("http://{authority}");
        let upgrade = match self.case.opening {
            OpeningDeviation::OtherCase => {
                "uPGRADE: WebSocket\r\nCONNECTION: keep-alive, UPGRADE\r\n".to_owned()
            }
            OpeningDeviation::NoUpgrade => "Connection: close\r\n".to_owned(),
            _ => "Upgrade: websocket\r\nConnection: Upgrade\r\n".to_owned(),
        };
        let key = match self.case.opening {
            OpeningDeviation::NoKey => String::new(),
            OpeningDeviation::ShortKey => "Sec-WebSocket-Key: c2hvcnQ=\r\n".to_owned(),
            OpeningDeviation::OtherCase => format!("SEC-WEBSOCKET-KEY: {key}\r\n"),
            _ => format!("Sec-WebSocket-Key: {key}\r\n"),
        };
        let further = match self.case.opening {
            OpeningDeviation::UnknownSubprotocol => {
                "Sec-WebSocket-Protocol: x-wsbench-nobody-knows\r\n"
            }
            OpeningDeviation::UnknownExtension => {
                "Sec-WebSocket-Extensions: x-wsbench-nobody-knows\r\n"
            }
            OpeningDeviation::UnknownParameter => {
                "Sec-WebSocket-Extensions: permessage-deflate; x-wsbench-nobody-knows\r\n"
            }
            OpeningDeviation::Compressed(wish) => {
                &format!("Sec-WebSocket-Extensions: {}\r\n", wish.offer())
            }
            _ => "",
        };
        let version = match self.case.opening {
            OpeningDeviation::OldVersion => 12,
            _ => 13,
        };
        format!(
            "GET {resource} HTTP/1.1\r\nHost: {authority}\r\n{upgrade}Origin: {origin}\r\n\
             User-Agent: wsbench/{}\r\n{further}Sec-WebSocket-Version: {version}\r\n{key}\r\n",
            env!("CARGO_PKG_VERSION")
        )
        .into_bytes()
    }

    fn judge_response(&mut self) {
        let offered = ["x-wsbench-nobody-knows".to_owned()];
        let offered: &[String] = match self.case.opening {
            OpeningDeviation::UnknownSubprotocol => &offered,
            _ => &[],
        };
        let must_be_refused = self.case.opening.must_be_refused();
        match self.handshake.read_response(&self.head, offered) {
            Ok(None) if self.head.len() <= MAX_HEAD => {}
            Ok(None) => self.done(CaseVerdict::Failed, "a head without an end"),
            // Whatever the accept key is, 101 says that it was taken for an upgrade.
            Ok(Some(_)) | Err(HandshakeError::WrongAccept { .. }) if must_be_refused => {
                self.done(CaseVerdict::Failed, "it was upgraded (101)");
            }
            Ok(Some(upgraded)) => {
                self.stage = Stage::Steps;
                if let OpeningDeviation::Compressed(wish) = self.case.opening {
                    let Some(terms) = upgraded.compression else {
                        return self.done(CaseVerdict::Declined, "the server declined compression");
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
                self.done(CaseVerdict::Failed, "it was upgraded (101)");
            }
            Err(error) => self.done(CaseVerdict::Failed, error.text()),
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
            (OpeningDeviation::OldVersion, 400..=499) if names_versions => {
                self.done(CaseVerdict::Ok, seen);
            }
            (OpeningDeviation::OldVersion, _) => {
                let seen = format!("{seen}, without the versions that it knows");
                self.done(CaseVerdict::NonStrict, seen);
            }
            (OpeningDeviation::NoUpgrade, 100..=499) | (_, 400..=499) => {
                self.done(CaseVerdict::Ok, seen);
            }
            _ => self.done(CaseVerdict::NonStrict, seen),
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
                    self.end_message(last, false);
                }
                Ok(Some(Event::Deflated { kind, bytes, last })) => {
                    let (_, whole) = self.message.get_or_insert((kind, Vec::new()));
                    let inflated = match &mut self.compressing {
                        Some(compressing) => compressing.inflate(kind, bytes, last, whole),
                        None => Ok(()), // nobody allowed compression
                    };
                    if let Err(error) = inflated {
                        self.dialogue.on_seen(Seen::Violation(error.to_string()));
                        return;
                    }
                    self.end_message(last, true);
                }
                Ok(Some(Event::Ping)) => {
                    let mut pong = FrameBuffer::new();
                    let payload = self.wire.control();
                    pong.push_frame(true, OpCode::Pong, Some(MASK), &[payload]);
                    self.to_write.push_back(pong.as_slice().to_vec());
                }
                Ok(Some(Event::Pong)) => {
                    let payload = self.wire.control().to_vec();
                    self.dialogue.on_seen(Seen::Pong(payload));
                }
                Ok(Some(Event::Close { code })) => {
                    self.dialogue.on_seen(Seen::Close(code));
                    return;
                }
                Err(error) => {
                    self.dialogue.on_seen(Seen::Violation(error.to_string()));
                    return;
                }
            }
        }
    }

    /// The message under way has come whole, if this was its `last` piece.
    fn end_message(&mut self, last: bool, is_compressed: bool) {
        let Some((kind, content)) = self.message.take_if(|_| last) else {
            return;
        };
        if self.greetings > 0 && !self.is_awaited(&content) {
            self.greetings -= 1;
            return;
        }
        let compressing = self.compressing.as_ref().filter(|_| is_compressed);
        self.dialogue.on_seen(Seen::Message(ReceivedMessage {
            kind,
            content,
            packed_in: compressing.map(Compressing::latest_payload),
        }));
    }

    /// True if a step of the case awaits this message.
    fn is_awaited(&self, content: &[u8]) -> bool {
        self.case.steps.iter().any(|step| match step {
            DialogueStep::Expect(Expectation::Message(_, pattern)) => pattern.fits(content),
            DialogueStep::Expect(Expectation::MessageOfNoise(_, message)) => message == content,
            _ => false,
        })
    }

    /// The next step; `None` when something has been decided or taken, so look again.
    fn take_step(&mut self) -> Option<CallerTask> {
        let case = self.case;
        match self.dialogue.next(&case.steps) {
            Next::Send(Sent::Octets(octets)) => Some(CallerTask::Write(octets.clone())),
            Next::Send(Sent::OctetByOctet(octets)) => Some(CallerTask::WriteSlowly(octets.clone())),
            Next::Send(Sent::Message(kind, message)) => {
                let mut frame = FrameBuffer::new();
                frame.push_frame(true, kind.opcode(), Some(MASK), &[message]);
                Some(CallerTask::Write(frame.as_slice().to_vec()))
            }
            Next::Send(Sent::Packed {
                kind,
                message,
                frames,
                mask,
            }) => {
                let compressing = self.compressing.as_mut()?; // agreed upon, or declined before
                Some(CallerTask::Write(
                    compressing.compose(*kind, message, *frames, *mask),
                ))
            }
            Next::Await(_) => Some(CallerTask::Read(self.patience)),
            Next::Over(upshot) => {
                match upshot {
                    Upshot::Met => self.done(CaseVerdict::Ok, "as expected"),
                    Upshot::Lenient(seen) => self.done(CaseVerdict::NonStrict, seen),
                    Upshot::Failed(seen) => self.done(CaseVerdict::Failed, seen),
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
