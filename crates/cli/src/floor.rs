//! The floor of this machine: what one connection with one message in flight takes against the
//! embedded server, with the payload of the run that follows.
//!
//! It stands beside the latency of few connections, so that the machine's share of that is seen. It
//! is never subtracted from anything.

use wsbench_drive::host;
use wsbench_drive::resolve::resolve;
use wsbench_drive::run::{self, StopSignal};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Arrival, Connect, Family, Http, Plan, StopRule, Tls};
use wsbench_record::document::Floor;

use crate::embedded::EmbeddedServer;
use crate::plan::EmbeddedCores;
use crate::runner::Unwatched;

/// How long it is measured, after a warm-up.
const FOR: Nanos = Nanos::from_secs(1);
const WARM_UP: Nanos = Nanos::from_millis(200);

/// Whether a run is one whose latency the machine has a great part in: a single message in flight,
/// or threads that never sleep. Not in the client-replacement model, which is about connections.
pub(crate) fn bears_on(plan: &Plan) -> bool {
    let is_single = plan.connections == 1 && plan.arrival == (Arrival::Closed { depth: 1 });
    plan.busy_poll || (is_single && !plan.replaces_clients())
}

/// Measures the floor for `plan`. Nothing where that fails, or is stopped: the run itself shall not
/// fail for it.
pub(crate) fn measure(plan: &Plan, stop: &StopSignal) -> Option<Floor> {
    let others = |cpu: &usize| !plan.cpus.contains(cpu);
    let theirs = host::cpus().into_iter().filter(others).take(1);
    let cores = EmbeddedCores {
        threads: 1,
        // Where the generator is pinned, the server is kept off its cores.
        cpus: theirs.filter(|_| !plan.cpus.is_empty()).collect(),
    };
    let flags = [
        (plan.compression.is_some(), "--compress"),
        (plan.target.secure, "--tls"),
    ];
    let given = flags.into_iter().filter(|(is_given, _)| *is_given);
    let flags: Vec<&str> = given.map(|(_, flag)| flag).collect();
    let server = EmbeddedServer::start_with(&cores, &flags).ok()?;
    let resolved = resolve(server.target(), Family::Any).ok()?;
    let alone = Plan {
        stop: StopRule::Duration(FOR),
        warmup: WARM_UP,
        busy_poll: plan.busy_poll,
        timestamps: plan.timestamps,
        payload: plan.payload.clone(),
        compression: plan.compression,
        fragment: plan.fragment,
        verify: plan.verify,
        cpus: plan.cpus.clone(),
        seed: plan.seed,
        connect: Connect {
            http: plan.connect.http,
            ..Connect::default()
        },
        // Its certificate is nobody's: what is encrypted takes the same time.
        tls: Tls {
            verify: false,
            versions: plan.tls.versions,
            alpn: match plan.connect.http {
                Http::One => Tls::default().alpn,
                Http::Two { .. } => vec!["h2".to_owned()],
            },
            ..Tls::default()
        },
        ..Plan::against(server.target().clone())
    };
    let result = run::run(&alone, &resolved, stop, &mut Unwatched).ok()?;
    let at = |q| result.service.quantile(q).map(|span: Nanos| span.0);
    (!stop.is_requested()).then_some(Floor {
        p50: at(0.50)?,
        p99: at(0.99)?,
    })
}
