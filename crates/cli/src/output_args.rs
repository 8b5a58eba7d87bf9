//! What is written of results, where to, and in which format: the flags, and what they come to.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::build_args::BuildArgs;
use crate::histogram_args::HistogramArgs;
use crate::html_args::HtmlArgs;
use crate::live_args::LiveArgs;
use crate::shares::{self, Shares};
use crate::state::StateArgs;
use crate::usage::UsageError;

/// Destinations of results.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Write the result to F: the JSON document that `wsbench report` reads, or what --format or
    /// the ending of F names (.html, .md, .csv, .txt); - is standard output. The file appears whole
    /// or not at all.
    #[arg(short, long, value_name = "F")]
    pub(crate) output: Option<PathBuf>,
    /// Format printed (and written by --output) [default: text].
    ///
    /// With --output the file is in this format, and the text summary is still printed.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
    /// The times in the formats of HdrHistogram.
    #[command(flatten)]
    pub(crate) histograms: HistogramArgs,
    /// The page.
    #[command(flatten)]
    pub(crate) html: HtmlArgs,
    /// Outcome for a build, and where it goes.
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    /// A label for the reports.
    #[arg(long, value_name = "LABEL")]
    pub(crate) name: Option<String>,
    /// Print all that is known of the result, not its eight lines alone.
    ///
    /// `wsbench report` prints the same of the last run.
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Percentiles to print, and no others (example: 50,90,99.9).
    #[arg(long, value_name = "LIST", value_parser = shares::parse)]
    pub(crate) percentiles: Option<Shares>,
    /// Permission to keep the result.
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Show credentials: results hold the command line, headers and subprotocols as they are, and what
    /// servers said, in place of '(withheld)'.
    #[arg(long)]
    pub(crate) show_secrets: bool,
    /// Print plain progress lines, no live screen.
    #[arg(long)]
    pub(crate) no_tui: bool,
    /// Exit with 3 when the audit finds anything to doubt.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Hold the server against RFC 6455 first (see wsbench check), and stamp the result with what
    /// was found; exit with 4 when it did not pass.
    #[arg(long)]
    pub(crate) gate: bool,
    /// Destinations of figures while the run is under way.
    #[command(flatten)]
    pub(crate) live: LiveArgs,
}

impl OutputArgs {
    /// Format for standard output: the one asked for; but what went to a file is not said twice.
    pub(crate) fn shown(&self) -> Format {
        match self.format {
            Some(Format::Quiet) => Format::Quiet,
            _ if self.live.takes_stdout() => Format::Quiet,
            _ if self.is_to_stdout() => self.stored(),
            Some(format) if self.output.is_none() => format,
            _ => Format::Text,
        }
    }

    /// The file of `--output`, unless it is standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|_| !self.is_to_stdout())
    }

    /// True where what is told is told to GitHub as well.
    pub(crate) fn is_for_github(&self) -> bool {
        self.shown() == Format::Github
    }

    /// Makes sure that one thing alone is written to standard output.
    ///
    /// # Errors
    /// [`UsageError::TwoToStdout`].
    pub(crate) fn check_stdout(&self) -> Result<(), UsageError> {
        let is_asked = self.is_to_stdout() || (self.output.is_none() && self.format.is_some());
        let is_quiet = self.format == Some(Format::Quiet);
        if self.live.takes_stdout() && is_asked && !is_quiet {
            return Err(UsageError::TwoToStdout);
        }
        Ok(())
    }

    fn is_to_stdout(&self) -> bool {
        self.output.as_deref() == Some(Path::new("-"))
    }

    /// Amount of a result that is printed as text.
    pub(crate) fn view(&self) -> Extent {
        Extent {
            is_brief: !self.verbose,
            shares: self.percentiles.clone(),
        }
    }

    /// Format for the file of `--output`.
    pub(crate) fn stored(&self) -> Format {
        match self.format {
            None | Some(Format::Quiet) => {
                let named = self.output.as_deref().and_then(Format::of_name);
                named.unwrap_or(Format::Json)
            }
            Some(format) => format,
        }
    }
}

impl Format {
    /// The format that a file's ending names; `None` of one that names none.
    pub(crate) fn of_name(file: &Path) -> Option<Self> {
        let ending = file.extension()?.to_str()?.to_lowercase();
        Some(match ending.as_str() {
            "html" | "htm" => Self::Html,
            "md" | "markdown" => Self::Markdown,
            "csv" => Self::Csv,
            "txt" => Self::Text,
            "json" => Self::Json,
            _ => return None,
        })
    }
}

/// A parser of these formats alone: the help lists no other.
pub(crate) fn one_of(formats: &[Format]) -> impl TypedValueParser<Value = Format> + use<> {
    let names: Vec<PossibleValue> = formats
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .collect();
    PossibleValuesParser::new(names).try_map(|name| <Format as ValueEnum>::from_str(&name, false))
}

/// Amount of a result that is printed as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extent {
    /// True of the eight lines alone.
    pub(crate) is_brief: bool,
    /// The percentiles that were asked for.
    pub(crate) shares: Option<Shares>,
}

/// Format in which a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A summary for people.
    Text,
    /// The whole result document.
    Json,
    /// A header and one line a result.
    Csv,
    /// A table for issues and READMEs.
    #[value(alias = "md")]
    Markdown,
    /// The summary of a step of GitHub Actions, and annotations. Where $GITHUB_STEP_SUMMARY is set
    /// both are written whatever the format is.
    Github,
    /// A page for browsers: one file that opens offline.
    Html,
    /// Nothing; errors and the exit code still tell.
    Quiet,
}
