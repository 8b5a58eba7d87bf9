//! The library as its users have it: real sockets, the embedded server in this process, small runs.
//! No test asks for a time that a busy machine cannot keep.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod advice;
mod corpus;
mod examples;
mod experiments;
mod readings;
mod wishes;
