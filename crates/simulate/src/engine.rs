//! A core of the simulated world as a worker's engine.

use std::cell::RefCell;
use std::io;

use wsbench_drive::engine::{Engine, Ready, Received};
use wsbench_load::nanos::Nanos;
use wsbench_load::result::ThreadUsage;
use wsbench_load::session::Opened;

use crate::world::World;

/// The world as one worker sees it.
pub(crate) struct Attended<'a> {
    world: &'a RefCell<World>,
    core: usize,
    tells_arrivals: bool,
}

impl<'a> Attended<'a> {
    /// The world as the worker on this core sees it, with its kernel's receive stamps or without.
    pub(crate) fn new(world: &'a RefCell<World>, core: usize, tells_arrivals: bool) -> Self {
        Self {
            world,
            core,
            tells_arrivals,
        }
    }
}

impl Engine for Attended<'_> {
    fn now(&self) -> Nanos {
        self.world.borrow_mut().now(self.core)
    }

    fn open(&mut self, slot: usize) -> io::Result<()> {
        self.world.borrow_mut().open(self.core, slot)
    }

    fn established(&mut self, slot: usize) -> io::Result<Option<Opened>> {
        self.world.borrow_mut().established(self.core, slot)
    }

    fn write(&mut self, slot: usize, bytes: &[u8]) -> io::Result<usize> {
        self.world.borrow_mut().write(self.core, slot, bytes)
    }

    fn read(&mut self, slot: usize, buffer: &mut [u8]) -> io::Result<Received> {
        let received = self.world.borrow_mut().read(self.core, slot, buffer)?;
        let arrived = received.arrived.filter(|_| self.tells_arrivals);
        Ok(Received {
            arrived,
            ..received
        })
    }

    fn close(&mut self, slot: usize) {
        self.world.borrow_mut().close(self.core, slot);
    }

    fn wait(&mut self, _now: Nanos, until: Nanos, ready: &mut Vec<Ready>) -> io::Result<()> {
        self.world.borrow_mut().wait(self.core, until, ready)
    }

    fn usage(&self) -> ThreadUsage {
        self.world.borrow().usage(self.core)
    }
}
