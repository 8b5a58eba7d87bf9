//! `wsbench rank suite.toml`: many servers, one command.
//!
//! What is to be done is the suite's, how it goes `ranking`'s; here the two are brought together,
//! kept and shown.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use wsbench::bounded::{self, LARGEST_STORED};
use wsbench_experiment::rank::{Ending, Ledger, Program, rank};
use wsbench_judge::ranking::RankingInput;
use wsbench_record::document::RunContext;
use wsbench_record::ranking::{self, Ranking, ServerFacts};
use wsbench_record::units::seconds;
use wsbench_render::html;
use wsbench_render::style::Style;

use crate::advice;
use crate::build_args;
use crate::exit::{Exit, say};
use crate::helpers::ThisProgram;
use crate::html_args::{self, HtmlArgs};
use crate::interrupt::Interrupts;
use crate::live_args::LiveArgs;
use crate::measuring::watch_signals;
use crate::output::{self, OutputFile};
use crate::output_args::{self, Format, OutputArgs};
use crate::progress::{RankingProgress, plan_text};
use crate::shell_words::shell_words;
use crate::spelling::ByHand;
use crate::spelling::Flags;
use crate::state::StateArgs;
use crate::surroundings::Surroundings;
use crate::terminal;
use crate::usage::UsageError;
use crate::workload_args::variable;
use wsbench::BenchError;
use wsbench::local_values::LocalValues;
use wsbench::machine::run_context;
use wsbench::quantity;
use wsbench::ranking::{
    Circumstances, Installing, InterruptedRanking, LocalTestbed, StateFile, digest, now_rfc3339,
    preflight,
};
use wsbench::suite::{Choices, Suite};

/// Formats of a ranking.
const FORMATS: [Format; 6] = [
    Format::Text,
    Format::Json,
    Format::Markdown,
    Format::Github,
    Format::Html,
    Format::Quiet,
];

/// Start, examine, measure and rank many servers, as a suite says.
///
/// Each round starts every server afresh, in random order, on the suite's cores, and measures it
/// under every workload. A server that cannot be installed or started, or that dies, has a row that
/// says so. With --output every finished run is kept at once in F.runs: the same command continues
/// an interrupted ranking.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  wsbench rank suites/quick.toml --plan
  wsbench rank suites/quick.toml -o ranking.json --html ranking.html
  wsbench rank suites/full.toml -o ranking.json --servers ws,websockets --rounds 3
  wsbench report ranking.json --format markdown

Exit codes: 0 every server was measured, 1 one or more were not, or it was interrupted, 2 the suite \
or the command line was refused.")]
pub(crate) struct RankArgs {
    /// The suite (see `wsbench schema suite`).
    #[arg(value_name = "SUITE")]
    suite: PathBuf,
    /// Say what would be done and how long it would take; do nothing.
    #[arg(long)]
    plan: bool,
    /// Of the suite's servers these alone.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    servers: Option<Vec<String>>,
    /// So many rounds, whatever the suite says.
    #[arg(long, value_name = "N", value_parser = quantity::positive_u32)]
    rounds: Option<u32>,
    /// Seed of every order and every run [default: random, and kept in the result].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Install nothing: servers that are not there have a row that says so.
    #[arg(long)]
    no_install: bool,
    /// Begin anew, and lose what an interrupted ranking has left.
    #[arg(long, requires = "output")]
    fresh: bool,
    /// Write the ranking to F: the JSON document that `wsbench report` reads, or what --format
    /// names.
    #[arg(short, long, value_name = "F", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Format printed (and written by --output) [default: text].
    #[arg(long, value_name = "FORMAT", help_heading = "Output",
          value_parser = output_args::one_of(&FORMATS))]
    format: Option<Format>,
    /// The page.
    #[command(flatten)]
    html: HtmlArgs,
    /// Permission to keep the result.
    #[command(flatten)]
    state: StateArgs,
    /// Destinations of figures while the runs are under way.
    #[command(flatten)]
    live: LiveArgs,
}

impl RankArgs {
    fn formats(&self) -> OutputArgs {
        OutputArgs {
            output: self.output.clone(),
            format: self.format,
            live: self.live.clone(),
            ..OutputArgs::default()
        }
    }
}

/// Ranks, keeps and shows what came of it.
///
/// # Errors
/// A suite or a command line that is refused; a result or a state that cannot be kept.
pub(crate) fn run(args: &RankArgs, command_line: &[OsString]) -> anyhow::Result<Exit> {
    let formats = args.formats();
    check_format(formats.stored())?;
    let choices = Choices {
        servers: args.servers.clone(),
        rounds: args.rounds,
    };
    let by_hand = ByHand(Surroundings::here());
    let values = LocalValues::new(&variable);
    let suite = Suite::read(&args.suite, &choices, &by_hand, &values);
    let suite = suite.map_err(UsageError::from)?;
    if args.plan {
        output::print(&plan_text(&program(&suite, args.seed.unwrap_or(1))))?;
        return Ok(Exit::Ok);
    }
    formats.check_stdout()?;
    let file = args.output.as_deref();
    let file = file.map(|path| OutputFile::check("--output", path));
    let (file, page) = (file.transpose()?, args.html.check()?);
    let stream = formats.live.file()?;
    let all: Vec<&OutputFile> = [&file, &page, &stream].into_iter().flatten().collect();
    output::check_distinct(&all)?;
    if let Some(path) = args.output.as_deref().filter(|_| !args.fresh) {
        check_unfinished(path)?;
    }
    let interrupts = watch_signals()?;
    let circumstances = Circumstances {
        stop: interrupts.stop_signal().clone(),
        context: RunContext {
            command: shell_words(command_line),
            ..run_context()
        },
        helpers: Arc::new(ThisProgram),
        spelling: &Flags,
        installing: match args.no_install {
            false => Installing::Allowed,
            true => Installing::Forbidden("--no-install was given".to_owned()),
        },
    };
    let doubts = preflight(&suite, &circumstances.context, &Flags).map_err(refused)?;
    let made = made(args, &suite, &circumstances, &interrupts, doubts)?;
    // The result is kept first; where that fails, it is at least shown.
    let kept = file.map_or(Ok(()), |file| {
        file.write_naming(&render(&made.ranking, formats.stored(), terminal::PLAIN))
    });
    let kept = kept.and(html_args::keep(page.as_ref(), || {
        html::ranking(&made.ranking, &Flags)
    }));
    args.state.keep(|| ranking::write(&made.ranking));
    output::print(&render(&made.ranking, formats.shown(), terminal::style()))?;
    kept.and(build_args::tell_step(|| {
        render(&made.ranking, Format::Markdown, terminal::PLAIN)
    }))?;
    match made.state {
        Some(state) if made.ending == Ending::Complete => state.remove(),
        Some(state) => say(&format!(
            "{} holds what was measured: the same command continues there",
            state.path().display()
        )),
        None => {}
    }
    Ok(concluded(&made.ranking, made.ending))
}

/// The exit code, and on standard error why it is not 0.
fn concluded(ranking: &Ranking, ending: Ending) -> Exit {
    let without: Vec<&str> = ranking.without_figures().collect();
    if !without.is_empty() {
        say(&format!("error: no figures of {}", without.join(", ")));
    }
    if ending == Ending::Interrupted {
        say("error: the ranking is not complete: it was interrupted");
    }
    if without.is_empty() && ending != Ending::Interrupted {
        Exit::Ok
    } else {
        Exit::Failed
    }
}

/// Error of a plan that a machine or a suite has no room for; what makes no run is the suite's
/// fault.
fn refused(error: BenchError) -> anyhow::Error {
    match error {
        BenchError::Plan(error) => UsageError::from(error).into(),
        error => advice::spelled(error),
    }
}

/// Makes sure that no finished ranking is written over: a part of an hour is lost easily, by the
/// same command once more.
fn check_unfinished(output: &Path) -> Result<(), UsageError> {
    let is_under_way = StateFile::beside(output).exists();
    let is_ranking = match bounded::text_of(output, LARGEST_STORED) {
        Ok(text) => ranking::read(&text).is_ok(),
        // Whatever it is, it took long to make.
        Err(error) => error.kind() == ErrorKind::FileTooLarge,
    };
    if is_ranking && !is_under_way {
        let path = output.to_owned();
        return Err(UsageError::RankingFinished { path });
    }
    Ok(())
}

/// A ranking, whole or not.
struct Made {
    ranking: Ranking,
    ending: Ending,
    state: Option<StateFile>,
}

/// Program of the ranking.
fn program(suite: &Suite, seed: u64) -> Program {
    let names = suite.servers.iter().map(|server| server.facts.name.clone());
    Program {
        servers: names.collect(),
        workloads: suite.planned(),
        rounds: suite.rounds,
        seed,
        is_examined: suite.duty.is_examined(),
    }
}

/// Carries the suite out, from where it stood.
fn made(
    args: &RankArgs,
    suite: &Suite,
    circumstances: &Circumstances,
    interrupts: &Interrupts,
    doubts: Vec<String>,
) -> anyhow::Result<Made> {
    let formats = args.formats();
    let is_quiet = formats.shown() == Format::Quiet;
    let Beginning {
        state,
        mut ledger,
        seed,
        started_at,
    } = Beginning::of(args, suite)?;
    let program = program(suite, seed);
    if !is_quiet {
        announce(args, &program, ledger.runs.len());
    }
    let progress = RankingProgress::of(&program, &suite.facts().name, is_quiet);
    let mut progress = progress.on_screen(&formats, interrupts);
    let mut here = LocalTestbed::new(suite, circumstances, state, |event| progress.tell(event));
    let (exporter, _live) = args.live.open()?;
    if let Some(exporter) = exporter {
        here.observe(exporter);
    }
    let total_s = suite.limits.total.as_secs_f64();
    let ending = rank(&program, &mut ledger, total_s, &mut here)?;
    let state = here.into_state();
    let context = &circumstances.context;
    let gathered = RankingInput {
        tool_version: context.tool_version.clone(),
        command: context.command.clone(),
        started_at,
        ended_at: now_rfc3339(),
        seed,
        suite: suite.facts(),
        host: context.host.clone(),
        cut_short: match ending {
            Ending::Complete => None,
            Ending::Interrupted => Some("it was interrupted".to_owned()),
            Ending::OutOfTime => Some(format!("its limit of {} was used up", seconds(total_s))),
        },
        servers: with_versions(suite, &ledger),
        gates: ledger.gates,
        ready_s: ledger.ready_s,
        failures: ledger.failures,
        runs: ledger.runs,
        doubts,
    };
    Ok(Made {
        ranking: wsbench_judge::ranking::rank(gathered),
        ending,
        state,
    })
}

/// Point from which a ranking begins: anew, or where an earlier one stood.
struct Beginning {
    state: Option<StateFile>,
    ledger: Ledger,
    seed: u64,
    started_at: String,
}

impl Beginning {
    fn of(args: &RankArgs, suite: &Suite) -> Result<Self, UsageError> {
        // 32 bits are enough to differ, short enough to be typed, exact in any JSON reader.
        let seed = args.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
        let started_at = now_rfc3339();
        let Some(output) = &args.output else {
            return Ok(Self::anew(None, seed, started_at));
        };
        let path = StateFile::beside(output);
        let digest = digest(suite);
        if !args.fresh
            && let Some(found) = StateFile::find(&path, &digest, args.seed)?
        {
            return Ok(Self::continued(found));
        }
        let state = StateFile::begin(&path, &digest, seed, &started_at)?;
        Ok(Self::anew(Some(state), seed, started_at))
    }

    fn anew(state: Option<StateFile>, seed: u64, started_at: String) -> Self {
        Self {
            state,
            ledger: Ledger::default(),
            seed,
            started_at,
        }
    }

    fn continued(found: InterruptedRanking) -> Self {
        Self {
            state: Some(found.state),
            ledger: Ledger::of(found.entries),
            seed: found.header.seed,
            started_at: found.header.started_at,
        }
    }
}

/// Tells what is about to be done.
fn announce(args: &RankArgs, program: &Program, done: usize) {
    let runs = program.runs_in_all();
    say(&format!(
        "rank: {} servers, {} workloads, {} rounds, {runs} runs, seed {}",
        program.servers.len(),
        program.workloads.len(),
        program.rounds,
        program.seed,
    ));
    if done > 0 {
        say(&format!("{done} of {runs} runs are made already, and kept"));
    }
    if args.output.is_none() {
        say("without --output nothing is kept if this is interrupted");
    }
}

/// The servers as results tell them, with the versions that they have said.
fn with_versions(suite: &Suite, ledger: &Ledger) -> Vec<ServerFacts> {
    let facts = suite.server_facts().into_iter().map(|facts| ServerFacts {
        version: ledger.versions.get(&facts.name).cloned().or(facts.version),
        ..facts
    });
    facts.collect()
}

/// Makes sure that there is such a rendering of a ranking.
///
/// # Errors
/// [`UsageError::NoCsvOfRanking`].
pub(crate) fn check_format(format: Format) -> Result<(), UsageError> {
    match format {
        Format::Csv => Err(UsageError::NoCsvOfRanking),
        Format::Text
        | Format::Json
        | Format::Markdown
        | Format::Github
        | Format::Html
        | Format::Quiet => Ok(()),
    }
}

/// A ranking in a format.
pub(crate) fn render(ranking: &Ranking, format: Format, style: Style) -> String {
    match format {
        Format::Text => wsbench_render::ranking::text(ranking, style),
        Format::Json => ranking::write(ranking),
        Format::Markdown | Format::Github => wsbench_render::ranking::markdown(ranking),
        Format::Html => html::ranking(ranking, &Flags),
        Format::Csv | Format::Quiet => String::new(),
    }
}
