//! `wsbench find URL --slo 'p99<5ms'`: the greatest load that holds.

use std::ffi::OsString;

use clap::{Args, ValueEnum};
use wsbench_experiment::find::{self, Settings};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Audience, Plan, Population, Stay};
use wsbench_load::series::Series;
use wsbench_record::objective::Objective;
use wsbench_record::search::{self, Ending, Over, Search};
use wsbench_record::units::{counted, seconds};
use wsbench_render::html;
use wsbench_render::live::experiment::ExperimentKind;
use wsbench_render::style::Style;

use crate::advice;
use crate::args::ModeArg;
use crate::exit::Exit;
use crate::load_args::{self, LoadArgs};
use crate::measuring::PreparedRuns;
use crate::output_args::Format;
use crate::spelling::Flags;
use crate::usage::UsageError;
use wsbench::{defaults, quantity};

/// Stay of each session where nothing was said.
const STAY: Nanos = Nanos::from_secs(1);

/// The greatest load that holds under given objectives, as a bracket.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  wsbench find localhost:3000 --slo 'p99<5ms'
  wsbench find localhost:3000 --slo 'p99<2ms' --slo 'p99.9<20ms' --slo 'errors<0.1%'
  wsbench find localhost:3000 --slo 'p99<5ms' --over connections --rate-per-connection 10/s
  wsbench find localhost:3000 --mode broadcast -R 10 --over connections \
      --slo 'delivery.last.p99<200ms'
  wsbench find localhost:3000 --over sessions --live 2s --slo 'opening.p99<200ms'

Exit codes: 0 the greatest load was bracketed, however widely, 1 no load holds or the search broke, \
2 usage, 5 there was no time to tell anything.")]
pub(crate) struct FindArgs {
    /// Objective that has to hold: p99<5ms (any percentile of the response time), errors<0.01%;
    /// repeat for several. Without one of errors, 0.01 % are allowed.
    ///
    /// Of a broadcast p99 is of each delivery, delivery.last.p99 of the last one of each message, and
    /// delivery.reach>=99.9% says how many have to arrive. Of sessions opening.p99 is of the time from due to
    /// open, and login.p99 of the login in it. Of streams there are item.first.p99 and item.gap.p99. Over
    /// connections there are push.age.p99 and push.gap.p99 of pushes, storm.p99 of a storm, and back.p99 of
    /// clients that a drill cuts off.
    #[arg(long = "slo", value_name = "OBJECTIVE", required = true,
          value_parser = advice::objective)]
    pub(crate) objectives: Vec<Objective>,
    /// Quantity that is searched for.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = OverArg::Rate)]
    pub(crate) over: OverArg,
    /// Over sessions: time that each stays [default: 1s], with one message in flight, or with none under
    /// --mode idle.
    #[arg(long, value_name = "TIME", value_parser = quantity::positive_span)]
    pub(crate) live: Option<Nanos>,
    /// Over sessions: round trips that each makes, in place of its time.
    #[arg(short = 'r', long, value_name = "N", value_parser = quantity::positive_u32,
          conflicts_with = "live")]
    pub(crate) roundtrips: Option<u32>,
    /// Over connections: messages a second of each [default: one in flight at all times].
    #[arg(long, value_name = "RATE", value_parser = quantity::rate_per_s)]
    pub(crate) rate_per_connection: Option<f64>,
    /// Over connections or the audience: messages a second over all of them, however many there are.
    #[arg(short = 'R', long, value_name = "RATE", value_parser = quantity::rate_per_s)]
    pub(crate) rate: Option<f64>,
    /// The first load, a rate or a number of connections or receivers
    /// [default: half of what a short pilot run gets, of a broadcast 2,000 deliveries a second; 16
    /// connections or receivers; 20 sessions a second].
    #[arg(long, value_name = "LOAD", value_parser = quantity::rate_per_s)]
    pub(crate) start: Option<f64>,
    /// Bracket that ends the search, upper end over lower; on a flat curve it stays wider.
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = resolution)]
    pub(crate) resolution: f64,
    /// Length of a first trial; where it does not tell, longer ones follow, up to six times this, or as long
    /// as a percentile needs.
    ///
    /// Without it 5s, or a sixth of --limit where that is less.
    #[arg(short = 'd', long, value_name = "TIME", value_parser = quantity::length)]
    pub(crate) duration: Option<Nanos>,
    /// The longest that the search may take; what is known by then is told.
    #[arg(long, value_name = "TIME", default_value = "5m",
          value_parser = quantity::length)]
    pub(crate) limit: Nanos,
    /// The most trials.
    #[arg(long, value_name = "N", default_value = "40", value_parser = quantity::positive_u32)]
    pub(crate) trials: u32,
    /// The load's kind and the server.
    #[command(flatten)]
    pub(crate) load: LoadArgs,
}

impl FindArgs {
    /// Length of a first trial.
    pub(crate) fn length(&self) -> Nanos {
        let fitting = Nanos(self.limit.0 / TRIALS_FIT);
        self.duration.unwrap_or(TRIAL.min(fitting))
    }
}

/// Length of a first trial, where there is time for it and nothing is said.
const TRIAL: Nanos = Nanos::from_secs(5);
/// So many first trials fit into a search at least.
const TRIALS_FIT: u64 = 6;

/// Quantity that is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OverArg {
    /// The greatest number of messages a second over all connections.
    Rate,
    /// The greatest number of connections.
    Connections,
    /// The greatest number of receivers of each message: of all connections, or of those of a room.
    Audience,
    /// The greatest number of sessions that come a second, whatever the server does.
    Sessions,
}

/// Reads how narrow a bracket is to be: `5%` as 1.05.
fn resolution(text: &str) -> Result<f64, String> {
    let percent = text.trim().strip_suffix('%').unwrap_or(text);
    match percent.trim().parse::<f64>() {
        Ok(percent) if (1.0..=100.0).contains(&percent) => Ok(1.0 + percent / 100.0),
        _ => Err(format!(
            "'{text}' is no share from 1% to 100%; write it like 5%"
        )),
    }
}

/// Searches, keeps and prints what was found.
///
/// # Errors
/// What cannot be asked for, a server that cannot be measured, a result that cannot be kept.
pub(crate) fn run(args: &FindArgs, command_line: &[OsString]) -> anyhow::Result<Exit> {
    let length = args.length();
    load_args::check_limit(args.limit, length, args.load.warmup())?;
    check_sessions(args)?;
    let (mut ready, files) = args.load.start(length, command_line)?;
    let settings = settings_of(args, ready.plan.clone())?;
    let asked: Vec<String> = args.objectives.iter().map(ToString::to_string).collect();
    args.load.announce(&format!(
        "find: the greatest {} with {} → {}, at most {} of {} and more, {} in all",
        match settings.over {
            Over::Rate => "rate",
            Over::Connections { .. } => "number of connections",
            Over::Audience { .. } => "audience",
            Over::Sessions { .. } => "number of sessions a second",
        },
        asked.join(", "),
        ready.plan.target.url(),
        counted(u64::from(args.trials), "trial"),
        seconds(length.as_secs_f64()),
        seconds(args.limit.as_secs_f64()),
    ));
    let kind = ExperimentKind::Find(asked.join(", "), settings.over.unit());
    args.load.show(&mut ready, kind, args.limit);
    let search = find::find(&settings, &mut ready.runner)?;
    // What gets figures while runs go on is held until the result is kept.
    let PreparedRuns { runner, live, .. } = ready;
    drop(runner);
    let render = |format, style| render(&search, format, style);
    args.load.finish(&files, render)?;
    live.close();
    Ok(exit(&search))
}

/// The exit code: a bracket may be open at one end, and a search that broke has none to be relied on.
fn exit(search: &Search) -> Exit {
    if matches!(search.ended, Ending::Broken(_)) {
        return Exit::Failed;
    }
    let is_bounded = matches!(
        search.ended,
        Ending::OutOfTime | Ending::OutOfTrials | Ending::Blurred
    );
    match (search.holds, search.fails) {
        (Some(_), _) => Exit::Ok,
        (None, Some(_)) if is_bounded => Exit::Ok,
        (None, None) if is_bounded => Exit::NotJudged,
        (None, _) => Exit::Failed,
    }
}

/// The search that the flags describe, in trials like `plan`.
///
/// # Errors
/// A combination of flags that is none.
pub(crate) fn settings_of(args: &FindArgs, plan: Plan) -> Result<Settings, UsageError> {
    load_args::check_objectives(&args.objectives, &plan)?;
    Ok(Settings {
        over: over(args, &plan.clients)?,
        plan,
        objectives: args.objectives.clone(),
        process: args.load.process(),
        max_in_flight: args.load.max_in_flight(),
        start: args.start,
        resolution: args.resolution,
        length: args.length(),
        longest: Nanos(args.length().0.saturating_mul(defaults::LONGEST_TRIAL)),
        limit: args.limit,
        most_trials: args.trials,
    })
}

/// Refuses what does not go with the quantity that is searched for, as to what is sent.
///
/// # Errors
/// Something else than sessions that is not answered, or flags of sessions without them; a percentile of
/// answers where there are none.
fn check_sessions(args: &FindArgs) -> Result<(), UsageError> {
    let mode = args.load.payload.mode();
    if args.over != OverArg::Sessions {
        let stray = [
            (args.live.is_some(), "--live"),
            (args.roundtrips.is_some(), "--roundtrips"),
        ];
        if let Some((_, flag)) = stray.into_iter().find(|(is_given, _)| *is_given) {
            return Err(UsageError::StayWithoutSessions { flag });
        }
        // How many connections may be open, pushed to or cut off is asked without an answer as well.
        let is_unanswered = matches!(mode, ModeArg::Push | ModeArg::Idle | ModeArg::Storm);
        if args.over == OverArg::Connections && is_unanswered {
            return Ok(());
        }
        return args.load.check_answered();
    }
    let is_idle = mode == ModeArg::Idle;
    if !is_idle && (!mode.is_answered() || mode.is_scheduled()) {
        return Err(UsageError::SessionsOfMode);
    }
    let others = [
        (args.rate.is_some(), "--rate"),
        (args.rate_per_connection.is_some(), "--rate-per-connection"),
        (args.load.connections.is_some(), "--connections"),
        (is_idle && args.roundtrips.is_some(), "--roundtrips"),
    ];
    if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
        return Err(UsageError::OverSessionsAnd { flag });
    }
    Ok(())
}

/// The stay of the sessions whose number is searched for: by the flags, or by a scenario.
///
/// # Errors
/// An objective of answers where sessions are only held.
fn stay(args: &FindArgs, clients: &Population) -> Result<Stay, UsageError> {
    let is_of_answers = |it: &Objective| {
        matches!(
            it,
            Objective::Time {
                series: None | Some(Series::Response),
                ..
            }
        )
    };
    let is_held = !clients.exchange.flow.is_answered();
    if is_held && args.objectives.iter().any(is_of_answers) {
        return Err(UsageError::SessionsWithoutAnswers);
    }
    let by_flags = args.roundtrips.map(Stay::RoundTrips);
    let by_flags = by_flags.or(args.live.map(Stay::Time));
    let by_scenario = clients.sessions().map(|sessions| sessions.stay);
    Ok(by_flags.or(by_scenario).unwrap_or(Stay::Time(STAY)))
}

/// Quantity that is searched for, by the flags and a scenario.
fn over(args: &FindArgs, clients: &Population) -> Result<Over, UsageError> {
    let workload = &clients.exchange;
    let over_rate = |flag| Err(UsageError::RateOverRate { flag });
    let is_of_messages = matches!(args.over, OverArg::Rate | OverArg::Audience);
    if is_of_messages && !workload.flow.is_answered() {
        return Err(UsageError::NothingToFind);
    }
    match (args.over, args.rate_per_connection, args.rate) {
        (OverArg::Sessions, ..) => Ok(Over::Sessions {
            stay: stay(args, clients)?,
        }),
        // How many are there at a time follows from how many come.
        (OverArg::Connections | OverArg::Audience, ..) if clients.sessions().is_some() => {
            Err(UsageError::NumberOfSessions)
        }
        (OverArg::Rate, None, None) => Ok(Over::Rate),
        (OverArg::Rate, Some(_), _) => over_rate("--rate-per-connection"),
        (OverArg::Rate, None, Some(_)) => over_rate("--rate"),
        (OverArg::Connections, Some(_), Some(_)) => Err(UsageError::RateAnd {
            flag: "--rate-per-connection",
        }),
        (OverArg::Connections, None, None) if args.load.payload.mode().is_scheduled() => {
            Err(UsageError::ConnectionsWithoutRate)
        }
        (OverArg::Audience, Some(_), _) => Err(UsageError::AudienceWithoutRate),
        (OverArg::Audience, None, rate_per_s) => {
            let rooms = match (workload.audience, &workload.rooms) {
                (Audience::Sender | Audience::One, _) => return Err(UsageError::AudienceOfOne),
                (Audience::Room, Some(rooms)) => rooms.count,
                (Audience::Room | Audience::All, _) => 1,
            };
            let rate_per_s = rate_per_s.ok_or(UsageError::AudienceWithoutRate)?;
            Ok(Over::Audience { rooms, rate_per_s })
        }
        (OverArg::Connections, rate_per_connection, rate_per_s) => Ok(Over::Connections {
            rate_per_connection,
            rate_per_s,
        }),
    }
}

/// A search in a format.
pub(crate) fn render(search: &Search, format: Format, style: Style) -> String {
    match format {
        Format::Text => wsbench_render::search::text(search, style),
        Format::Json => search::write(search),
        Format::Csv => wsbench_render::search::csv(search),
        Format::Markdown | Format::Github => wsbench_render::search::markdown(search, &Flags),
        Format::Html => html::search(search, &Flags),
        Format::Quiet => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exit codes that the help names, each by the ends that it is for.
    #[test]
    fn the_code_says_how_the_search_ended() {
        let stored = include_bytes!("../../tests/golden/documents/find_rate.json");
        let found: Search = serde_json::from_slice(stored).unwrap();
        assert!(found.holds.is_some() && found.fails.is_some());
        let code = |ended: Ending, holds: bool, fails: bool| {
            let mut search = found.clone();
            search.ended = ended;
            search.holds = search.holds.filter(|_| holds);
            search.fails = search.fails.filter(|_| fails);
            exit(&search) as u8
        };
        // Bracketed, however widely: at both ends, or from one side.
        for (holds, fails) in [(true, true), (true, false), (false, true)] {
            assert_eq!(code(Ending::OutOfTime, holds, fails), 0, "{holds} {fails}");
        }
        assert_eq!(code(Ending::NothingFails, true, false), 0);
        assert_eq!(code(Ending::NothingHolds, false, true), 1);
        assert_eq!(code(Ending::Broken(String::new()), true, true), 1);
        assert_eq!(code(Ending::OutOfTime, false, false), 5);
    }
}
