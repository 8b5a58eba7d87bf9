//! The simulated server: an echo over `wsbench_wire` in the server's role, with faults to order.
//!
//! It is given bytes and times and answers with acts, which `world` carries out. Frames that are
//! wrong on purpose are made in `fault`.

mod answering;
mod delivering;
mod unsent;

use std::collections::VecDeque;
use std::mem;

use wsbench_load::nanos::Nanos;
use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::deflate::AgreedParameters;
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{UpgradeRequest, push_rejection, read_request};
use wsbench_wire::opcode::OpCode;

use crate::compressor::PeerCompressor;
use crate::fault;
use crate::scenario::{AnswerFault, Cut, Death, Ending, Every, OpeningFault, Server as Orders};
use crate::timing::Timing;

/// Longest message that the server takes, bytes.
const LONGEST_MESSAGE: u64 = 1 << 30;

/// Names a connection for the whole run.
pub(crate) type Conn = usize;

/// Act of the server.
#[derive(Debug)]
pub(crate) enum Act {
    /// Sends bytes.
    Send(Conn, Vec<u8>),
    /// Sends bytes one at a time, one each of this span.
    Drip(Conn, Vec<u8>, Nanos),
    /// Sends bytes at this time.
    SendAt(Nanos, Conn, Vec<u8>),
    /// Closes its sending side.
    Fin(Conn),
    /// Resets the connection.
    Reset(Conn),
    /// Will have worked on this by then: `on_finished` is to be called.
    Work(Nanos, Work),
}

/// A message that the server works on.
#[derive(Debug)]
pub(crate) struct Work {
    conn: Conn,
    kind: MessageKind,
    bytes: Vec<u8>,
    fault: Option<AnswerFault>,
    /// It is a copy for this connection of a message for all.
    is_delivery: bool,
}

/// Reception of a connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    Accepted,
    Refused,
    Swallowed,
}

/// The server and its ends of all connections.
#[derive(Debug)]
pub(crate) struct Server {
    orders: Orders,
    timing: Timing,
    /// Chances of deliveries.
    random: fastrand::Rng,
    /// Deliveries so far.
    deliveries: u64,
    /// Acknowledgements so far.
    acks: u64,
    /// Streams so far.
    streams: u64,
    /// Until when the deliveries so far are being made.
    delivering_until: Nanos,
    /// A connection for which nobody is sent to.
    held_up_by: Option<Conn>,
    /// Messages that would have been sent meanwhile.
    held: VecDeque<Work>,
    peers: Vec<Option<ServerEnd>>,
    accepted: u64,
    down: Option<Death>,
    out: FrameBuffer,
    /// Acts that are to be carried out after each call.
    pub(crate) acts: Vec<Act>,
    /// Whole messages received.
    pub(crate) messages: u64,
    /// Instants at which they were received.
    pub(crate) arrivals: Vec<Nanos>,
    /// Requests and frames received that break the protocol.
    pub(crate) violations: u64,
}

#[derive(Debug)]
struct ServerEnd {
    /// Bytes that have come and that the server has not taken.
    inbox: Vec<u8>,
    opening: Option<OpeningFault>,
    head: Vec<u8>,
    /// After the upgrade.
    wire: Option<Connection>,
    /// Compressor, where compression was agreed upon.
    compressor: Option<Box<PeerCompressor>>,
    message: Vec<u8>,
    messages: u64,
    /// The rooms that it has joined, the latest last, of a server that sends to all of one.
    rooms: Vec<Vec<u8>>,
    /// Messages that it was to be told of.
    acks: u64,
    /// Answers no message.
    silent: bool,
    /// Reads nothing.
    stalled: bool,
    /// Has sent its close frame.
    closing: bool,
    life: Life,
    /// An answer that waits for the next one, to be swapped or merged with it.
    waiting: Option<(AnswerFault, MessageKind, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open,
    /// Closed on the server's side: what comes is answered with a reset.
    Closed,
    /// Went down with the machine.
    Vanished,
}

impl Server {
    pub(crate) fn new(orders: Orders, random: fastrand::Rng) -> Self {
        let mut of_deliveries = random.clone();
        let timing = Timing::new(&orders, random);
        Self {
            orders,
            timing,
            random: of_deliveries.fork(),
            deliveries: 0,
            acks: 0,
            streams: 0,
            delivering_until: Nanos::ZERO,
            held_up_by: None,
            held: VecDeque::new(),
            peers: Vec::new(),
            accepted: 0,
            down: None,
            out: FrameBuffer::new(),
            acts: Vec::new(),
            messages: 0,
            arrivals: Vec::new(),
            violations: 0,
        }
    }

    /// Instant at which the server, called at `now`, runs: then, or at the end of the stall that it
    /// is in.
    pub(crate) fn runs_at(&self, now: Nanos) -> Nanos {
        self.timing.runs_at(now)
    }

    // --- What comes over the network ---

    pub(crate) fn on_connect(&mut self, conn: Conn) -> Reception {
        match self.down {
            Some(Death::Machine) => return Reception::Swallowed,
            Some(Death::Process | Death::ProcessWithReset) => return Reception::Refused,
            None => {}
        }
        self.accepted += 1;
        if self.peers.len() <= conn {
            self.peers.resize_with(conn + 1, || None);
        }
        let opening = Every::hitting(self.orders.opening, self.accepted);
        let mut peer = ServerEnd {
            inbox: Vec::new(),
            opening,
            head: Vec::new(),
            wire: None,
            compressor: None,
            message: Vec::new(),
            messages: 0,
            rooms: Vec::new(),
            acks: 0,
            silent: Every::hitting(self.orders.silent, self.accepted).is_some(),
            stalled: false,
            closing: false,
            life: Life::Open,
            waiting: None,
        };
        match opening {
            Some(OpeningFault::Closed) => {
                peer.life = Life::Closed;
                self.acts.push(Act::Fin(conn));
            }
            Some(OpeningFault::Reset) => {
                peer.life = Life::Closed;
                self.acts.push(Act::Reset(conn));
            }
            _ => {}
        }
        self.peers[conn] = Some(peer);
        Reception::Accepted
    }

    /// Bytes have come to the server's kernel; `attend` has the server read them.
    pub(crate) fn on_segment(&mut self, conn: Conn, bytes: &[u8]) {
        let is_up = self.down != Some(Death::Machine);
        let Some(peer) = self.peers.get_mut(conn).and_then(Option::as_mut) else {
            return;
        };
        match peer.life {
            Life::Open => peer.inbox.extend_from_slice(bytes),
            Life::Closed | Life::Vanished if is_up => self.acts.push(Act::Reset(conn)),
            Life::Closed | Life::Vanished => {}
        }
    }

    /// The client has closed its socket.
    pub(crate) fn on_gone(&mut self, conn: Conn) {
        if let Some(peer) = self.peers.get_mut(conn) {
            *peer = None;
        }
        self.on_all_sent(conn);
    }

    /// The server reads what has come; returns how many bytes it took.
    pub(crate) fn attend(&mut self, now: Nanos, conn: Conn) -> usize {
        let Some(peer) = self.open_peer(conn).filter(|peer| !peer.stalled) else {
            return 0;
        };
        let mut bytes = mem::take(&mut peer.inbox);
        let taken = bytes.len();
        if peer.wire.is_some() {
            self.read_frames(now, conn, &mut bytes);
        } else {
            peer.head.append(&mut bytes);
            self.read_head(now, conn);
        }
        taken
    }

    // --- What happens to the server ---

    pub(crate) fn on_death(&mut self, death: Death) {
        self.down = Some(death);
        for (conn, peer) in self.peers.iter_mut().enumerate() {
            let Some(peer) = peer.as_mut().filter(|peer| peer.life == Life::Open) else {
                continue;
            };
            peer.life = Life::Closed;
            match death {
                Death::Process => self.acts.push(Act::Fin(conn)),
                Death::ProcessWithReset => self.acts.push(Act::Reset(conn)),
                Death::Machine => peer.life = Life::Vanished,
            }
        }
    }

    pub(crate) fn on_return(&mut self) {
        self.down = None;
    }

    /// The server has worked on a message at `now`: the answer leaves.
    pub(crate) fn on_finished(&mut self, now: Nanos, work: Work) {
        if self.is_held_up() {
            return self.held.push_back(work);
        }
        let is_for_others = self.orders.broadcast.is_some() || self.orders.acks.is_some();
        if is_for_others && !work.is_delivery {
            if let Some(room) = delivering::joined(&work.bytes) {
                return self.join(work.conn, room);
            }
            if let Some(orders) = self.orders.broadcast.clone() {
                self.deliver_to_all(now, &orders, &work);
            }
            return self.acknowledge(now, work.conn);
        }
        let (tells_time, streams) = (self.orders.pushes.is_some(), self.orders.streams);
        let conn = work.conn;
        let Some(peer) = self.open_peer(conn).filter(|p| !p.closing && !p.silent) else {
            return;
        };
        let Work {
            kind,
            bytes,
            fault,
            is_delivery,
            ..
        } = work;
        if is_delivery {
            return self.answer(conn, kind, &bytes, fault);
        }
        if tells_time && delivering::asks_time(&bytes) {
            return self.tell_time(now, conn);
        }
        if let Some(orders) = streams
            && bytes.starts_with(b"{")
        {
            return self.stream(now, conn, kind, &bytes, orders);
        }
        match peer.waiting.take() {
            Some((AnswerFault::Merged, first_kind, mut first)) => {
                first.extend_from_slice(&bytes);
                self.answer(conn, first_kind, &first, None);
            }
            Some((_, first_kind, first)) => {
                self.answer(conn, kind, &bytes, None);
                self.answer(conn, first_kind, &first, None);
            }
            None => match fault {
                Some(fault @ (AnswerFault::Swapped | AnswerFault::Merged)) => {
                    peer.waiting = Some((fault, kind, bytes));
                }
                fault => self.answer(conn, kind, &bytes, fault),
            },
        }
    }

    // --- The opening handshake ---

    fn read_head(&mut self, now: Nanos, conn: Conn) {
        let wish = self.orders.compression;
        let Some(peer) = self.open_peer(conn) else {
            return;
        };
        if peer.opening == Some(OpeningFault::Silence) {
            return;
        }
        match read_request(&peer.head) {
            Ok(None) => {}
            Ok(Some(request)) => {
                let mut rest = peer.head.split_off(request.consumed);
                let limits = Limits {
                    max_message: LONGEST_MESSAGE,
                };
                let mut wire = Connection::new(Endpoint::Server, limits, Utf8::Check);
                let terms = wish.and_then(|wish| request.compression(&wish));
                if let (Some(wish), Some(terms)) = (wish, &terms) {
                    wire.allow_compression();
                    peer.compressor = Some(Box::new(PeerCompressor::new(terms, &wish, limits)));
                }
                peer.wire = Some(wire);
                self.respond(now, conn, &request, terms.as_ref());
                self.read_frames(now, conn, &mut rest);
            }
            Err(error) => {
                self.violations += 1;
                push_rejection(&mut self.out, error.rejection());
                self.send_out(conn);
                self.close(conn, Act::Fin(conn));
            }
        }
    }

    fn respond(
        &mut self,
        now: Nanos,
        conn: Conn,
        request: &UpgradeRequest,
        compression: Option<&AgreedParameters>,
    ) {
        let Some(peer) = self.open_peer(conn) else {
            return;
        };
        let opening = peer.opening;
        fault::push_response(&mut self.out, request, compression, opening);
        if let Some(OpeningFault::Slow(gap)) = opening {
            let bytes = self.out.as_slice().to_vec();
            self.out.clear();
            self.acts.push(Act::Drip(conn, bytes, gap));
            return;
        }
        if let Some(at) = self.timing.accepts(now) {
            let bytes = self.out.as_slice().to_vec();
            self.out.clear();
            self.acts.push(Act::SendAt(at, conn, bytes));
        }
        self.send_out(conn);
        match opening {
            Some(OpeningFault::CutHead | OpeningFault::Status(_)) => {
                self.close(conn, Act::Fin(conn));
            }
            Some(OpeningFault::WithClose(_)) => self.set_closing(conn),
            _ => {}
        }
    }

    // --- Frames ---

    fn read_frames(&mut self, now: Nanos, conn: Conn, bytes: &mut [u8]) {
        let Some(mut wire) = self.open_peer(conn).and_then(|peer| peer.wire.take()) else {
            return;
        };
        let mut input = bytes;
        while self.open_peer(conn).is_some() {
            match wire.receive(&mut input) {
                Ok(None) => break,
                Ok(Some(Event::Data {
                    kind, bytes, last, ..
                })) => self.on_piece(now, conn, kind, bytes, last),
                Ok(Some(Event::Deflated { kind, bytes, last })) => {
                    let compressor = self
                        .open_peer(conn)
                        .and_then(|peer| peer.compressor.as_mut());
                    match compressor.map(|compressor| compressor.inflate(kind, bytes, last)) {
                        Some(Ok(piece)) => self.on_piece(now, conn, kind, &piece, last),
                        _ => self.violations += 1,
                    }
                }
                Ok(Some(Event::Ping)) if self.orders.is_deaf_to_pings => {}
                Ok(Some(Event::Ping)) => {
                    let pong = wire.control();
                    self.out.push_frame(true, OpCode::Pong, None, &[pong]);
                    self.send_out(conn);
                }
                Ok(Some(Event::Pong)) => {}
                Ok(Some(Event::Close { code })) => self.on_close_frame(conn, code),
                Err(error) => {
                    self.violations += 1;
                    push_close(&mut self.out, None, Some(error.close_code()), "");
                    self.send_out(conn);
                    self.close(conn, Act::Fin(conn));
                }
            }
        }
        if let Some(peer) = self.open_peer(conn) {
            peer.wire = Some(wire);
        }
    }

    fn on_piece(&mut self, now: Nanos, conn: Conn, kind: MessageKind, piece: &[u8], last: bool) {
        let Some(peer) = self.open_peer(conn) else {
            return;
        };
        peer.message.extend_from_slice(piece);
        if last {
            peer.messages += 1;
            let bytes = mem::take(&mut peer.message);
            self.messages += 1;
            self.arrivals.push(now);
            self.on_message(now, conn, kind, bytes);
        }
    }

    fn on_message(&mut self, now: Nanos, conn: Conn, kind: MessageKind, bytes: Vec<u8>) {
        let disruption = self.orders.disruption;
        let fault = Every::hitting(self.orders.answers, self.messages);
        let Some(peer) = self.open_peer(conn) else {
            return;
        };
        if let Some(cut) = disruption.filter(|cut| cut.at_message == peer.messages) {
            return self.cut(conn, cut.how, kind, &bytes);
        }
        if peer.silent || peer.closing || fault == Some(AnswerFault::Dropped) {
            return;
        }
        let Some(mut at) = self.timing.finishes(now) else {
            return;
        };
        if let Some(AnswerFault::Late(by)) = fault {
            at += by;
        }
        let work = Work {
            conn,
            kind,
            bytes,
            fault,
            is_delivery: false,
        };
        self.acts.push(Act::Work(at, work));
    }

    fn answer(&mut self, conn: Conn, kind: MessageKind, bytes: &[u8], fault: Option<AnswerFault>) {
        let to = match fault {
            Some(AnswerFault::CrossTalk) => match self.another(conn) {
                Some(other) => other,
                None => return,
            },
            _ => conn,
        };
        match self.take_compressor(to) {
            Some(mut compressor) => {
                fault::push_compressed(&mut self.out, &mut compressor, kind, bytes, fault);
                if let Some(peer) = self.open_peer(to) {
                    peer.compressor = Some(compressor);
                }
            }
            None => fault::push_answer(&mut self.out, kind, bytes, fault),
        }
        self.send_out(to);
    }

    fn take_compressor(&mut self, conn: Conn) -> Option<Box<PeerCompressor>> {
        self.open_peer(conn)?.compressor.take()
    }

    // --- Ending connections ---

    fn on_close_frame(&mut self, conn: Conn, code: Option<u16>) {
        let Some(peer) = self.open_peer(conn) else {
            return;
        };
        if peer.closing {
            return self.close(conn, Act::Fin(conn)); // it is the reply to ours
        }
        match self.orders.ending {
            Ending::Proper => {
                push_close(&mut self.out, None, code, "");
                self.send_out(conn);
                self.close(conn, Act::Fin(conn));
            }
            Ending::NoFin => {
                push_close(&mut self.out, None, code, "");
                self.send_out(conn);
                self.set_closing(conn);
            }
            Ending::NoReply => self.close(conn, Act::Fin(conn)),
            Ending::Reset => self.close(conn, Act::Reset(conn)),
            Ending::Silence => {}
        }
    }

    fn cut(&mut self, conn: Conn, how: Cut, kind: MessageKind, bytes: &[u8]) {
        match how {
            Cut::Close(_) | Cut::CloseWithoutCode | Cut::CloseAndFin(_) => {
                let code = match how {
                    Cut::Close(code) | Cut::CloseAndFin(code) => Some(code),
                    _ => None,
                };
                push_close(&mut self.out, None, code, "enough");
                self.send_out(conn);
                self.set_closing(conn);
                if matches!(how, Cut::CloseAndFin(_)) {
                    self.close(conn, Act::Fin(conn));
                }
            }
            Cut::Fin => self.close(conn, Act::Fin(conn)),
            Cut::Reset => self.close(conn, Act::Reset(conn)),
            Cut::ResetMidFrame => {
                self.out.push_frame(true, kind.opcode(), None, &[bytes]);
                let half = self.out.as_slice()[..self.out.len() / 2].to_vec();
                self.out.clear();
                self.acts.push(Act::Send(conn, half));
                self.close(conn, Act::Reset(conn));
            }
            Cut::HalfClose => {
                self.acts.push(Act::Fin(conn));
                if let Some(peer) = self.open_peer(conn) {
                    peer.silent = true;
                }
            }
            Cut::Stalled => {
                if let Some(peer) = self.open_peer(conn) {
                    (peer.silent, peer.stalled) = (true, true);
                }
            }
        }
    }

    fn close(&mut self, conn: Conn, with: Act) {
        if let Some(peer) = self.open_peer(conn) {
            peer.life = Life::Closed;
            self.acts.push(with);
        }
    }

    fn set_closing(&mut self, conn: Conn) {
        if let Some(peer) = self.open_peer(conn) {
            peer.closing = true;
        }
    }

    fn send_out(&mut self, conn: Conn) {
        let bytes = self.out.as_slice().to_vec();
        self.out.clear();
        if !bytes.is_empty() {
            self.acts.push(Act::Send(conn, bytes));
        }
    }

    fn open_peer(&mut self, conn: Conn) -> Option<&mut ServerEnd> {
        let peer = self.peers.get_mut(conn)?.as_mut()?;
        (peer.life == Life::Open).then_some(peer)
    }
}
