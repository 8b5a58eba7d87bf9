//! `wsbench schema [OF]`: the JSON Schemas of the documents, generated from the types that write
//! them.

use clap::ValueEnum;
use wsbench_record::{comparison, document, ranking, repetition, search, sweep};

use crate::exit::Exit;
use crate::output;
use wsbench::scenario::ScenarioFile;
use wsbench::suite::{ServerFile, SuiteFile};

/// Whose schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The result of a run.
    Result,
    /// Several runs: --repeat.
    Repeat,
    /// Two sides: `wsbench compare`.
    Comparison,
    /// Result of `wsbench find`.
    Find,
    /// Result of `wsbench sweep`.
    Sweep,
    /// Result of `wsbench rank`.
    Ranking,
    /// A line of --stream ndjson.
    #[cfg(feature = "export")]
    Stream,
    /// A scenario: --scenario.
    Scenario,
    /// A suite for `wsbench rank`.
    Suite,
    /// A server of a suite: server.toml.
    Server,
}

/// Prints the schema.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(of: SchemaOf) -> anyhow::Result<Exit> {
    let schema = match of {
        SchemaOf::Result => document::schema(),
        SchemaOf::Repeat => repetition::schema(),
        SchemaOf::Comparison => comparison::schema(),
        SchemaOf::Find => search::schema(),
        SchemaOf::Sweep => sweep::schema(),
        SchemaOf::Ranking => ranking::schema(),
        #[cfg(feature = "export")]
        SchemaOf::Stream => wsbench_export::stream::schema(),
        SchemaOf::Scenario => schemars::schema_for!(ScenarioFile).into(),
        SchemaOf::Suite => schemars::schema_for!(SuiteFile).into(),
        SchemaOf::Server => schemars::schema_for!(ServerFile).into(),
    };
    output::print(&format!("{schema:#}\n"))?;
    Ok(Exit::Ok)
}
