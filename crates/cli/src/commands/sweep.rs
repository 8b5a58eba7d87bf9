//! `wsbench sweep URL`: the latency–load curve, with its knee.

use std::ffi::OsString;

use clap::Args;
use wsbench_experiment::sweep::{self, Settings};
use wsbench_load::nanos::Nanos;
use wsbench_record::objective::Objective;
use wsbench_record::sweep as document;
use wsbench_record::sweep::Sweep;
use wsbench_record::units::{counted, rate, seconds};
use wsbench_render::html;
use wsbench_render::live::experiment::ExperimentKind;
use wsbench_render::style::{Glyphs, Style};

use crate::advice;
use crate::exit::Exit;
use crate::load_args::{self, LoadArgs};
use crate::measuring::PreparedRuns;
use crate::output_args::Format;
use crate::spelling::Flags;
use crate::usage::UsageError;
use wsbench::quantity;

/// The latency–load curve: every rate several times, in random order.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  wsbench sweep localhost:3000
  wsbench sweep localhost:3000 --rate 1k..200k --points 12 --slo 'p99<5ms'
  wsbench sweep localhost:3000 --format csv -o curve.csv")]
pub(crate) struct SweepArgs {
    /// The lowest and the highest rate, over all connections (example: 1k..200k)
    /// [default: 10 % to 120 % of what a short pilot run gets].
    #[arg(short = 'R', long, value_name = "FROM..TO", value_parser = rates)]
    pub(crate) rate: Option<Rates>,
    /// Number of rates.
    #[arg(long, value_name = "N", default_value = "10",
          value_parser = clap::value_parser!(u32).range(2..=100))]
    pub(crate) points: u32,
    /// Rounds: in each every rate is run once, in random order.
    #[arg(long, value_name = "K", default_value = "3",
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) rounds: u32,
    /// Tell the highest rate with this objective, too: p99<5ms, errors<0.01%; repeat for several.
    #[arg(long = "slo", value_name = "OBJECTIVE", value_parser = advice::objective)]
    pub(crate) objectives: Vec<Objective>,
    /// Length of a run.
    #[arg(short = 'd', long, value_name = "TIME", default_value = "3s",
          value_parser = quantity::length)]
    pub(crate) duration: Nanos,
    /// The longest that the sweep may take; what was run by then is told.
    #[arg(long, value_name = "TIME", default_value = "10m",
          value_parser = quantity::length)]
    pub(crate) limit: Nanos,
    /// Draw with letters and dashes alone.
    #[arg(long)]
    pub(crate) ascii: bool,
    /// The load's kind and the server.
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

/// A range of rates, messages a second, rising.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    from_per_s: f64,
    to_per_s: f64,
}

/// Reads `1k..200k`.
fn rates(text: &str) -> Result<Rates, quantity::QuantityError> {
    let example = "1k..200k";
    let (from, to) = text
        .split_once("..")
        .ok_or_else(|| quantity::QuantityError::NotANumber {
            text: text.to_owned(),
            example,
        })?;
    let rates = Rates {
        from_per_s: quantity::rate_per_s(from.trim())?,
        to_per_s: quantity::rate_per_s(to.trim())?,
    };
    if rates.to_per_s <= rates.from_per_s {
        return Err(quantity::QuantityError::Reversed {
            text: text.to_owned(),
            example,
        });
    }
    Ok(rates)
}

/// Sweeps, keeps and prints the curve.
///
/// # Errors
/// What cannot be asked for, a server that cannot be measured, a result that cannot be kept.
pub(crate) fn run(args: &SweepArgs, command_line: &[OsString]) -> anyhow::Result<Exit> {
    load_args::check_limit(args.limit, args.duration, args.load.warmup())?;
    if args.rate.is_none() && args.load.payload.mode().is_scheduled() {
        return Err(UsageError::SweepWithoutRates.into());
    }
    args.load.check_answered()?;
    let (mut ready, files) = args.load.start(args.duration, command_line)?;
    let range = args.rate.map_or_else(
        || "10 % to 120 % of what it gets".to_owned(),
        |rates| {
            format!(
                "{} to {} msg/s",
                rate(rates.from_per_s),
                rate(rates.to_per_s)
            )
        },
    );
    load_args::check_objectives(&args.objectives, &ready.plan)?;
    let settings = Settings {
        plan: ready.plan.clone(),
        rates: args.rate.map(|rates| (rates.from_per_s, rates.to_per_s)),
        points: args.points,
        rounds: args.rounds,
        objectives: args.objectives.clone(),
        process: args.load.process(),
        max_in_flight: args.load.max_in_flight(),
        length: args.duration,
        limit: args.limit,
    };
    args.load.announce(&format!(
        "sweep: {} rates, {range}, {} of {} each → {}, {} {}",
        args.points,
        counted(u64::from(args.rounds), "round"),
        seconds(args.duration.as_secs_f64()),
        ready.plan.target.url(),
        match settings.is_expected_to_fit() {
            true => "at most",
            false => "fewer and shorter as need be, to fit into",
        },
        seconds(args.limit.as_secs_f64()),
    ));
    args.load
        .show(&mut ready, ExperimentKind::Sweep, args.limit);
    let sweep = sweep::sweep(&settings, &mut ready.runner)?;
    // What gets figures while runs go on is held until the result is kept.
    let PreparedRuns { runner, live, .. } = ready;
    drop(runner);
    let render = |format, style: Style| {
        let glyphs = if args.ascii {
            Glyphs::Ascii
        } else {
            style.glyphs
        };
        render(&sweep, format, Style { glyphs, ..style })
    };
    args.load.finish(&files, render)?;
    live.close();
    let answered = sweep
        .points
        .iter()
        .any(|point| !point.response_ns.is_empty());
    Ok(if answered { Exit::Ok } else { Exit::Failed })
}

/// A sweep in a format.
pub(crate) fn render(sweep: &Sweep, format: Format, style: Style) -> String {
    match format {
        Format::Text => wsbench_render::sweep::text(sweep, style),
        Format::Json => document::write(sweep),
        Format::Csv => wsbench_render::sweep::csv(sweep),
        Format::Markdown | Format::Github => wsbench_render::sweep::markdown(sweep, &Flags),
        Format::Html => html::sweep(sweep, &Flags),
        Format::Quiet => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_rates_rises() {
        let read = rates("1k..200k").unwrap();
        assert_eq!((read.from_per_s, read.to_per_s), (1_000.0, 200_000.0));
        assert!(rates("5k").is_err() && rates("2k..1k").is_err() && rates("..1k").is_err());
    }
}
