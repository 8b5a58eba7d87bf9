//! What a client says on an open WebSocket and what it awaits, step by step, sans-IO.
//!
//! A [`DialogueStep`] is data: something is sent, or something has to come. A [`Dialogue`] walks
//! through a list of them: it says what to send next and what is awaited, is told what came, and
//! ends with an [`Upshot`]. The cases of the conformance gate are made of steps, down to octets
//! that break the protocol; a login is made of messages alone, and walks through its own list, for
//! what it says depends on what came before: it shares the [`Pattern`]s, and the way to
//! [`compare`]. Framing, sockets and clocks are the caller's.
//!
//! ```
//! use wsbench_dialogue::{
//!     Dialogue, Expectation, ReceivedMessage, Next, Pattern, Seen, Sent, DialogueStep, Upshot,
//! };
//! use wsbench_wire::connection::MessageKind::Text;
//! let steps = [
//!     DialogueStep::Send(Sent::Message(Text, b"hello".to_vec())),
//!     DialogueStep::Expect(Expectation::Message(Text, Pattern::Prefix(b"welcome".to_vec()))),
//! ];
//! let mut dialogue = Dialogue::default();
//! assert_eq!(dialogue.next(&steps), Next::Send(&Sent::Message(Text, b"hello".to_vec())));
//! assert!(matches!(dialogue.next(&steps), Next::Await(_)));
//! dialogue.on_seen(Seen::Message(ReceivedMessage::plain(Text, *b"welcome, you")));
//! assert_eq!(dialogue.next(&steps), Next::Over(Upshot::Met));
//! ```
#![forbid(unsafe_code)]

mod compared;
mod dialogue;
mod pattern;
mod seen;
mod step;
mod words;

pub use compared::{Compared, compare};
pub use dialogue::{Dialogue, Next};
pub use pattern::{Expression, Pattern};
pub use seen::{ConnectionEnd, ReceivedMessage, Seen, Upshot};
pub use step::{DialogueStep, Expectation, Sent};
