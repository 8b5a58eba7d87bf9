//! The server under test as a process of this machine: started, pinned, watched, stopped.
//!
//! This is the only part that starts other people's programs. What they say on the wire is not
//! its affair.

pub mod command;
pub mod exec;
pub mod growth;
pub mod supervisor;
pub mod tree;
pub mod watch;
