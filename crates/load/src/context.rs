//! What all sessions of one worker share: the plan, the books, the randomness and the send
//! buffer. It holds no session and decides nothing about one.

use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::mask::MaskKey;

use crate::compression::Workshop;
use crate::message::MessageSource;
use crate::meter::Meter;
use crate::nanos::Nanos;
use crate::plan::{Plan, RevealedHeaders, StopRule, Verify};
use crate::quota::Quota;

/// What all sessions of one worker share.
#[derive(Debug)]
pub struct Context {
    /// What the run is to do.
    pub plan: Plan,
    /// Makes the messages.
    pub source: MessageSource,
    /// Keeps the books.
    pub meter: Meter,
    /// What is left to do.
    pub quota: Quota,
    /// Bytes that the session just called wants written; the driver writes and clears them.
    pub out: FrameBuffer,
    /// Whether sessions may send: the load has begun and the window has not closed.
    pub sending: bool,
    /// Whether the connection just read from has not taken yet what was written to it before.
    pub congested: bool,
    /// Masks, nonces, jitter.
    pub random: fastrand::Rng,
    /// The authority for the `Host` header, made once.
    pub authority: String,
    /// Further headers of the upgrade, made once.
    pub headers: RevealedHeaders,
    /// What compression takes; `None` when the plan offers none.
    pub compression: Option<Box<Workshop>>,
    /// The plan's depth, read on the hot path, as are those that follow.
    pub(crate) depth: u32,
    /// When the run is over.
    pub(crate) stop: StopRule,
    /// How closely answers are compared.
    pub(crate) verify: Verify,
    /// Every message is one frame, as it is.
    pub(crate) is_plain: bool,
}

impl Context {
    /// What the sessions of worker `worker` share.
    #[must_use]
    pub fn new(plan: &Plan, quota: Quota, peer: String, worker: u32) -> Self {
        Self {
            source: MessageSource::new(&plan.clients.exchange.payload, plan.seed),
            meter: Meter::new(peer, plan.raw_log),
            quota,
            out: FrameBuffer::new(),
            sending: false,
            congested: false,
            random: fastrand::Rng::with_seed(plan.seed.wrapping_add(u64::from(worker) << 32)),
            authority: plan.target.authority(),
            headers: plan.upgrade.revealed(),
            compression: plan
                .clients
                .compression
                .as_ref()
                .map(|compression| Box::new(Workshop::new(compression))),
            depth: plan.clients.depth(),
            stop: plan.stop,
            verify: plan.clients.exchange.verify,
            is_plain: plan.clients.compression.is_none() && plan.clients.fragment.is_none(),
            plan: plan.clone(),
        }
    }

    /// A fresh, unpredictable mask (RFC 6455 section 5.3).
    #[inline]
    pub fn mask(&mut self) -> MaskKey {
        MaskKey(self.random.u32(..).to_ne_bytes())
    }

    /// Whether messages are due by a schedule rather than by answers.
    #[must_use]
    pub fn is_open_loop(&self) -> bool {
        self.plan.clients.is_open_loop()
    }

    /// Takes leave to send one message that is due at `due`.
    #[inline]
    pub fn may_send(&mut self, due: Nanos) -> bool {
        match self.stop {
            StopRule::Duration(_) => due < self.meter.window().closes,
            StopRule::Messages(_) => due < self.meter.window().opens || self.quota.take_message(),
            StopRule::Clients(_) => true,
        }
    }
}
