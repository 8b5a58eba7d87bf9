//! One run on many machines.
//!
//! Each machine runs an agent, which carries out some of the workers of a run; a coordinator deals the
//! workers, has all begin at one time, and adds up what they measure. Who does what when is decided
//! here by two state machines that are told what happens and what time it is, so that all of it is
//! tested on simulated time. What carries their words is a [`Bus`](bus::Bus): NATS
//! with JetStream in earnest (feature `nats`), a simulated one in tests. Nothing on the path of a
//! message knows of any of this.
#![forbid(unsafe_code)]

pub mod agent;
pub mod build;
pub mod bus;
pub mod carrier;
pub mod clock;
pub mod collecting;
pub mod coordinator;
pub mod deal;
pub mod gathering;
pub mod member;
#[cfg(feature = "nats")]
pub mod nats;
mod outbox;
pub mod portable;
pub mod protocol;
pub mod roster;
pub mod service;
pub mod wire;
