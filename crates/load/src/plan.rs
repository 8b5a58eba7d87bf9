//! What a run is to do, fully resolved.
//!
//! A [`PlanSpec`] is what a command line, a suite file or a caller asks for; `PlanSpec::check` makes
//! a [`Plan`] of it or says which setting is wrong. After that line no invalid plan exists, so
//! nothing below re-checks it. It is data: how it is carried out is `session`'s and the driver's
//! affair.

mod audience;
mod awaited;
mod check;
mod credentials;
mod error;
mod expect;
mod flow;
mod lives;
mod locator;
mod login;
mod membership;
mod opening;
mod payload;
mod readers;
mod request;
mod returns;
mod role;
mod rooms;
mod slow;
mod spec;
mod stored;
#[cfg(test)]
mod tests;
mod timing;
mod tls;
mod told;
mod unit;
mod upkeep;
mod voice;

use std::ops::Deref;
use std::sync::Arc;

pub use wsbench_dialogue::{Expression, Pattern};
pub use wsbench_wire::deflate::{WindowBits, Wish};

pub use audience::Audience;
pub use awaited::Awaited;
pub use check::{LONGEST_SOCKET_PATH, LONGEST_SOCKS_FIELD};
pub use error::{PlanError, Why};
pub use expect::{Expect, Promise, TOLERATED_FAILURES};
pub use flow::{ClockProbe, Flow, Pushes, Stamp, StampError};
pub use lives::threads_at_most;
pub use locator::{Locator, LocatorError, Pointer};
pub use login::{Envelope, Expected, HandedLogin, LoginStep, LoginSteps, NotHanded, Spoken};
pub use membership::LoginTurn;
pub use opening::{
    Compression, Connect, Family, Header, Http, RESERVED_HEADERS, RevealedHeaders, Upgrade,
    is_field_value, is_origin, is_token,
};
pub use payload::{Encoding, Greeting, LARGEST_MESSAGE, Matching, Payload, PayloadFacts, Verify};
pub use request::{ByNumber, Correlation};
pub use returns::{Drill, Reconnect, Returns};
pub use role::Role;
pub use rooms::{RoomSet, Rooms, Spread};
pub use slow::{Reads, SlowReaders};
pub use spec::{Clients, PlanSpec, Population, Workload};
pub use timing::{Arrival, Lifetime, Pace, Sessions, Stay, StopRule, Think, Timestamps, WarmUp};
pub use tls::{Identity, Pem, Tls, TlsVersions};
pub use unit::MessageUnit;
pub use upkeep::{Beat, Reply, Upkeep};
pub use voice::{OwnMessages, VOICES_AT_MOST, Voice};

use crate::route::Target;

/// A spec that was checked, and can be carried out as it stands. Clones share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan(Arc<PlanSpec>);

impl PlanSpec {
    /// Makes a plan of the spec.
    ///
    /// # Errors
    /// [`PlanError`]: the first setting that is wrong, and why.
    pub fn check(self) -> Result<Plan, PlanError> {
        check::check(&self)?;
        Ok(Plan(Arc::new(self)))
    }
}

impl Plan {
    /// The plan with a change, checked anew.
    ///
    /// # Errors
    /// As [`PlanSpec::check`].
    pub fn edited(&self, edit: impl FnOnce(&mut PlanSpec)) -> Result<Self, PlanError> {
        self.spec().with(edit).check()
    }

    /// The plan against another server.
    ///
    /// # Errors
    /// The target is none, or is not reached by the plan's route.
    pub fn towards(&self, target: Target) -> Result<Self, PlanError> {
        self.edited(|spec| spec.target = target)
    }

    /// The plan with another seed, all of which are right.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self(Arc::new(self.spec().with(|spec| spec.seed = seed)))
    }

    /// Specification that was asked for, to be changed at will.
    #[must_use]
    pub fn spec(&self) -> PlanSpec {
        (*self.0).clone()
    }
}

impl Deref for Plan {
    type Target = PlanSpec;

    #[inline]
    fn deref(&self) -> &PlanSpec {
        &self.0
    }
}
