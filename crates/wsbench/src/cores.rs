//! Cores and threads: who gets which of a machine that generator and server may share.

use wsbench_load::plan::PlanSpec;
use wsbench_load::route::{Route, Target};

use crate::target::is_loopback;

/// The embedded server's share of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedCores {
    /// Its threads; at least 1.
    pub threads: u32,
    /// Cores to pin them to; empty when there is none to spare.
    pub cpus: Vec<usize>,
}

impl EmbeddedCores {
    /// One thread, wherever the scheduler puts it.
    #[must_use]
    pub fn any() -> Self {
        Self {
            threads: 1,
            cpus: Vec::new(),
        }
    }
}

/// The place of a server, as far as that shows before a name is resolved: this machine or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbourhood {
    /// On this machine.
    Here,
    /// Elsewhere, as far as anything says.
    Elsewhere,
}

impl Neighbourhood {
    /// The place of a server at `url` that is reached by `route`.
    #[must_use]
    pub fn of(route: &Route, url: &Target) -> Self {
        let by_loopback = is_loopback(&route.place(url).host)
            && route
                .proxy
                .as_ref()
                .is_none_or(|proxy| is_loopback(&proxy.place.host));
        if route.unix_socket.is_some() || by_loopback {
            Self::Here
        } else {
            Self::Elsewhere
        }
    }
}

/// Threads of a generator that was told of none: one a core that it is pinned to; else one a core,
/// or of half the cores where the server has the others.
#[must_use]
pub fn own_threads(pinned: Option<&[usize]>, shares_machine: bool, allowed: &[usize]) -> u32 {
    match pinned {
        Some(pin) => pin.len() as u32,
        None if shares_machine => (allowed.len() / 2).max(1) as u32,
        None => allowed.len().max(1) as u32,
    }
}

/// Threads of a plan that says nothing of them, against a server that may be on this machine, of
/// which the cores `allowed` may be used.
#[must_use]
pub fn threads_for(spec: &PlanSpec, allowed: &[usize]) -> u32 {
    let pinned = (!spec.cpus.is_empty()).then_some(spec.cpus.as_slice());
    let is_here = Neighbourhood::of(&spec.connect.route, &spec.target) == Neighbourhood::Here;
    own_threads(pinned, is_here, allowed).min(spec.clients.threads_at_most())
}
