//! Flags → what flows where nothing is answered, connections that come by a schedule, and slow readers.

use wsbench::defaults;
use wsbench::scenario::Scenario;
use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{ClockProbe, Flow, PlanSpec, Pushes, Sessions, Stay};

use crate::args::{AmountArgs, ArrivalArg, ModeArg};
use crate::mix_args::MixArgs;
use crate::push_args::PushArgs;
use crate::session_args::SessionArgs;
use crate::usage::UsageError;

/// Stay of each connection that comes and goes beside the load.
const CHURN_STAY: Nanos = Nanos::from_secs(1);

/// What flows in this mode.
pub(super) fn flow(mode: ModeArg) -> Flow {
    match mode {
        ModeArg::Push => Flow::Push(Pushes::default()),
        ModeArg::Oneway => Flow::Oneway,
        ModeArg::Idle => Flow::Idle,
        ModeArg::Storm => Flow::Storm,
        ModeArg::Echo | ModeArg::Broadcast | ModeArg::Pubsub | ModeArg::Request | ModeArg::Ping => {
            Flow::Answered
        }
    }
}

/// Writes what is read off pushes into the plan, where the flags say it: they outweigh a scenario.
///
/// # Errors
/// A flag of pushes where there are none.
pub(super) fn readings(
    args: &PushArgs,
    flow: &mut Flow,
    scenario: Option<&Scenario>,
) -> Result<(), UsageError> {
    let Flow::Push(pushes) = flow else {
        let strange = [
            (args.stamp.is_some(), "--stamp"),
            (args.sequence.is_some(), "--sequence"),
            (args.clock.is_some(), "--clock"),
        ];
        let strange = strange.into_iter().find(|(is_given, _)| *is_given);
        return match (strange, scenario) {
            (None, _) => Ok(()),
            (Some((_, flag)), None) => Err(UsageError::PushFlag { flag }),
            (Some((_, flag)), Some(_)) => Err(UsageError::ScenarioPushFlag { flag }),
        };
    };
    let clock = args.clock.clone().zip(args.clock_stamp.clone());
    let clock = clock.map(|(ask, stamp)| ClockProbe { ask, stamp });
    pushes.stamp = args.stamp.clone().or(pushes.stamp.take());
    pushes.sequence = args.sequence.clone().or(pushes.sequence.take());
    pushes.clock = clock.or(pushes.clock.take());
    Ok(())
}

/// The sessions, where there are any.
///
/// # Errors
/// A flag of sessions without them, or one that they do not go with.
pub(super) fn sessions(
    args: &SessionArgs,
    amount: &AmountArgs,
    arrival: Option<ArrivalArg>,
) -> Result<Option<Sessions>, UsageError> {
    let Some(per_s) = args.arrive else {
        let strange = [
            (args.live.is_some(), "--live"),
            (args.max_sessions.is_some(), "--max-sessions"),
        ];
        let strange = strange.into_iter().find(|(is_given, _)| *is_given);
        return match strange {
            Some((_, flag)) => Err(UsageError::SessionFlag { flag }),
            None => Ok(None),
        };
    };
    let others = [
        (amount.connections.is_some(), "--connections"),
        (amount.clients.is_some(), "--clients"),
        (amount.messages.is_some(), "--messages"),
        (
            args.live.is_some() && amount.roundtrips.is_some(),
            "--roundtrips",
        ),
    ];
    if let Some((_, flag)) = others.into_iter().find(|(is_given, _)| *is_given) {
        return Err(UsageError::ArriveAnd { flag });
    }
    Ok(Some(Sessions {
        per_s,
        process: process(arrival),
        stay: defaults::stay(args.live, amount.roundtrips),
    }))
}

/// The connections that come and go beside the load, where there are any.
///
/// # Errors
/// The time that they stay, without them.
pub(super) fn churn(
    args: &SessionArgs,
    arrival: Option<ArrivalArg>,
) -> Result<Option<Sessions>, UsageError> {
    let Some(per_s) = args.churn else {
        return match args.churn_live {
            Some(_) => Err(UsageError::ChurnLiveAlone),
            None => Ok(None),
        };
    };
    if args.arrive.is_some() {
        return Err(UsageError::ArriveAnd { flag: "--churn" });
    }
    Ok(Some(Sessions {
        per_s,
        process: process(arrival),
        stay: Stay::Time(args.churn_live.unwrap_or(CHURN_STAY)),
    }))
}

/// The distribution of the gaps between those that come.
pub(super) fn process(arrival: Option<ArrivalArg>) -> Process {
    arrival.map_or(Process::Poisson, Process::from)
}

/// Writes the slow readers of the flags into the plan, which outweigh those of a scenario.
pub(super) fn mix(args: &MixArgs, spec: &mut PlanSpec) {
    if args.mix.is_none() {
        return;
    }
    for role in &mut spec.clients.roles {
        role.reads = None;
    }
    spec.clients.slow = args.slow(spec.clients.may_be_slow());
}
