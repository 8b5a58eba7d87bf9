//! The engine for WebSockets over HTTP/2 (RFC 8441): many of them on each connection of an engine
//! below.
//!
//! Slots are the worker's WebSockets; the engine below has slots of its own, the carriers. A carrier
//! is opened when none has room, and kept for whoever comes later. What goes over it is
//! `transport::http2`'s affair; the worker sees sockets as over TCP, its handshake of HTTP/1.1
//! included.

use std::io::{self, ErrorKind};

use wsbench_load::nanos::Nanos;
use wsbench_load::result::ThreadUsage;
use wsbench_load::session::Opened;
use wsbench_transport::dial::UnixError;
use wsbench_transport::http2::{Carrier, CarrierStanding, Channel, Http2Error};
use wsbench_transport::openings::Layer;
use wsbench_wire::proxy::ProxyError;

use crate::engine::{Engine, Ready, Received};

/// Octets read from a carrier at a time.
const READ_AT_MOST: usize = 64 * 1024;
/// Full reads of one carrier in a row, before others have their turn.
const READS_IN_A_ROW: usize = 16;

/// WebSockets of one worker, on the connections of `E`.
#[derive(Debug)]
pub(crate) struct Multiplexed<E> {
    engine: E,
    /// True where the connections below are encrypted: the scheme that requests name.
    is_secure: bool,
    /// WebSockets on one carrier at most; the server may allow fewer.
    streams: usize,
    carriers: Vec<Option<Carrying>>,
    states: Vec<Option<StreamState>>,
    /// Readiness that is to be told with the next wait, which does not wait then.
    told: Vec<Ready>,
    events: Vec<Ready>,
    woken: Vec<usize>,
    /// Carriers that have more to read, which no readiness tells again.
    unread: Vec<Ready>,
    buffer: Box<[u8]>,
}

/// A connection of the engine below.
#[derive(Debug, Default)]
struct Carrying {
    /// `None` while the connection below is being established.
    http: Option<Carrier>,
    /// History of its opening, until a WebSocket has taken it for its own.
    opened: Option<Opened>,
    /// WebSockets that are on it, or wait to be.
    sockets: usize,
    /// Those that may open their stream, or have.
    granted: usize,
    /// Slots that wait until it is up.
    waiting: Vec<usize>,
    /// Instant at which the bytes read last had come, by the kernel's stamp.
    arrived: Option<Nanos>,
    /// A WebSocket has waited for it in vain: nobody else shall.
    is_given_up: bool,
    /// Why it is over.
    failed: Option<io::Error>,
    /// Layer that was being made of it when it failed.
    failed_in: Option<Layer>,
}

/// A WebSocket.
#[derive(Debug)]
struct StreamState {
    carrier: usize,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The carrier is not up, or has no room after all.
    Waiting,
    /// It has its place, and a stream once that is asked for.
    Granted(Channel),
}

impl<E: Engine> Multiplexed<E> {
    /// At most `streams` WebSockets (at least 1) on each connection of `engine`, which has as many
    /// slots as are given here.
    pub(crate) fn new(engine: E, slots: usize, streams: usize, is_secure: bool) -> Self {
        Self {
            engine,
            is_secure,
            streams,
            carriers: std::iter::repeat_with(|| None).take(slots).collect(),
            states: std::iter::repeat_with(|| None).take(slots).collect(),
            told: Vec::new(),
            events: Vec::new(),
            woken: Vec::new(),
            unread: Vec::new(),
            buffer: vec![0; READ_AT_MOST].into(),
        }
    }

    /// A carrier with room, opened for it where there was none.
    fn carrier_with_room(&mut self) -> io::Result<usize> {
        let streams = self.streams;
        let has_room = |carrying: &Option<Carrying>| {
            carrying
                .as_ref()
                .is_some_and(|carrying| carrying.has_room(streams))
        };
        if let Some(with_room) = self.carriers.iter().position(has_room) {
            return Ok(with_room);
        }
        let vacant = self.carriers.iter().position(Option::is_none);
        let vacant = vacant.expect("no more carriers than WebSockets, and this one has none");
        self.engine.open(vacant)?;
        self.carriers[vacant] = Some(Carrying::default());
        Ok(vacant)
    }

    /// Something has happened below: reads all there is and goes on from there.
    fn on_event(&mut self, event: Ready) {
        let number = event.slot;
        let Some(carrying) = &mut self.carriers[number] else {
            return;
        };
        if carrying.failed.is_some() {
            return;
        }
        if carrying.http.is_none() {
            match self.engine.established(number) {
                Ok(None) => return,
                Ok(Some(opened)) => {
                    carrying.opened = Some(opened);
                    carrying.http = Some(Carrier::new());
                }
                Err(error) => return self.fail(number, error),
            }
        }
        let read = self.read_on(number, event.closed);
        self.turn(number);
        match read {
            Ok(true) => self.unread.push(event),
            Ok(false) => {}
            Err(error) => self.fail(number, error),
        }
        if self.http(number).is_some_and(|http| http.is_flooded()) {
            let words = "it sends more than anybody has asked for".to_owned();
            self.fail(number, io::Error::other(Http2Error::Violation(words)));
        }
    }

    /// Reads what is there, up to a bound; says whether there may be more.
    fn read_on(&mut self, number: usize, closed: bool) -> io::Result<bool> {
        let Some(carrying) = &mut self.carriers[number] else {
            return Ok(false);
        };
        let Some(http) = &mut carrying.http else {
            return Ok(false);
        };
        for _ in 0..READS_IN_A_ROW {
            match self.engine.read(number, &mut self.buffer) {
                Ok(Received { len: 0, .. }) => {
                    http.end();
                    return Ok(false);
                }
                Ok(Received { len, arrived }) => {
                    carrying.arrived = arrived;
                    http.receive(&self.buffer[..len]);
                    let may_be_more = len == self.buffer.len() || closed;
                    if !may_be_more && !self.engine.has_ended(number) {
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Lets a carrier do what there is to do, writes what it has to say, and notes whom that
    /// concerns.
    fn turn(&mut self, number: usize) {
        let Some(http) = self.http(number) else {
            return;
        };
        http.turn();
        let sent = self.send(number);
        if sent.as_ref().is_err_and(|error| !is_for_later(error)) {
            // Why it takes nothing any more may be the last that the server has said.
            let _ = self.read_on(number, true);
            if let Some(http) = self.http(number) {
                http.turn();
            }
        }
        let Some(carrying) = &mut self.carriers[number] else {
            return;
        };
        let Some(http) = &mut carrying.http else {
            return;
        };
        http.take_woken(&mut self.woken);
        self.told.extend(self.woken.drain(..).map(|slot| Ready {
            readable: true,
            ..writable(slot)
        }));
        let (is_up, over) = match http.standing() {
            CarrierStanding::Over(error) => (false, Some(io::Error::other(error.clone()))),
            standing => (standing == CarrierStanding::Up, None),
        };
        let failed = match (over, sent) {
            (Some(error), _) => Some(error),
            (None, Err(error)) if !is_for_later(&error) => Some(error),
            // Nobody is on it, and nobody can come: those that wait are better off elsewhere.
            _ if is_up && carrying.granted == 0 => carrying.refusal().map(io::Error::other),
            _ => None,
        };
        if is_up && failed.is_none() {
            let waiting = carrying.waiting.drain(..);
            self.told.extend(waiting.map(writable));
        }
        if let Some(error) = failed {
            self.fail(number, error);
        }
    }

    /// Writes what a carrier has to say.
    fn send(&mut self, number: usize) -> io::Result<()> {
        let Some(Carrying {
            http: Some(http), ..
        }) = &mut self.carriers[number]
        else {
            return Ok(());
        };
        http.send(|bytes| self.engine.write(number, bytes))
    }

    /// A carrier that is at work.
    fn http(&mut self, number: usize) -> Option<&mut Carrier> {
        let carrying = self.carriers[number].as_mut();
        carrying.filter(|it| it.failed.is_none())?.http.as_mut()
    }

    /// A carrier is over, and all on it with it.
    fn fail(&mut self, number: usize, error: io::Error) {
        let Some(carrying) = &mut self.carriers[number] else {
            return;
        };
        if carrying.failed.is_some() {
            return;
        }
        carrying.failed_in = Some(carrying.under_way(&self.engine, number));
        carrying.failed = Some(error);
        carrying.waiting.clear();
        self.engine.close(number);
        let on_it = self.states.iter().enumerate();
        let on_it = on_it.filter(|(_, stream_state)| {
            stream_state.as_ref().is_some_and(|it| it.carrier == number)
        });
        self.told.extend(on_it.map(|(slot, _)| Ready {
            readable: true,
            closed: true,
            ..writable(slot)
        }));
        self.tidy(number);
    }

    /// Forgets a carrier that is over once nobody is on it.
    fn tidy(&mut self, number: usize) {
        let is_over = |carrying: &mut Carrying| carrying.failed.is_some() && carrying.sockets == 0;
        self.carriers[number].take_if(is_over);
    }

    fn stream_state(&mut self, slot: usize) -> io::Result<(&mut StreamState, &mut Carrying)> {
        let stream_state = self.states[slot].as_mut().ok_or(ErrorKind::NotConnected)?;
        let carrying = self.carriers[stream_state.carrier].as_mut();
        Ok((stream_state, carrying.ok_or(ErrorKind::NotConnected)?))
    }
}

impl Carrying {
    /// The layer that is being made of it, on slot `number` of `engine`.
    fn under_way(&self, engine: &impl Engine, number: usize) -> Layer {
        match (self.failed_in, &self.http) {
            (Some(layer), _) => layer,
            (None, Some(_)) => Layer::Http2,
            (None, None) => engine.under_way(number),
        }
    }

    /// As many WebSockets as it may carry; `None` while that is not known.
    fn limit(&self, streams: usize) -> Option<usize> {
        let http = self.http.as_ref()?;
        match http.standing() {
            CarrierStanding::Up => Some(http.streams().map_or(0, |allowed| streams.min(allowed))),
            CarrierStanding::Settling | CarrierStanding::Over(_) => None,
        }
    }

    /// Why it carries no further WebSocket, where that is so.
    fn refusal(&self) -> Option<Http2Error> {
        match self.http.as_ref()?.streams() {
            Ok(0) => {
                let words = "the server allows no streams".to_owned();
                Some(Http2Error::Violation(words))
            }
            Ok(_) => None,
            Err(error) => Some(error),
        }
    }

    fn has_room(&self, streams: usize) -> bool {
        let is_taken = self.failed.is_some() || self.is_given_up;
        !is_taken && self.sockets < self.limit(streams).unwrap_or(streams)
    }
}

impl<E: Engine> Engine for Multiplexed<E> {
    fn now(&self) -> Nanos {
        self.engine.now()
    }

    fn open(&mut self, slot: usize) -> io::Result<()> {
        let number = self.carrier_with_room()?;
        let carrying = self.carriers[number].as_mut();
        let carrying = carrying.ok_or(ErrorKind::NotConnected)?;
        carrying.sockets += 1;
        if carrying.limit(self.streams).is_some() {
            self.told.push(writable(slot));
        } else {
            carrying.waiting.push(slot);
        }
        self.states[slot] = Some(StreamState {
            carrier: number,
            stage: Stage::Waiting,
        });
        Ok(())
    }

    fn established(&mut self, slot: usize) -> io::Result<Option<Opened>> {
        let streams = self.streams;
        let (stream_state, carrying) = self.stream_state(slot)?;
        if let Some(error) = &carrying.failed {
            return Err(copy(error));
        }
        let Some(limit) = carrying.limit(streams) else {
            return Ok(None);
        };
        if carrying.granted >= limit {
            // The server allows fewer than were put on it before it had said so.
            carrying.sockets -= 1;
            self.states[slot] = None;
            self.open(slot)?;
            return Ok(None);
        }
        carrying.granted += 1;
        stream_state.stage = Stage::Granted(Channel::new());
        Ok(Some(carrying.opened.take().unwrap_or(Opened {
            tcp_at: None,
            proxy_took: None,
            tls: None,
        })))
    }

    fn under_way(&self, slot: usize) -> Layer {
        let stream_state = self.states[slot].as_ref();
        let on = stream_state.and_then(|stream_state| {
            Some((
                stream_state.carrier,
                self.carriers[stream_state.carrier].as_ref()?,
            ))
        });
        on.map_or(Layer::Connect, |(number, carrying)| {
            carrying.under_way(&self.engine, number)
        })
    }

    fn write(&mut self, slot: usize, bytes: &[u8]) -> io::Result<usize> {
        let is_secure = self.is_secure;
        let (stream_state, carrying) = self.stream_state(slot)?;
        let number = stream_state.carrier;
        let written = match &mut stream_state.stage {
            Stage::Waiting => return Err(ErrorKind::NotConnected.into()),
            Stage::Granted(channel) => {
                let http = carrying.http.as_mut().ok_or(ErrorKind::NotConnected)?;
                channel.write(bytes, http, slot, is_secure)?
            }
        };
        self.turn(number);
        Ok(written)
    }

    fn read(&mut self, slot: usize, buffer: &mut [u8]) -> io::Result<Received> {
        let (stream_state, carrying) = self.stream_state(slot)?;
        let outcome = match &mut stream_state.stage {
            Stage::Granted(channel) => channel.read(buffer),
            Stage::Waiting => Err(ErrorKind::WouldBlock.into()),
        };
        let outcome = match (outcome, &carrying.failed) {
            // A stream only knows that it was cut; why is known of the connection.
            (Err(error), Some(failed))
                if is_for_later(&error) || http2(&error) == Some(&Http2Error::Cut) =>
            {
                Err(copy(failed))
            }
            (outcome, _) => outcome,
        };
        let arrived = carrying.arrived;
        let wants_turn = carrying.http.as_ref().is_some_and(Carrier::wants_turn);
        let number = stream_state.carrier;
        if wants_turn {
            self.turn(number);
        }
        match outcome {
            Ok(len) => Ok(Received { len, arrived }),
            // The end of TCP is the end of what is on it, as it would be without HTTP/2.
            Err(error) if http2(&error) == Some(&Http2Error::Cut) => {
                Ok(Received { len: 0, arrived })
            }
            Err(error) => Err(error),
        }
    }

    fn has_ended(&self, slot: usize) -> bool {
        match &self.states[slot] {
            Some(StreamState {
                stage: Stage::Granted(channel),
                ..
            }) => channel.has_ended(),
            _ => false,
        }
    }

    fn close(&mut self, slot: usize) {
        let Some(StreamState { carrier, stage }) = self.states[slot].take() else {
            return;
        };
        let mut is_vain = false;
        if let Some(carrying) = &mut self.carriers[carrier] {
            carrying.sockets -= 1;
            match stage {
                Stage::Waiting => {
                    carrying.waiting.retain(|waiting| *waiting != slot);
                    carrying.is_given_up |= carrying.limit(self.streams).is_none();
                }
                Stage::Granted(channel) => {
                    carrying.granted -= 1;
                    channel.close();
                }
            }
            // It may have come up after all, for others that waited on.
            is_vain = carrying.is_given_up && carrying.sockets == 0;
        }
        self.turn(carrier);
        if is_vain {
            self.fail(carrier, ErrorKind::TimedOut.into());
        }
        self.tidy(carrier);
    }

    fn wait(&mut self, now: Nanos, until: Nanos, ready: &mut Vec<Ready>) -> io::Result<()> {
        let is_idle = self.told.is_empty() && self.unread.is_empty();
        let until = if is_idle { until } else { now };
        let unread = std::mem::take(&mut self.unread);
        let mut events = std::mem::take(&mut self.events);
        let waited = self.engine.wait(now, until, &mut events);
        for event in events.drain(..) {
            self.on_event(event);
        }
        self.events = events;
        for event in unread {
            self.on_event(event);
        }
        ready.append(&mut self.told);
        waited
    }

    fn usage(&self) -> ThreadUsage {
        self.engine.usage()
    }
}

/// A WebSocket that can be gone on with, though nothing has come.
const fn writable(slot: usize) -> Ready {
    Ready {
        slot,
        readable: false,
        writable: true,
        closed: false,
    }
}

/// True if it is no failure, and the same will do later.
fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// The fault of HTTP/2 within an error.
pub(crate) fn http2(error: &io::Error) -> Option<&Http2Error> {
    error.get_ref()?.downcast_ref()
}

/// The same error once more, for all on a carrier fail of it; with what names it within.
fn copy(error: &io::Error) -> io::Error {
    fn within<T: std::error::Error + Clone + Send + Sync + 'static>(
        error: &io::Error,
    ) -> Option<io::Error> {
        let inner = error.get_ref()?.downcast_ref::<T>()?;
        Some(io::Error::new(error.kind(), inner.clone()))
    }
    if let Some(code) = error.raw_os_error() {
        return io::Error::from_raw_os_error(code);
    }
    within::<Http2Error>(error)
        .or_else(|| within::<rustls::Error>(error))
        .or_else(|| within::<ProxyError>(error))
        .or_else(|| within::<UnixError>(error))
        .unwrap_or_else(|| io::Error::new(error.kind(), error.to_string()))
}
