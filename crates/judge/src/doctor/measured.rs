//! Rules on what was measured of this machine: clocks, copies, timers, pacing, the floor.

use wsbench_record::doctor::{Copied, Level, Measured, Subject};
use wsbench_record::units::{count, percent, span};
use wsbench_setting::{Field, text};

use super::finding::Finding;

/// A reading of the clock that costs more is a system call's, ns.
const SLOW_CLOCK_NS: f64 = 100.0;

/// Multiple of a plain loop's time that the library's copy may take.
const SLOW_COPY: f64 = 3.0;

/// Sleeps may end late by this much at the median before it is worth a warning, ns.
const LATE_TIMER_NS: u64 = 200_000;

/// Messages may leave late by this much at p99, ns.
const LATE_SEND_NS: u64 = 100_000;

/// Above this share of time stolen, times measured are partly the hypervisor's.
const STEAL_NOTED: f64 = 0.005;

/// Every check of what was measured.
pub(super) fn checks(measured: &Measured) -> Vec<Finding> {
    let mut checks: Vec<Finding> = [
        clock(measured),
        timers(measured),
        pacing(measured),
        floor(measured),
        steal(measured),
    ]
    .into_iter()
    .flatten()
    .collect();
    checks.extend(memcpy(measured));
    checks
}

fn clock(measured: &Measured) -> Option<Finding> {
    let own = measured.clock_ns?;
    let level = if own > SLOW_CLOCK_NS {
        Level::Warning
    } else {
        Level::Ok
    };
    let mut seen = format!("{own:.0} ns a reading");
    if let Some(system) = measured.system_clock_ns {
        seen.push_str(&format!(", the system's own {system:.0} ns"));
    }
    let rule = "two readings a message are what the instrument costs most";
    let fix = "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource";
    Some(Finding::new(Subject::ClockCost, level, seen, rule).fix(fix))
}

/// One check for all sizes: the worst ratio decides.
fn memcpy(measured: &Measured) -> Option<Finding> {
    let ratio = |copy: &Copied| copy.library_ns / copy.loop_ns;
    let worst = measured
        .copies
        .iter()
        .max_by(|a, b| ratio(a).total_cmp(&ratio(b)))?;
    let level = if ratio(worst) > SLOW_COPY {
        Level::Warning
    } else {
        Level::Ok
    };
    let sizes: Vec<String> = measured
        .copies
        .iter()
        .map(|copy| {
            let (library, own) = (span(copy.library_ns), span(copy.loop_ns));
            let size = count(copy.bytes);
            format!("{size} bytes in {library}, a plain loop {own}")
        })
        .collect();
    let rule = "a processor that promises fast string copies and is slow at them makes every copy \
                of the server and of libraries slow; wsbench itself masks while it copies";
    let fix = "start the server with GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=100000000";
    Some(Finding::new(Subject::Memcpy, level, sizes.join("; "), rule).fix(fix))
}

fn timers(measured: &Measured) -> Option<Finding> {
    let (p50, p99) = (measured.sleep_late_p50_ns?, measured.sleep_late_p99_ns?);
    let level = if p50 > LATE_TIMER_NS {
        Level::Warning
    } else {
        Level::Ok
    };
    let seen = format!(
        "a sleep of 1 ms ends {} late at p50, {} at p99",
        span(p50 as f64),
        span(p99 as f64)
    );
    let rule = "a timer that is late makes sends late";
    let fix = text![
        Field::Pace.with("spin"),
        "; where cores sleep deeply: cpupower idle-set -D 0",
    ];
    Some(Finding::new(Subject::Timers, level, seen, rule).fix(fix))
}

fn pacing(measured: &Measured) -> Option<Finding> {
    let lag = measured.send_lag_p99_ns?;
    let level = if lag > LATE_SEND_NS {
        Level::Warning
    } else {
        Level::Ok
    };
    let seen = format!(
        "at 1,000 msg/s sends leave {} late at p99",
        span(lag as f64)
    );
    let rule = "above 100 µs open-loop response times are partly the generator's";
    let fix = text![
        "stop what else runs here; give the generator cores of its own (",
        Field::Cpus,
        ", ",
        Field::Pace.with("spin"),
        ")",
    ];
    Some(Finding::new(Subject::Pacing, level, seen, rule).fix(fix))
}

/// No rule: the least that any server can show here.
fn floor(measured: &Measured) -> Option<Finding> {
    let p50 = measured.floor_p50_ns?;
    let mut seen = format!(
        "{} p50, one connection to the embedded server",
        span(p50 as f64)
    );
    if let Some(per_s) = measured.floor_per_s {
        seen.push_str(&format!(", {} msg/s", count(per_s.round() as u64)));
    }
    let rule = "no server can be seen to be faster than this here";
    Some(Finding::new(Subject::Floor, Level::Info, seen, rule))
}

fn steal(measured: &Measured) -> Option<Finding> {
    let share = measured.steal_share?;
    let level = if share > STEAL_NOTED {
        Level::Warning
    } else {
        Level::Ok
    };
    let seen = format!("{} while this was measured", percent(share));
    let rule = "what the hypervisor gives to others is seen as latency";
    let fix = "measure on a machine of your own, or when its neighbours are quiet";
    Some(Finding::new(Subject::Steal, level, seen, rule).fix(fix))
}
