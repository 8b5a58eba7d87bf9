//! Messages split into units, where a WebSocket message is none. The plain path does not come here.

use thiserror::Error;
use wsbench_wire::error::ProtocolError;

use super::Session;
use crate::context::Context;
use crate::exchange::{Exchange, Piece};
use crate::failure::FailureKind;
use crate::nanos::Nanos;
use crate::splitter::{Splitter, UnitError};

/// Bytes of a unit beyond twice those of the longest that is sent.
const UNIT_SLACK: u64 = 1 << 20;
/// The close code for data that break the rules of a protocol above (RFC 6455 section 7.4.1).
const POLICY_VIOLATION: u16 = 1008;
/// The close code for what is too big to be taken.
const TOO_BIG: u16 = 1009;

/// A breach of the protocol: of RFC 6455, or of the one that is spoken in its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Violation {
    /// Of WebSocket.
    #[error(transparent)]
    Frames(#[from] ProtocolError),
    /// Of units.
    #[error(transparent)]
    Units(#[from] UnitError),
}

impl Violation {
    pub(super) fn kind(&self) -> FailureKind {
        match self {
            Self::Frames(error) => (*error).into(),
            Self::Units(UnitError::TooLong { .. }) => FailureKind::MessageTooLong,
            Self::Units(UnitError::Length) => FailureKind::BrokenUnit,
        }
    }

    /// The code that the close frame has.
    pub(super) fn close_code(&self) -> u16 {
        match self {
            Self::Frames(error) => error.close_code(),
            Self::Units(UnitError::TooLong { .. }) => TOO_BIG,
            Self::Units(UnitError::Length) => POLICY_VIOLATION,
        }
    }
}

/// Splits what comes on a connection into the plan's units; `None` where a WebSocket message is one.
pub(super) fn splitter<X: Exchange>(exchange: &X, context: &Context<X::Local>) -> Option<Splitter> {
    let unit = context.common.plan.clients.exchange.unit;
    let longest = exchange.longest_answer(&context.local) * 2 + UNIT_SLACK;
    let longest = usize::try_from(longest).unwrap_or(usize::MAX);
    (!unit.is_frame()).then(|| Splitter::new(unit, longest))
}

impl<X: Exchange> Session<X> {
    /// A piece of a message that has come, as it was before it was packed: it is handed on as it is, or
    /// as the units that are whole by now.
    #[inline]
    pub(super) fn take_piece(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        piece: Piece<'_>,
    ) -> Result<(), UnitError> {
        let rare = self.rare.as_mut();
        let Some(mut splitter) = rare.and_then(|rare| rare.splitter.take()) else {
            self.hand_on(context, received, piece);
            return Ok(());
        };
        let mut rest = piece.bytes;
        let outcome = loop {
            match splitter.next(&mut rest, piece.last) {
                Ok(None) => break Ok(()),
                Ok(Some(bytes)) => {
                    let unit = Piece {
                        kind: piece.kind,
                        bytes,
                        last: true,
                    };
                    self.hand_on(context, received, unit);
                }
                Err(error) => break Err(error),
            }
        };
        self.rare.get_or_insert_default().splitter = Some(splitter);
        outcome
    }
}
