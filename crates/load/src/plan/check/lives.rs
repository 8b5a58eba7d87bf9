//! The rules of how long connections live, how they come, and which of them read slowly.

use wsbench_setting::Field;

use super::{Checked, HIGHEST_RATE_PER_S, at_least, at_most, because, not_zero, refuse, warmup};
use crate::nanos::Nanos;
use crate::plan::error::Why;
use crate::plan::returns::Reconnect;
use crate::plan::slow::Reads;
use crate::plan::spec::{PlanSpec, Population};
use crate::plan::timing::{Lifetime, Stay, StopRule};

/// Slow readers are among receivers of what others send, and leave some that are none.
pub(super) fn slow(spec: &PlanSpec, population: &Population) -> Checked {
    let field = Field::Slow;
    for role in population.roles.iter().filter(|role| role.reads.is_some()) {
        let is_other = role.publishes || !role.subscribes;
        refuse(is_other, field, Why::NotWith(Field::Roles))?;
    }
    if population.slow_kinds().next().is_none() {
        return Ok(());
    }
    let receives = population.is_fanned_out() || population.exchange.flow.pushes().is_some();
    refuse(!receives, field, Why::Needs(Field::Audience))?;
    if let Some(slow) = &population.slow {
        let is_share = slow.share > 0.0 && slow.share < 1.0;
        refuse(!is_share, field, Why::NoShare { may_be_all: false })?;
        let number = slow.number(population.may_be_slow());
        refuse(number == 0, field, Why::Zero)?;
    }
    // Somebody has to receive whom figures are of.
    let most = u64::from(population.subscribers().saturating_sub(1));
    at_most(population.slow_readers().into(), most, field)?;
    // Slow readers send nothing, and each thread has its share of what is due.
    let sends = |thread: u32| {
        let mut own = (thread..population.connections).step_by(spec.threads.max(1) as usize);
        own.any(|place| !spec.is_slow(place))
    };
    let all_send = population.is_fanned_out() && population.roles.is_empty();
    let has_idle = all_send && !(0..spec.threads).all(sends);
    refuse(has_idle, Field::Threads, Why::NotWith(field))?;
    for (_, reads) in population.slow_kinds() {
        match reads {
            Reads::Rate { bytes_per_s } => not_zero(bytes_per_s, field)?,
            Reads::Stall { length, every } => {
                not_zero(length.0, field)?;
                refuse(length >= every, field, Why::Malformed)?;
            }
        }
    }
    Ok(())
}

/// Only who is held can come back, and a drill is within the window.
pub(super) fn returns(spec: &PlanSpec, population: &Population) -> Checked {
    let Some(returns) = population.returns else {
        return Ok(());
    };
    held(population, Field::Reconnect)?;
    match returns.policy {
        Reconnect::Usual | Reconnect::Immediate => {}
        Reconnect::Fixed { wait } => not_zero(wait.0, Field::Reconnect)?,
        Reconnect::Exponential { from, to } => {
            not_zero(from.0, Field::Reconnect)?;
            at_least(to.0, from.0, Field::Reconnect)?;
        }
    }
    let Some(drill) = returns.drill else {
        return Ok(());
    };
    let is_share = drill.share > 0.0 && drill.share <= 1.0;
    refuse(!is_share, Field::Drill, Why::NoShare { may_be_all: true })?;
    match spec.stop {
        StopRule::Duration(length) => refuse(drill.at > length, Field::Drill, Why::AfterTheEnd),
        _ => Err(because(Field::Drill, Why::NotWith(Field::Stop))),
    }
}

/// Lifetime of connections, against when the run is over and what comes before.
pub(super) fn lifetime(spec: &PlanSpec, population: &Population) -> Checked {
    let amount = match spec.stop {
        StopRule::Duration(length) => length.0,
        StopRule::Messages(count) | StopRule::Clients(count) => count,
    };
    not_zero(amount, Field::Stop)?;
    let by_clients = matches!(spec.stop, StopRule::Clients(_));
    let Lifetime::Replaced { round_trips } = population.lifetime else {
        refuse(by_clients, Field::Stop, Why::NotWith(Field::Lifetime))?;
        sessions(spec, population)?;
        return warmup(spec);
    };
    not_zero(round_trips, Field::RoundTrips)?;
    refuse(!by_clients, Field::Lifetime, Why::NotWith(Field::Stop))?;
    let is_open = population.is_open_loop();
    refuse(is_open, Field::Lifetime, Why::NotWith(Field::Arrival))?;
    // Every client is measured, from the first.
    let has_warmup = spec.warmup.least > Nanos::ZERO;
    refuse(has_warmup, Field::WarmUp, Why::NotWith(Field::Lifetime))?;
    let is_found = spec.warmup.at_most.is_some();
    refuse(is_found, Field::WarmUpAtMost, Why::NotWith(Field::Lifetime))?;
    warmup(spec)
}

/// Sessions by a schedule of their own come until a time, and are measured as the window has it. So are
/// storms.
fn sessions(spec: &PlanSpec, population: &Population) -> Checked {
    let is_timed = matches!(spec.stop, StopRule::Duration(_));
    let is_found = spec.warmup.at_most.is_some();
    if population.is_storm() {
        let field = Field::Sessions;
        refuse(
            population.sessions().is_some(),
            field,
            Why::NotWith(Field::Flow),
        )?;
        let has_warmup = spec.warmup.least > Nanos::ZERO || is_found;
        return refuse(has_warmup, Field::WarmUp, Why::NotWith(Field::Flow));
    }
    let Some(sessions) = population.sessions() else {
        return Ok(());
    };
    let field = Field::Sessions;
    comings(sessions.per_s, field)?;
    match sessions.stay {
        Stay::RoundTrips(round_trips) => not_zero(round_trips, Field::RoundTrips)?,
        Stay::Time(length) => not_zero(length.0, Field::Stay)?,
    }
    if population.is_fanned_out() {
        // No answer says when a sender has done its part, and each has any of the places.
        let has_end = population.budget().is_some();
        refuse(has_end, field, Why::Needs(Field::Stay))?;
        let has_roles = !population.roles.is_empty();
        refuse(has_roles, field, Why::NotWith(Field::Roles))?;
        let has_slow = population.slow.is_some();
        refuse(has_slow, field, Why::NotWith(Field::Slow))?;
    }
    refuse(!is_timed, field, Why::NotWith(Field::Stop))?;
    refuse(is_found, field, Why::NotWith(Field::WarmUpAtMost))?;
    let has_rate = spec.connect.rate_per_s.is_some();
    refuse(has_rate, field, Why::NotWith(Field::ConnectRate))
}

/// Connections that come and go beside the load are beside some that are held, and stay for a time.
pub(super) fn churn(population: &Population) -> Checked {
    let Some(churn) = population.churn else {
        return Ok(());
    };
    let field = Field::Churn;
    comings(churn.per_s, field)?;
    held(population, field)?;
    match churn.stay {
        Stay::RoundTrips(_) => Err(because(field, Why::Needs(Field::ChurnStay))),
        Stay::Time(length) => not_zero(length.0, Field::ChurnStay),
    }
}

/// A setting is of connections that are held.
fn held(population: &Population, field: Field) -> Checked {
    let is_held = population.lifetime == Lifetime::Held && !population.is_storm();
    refuse(!is_held, field, Why::NotWith(Field::Lifetime))
}

/// A rate at which connections come.
fn comings(per_s: f64, field: Field) -> Checked {
    let is_rate = per_s.is_finite() && per_s > 0.0;
    refuse(!is_rate, field, Why::Malformed)?;
    let most = HIGHEST_RATE_PER_S as u64;
    refuse(per_s > HIGHEST_RATE_PER_S, field, Why::Above { most })
}
