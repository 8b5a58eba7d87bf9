//! What a command line asks for, carried out: a run, or one of the subcommands, one file each.

pub(crate) mod agent;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod find;
pub(crate) mod fleet;
pub(crate) mod man;
pub(crate) mod preset;
pub(crate) mod rank;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod supervise;
pub(crate) mod sweep;
