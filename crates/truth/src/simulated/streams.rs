//! Requests with several answers, of a server whose times are known: V22.

use std::sync::Arc;

use wsbench_load::arrival::Process;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Awaited, ByNumber, Correlation, Encoding, Pattern, Payload};
use wsbench_load::series::Series;
use wsbench_load::template::Template;
use wsbench_simulate::{Queue, ServiceTime, Streaming};

use super::deliveries::within;
use super::{mean_ms, open, plan, run, server};
use crate::finding::{Experiment, Finding, Tolerance};

/// Items of each stream.
const ITEMS: u32 = 8;
/// From one to the next, and from the last to the end.
const EACH_MS: f64 = 3.0;
/// Time that the server has a request before the first.
const SERVICE_MS: f64 = 2.0;

pub(super) fn all() -> Vec<Experiment> {
    vec![streams()]
}

/// 50 streams a second on five connections, which the server has side by side.
fn streams() -> Experiment {
    let ns = |ms: f64| Nanos((ms * 1e6).round() as u64);
    let mut plan = plan(open(Process::Poisson, 50.0), 5, 60, 1);
    let end = Pattern::Json {
        pointer: "/end".to_owned(),
        value: "true".to_owned(),
    };
    plan.clients.exchange.request = Some(ByNumber {
        at: Correlation::usual(),
        failed: None,
        end: Some(Arc::new(Awaited::new(None, end))),
    });
    let template = Template::for_requests(r#"{"id":{id}}"#);
    plan.clients.exchange.payload = Payload::Template {
        encoding: Encoding::Text,
        template: Arc::new(template.expect("it is a template")),
    };
    let mut scenario = server(ServiceTime::Constant(ns(SERVICE_MS)), Queue::Parallel);
    scenario.server.streams = Some(Streaming {
        items: ITEMS,
        each: ns(EACH_MS),
        stops: None,
    });
    let result = run(&plan, scenario);
    let mean = |series| mean_ms(result.at(series));
    let whole = SERVICE_MS + f64::from(ITEMS) * EACH_MS;
    let items = f64::from(ITEMS) * result.messages.answered as f64;
    Experiment {
        id: "V22",
        title: "streams of 8 items, 3 ms apart, by a server that has a request for 2 ms".into(),
        formula: "first S, gap e, end S + ne",
        findings: vec![
            within(
                "first item mean, ms",
                SERVICE_MS,
                mean(Series::ItemFirstService),
            ),
            within("gap mean, ms", EACH_MS, mean(Series::ItemGap)),
            within("end mean, ms", whole, mean(Series::Service)),
            Finding::new(
                "items received",
                items,
                Tolerance::Exact,
                result.items.received as f64,
            ),
        ],
    }
}
