//! The vocabulary of settings, and texts that name them.
//!
//! Whoever advises (an error, a doubt about a figure, a check of the machine) names the [`Field`]
//! that helps and not the words by which a user sets it: these are flags on a command line, keys in
//! a file and paths in a program. A [`Text`] holds the names as they are; a [`Spelling`] makes words
//! of it where it is shown or stored.

#![forbid(unsafe_code)]

mod field;
mod text;

pub use field::Field;
pub use text::{Mention, Paths, Piece, Spelling, Text, Told};
