//! The floor of this machine: what one connection with one message in flight takes against the
//! embedded server, with the payload of the run that follows.
//!
//! It stands beside the latency of few connections, so that the machine's share of that is seen. It
//! is never subtracted from anything.

use wsbench_drive::host;
use wsbench_drive::resolve::resolve;
use wsbench_drive::run::{self, StopSignal};
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Clients, Family, Http, Plan, PlanSpec, StopRule, Tls, WarmUp};
use wsbench_load::series::Series;
use wsbench_record::document::Floor;

use crate::cores::EmbeddedCores;
use crate::embedded::EmbeddedServer;
use crate::helpers::{Helpers, Serving};
use crate::observer::Observers;

/// The time for which it is measured, after a warm-up.
const FOR: Nanos = Nanos::from_millis(500);
const WARM_UP: Nanos = Nanos::from_millis(100);

/// True of a run that the floor is measured for: one that is near it, and not over before that.
pub(crate) fn bears_on(plan: &Plan) -> bool {
    plan.is_near_the_floor() && !plan.is_brief()
}

/// Measures the floor for `plan`. Nothing where that fails, or is stopped: the run itself shall not
/// fail for it.
pub(crate) fn measure(
    plan: &Plan,
    stop: &StopSignal,
    helpers: Option<&dyn Helpers>,
) -> Option<Floor> {
    let others = |cpu: &usize| !plan.cpus.contains(cpu);
    let theirs = host::cpus().into_iter().filter(others).take(1);
    let cores = EmbeddedCores {
        threads: 1,
        // Where the generator is pinned, the server is kept off its cores.
        cpus: theirs.filter(|_| !plan.cpus.is_empty()).collect(),
    };
    let how = Serving::on(cores).encrypting(plan.target.secure);
    let server = EmbeddedServer::start(&how, helpers).ok()?;
    let resolved = resolve(server.target(), Family::Any).ok()?;
    let mut alone = PlanSpec::against(server.target().clone()).measured_like(plan);
    alone.stop = StopRule::Duration(FOR);
    alone.warmup = WarmUp::of(WARM_UP);
    alone.clients = Clients::of(plan.clients.alone());
    alone.seed = plan.seed;
    alone.connect.http = plan.connect.http;
    // Its certificate is nobody's: what is encrypted takes the same time.
    alone.tls = Tls {
        verify: false,
        versions: plan.tls.versions,
        alpn: match plan.connect.http {
            Http::One => Tls::default().alpn,
            Http::Two { .. } => vec!["h2".to_owned()],
        },
        ..Tls::default()
    };
    let alone = alone.check().ok()?;
    let mut nobody = Observers::of(Vec::new(), stop);
    let result = run::run(&alone, &resolved, stop, &mut nobody).ok()?;
    let at = |q| {
        result
            .at(Series::Service)
            .quantile(q)
            .map(|span: Nanos| span.0)
    };
    (!stop.is_requested()).then_some(Floor {
        p50: at(0.50)?,
        p99: at(0.99)?,
    })
}
