//! `--hgrm F` and `--hlog F`: the times of one run in the formats of HdrHistogram, beside whatever
//! else is written of it.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use wsbench_load::series::Series;
use wsbench_record::document::Document;
use wsbench_render::{hgrm, hlog};

use crate::output::OutputFile;
use crate::usage::UsageError;

/// Destination of the times.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct HistogramArgs {
    /// Write the response times of the run to F as an HdrHistogram percentile table, in ms.
    #[arg(long, value_name = "F")]
    pub(crate) hgrm: Option<PathBuf>,
    /// Write response and service times over the course of the run to F as an HdrHistogram interval
    /// log, for its tools and plotters.
    #[arg(long, value_name = "F")]
    pub(crate) hlog: Option<PathBuf>,
}

/// The files, all found to be writable.
#[derive(Debug)]
pub(crate) struct HistogramFiles {
    hgrm: Option<OutputFile>,
    hlog: Option<OutputFile>,
}

impl HistogramArgs {
    /// The first of the flags that was given, where one was.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let flags = [
            (self.hgrm.is_some(), "--hgrm"),
            (self.hlog.is_some(), "--hlog"),
        ];
        let given = flags.into_iter().find(|(is_given, _)| *is_given);
        given.map(|(_, flag)| flag)
    }

    /// The files of the flags.
    ///
    /// # Errors
    /// [`UsageError::Unwritable`].
    pub(crate) fn check(&self) -> Result<HistogramFiles, UsageError> {
        let check = |flag, path: &Option<PathBuf>| {
            path.as_deref().map(|path| OutputFile::check(flag, path))
        };
        Ok(HistogramFiles {
            hgrm: check("--hgrm", &self.hgrm).transpose()?,
            hlog: check("--hlog", &self.hlog).transpose()?,
        })
    }
}

impl HistogramFiles {
    /// The files that there are.
    pub(crate) fn all(&self) -> impl Iterator<Item = &OutputFile> {
        self.hgrm.iter().chain(&self.hlog)
    }

    /// Writes what was asked for; tries both, and tells the first failure.
    ///
    /// # Errors
    /// When the document has no samples or no course, or a file cannot be written.
    pub(crate) fn keep(&self, document: &Document) -> anyhow::Result<()> {
        let table = self.hgrm.as_ref().map_or(Ok(()), |file| {
            let table = hgrm::percentiles(document.at(Series::Response));
            file.write_naming(&table.context("--hgrm: not written")?)
        });
        let log = self.hlog.as_ref().map_or(Ok(()), |file| {
            file.write_naming(&hlog::log(document).context("--hlog: not written")?)
        });
        table.and(log)
    }
}
