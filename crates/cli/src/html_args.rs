//! `--html F`: the page of a result beside whatever else is written of it.

use std::path::PathBuf;

use clap::Args;

use crate::output::OutputFile;
use crate::usage::UsageError;

/// Destination of the page.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct HtmlArgs {
    /// Write the result to F as a page for browsers: one file that opens offline.
    #[arg(long, value_name = "F")]
    pub(crate) html: Option<PathBuf>,
}

impl HtmlArgs {
    /// The file, found to be writable.
    ///
    /// # Errors
    /// [`UsageError::Unwritable`].
    pub(crate) fn check(&self) -> Result<Option<OutputFile>, UsageError> {
        let path = self.html.as_deref();
        path.map(|path| OutputFile::check("--html", path))
            .transpose()
    }
}

/// Writes a page to its file, where there is one.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn keep(file: Option<&OutputFile>, page: impl FnOnce() -> String) -> anyhow::Result<()> {
    file.map_or(Ok(()), |file| file.write_naming(&page()))
}
