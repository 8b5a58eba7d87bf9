//! `wsbench man [DIR]`: man pages, generated from the flags themselves.

use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use crate::exit::Exit;
use crate::output::{self, OutputFile};

/// Prints wsbench(1) of `command`, or writes it and a page a subcommand into `directory`.
///
/// # Errors
/// When standard output or a page cannot be written.
pub(crate) fn run(mut command: Command, directory: Option<&Path>) -> anyhow::Result<Exit> {
    command.build();
    let Some(directory) = directory else {
        output::print(&String::from_utf8_lossy(&page(&command)?))?;
        return Ok(Exit::Ok);
    };
    write_page(&command, "wsbench", directory)?;
    for subcommand in command.get_subcommands() {
        if subcommand.get_name() != "help" && !subcommand.is_hide_set() {
            let name = format!("wsbench-{}", subcommand.get_name());
            write_page(&subcommand.clone().display_name(&name), &name, directory)?;
        }
    }
    Ok(Exit::Ok)
}

fn write_page(command: &Command, name: &str, directory: &Path) -> anyhow::Result<()> {
    let path = directory.join(format!("{name}.1"));
    let file = OutputFile::check("man", &path)?;
    file.write_naming(&String::from_utf8_lossy(&page(command)?))
}

fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}
