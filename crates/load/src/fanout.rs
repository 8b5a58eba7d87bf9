//! Messages to many: what was published, who has received it, and what became of each message.
//!
//! The worker of a publisher writes on the [`board`] what it sends, and every worker reads there what
//! a message was that has arrived: written once a message, read once a delivery, and nothing else is
//! shared. Each worker keeps its own [`receipts`], and hands them over as partial counts, of which
//! the [`ledger`] makes what became of each message: partial counts merge by sum, least and greatest,
//! so their order is no matter.
//!
//! Where other processes carry shares of the run out, a message says itself what their workers do not
//! find on their board ([`postmark`]); the first of them that receives it puts it there ([`afar`]).

mod afar;
pub mod board;
mod lane;
pub mod ledger;
mod memberships;
pub(crate) mod postmark;
pub(crate) mod receipts;

pub use postmark::{TOLD_WITHIN, too_few_numbers};
pub use receipts::books_bytes;
