//! The simulated network and its time: a queue of what will happen, in the order of its time.
//!
//! It moves bytes between the links of the generator and the server, and gives each worker a core of
//! its own to run on. Time passes on a core only when its worker waits, reads the clock or calls the
//! kernel. What the server does is `server`'s affair.
//!
//! The worker whose core is furthest behind has its turn, up to its next wait. The world is as far as
//! that core is, and no further: nothing happens of which a worker could hear too late. So a turn is
//! atomic, and what comes about in it through others is seen in the next one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::mem;

use nix::errno::Errno;
use wsbench_drive::engine::{Ready, Received};
use wsbench_drive::run::StopSignal;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::ThreadUsage;
use wsbench_load::session::Opened;

use crate::EPOCH_NS;
use crate::cores::{Core, State};
use crate::link::GeneratorEnd;
use crate::outlet::Outlet;
use crate::scenario::{ConnectFault, Death, Every, Machine, Network, Scenario};
use crate::server::{Act, Conn, Reception, Server, Work};

/// No run of any test takes as long as this on simulated time.
const END_OF_TIME: Nanos = Nanos::from_secs(3_600);
/// Waits in a row that were over before they began: more than any burst of deadlines.
const IDLE_TURNS: u32 = 100_000;

/// The simulated network, server and clocks.
#[derive(Debug)]
pub(crate) struct World {
    cores: Vec<Core>,
    network: Network,
    machine: Machine,
    random: fastrand::Rng,
    queue: BinaryHeap<Reverse<Scheduled>>,
    scheduled: u64,
    links: Vec<GeneratorEnd>,
    /// The server's ends of them.
    outlets: Vec<Outlet>,
    segments: u64,
    stop: StopSignal,
    pub(crate) connects: u64,
    pub(crate) server: Server,
    /// Connections present after each change.
    pub(crate) presence: Vec<(Nanos, usize)>,
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
    WasRead(Conn, usize),
    ToClient(Conn, Vec<u8>),
    Fin(Conn),
    Reset(Conn),
    Finished(Work),
    Push(u64),
    Death(Death),
    Return,
    Stop,
}

impl World {
    /// A world with so many cores, in which nothing has happened yet.
    pub(crate) fn new(
        scenario: Scenario,
        cores: usize,
        seed: u64,
        stop: StopSignal,
        stop_at: Option<Nanos>,
    ) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ 0x0073_696d_756c_6174);
        let mut world = Self {
            cores: vec![Core::new(scenario.machine.pause); cores],
            network: scenario.network,
            machine: scenario.machine,
            queue: BinaryHeap::new(),
            scheduled: 0,
            links: Vec::new(),
            outlets: Vec::new(),
            segments: 0,
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
        if let Some(pushes) = scenario.server.pushes {
            world.schedule(pushes.every, Happening::Push(1));
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

    /// Lets happen what has fallen due for all cores, and wakes those that sleep.
    fn catch_up(&mut self) {
        while let Some(horizon) = self.horizon()
            && let Some(at) = self.next_by(horizon)
        {
            while self.next_by(at).is_some()
                && let Some(Reverse(Scheduled { at, what, .. })) = self.queue.pop()
            {
                self.happen(at, what);
            }
            for core in &mut self.cores {
                core.look_up(at);
            }
        }
    }

    /// Instant at which the next thing happens, if that is by `at`.
    fn next_by(&self, at: Nanos) -> Option<Nanos> {
        let Reverse(next) = self.queue.peek()?;
        (next.at <= at).then_some(next.at)
    }

    /// Instant at which the world is: as far as the core that is furthest behind. Once all workers
    /// have ended it goes no further.
    fn horizon(&self) -> Option<Nanos> {
        self.cores.iter().filter_map(Core::reach).min()
    }

    /// A call of the kernel takes its time, in which the world goes on.
    fn call(&mut self, core: usize) {
        self.cores[core].call(self.machine.system_call);
        self.catch_up();
    }

    /// The worker of a core will wait until `until`, or until a connection is ready. Its turn is over.
    pub(crate) fn stand_still(&mut self, core: usize, until: Nanos) {
        self.call(core);
        self.cores[core].stand_still(until);
    }

    /// The worker of a core has ended.
    pub(crate) fn leave(&mut self, core: usize) {
        self.cores[core].state = State::Left;
    }

    /// The core whose worker has the next turn, its wait being over; none when all have ended.
    pub(crate) fn next_turn(&mut self) -> Option<usize> {
        loop {
            self.catch_up();
            let cores = self.cores.iter().enumerate();
            let there = cores.filter_map(|(index, core)| Some((core.reach()?, index)));
            let (_, index) = there.min()?;
            match self.cores[index].state {
                State::Running | State::Left => return Some(index),
                State::Looking { until } => {
                    self.look(index);
                    let core = &mut self.cores[index];
                    if core.ready.is_empty() && core.clock < until {
                        core.state = State::Sleeping { until };
                        continue;
                    }
                    core.wake();
                    return Some(index);
                }
                State::Sleeping { until } => {
                    let late = self.slack();
                    self.cores[index].oversleep(until, late);
                }
            }
        }
    }

    fn happen(&mut self, now: Nanos, what: Happening) {
        match what {
            Happening::Syn(conn) => self.on_syn(now, conn),
            Happening::Established(conn) => self.on_link(conn, GeneratorEnd::on_established),
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
            Happening::WasRead(conn, len) => {
                let bytes = self.outlets[conn].on_read(len);
                self.leave_server(now, conn, &bytes);
                if self.outlets[conn].waiting() == 0 {
                    self.server.on_all_sent(conn);
                }
            }
            Happening::ToClient(conn, bytes) => {
                self.on_link(conn, |link| link.on_bytes(now, &bytes));
            }
            Happening::Fin(conn) => self.on_link(conn, GeneratorEnd::on_fin),
            Happening::Reset(conn) => self.on_link(conn, |link| link.on_error(Errno::ECONNRESET)),
            Happening::Finished(work) => self.server.on_finished(now, work),
            Happening::Push(number) => {
                if let Some(next) = self.server.on_push(now, number, EPOCH_NS) {
                    self.schedule(next, Happening::Push(number + 1));
                }
            }
            Happening::Death(death) => self.server.on_death(death),
            Happening::Return => self.server.on_return(),
            Happening::Stop => self.stop.request(),
        }
        self.carry_out(now);
    }

    // --- The network ---

    /// Instant at which a segment that leaves at `at` arrives.
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
        let leaves = now + self.network.slower_back;
        let at = self.arrives(leaves).max(self.links[conn].last_to_client);
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
            let at = self.arrives(now + self.network.slower_back);
            self.schedule(at, Happening::Room(conn, taken));
        }
    }

    /// Carries out what the server does, and what it does upon that.
    fn carry_out(&mut self, now: Nanos) {
        loop {
            let mut acts = mem::take(&mut self.server.acts);
            self.carry_out_all(now, &mut acts);
            if self.server.acts.is_empty() {
                self.server.acts = acts;
                if !self.server.goes_on(now) {
                    return;
                }
            }
        }
    }

    /// Bytes leave the server.
    fn leave_server(&mut self, now: Nanos, conn: Conn, bytes: &[u8]) {
        for piece in cut(&mut self.random, self.network.segment, bytes) {
            self.tell_client(now, conn, Happening::ToClient(conn, piece.to_vec()));
        }
    }

    fn carry_out_all(&mut self, now: Nanos, acts: &mut Vec<Act>) {
        for act in acts.drain(..) {
            match act {
                Act::Send(conn, bytes) => {
                    let bytes = self.outlets[conn].send(bytes);
                    self.leave_server(now, conn, &bytes);
                    self.server.on_waiting(conn, self.outlets[conn].waiting());
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
    }

    // --- Readiness ---

    /// Something happens at the generator's end of a connection: an edge.
    fn on_link(&mut self, conn: Conn, what: impl FnOnce(&mut GeneratorEnd)) {
        what(&mut self.links[conn]);
        self.add_edge(conn);
    }

    fn add_edge(&mut self, conn: Conn) {
        let link = &mut self.links[conn];
        if !mem::replace(&mut link.has_edge, true) {
            self.cores[link.core].edges.push(conn);
        }
    }

    /// Finds what is ready for a core's worker by what has happened to its connections.
    fn look(&mut self, core: usize) {
        let core = &mut self.cores[core];
        if self.machine.shuffles {
            self.random.shuffle(&mut core.edges);
        }
        for conn in core.edges.drain(..) {
            let link = &mut self.links[conn];
            link.has_edge = false;
            let event = link.readiness();
            let is_open = core.slots[link.slot] == Some(conn);
            if is_open && (event.readable || event.writable) {
                core.ready.push(event);
            }
        }
    }

    fn link(&mut self, core: usize, slot: usize) -> io::Result<(Conn, &mut GeneratorEnd)> {
        match self.cores[core].slots.get(slot) {
            Some(&Some(conn)) => Ok((conn, &mut self.links[conn])),
            _ => Err(Errno::ENOTCONN.into()),
        }
    }

    /// The kernel holds another connection of a core's worker, or one less.
    fn change_presence(&mut self, core: usize, is_there: bool) {
        let core = &mut self.cores[core];
        for present in [&mut self.present, &mut core.present] {
            *present = if is_there { *present + 1 } else { *present - 1 };
        }
        core.most_present = core.most_present.max(core.present);
        self.presence.push((core.clock, self.present));
    }

    /// The most connections that each worker had at a time.
    pub(crate) fn most_present(&self) -> Vec<usize> {
        self.cores.iter().map(|core| core.most_present).collect()
    }

    fn slack(&mut self) -> Nanos {
        match self.machine.timer_slack {
            Nanos::ZERO => Nanos::ZERO,
            Nanos(most) => Nanos(self.random.u64(..=most)),
        }
    }

    // --- What a worker asks of its core ---

    pub(crate) fn now(&mut self, core: usize) -> Nanos {
        self.cores[core].read_clock(self.machine.clock_reading)
    }

    pub(crate) fn open(&mut self, core: usize, slot: usize) -> io::Result<()> {
        self.call(core);
        self.connects += 1;
        let fault = Every::hitting(self.network.connects, self.connects);
        match fault {
            Some(ConnectFault::OutOfDescriptors) => return Err(Errno::EMFILE.into()),
            Some(ConnectFault::OutOfPorts) => return Err(Errno::EADDRNOTAVAIL.into()),
            Some(ConnectFault::Unreachable) => return Err(Errno::ENETUNREACH.into()),
            Some(ConnectFault::Refused | ConnectFault::Swallowed) | None => {}
        }
        let conn = self.links.len();
        self.links
            .push(GeneratorEnd::new(core, slot, self.network.send_room));
        self.outlets.push(Outlet::new(self.network.receive_room));
        self.cores[core].put(slot, conn);
        let now = self.cores[core].clock;
        match fault {
            Some(ConnectFault::Swallowed) => {}
            Some(ConnectFault::Refused) => {
                let at = now + self.network.latency;
                self.tell_client(at, conn, Happening::Refused(conn));
            }
            _ => self.tell_server(now, conn, Happening::Syn(conn)),
        }
        self.change_presence(core, true);
        Ok(())
    }

    pub(crate) fn established(&mut self, core: usize, slot: usize) -> io::Result<Option<Opened>> {
        self.call(core);
        let tcp_at = self.cores[core].clock;
        let is_established = self.link(core, slot)?.1.established()?;
        Ok(is_established.then_some(Opened {
            tcp_at: Some(tcp_at),
            proxy_took: None,
            tls: None,
        }))
    }

    pub(crate) fn write(&mut self, core: usize, slot: usize, bytes: &[u8]) -> io::Result<usize> {
        self.call(core);
        let now = self.cores[core].clock;
        let (conn, link) = self.link(core, slot)?;
        let taken = link.write(bytes.len())?;
        for piece in cut(&mut self.random, self.network.segment, &bytes[..taken]) {
            self.tell_server(now, conn, Happening::ToServer(conn, piece.to_vec()));
        }
        Ok(taken)
    }

    pub(crate) fn read(
        &mut self,
        core: usize,
        slot: usize,
        buffer: &mut [u8],
    ) -> io::Result<Received> {
        self.call(core);
        let now = self.cores[core].clock;
        let (conn, link) = self.link(core, slot)?;
        let received = link.read(buffer)?;
        if self.network.receive_room < usize::MAX && received.len > 0 {
            let at = self.arrives(now);
            self.schedule(at, Happening::WasRead(conn, received.len));
        }
        Ok(received)
    }

    pub(crate) fn close(&mut self, core: usize, slot: usize) {
        self.call(core);
        let now = self.cores[core].clock;
        let link = self.cores[core].slots.get_mut(slot);
        if let Some(conn) = link.and_then(Option::take) {
            self.tell_server(now, conn, Happening::Gone(conn));
            self.change_presence(core, false);
        }
    }

    /// Connections that are ready: as `next_turn` found it at the end of a wait, or by now, in the
    /// middle of a turn.
    pub(crate) fn wait(
        &mut self,
        core: usize,
        until: Nanos,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        if !mem::take(&mut self.cores[core].has_waited) {
            self.call(core);
            self.cores[core].stands_since = self.cores[core].clock;
            if self.cores[core].clock < until {
                return Err(io::Error::other(
                    "there is time to wait only between two turns",
                ));
            }
            self.look(core);
        }
        let core = &mut self.cores[core];
        let is_idle = core.ready.is_empty() && core.clock == core.stands_since;
        core.idle_turns = if is_idle { core.idle_turns + 1 } else { 0 };
        ready.append(&mut core.ready);
        if core.idle_turns > IDLE_TURNS {
            return Err(io::Error::other("the worker waits for times long past"));
        }
        if core.clock > END_OF_TIME {
            return Err(io::Error::other("the run does not end"));
        }
        Ok(())
    }

    /// Instant at which the last worker has ended.
    pub(crate) fn end(&mut self) -> Nanos {
        let readings = (0..self.cores.len()).map(|core| self.now(core));
        readings.max().unwrap_or_default()
    }

    pub(crate) fn usage(&self, core: usize) -> ThreadUsage {
        let core = &self.cores[core];
        ThreadUsage {
            user: core.read_for,
            system: core.called_for,
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
