//! A scenario beside the flags: what the file says holds where no flag says otherwise.

use wsbench::scenario::Scenario;
use wsbench_load::plan::{Header, PlanError};
use wsbench_load::template::Lookup;

use crate::args::Measure;
use crate::spelling;
use crate::usage::UsageError;

/// The scenario that the flags name, and the flags with what it says.
///
/// # Errors
/// A file that cannot be read, a line of it that is wrong, flags that say what it says.
pub(super) fn of(
    measure: &Measure,
    find: &dyn Lookup,
) -> Result<Option<(Scenario, Measure)>, UsageError> {
    let workload = &measure.payload.workload;
    let mut scenario = match (&workload.scenario, &workload.preset) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(UsageError::ScenarioAnd { flag: "--preset" }),
        (Some(path), None) => Scenario::read(path, find)?,
        (None, Some(name)) => Scenario::preset(name, find)?,
    };
    if let Some(flag) = said_twice(measure) {
        return Err(UsageError::ScenarioAnd { flag });
    }
    if measure.pressure.sessions.arrive.is_some() && !scenario.is_of_one_kind() {
        return Err(UsageError::ScenarioArrival);
    }
    if let Some(connections) = measure.amount.connections
        && !scenario.set_connections(connections)
    {
        return Err(UsageError::ScenarioConnections);
    }
    let mut filled = measure.clone();
    filled.url = filled.url.or_else(|| scenario.url.clone());
    if filled.url.is_none() {
        return Err(UsageError::ScenarioWithoutUrl);
    }
    lives(&scenario, measure, &mut filled);
    if filled.amount.messages.is_none() {
        filled.amount.duration = filled.amount.duration.or(scenario.duration);
    }
    let pressure = &mut filled.pressure;
    if pressure.rate.is_none() && pressure.stages.is_none() && pressure.depth.is_none() {
        (pressure.rate, pressure.depth) = (scenario.rate_per_s, scenario.depth);
        if pressure.rate.is_some() {
            pressure.depth = None;
        }
    }
    if !scenario.says_messages() {
        filled.payload.size = filled.payload.size.or(scenario.size);
    }
    if scenario.takes_no_size() && measure.payload.size.is_some() {
        return Err(UsageError::ScenarioAnd { flag: "--size" });
    }
    let connect = &mut filled.connect;
    if connect.subprotocols.is_empty() {
        connect.subprotocols.clone_from(&scenario.subprotocols);
    }
    let given = connect.headers_given();
    let is_given = |it: &Header| given.iter().any(|name| name.eq_ignore_ascii_case(&it.name));
    let further = scenario.headers.iter().filter(|it| !is_given(it));
    connect.headers.extend(further.cloned());
    if connect.origin.is_none() {
        connect.origin.clone_from(&scenario.origin);
    }
    Ok(Some((scenario, filled)))
}

/// Puts how long clients stay, whether they come by a schedule, and how they come back into the flags
/// that do not say it.
fn lives(scenario: &Scenario, measure: &Measure, filled: &mut Measure) {
    let (of_file, amount) = (&scenario.sessions, &mut filled.amount);
    let sessions = &mut filled.pressure.sessions;
    sessions.arrive = sessions.arrive.or(of_file.per_s);
    if sessions.arrive.is_none() {
        amount.connections = scenario.connections;
    }
    if measure.pressure.sessions.live.is_none() && amount.roundtrips.is_none() {
        (sessions.live, amount.roundtrips) = (of_file.live, of_file.round_trips);
    }
    sessions.max_sessions = sessions.max_sessions.or(of_file.most);
    let returns = &mut sessions.returns;
    returns.drill = returns.drill.or(scenario.drill);
    returns.reconnect = returns.reconnect.or(scenario.reconnect);
}

/// What makes the plan fail, told of the scenario where that said it.
pub(super) fn at_its_line(error: UsageError, scenario: &Scenario) -> UsageError {
    let UsageError::Plan(PlanError { field, why }) = &error else {
        return error;
    };
    let fault = scenario.fault(*field, spelling::reason(*why));
    fault.map_or(error, UsageError::Scenario)
}

/// The first flag that says what a scenario says.
fn said_twice(measure: &Measure) -> Option<&'static str> {
    let payload = &measure.payload;
    let flags = [
        (payload.mode.is_some(), "--mode"),
        (payload.template.is_some(), "--template"),
        (payload.message.is_some(), "--message"),
        (payload.file.is_some(), "--file"),
        (payload.corpus.is_some(), "--corpus"),
        (payload.at.is_some(), "--match"),
        (payload.failed.is_some(), "--failed"),
        (payload.end.is_some(), "--end"),
        (payload.binary, "--binary"),
        (measure.amount.clients.is_some(), "--clients"),
    ];
    let given = flags.into_iter().find(|(is_given, _)| *is_given);
    let given = given.map(|(_, flag)| flag);
    given.or_else(|| payload.workload.beside_scenario())
}
