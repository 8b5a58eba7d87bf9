//! What was the limit: the shares of what could be used, the busiest first, and what shows more.

use wsbench_record::audit::{By, Verdict};
use wsbench_record::document::Document;
use wsbench_record::units::{count, percent};

use crate::brief::died::Departure;
use crate::html::markup::Markup;
use crate::html::plot::drawing;

/// A share of something that could be used.
struct UsedShare {
    name: &'static str,
    /// The share, 0.0 to 1.0.
    used: f64,
    /// The share in which it wanted to work and was not let.
    waited: f64,
    words: String,
    /// True of what was the limit.
    is_limit: bool,
}

/// The shares as bars.
pub(super) fn shares(document: &Document) -> Markup {
    let limit = document.audit.limit.as_ref().map(|limit| limit.by);
    let mut shares = known(document);
    for share in &mut shares {
        share.is_limit = match limit {
            Some(By::Generator | By::Machine) => share.name == GENERATOR,
            Some(By::Server) => share.name == SERVER,
            Some(By::Connections | By::Pauses) => share.name == CONNECTIONS,
            _ => false,
        };
    }
    shares.sort_by(|one, other| {
        (other.is_limit, other.used)
            .partial_cmp(&(one.is_limit, one.used))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let beside = match limit {
        Some(by) => format!("limited by {}", by.words()),
        None => "nothing is known to have been full".to_owned(),
    };
    let mut figure = Markup::new();
    if shares.is_empty() {
        return figure;
    }
    figure.open("figure", &[]);
    figure.push(&crate::html::plot::caption("What was the limit?", &beside));
    figure.open("div", &[("class", "shares")]);
    for share in &shares {
        let tag = if share.is_limit { "b" } else { "span" };
        figure.element(tag, &[], share.name);
        figure.push(&bar(share));
        figure.element(tag, &[], &share.words);
    }
    figure.close("div").close("figure");
    figure
}

const GENERATOR: &str = "generator, busiest thread";
const SERVER: &str = "server, busiest thread";
const CONNECTIONS: &str = "places in flight";

fn known(document: &Document) -> Vec<UsedShare> {
    let mut shares = Vec::new();
    let threads = document.generator.threads.iter();
    let threads = threads.filter(|thread| thread.wall_s > 0.0);
    if let Some(busiest) = threads.max_by(|one, other| one.cpu_share.total_cmp(&other.cpu_share)) {
        let waited = busiest.run_wait_s.unwrap_or(0.0) / busiest.wall_s;
        let words = match percent(waited) {
            _ if waited < 0.02 => percent(busiest.cpu_share),
            waited => format!("{}, waited {waited}", percent(busiest.cpu_share)),
        };
        shares.push(share(GENERATOR, busiest.cpu_share, waited, words));
    }
    let server = document.server.as_ref();
    let server = server.and_then(|server| server.busiest_thread_share.or(server.cpu_share));
    if let Some(used) = server {
        shares.push(share(SERVER, used, 0.0, percent(used)));
    }
    let clients = &document.plan.clients;
    let places = u64::from(clients.connections) * u64::from(clients.depth());
    if let Some(service) = document
        .service_in_window_s
        .filter(|_| document.duration_s > 0.0)
        && !clients.is_open_loop()
    {
        let mean = service / document.duration_s;
        let words = format!("{mean:.1} of {}", count(places));
        shares.push(share(CONNECTIONS, mean / places.max(1) as f64, 0.0, words));
    }
    shares
}

fn share(name: &'static str, used: f64, waited: f64, words: String) -> UsedShare {
    UsedShare {
        name,
        used: used.clamp(0.0, 1.0),
        waited: waited.clamp(0.0, 1.0),
        words,
        is_limit: false,
    }
}

fn bar(share: &UsedShare) -> Markup {
    let mut svg = Markup::new();
    let label = format!("{}: {}", share.name, share.words);
    svg.open("svg", &[("role", "img"), ("aria-label", &label)]);
    let mut part = |class: &str, from: f64, to: f64| {
        let (x, width) = (drawing::percent(from), drawing::percent(to - from));
        let attributes = [
            ("class", class),
            ("x", &*x),
            ("width", &*width),
            ("height", "14"),
        ];
        let skip = usize::from(class.is_empty());
        svg.element("rect", &attributes[skip..], "");
    };
    part("box", 0.0, 1.0);
    part(if share.is_limit { "c0" } else { "" }, 0.0, share.used);
    let end = (share.used + share.waited).min(1.0);
    if end > share.used + 0.005 {
        part("wait", share.used, end);
    }
    svg.close("svg");
    svg
}

/// The next step: about the gravest doubt, else to see more than the limit.
pub(super) fn advice(document: &Document) -> Markup {
    let mut markup = Markup::new();
    let gravest = document.audit.doubts().next();
    let departed = Departure::of(document).and_then(|departure| departure.advice(document));
    let (heading, advice) = match (&departed, gravest, &document.audit.limit) {
        (Some(advice), ..) => ("To find out why", advice),
        (None, Some(caveat), _) => ("To be surer", &caveat.advice),
        (None, None, Some(limit)) if document.audit.verdict == Verdict::Ok => {
            ("To see more", &limit.advice)
        }
        _ => return markup,
    };
    if advice.is_empty() {
        return markup;
    }
    markup.open("div", &[]).element("h2", &[], heading);
    markup.open("p", &[]).prose(advice).close("p").close("div");
    markup
}
