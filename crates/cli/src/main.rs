//! The wsbench command.
fn main() {}
