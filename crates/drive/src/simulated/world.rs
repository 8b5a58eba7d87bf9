//! The simulated network and its time: a queue of what will happen, in the order of its time.
//!
//! It moves bytes between the links of the generator and the server, and it is the engine that
//! the worker runs over. Time passes only when the worker waits, reads the clock or calls the
//! kernel. What the server does is `server`'s affair.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::mem;

use nix::errno::Errno;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::ThreadUsage;
use wsbench_load::session::Opened;

use crate::engine::{Engine, Ready, Received};
use crate::shared::StopSignal;

use super::link::Link;
use super::scenario::{ConnectFault, Death, Every, Machine, Network, Pause, Scenario};
use super::server::{Act, Conn, Reception, Server, Work};

/// No run of any test takes as long as this on simulated time.
const END_OF_TIME: Nanos = Nanos::from_secs(3_600);
/// Waits in a row that were over before they began: more than any burst of deadlines.
const IDLE_TURNS: u32 = 100_000;

/// The simulated network, server and clock.
#[derive(Debug)]
pub(super) struct World {
    clock: Cell<Nanos>,
    /// Spent on reading the clock and on calls of the kernel.
    read_for: Cell<Nanos>,
    called_for: Nanos,
    network: Network,
    machine: Machine,
    random: fastrand::Rng,
    queue: BinaryHeap<Reverse<Scheduled>>,
    scheduled: u64,
    links: Vec<Link>,
    slots: Vec<Option<Conn>>,
    edges: Vec<Conn>,
    segments: u64,
    idle_turns: u32,
    stop: StopSignal,
    pub(super) connects: u64,
    pub(super) server: Server,
    /// Connections present after each change.
    pub(super) presence: Vec<(Nanos, usize)>,
    present: usize,
}

#[derive(Debug)]
struct Scheduled {
    at: Nanos,
    /// Breaks ties in the order of scheduling.
    number: u64,
    what: Happening,
}

#[derive(Debug)]
enum Happening {
    Syn(Conn),
    Established(Conn),
    Refused(Conn),
    ToServer(Conn, Vec<u8>),
    Attend(Conn),
    Gone(Conn),
    Room(Conn, usize),
    ToClient(Conn, Vec<u8>),
    Fin(Conn),
    Reset(Conn),
    Finished(Work),
    Death(Death),
    Return,
    Stop,
}

impl World {
    /// A world in which nothing has happened yet.
    pub(super) fn new(
        scenario: Scenario,
        seed: u64,
        stop: StopSignal,
        stop_at: Option<Nanos>,
    ) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x0073_696d_756c_6174);
        let mut world = Self {
            clock: Cell::new(Nanos::ZERO),
            read_for: Cell::new(Nanos::ZERO),
            called_for: Nanos::ZERO,
            network: scenario.network,
            machine: scenario.machine,
            queue: BinaryHeap::new(),
            scheduled: 0,
            links: Vec::new(),
            slots: Vec::new(),
            edges: Vec::new(),
            segments: 0,
            idle_turns: 0,
            stop,
            connects: 0,
            presence: Vec::new(),
            present: 0,
            server: Server::new(scenario.server.clone(), random.fork()),
            random,
        };
        for outage in scenario.server.outages {
            world.schedule(outage.from, Happening::Death(outage.death));
            if let Some(until) = outage.until {
                world.schedule(until, Happening::Return);
            }
        }
        if let Some(at) = stop_at {
            world.schedule(at, Happening::Stop);
        }
        world
    }

    // --- Time ---

    fn schedule(&mut self, at: Nanos, what: Happening) {
        let number = self.scheduled;
        self.scheduled += 1;
        self.queue.push(Reverse(Scheduled { at, number, what }));
    }

    /// Lets happen what has fallen due.
    fn catch_up(&mut self) {
        while let Some(Reverse(Scheduled { at, what, .. })) = self.next_due() {
            self.happen(at, what);
        }
    }

    fn next_due(&mut self) -> Option<Reverse<Scheduled>> {
        let is_due = self.queue.peek()?.0.at <= self.clock.get();
        if is_due { self.queue.pop() } else { None }
    }

    /// A call of the kernel takes its time, in which the world goes on.
    fn call(&mut self) {
        self.clock.set(self.clock.get() + self.machine.system_call);
        self.called_for += self.machine.system_call;
        self.catch_up();
    }

    fn happen(&mut self, now: Nanos, what: Happening) {
        match what {
            Happening::Syn(conn) => self.on_syn(now, conn),
            Happening::Established(conn) => self.on_link(conn, Link::on_established),
            Happening::Refused(conn) => {
                self.on_link(conn, |link| link.on_error(Errno::ECONNREFUSED));
            }
            Happening::ToServer(conn, bytes) => {
                self.server.on_segment(conn, &bytes);
                match self.server.runs_at(now) {
                    at if at > now => self.schedule(at, Happening::Attend(conn)),
                    _ => self.attend(now, conn),
                }
            }
            Happening::Attend(conn) => self.attend(now, conn),
            Happening::Gone(conn) => self.server.on_gone(conn),
            Happening::Room(conn, len) => {
                if self.links[conn].on_room(len) {
                    self.add_edge(conn);
                }
            }
            Happening::ToClient(conn, bytes) => {
                self.on_link(conn, |link| link.on_bytes(now, &bytes));
            }
            Happening::Fin(conn) => self.on_link(conn, Link::on_fin),
            Happening::Reset(conn) => self.on_link(conn, |link| link.on_error(Errno::ECONNRESET)),
            Happening::Finished(work) => self.server.on_finished(work),
            Happening::Death(death) => self.server.on_death(death),
            Happening::Return => self.server.on_return(),
            Happening::Stop => self.stop.request(),
        }
        self.carry_out(now);
    }

    // --- The network ---

    /// When a segment that leaves at `at` arrives.
    fn arrives(&mut self, at: Nanos) -> Nanos {
        let jitter = match self.network.jitter {
            Nanos::ZERO => Nanos::ZERO,
            Nanos(most) => Nanos(self.random.u64(..=most)),
        };
        self.segments += 1;
        let again = Every::hitting(self.network.retransmission, self.segments);
        at + self.network.latency + jitter + again.unwrap_or_default()
    }

    fn on_syn(&mut self, now: Nanos, conn: Conn) {
        let reception = self.server.on_connect(conn);
        let what = match reception {
            Reception::Swallowed => return,
            Reception::Refused => Happening::Refused(conn),
            Reception::Accepted => Happening::Established(conn),
        };
        self.tell_client(now, conn, what);
    }

    /// Something for the generator's end leaves the server; it keeps its place behind the rest.
    fn tell_client(&mut self, now: Nanos, conn: Conn, what: Happening) {
        let at = self.arrives(now).max(self.links[conn].last_to_client);
        self.links[conn].last_to_client = at;
        self.schedule(at, what);
    }

    fn tell_server(&mut self, now: Nanos, conn: Conn, what: Happening) {
        let at = self.arrives(now).max(self.links[conn].last_to_server);
        self.links[conn].last_to_server = at;
        self.schedule(at, what);
    }

    fn attend(&mut self, now: Nanos, conn: Conn) {
        let taken = self.server.attend(now, conn);
        if taken > 0 && self.network.send_room < usize::MAX {
            let at = self.arrives(now);
            self.schedule(at, Happening::Room(conn, taken));
        }
    }

    fn carry_out(&mut self, now: Nanos) {
        let mut acts = mem::take(&mut self.server.acts);
        for act in acts.drain(..) {
            match act {
                Act::Send(conn, bytes) => {
                    for piece in cut(&mut self.random, self.network.segment, &bytes) {
                        self.tell_client(now, conn, Happening::ToClient(conn, piece.to_vec()));
                    }
                }
                Act::Drip(conn, bytes, gap) => {
                    let mut at = now;
                    for byte in bytes {
                        self.tell_client(at, conn, Happening::ToClient(conn, vec![byte]));
                        at += gap;
                    }
                }
                Act::SendAt(at, conn, bytes) => {
                    self.tell_client(at, conn, Happening::ToClient(conn, bytes));
                }
                Act::Fin(conn) => self.tell_client(now, conn, Happening::Fin(conn)),
                Act::Reset(conn) => self.tell_client(now, conn, Happening::Reset(conn)),
                Act::Work(at, work) => self.schedule(at, Happening::Finished(work)),
            }
        }
        self.server.acts = acts;
    }

    // --- Readiness ---

    /// Something happens at the generator's end of a connection: an edge.
    fn on_link(&mut self, conn: Conn, what: impl FnOnce(&mut Link)) {
        what(&mut self.links[conn]);
        self.add_edge(conn);
    }

    fn add_edge(&mut self, conn: Conn) {
        if !mem::replace(&mut self.links[conn].has_edge, true) {
            self.edges.push(conn);
        }
    }

    fn tell_edges(&mut self, ready: &mut Vec<Ready>) {
        let mut edges = mem::take(&mut self.edges);
        if self.machine.shuffles {
            self.random.shuffle(&mut edges);
        }
        for conn in edges.drain(..) {
            let link = &mut self.links[conn];
            link.has_edge = false;
            let event = link.readiness();
            let is_open = self.slots[link.slot] == Some(conn);
            if is_open && (event.readable || event.writable) {
                ready.push(event);
            }
        }
        self.edges = edges;
    }

    fn link(&mut self, slot: usize) -> io::Result<(Conn, &mut Link)> {
        match self.slots.get(slot) {
            Some(&Some(conn)) => Ok((conn, &mut self.links[conn])),
            _ => Err(Errno::ENOTCONN.into()),
        }
    }

    fn change_presence(&mut self, present: usize) {
        self.present = present;
        self.presence.push((self.clock.get(), present));
    }

    /// Waits until something is told or `until` has come.
    fn wait_until(&mut self, until: Nanos, ready: &mut Vec<Ready>) {
        loop {
            self.catch_up();
            self.tell_edges(ready);
            let now = self.clock.get();
            if !ready.is_empty() || now >= until {
                return;
            }
            match self.queue.peek() {
                Some(Reverse(next)) if next.at <= until => self.clock.set(next.at),
                _ => {
                    let late = self.slack();
                    self.clock.set(until + late);
                }
            }
            self.pause();
        }
    }

    fn slack(&mut self) -> Nanos {
        match self.machine.timer_slack {
            Nanos::ZERO => Nanos::ZERO,
            Nanos(most) => Nanos(self.random.u64(..=most)),
        }
    }

    fn pause(&mut self) {
        let now = self.clock.get();
        if let Some(Pause { length, .. }) = self.machine.pause.take_if(|pause| pause.at <= now) {
            self.clock.set(now + length);
        }
    }
}

impl Engine for World {
    fn now(&self) -> Nanos {
        let cost = self.machine.clock_reading;
        self.read_for.set(self.read_for.get() + cost);
        self.clock.set(self.clock.get() + cost);
        self.clock.get()
    }

    fn open(&mut self, slot: usize) -> io::Result<()> {
        self.call();
        self.connects += 1;
        let fault = Every::hitting(self.network.connects, self.connects);
        match fault {
            Some(ConnectFault::OutOfDescriptors) => return Err(Errno::EMFILE.into()),
            Some(ConnectFault::OutOfPorts) => return Err(Errno::EADDRNOTAVAIL.into()),
            Some(ConnectFault::Unreachable) => return Err(Errno::ENETUNREACH.into()),
            Some(ConnectFault::Refused | ConnectFault::Swallowed) | None => {}
        }
        let conn = self.links.len();
        self.links.push(Link::new(slot, self.network.send_room));
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, None);
        }
        self.slots[slot] = Some(conn);
        let now = self.clock.get();
        match fault {
            Some(ConnectFault::Swallowed) => {}
            Some(ConnectFault::Refused) => {
                let at = now + self.network.latency;
                self.tell_client(at, conn, Happening::Refused(conn));
            }
            _ => self.tell_server(now, conn, Happening::Syn(conn)),
        }
        self.change_presence(self.present + 1);
        Ok(())
    }

    fn established(&mut self, slot: usize) -> io::Result<Option<Opened>> {
        self.call();
        let tcp_at = self.clock.get();
        let is_established = self.link(slot)?.1.established()?;
        Ok(is_established.then_some(Opened {
            tcp_at: Some(tcp_at),
            proxy_took: None,
            tls: None,
        }))
    }

    fn write(&mut self, slot: usize, bytes: &[u8]) -> io::Result<usize> {
        self.call();
        let now = self.clock.get();
        let (conn, link) = self.link(slot)?;
        let taken = link.write(bytes.len())?;
        for piece in cut(&mut self.random, self.network.segment, &bytes[..taken]) {
            self.tell_server(now, conn, Happening::ToServer(conn, piece.to_vec()));
        }
        Ok(taken)
    }

    fn read(&mut self, slot: usize, buffer: &mut [u8]) -> io::Result<Received> {
        self.call();
        self.link(slot)?.1.read(buffer)
    }

    fn close(&mut self, slot: usize) {
        self.call();
        let now = self.clock.get();
        if let Some(conn) = self.slots.get_mut(slot).and_then(Option::take) {
            self.tell_server(now, conn, Happening::Gone(conn));
            self.change_presence(self.present - 1);
        }
    }

    fn wait(&mut self, _now: Nanos, until: Nanos, ready: &mut Vec<Ready>) -> io::Result<()> {
        self.call();
        let began = self.clock.get();
        self.wait_until(until, ready);
        let is_idle = ready.is_empty() && self.clock.get() == began;
        self.idle_turns = if is_idle { self.idle_turns + 1 } else { 0 };
        if self.idle_turns > IDLE_TURNS {
            return Err(io::Error::other("the worker waits for times long past"));
        }
        if self.clock.get() > END_OF_TIME {
            return Err(io::Error::other("the run does not end"));
        }
        Ok(())
    }

    fn usage(&self) -> ThreadUsage {
        ThreadUsage {
            user: self.read_for.get(),
            system: self.called_for,
            ..ThreadUsage::default()
        }
    }
}

/// Cuts bytes at random places into pieces of up to `most`.
fn cut<'a>(
    random: &mut fastrand::Rng,
    most: usize,
    bytes: &'a [u8],
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let mut pieces = Vec::with_capacity(1);
    let mut rest = bytes;
    while !rest.is_empty() {
        let len = match most {
            usize::MAX => rest.len(),
            most => random.usize(1..=most).min(rest.len()),
        };
        let (piece, behind) = rest.split_at(len);
        pieces.push(piece);
        rest = behind;
    }
    pieces.into_iter()
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
