//! The subcommands, one file each. None of them measures; that is `run`.

pub(crate) mod completions;
pub(crate) mod man;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod serve;
