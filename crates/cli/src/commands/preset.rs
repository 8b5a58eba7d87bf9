//! `wsbench preset [NAME]`: the scenarios inside of the program, to begin one's own from.

use clap::Args;
use wsbench::scenario::{PRESETS, Preset, ScenarioError};

use crate::exit::Exit;
use crate::output;
use crate::usage::UsageError;

/// The scenario to print.
#[derive(Clone, Debug, Args)]
pub(crate) struct PresetArgs {
    /// Its name; without it all are listed.
    name: Option<String>,
}

/// Prints a preset, or the list of them.
///
/// # Errors
/// There is none of this name; standard output cannot be written.
pub(crate) fn run(args: &PresetArgs) -> anyhow::Result<Exit> {
    let Some(name) = &args.name else {
        let longest = PRESETS.iter().map(|it| it.name.len()).max().unwrap_or(0);
        let lines = PRESETS
            .iter()
            .map(|it| format!("{:longest$}  {}\n", it.name, it.title));
        output::print(&lines.collect::<String>())?;
        return Ok(Exit::Ok);
    };
    let preset = Preset::named(name)
        .ok_or_else(|| UsageError::Scenario(ScenarioError::NoPreset { name: name.clone() }))?;
    output::print(preset.text)?;
    Ok(Exit::Ok)
}
