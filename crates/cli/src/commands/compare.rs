//! `wsbench compare A B`: two servers in rounds, or stored results, and what differs between them.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Arg, Args};
use wsbench_drive::run::StopSignal;
use wsbench_experiment::compare::{Rounds, compare};
use wsbench_experiment::repeat::repeat;
use wsbench_judge::comparison::{self as judge, Terms};
use wsbench_judge::condition::Condition;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::Plan;
use wsbench_load::route::Target;
use wsbench_record::comparison::{self, Comparison, Side};
use wsbench_render::build_check::{self, BuildCheck};
use wsbench_render::html;
use wsbench_render::live::experiment::ExperimentKind;
use wsbench_render::style::Style;

use crate::advice;
use crate::args::RunArgs;
use crate::build_args::{self, BuildArgs};
use crate::contender::{self, Contender, StoredSide};
use crate::exit::{Exit, say};
use crate::html_args::{self, HtmlArgs};
use crate::judge::{exit, told};
use crate::live_args::LiveArgs;
use crate::measuring::{PreparedRuns, show_on_screen};
use crate::output::{self, OutputFile};
use crate::output_args::{Format, OutputArgs};
use crate::plan;
use crate::run::announce;
use crate::shell_words::shell_words;
use crate::spelling::Flags;
use crate::state::StateArgs;
use crate::surroundings::Surroundings;
use crate::terminal;
use wsbench::quantity::{self, WarmUpLength};
use wsbench::redirects;

/// Length of a run when none is given: many short rounds tell more than few long ones.
const DEFAULT_DURATION: Nanos = Nanos::from_secs(2);
/// Its warm-up.
const DEFAULT_WARMUP: Nanos = Nanos::from_millis(500);

/// A flag of a run with other words than a run's, in the long help as in the short one.
fn said(arg: Arg, words: &'static str) -> Arg {
    arg.help(words).long_help(words)
}

/// Compares two servers in rounds, or stored results: ratios, noise and a verdict.
///
/// Each round measures A and B once, in random order, so that what changes on the machine is in
/// both. A stored result (FILE, or FILE#a and FILE#b of a stored comparison) stands for the runs in
/// it. Of closed loops only the throughput is compared, since the faster server is given more load:
/// latencies are compared at the same --rate.
#[derive(Clone, Debug, Args)]
#[command(
    mut_arg("duration", |arg| said(arg, "Measure each run for this long [default: 2s]")),
    mut_arg("warmup", |arg| said(arg, "Load this long before each measurement [default: 500ms]")),
)]
pub(crate) struct Compare {
    /// Contender that B is compared with: a URL, or a file that --output wrote.
    #[arg(value_name = "A", value_parser = contender::contender)]
    a: Contender,
    /// Contender to compare: a URL or a file.
    #[arg(value_name = "B", value_parser = contender::contender)]
    b: Contender,
    /// Rounds, or runs of the only server where the other side is stored.
    #[arg(long, value_name = "N", default_value = "10", value_parser = rounds,
          help_heading = "Rounds")]
    rounds: u32,
    /// Begin no further round that would not be over after this long.
    #[arg(long, value_name = "TIME", default_value = "10m",
          value_parser = quantity::length, help_heading = "Rounds")]
    limit: Nanos,
    /// Compare also what should not be: latencies of closed loops, runs that were not asked to do
    /// the same. The result says so.
    #[arg(long, help_heading = "Rounds")]
    force: bool,
    /// The runs.
    #[command(flatten)]
    run: RunArgs,
    /// Write the comparison to F: the JSON document that `wsbench report` reads, or what --format
    /// names.
    #[arg(short, long, value_name = "F", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Format printed, and written by --output [default: text].
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Output")]
    format: Option<Format>,
    /// Exit with 99 when this holds of B and noise does not explain it; repeat for several.
    ///
    /// A change from A, as 'p99>+5%' or 'messages_per_s<-3%', or as 'p99>1.05*baseline', which is
    /// A: the ratio's interval must be beyond it, the whole of it. Or a value, of B's runs:
    /// 'errors>0'. What cannot be judged exits with 5.
    #[arg(long, value_name = "CONDITION", value_parser = advice::condition,
          help_heading = "Judge")]
    fail_if: Vec<Condition>,
    /// The page.
    #[command(flatten)]
    html: HtmlArgs,
    /// Outcome for a build, and where it goes.
    #[command(flatten)]
    build: BuildArgs,
    /// Permission to keep the result.
    #[command(flatten)]
    state: StateArgs,
    /// Destinations of figures while the runs are under way.
    #[command(flatten)]
    live: LiveArgs,
}

/// A number of rounds: of one there is no noise, and so nothing to compare.
fn rounds(word: &str) -> Result<u32, String> {
    match quantity::positive_u32(word) {
        Ok(1) => Err("one round tells nothing of the noise; give 2 at least".to_owned()),
        Ok(rounds) => Ok(rounds),
        Err(error) => Err(error.to_string()),
    }
}

/// Compares, keeps and shows what came of it.
///
/// # Errors
/// Usage, before anything is started; afterwards a run that cannot be made or is not fit to be
/// compared.
pub(crate) fn run(flags: &Compare, command_line: &[OsString]) -> anyhow::Result<Exit> {
    let formats = OutputArgs {
        output: flags.output.clone(),
        format: flags.format,
        live: flags.live.clone(),
        ..OutputArgs::default()
    };
    formats.check_stdout()?;
    let file = formats
        .file()
        .map(|path| OutputFile::check("--output", path));
    let (file, page) = (file.transpose()?, flags.html.check()?);
    let junit = flags.build.check()?;
    let stream = flags.live.file()?;
    let all = [&file, &page, &junit, &stream];
    let all: Vec<&OutputFile> = all.into_iter().flatten().collect();
    output::check_distinct(&all)?;
    let terms = Terms {
        command: shell_words(command_line),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: None,
        asked_rounds: None,
        is_forced: flags.force,
    };
    let mut compared = match (&flags.a, &flags.b) {
        (Contender::Server(a), Contender::Server(b)) => {
            let mut ready = ready(flags, a, &formats, command_line)?;
            let b = against(flags, b, &ready.plan, ready.interrupts.stop_signal())?;
            let kind = ExperimentKind::Compare(a.url(), b.target.url());
            let experiment = (kind, &ready.plan, Some(flags.limit));
            show_on_screen(&mut ready.runner, &ready.interrupts, experiment, &formats);
            let rounds = Rounds {
                a: ready.plan.clone(),
                b,
                rounds: flags.rounds,
                limit_s: flags.limit.as_secs_f64(),
            };
            compare(&mut ready.runner, &rounds, &terms)?
        }
        (Contender::Stored(a), Contender::Stored(b)) => {
            judge::compare(stored(a)?, stored(b)?, &terms, &Flags)?
        }
        (Contender::Stored(a), Contender::Server(b)) => {
            let a = stored(a)?;
            let b = fresh(flags, b, &formats, command_line)?;
            judge::compare(a, b, &terms, &Flags)?
        }
        (Contender::Server(a), Contender::Stored(b)) => {
            let b = stored(b)?;
            let a = fresh(flags, a, &formats, command_line)?;
            judge::compare(a, b, &terms, &Flags)?
        }
    };
    let judged = flags.fail_if.iter();
    let judged = judged.map(|it| it.judge_comparison(&compared)).collect();
    compared.conditions = told(judged, formats.shown());
    // The result is kept first; where that fails, it is at least shown.
    let kept = file.map_or(Ok(()), |file| {
        file.write_naming(&render(&compared, formats.stored(), terminal::PLAIN))
    });
    let kept = kept.and(html_args::keep(page.as_ref(), || {
        html::comparison(&compared, &Flags)
    }));
    let check = || BuildCheck::of_comparison(&compared, &Flags);
    let kept = kept.and(build_args::tell(
        junit.as_ref(),
        formats.is_for_github(),
        check,
    ));
    flags.state.keep(|| comparison::write(&compared));
    output::print(&render(&compared, formats.shown(), terminal::style()))?;
    kept?;
    Ok(exit(&compared.conditions, Exit::Ok))
}

/// The comparison in `format`.
pub(crate) fn render(compared: &Comparison, format: Format, style: Style) -> String {
    match format {
        Format::Text => wsbench_render::comparison::text(compared, style),
        Format::Json => comparison::write(compared),
        Format::Csv => wsbench_render::comparison::csv(compared),
        Format::Markdown => wsbench_render::comparison::markdown(compared, &Flags),
        Format::Github => build_check::summary(&BuildCheck::of_comparison(compared, &Flags)),
        Format::Html => html::comparison(compared, &Flags),
        Format::Quiet => String::new(),
    }
}

/// The flags of the runs, short where nothing else was said.
fn short(flags: &Compare) -> RunArgs {
    let mut run = flags.run.clone();
    let amount = &run.amount;
    let is_timed =
        amount.messages.is_none() && amount.clients.is_none() && run.pressure.stages.is_none();
    if is_timed {
        run.amount.duration = run.amount.duration.or(Some(DEFAULT_DURATION));
        run.pressure.warmup = run
            .pressure
            .warmup
            .or(Some(WarmUpLength::Given(DEFAULT_WARMUP)));
    }
    run
}

/// A runner, and the plan of a run against `target`; whatever was opened for the runs is held with it.
fn ready(
    flags: &Compare,
    target: &Target,
    formats: &OutputArgs,
    command_line: &[OsString],
) -> anyhow::Result<PreparedRuns> {
    let measure = short(flags).measure(Some(target.clone()));
    let order = plan::order(&measure, &Surroundings::here())?;
    let ready = PreparedRuns::for_runs(order, None, formats, command_line)?;
    if formats.shown() != Format::Quiet {
        announce(&ready.plan);
    }
    Ok(ready)
}

/// The same run as `a`, against another server.
fn against(flags: &Compare, target: &Target, a: &Plan, stop: &StopSignal) -> anyhow::Result<Plan> {
    // What is wrong with this server's address in the light of the flags is found here.
    let measure = short(flags).measure(Some(target.clone()));
    let b = plan::order(&measure, &Surroundings::here())?;
    let follow = b.follow;
    let b = b.plan_against(target.clone())?;
    let b = a.edited(|spec| {
        spec.target = target.clone();
        (spec.connect, spec.upgrade) = (b.connect.clone(), b.upgrade.clone());
    })?;
    match follow {
        Some(follow) => {
            let mut random = fastrand::Rng::with_seed(b.seed);
            let followed = redirects::followed(b, follow, &mut random, stop);
            followed.map_err(|error| advice::spelled(error.into()))
        }
        None => Ok(b),
    }
}

/// Runs against a server whose other side is stored.
fn fresh(
    flags: &Compare,
    target: &Target,
    formats: &OutputArgs,
    command_line: &[OsString],
) -> anyhow::Result<Side> {
    let mut ready = ready(flags, target, formats, command_line)?;
    let runs = repeat(&mut ready.runner, &ready.plan, flags.rounds)?;
    if runs.is_empty() {
        say("interrupted before the first run was whole");
    }
    Ok(Side {
        label: target.url(),
        runs,
    })
}

fn stored(side: &StoredSide) -> anyhow::Result<Side> {
    let runs = side.runs().context("nothing was compared")?;
    Ok(Side {
        label: side.to_string(),
        runs,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::command_line::{Cli, Command};

    /// Defaults of the commands that make several runs, as their help prints them.
    #[test]
    fn each_command_has_the_length_and_the_warm_up_that_it_says() {
        let command = |words: &[&str]| {
            let words = std::iter::once("wsbench").chain(words.iter().copied());
            Cli::try_parse_from(words).unwrap().command.unwrap()
        };
        let Command::Compare(flags) = command(&["compare", "h:1", "h:2"]) else {
            panic!("no comparison");
        };
        let run = short(&flags);
        assert_eq!(run.amount.duration, Some(Nanos::from_secs(2)));
        let warmup = WarmUpLength::Given(Nanos::from_millis(500));
        assert_eq!(run.pressure.warmup, Some(warmup));
        let Command::Find(find) = command(&["find", "h:1", "--slo", "p99<5ms"]) else {
            panic!("no search");
        };
        assert_eq!(find.length(), Nanos::from_secs(5));
        assert_eq!(find.load.max_in_flight(), 1_024);
        let Command::Sweep(sweep) = command(&["sweep", "h:1"]) else {
            panic!("no sweep");
        };
        assert_eq!(sweep.duration, Nanos::from_secs(3));
        for load in [&find.load, &sweep.load] {
            let measure = load.measure(find.length());
            assert_eq!(measure.amount.duration, Some(find.length()));
            let warmup = WarmUpLength::Given(Nanos::from_secs(1));
            assert_eq!(measure.pressure.warmup, Some(warmup));
        }
    }
}
