//! The rules that make a spec a plan: what the machinery relies upon without asking again.

mod lives;
mod workload;

use std::net::IpAddr;

use wsbench_setting::Field;

use crate::arrival::{Schedule, Stretch};
use crate::nanos::Nanos;
use crate::plan::error::{PlanError, Why};
use crate::plan::flow::Flow;
use crate::plan::opening::{
    Family, Header, Http, is_field_value, is_origin, is_reserved, is_token,
};
use crate::plan::payload::{Encoding, LARGEST_MESSAGE, Payload};
use crate::plan::request::Correlation;
use crate::plan::spec::{PlanSpec, Population};
use crate::plan::timing::{Arrival, Pace, StopRule};
use crate::route::{Place, ProxyProtocol, Route};
use crate::secret::WITHHELD;
use crate::template::Template;

/// The shortest time from ping to ping.
const SHORTEST_KEEP_ALIVE: Nanos = Nanos::from_millis(1);
/// The shortest interval of the time series: shorter ones are handed over more than measured.
const SHORTEST_INTERVAL: Nanos = Nanos::from_millis(1);
/// The highest rate of a schedule, a message a nanosecond: due times have no finer grain.
const HIGHEST_RATE_PER_S: f64 = 1e9;
/// Bytes of the longest path of a Unix domain socket: `sun_path` has 108, the last of them zero.
pub const LONGEST_SOCKET_PATH: usize = 107;
/// Bytes of the longest name or password of SOCKS (RFC 1929 section 2).
pub const LONGEST_SOCKS_FIELD: usize = 255;
/// Bytes of the longest name of an application protocol (RFC 7301 section 3.1).
const LONGEST_ALPN: usize = 255;
/// The highest level of DEFLATE.
const HIGHEST_LEVEL: u32 = 9;

type Checked = Result<(), PlanError>;

/// Holds a spec against all rules.
///
/// # Errors
/// [`PlanError`]: the first rule that is broken.
pub(super) fn check(spec: &PlanSpec) -> Checked {
    parts_withheld(spec)?;
    target(spec)?;
    for population in spec.clients.iter() {
        counts(spec, population)?;
        arrival(population)?;
        times(population)?;
        messages(&population.exchange.payload)?;
        for own in population.own_messages() {
            messages(&own.payload)?;
        }
        framing(population)?;
        flow(spec, population)?;
        audience(population)?;
        numbered(population)?;
        workload::rooms(population)?;
        workload::roles(population)?;
        workload::speech(population)?;
        workload::unit(population)?;
        workload::ack(population)?;
        request(population)?;
        lives::lifetime(spec, population)?;
        lives::returns(spec, population)?;
        lives::slow(spec, population)?;
        lives::churn(population)?;
    }
    machine(spec)?;
    upgrade(spec)?;
    route(spec)?;
    family(spec)?;
    withheld(spec)
}

fn because(field: Field, why: Why) -> PlanError {
    PlanError { field, why }
}

/// Refuses `field` for `why` where `is_so`.
fn refuse(is_so: bool, field: Field, why: Why) -> Checked {
    if is_so {
        return Err(because(field, why));
    }
    Ok(())
}

fn not_zero(number: impl Into<u64>, field: Field) -> Checked {
    refuse(number.into() == 0, field, Why::Zero)
}

fn at_most(number: u64, most: u64, field: Field) -> Checked {
    refuse(number > most, field, Why::Above { most })
}

fn at_least(number: u64, least: u64, field: Field) -> Checked {
    refuse(number < least, field, Why::Below { least })
}

/// A URL and subprotocols from a result may lack what was secret in them.
fn parts_withheld(spec: &PlanSpec) -> Checked {
    let is_gone = spec.target.resource.contains(WITHHELD);
    refuse(is_gone, Field::Resource, Why::Withheld)?;
    let is_gone = spec.upgrade.subprotocols.iter().any(|it| it == WITHHELD);
    refuse(is_gone, Field::Subprotocols, Why::Withheld)
}

fn target(spec: &PlanSpec) -> Checked {
    let target = &spec.target;
    host(&target.host, Field::Host)?;
    not_zero(target.port, Field::Port)?;
    let resource = &target.resource;
    let is_line = resource.bytes().all(|byte| byte > b' ' && byte != 0x7f);
    let is_sound = resource.starts_with('/') && is_line;
    refuse(!is_sound, Field::Resource, Why::Malformed)
}

/// A host is something, and breaks no line of a request.
fn host(host: &str, field: Field) -> Checked {
    refuse(host.is_empty(), field, Why::Empty)?;
    let is_sound = |c: char| !c.is_control() && !c.is_whitespace() && !"/?#@[]".contains(c);
    refuse(!host.chars().all(is_sound), field, Why::Malformed)
}

fn counts(spec: &PlanSpec, population: &Population) -> Checked {
    let connections = population.connections;
    not_zero(connections, Field::Connections)?;
    not_zero(spec.threads, Field::Threads)?;
    at_most(spec.threads.into(), connections.into(), Field::Threads)?;
    if let Http::Two { streams } = spec.connect.http {
        not_zero(streams, Field::Streams)?;
    }
    Ok(())
}

fn arrival(population: &Population) -> Checked {
    match &population.arrival {
        Arrival::Closed { depth } => not_zero(*depth, Field::Depth),
        Arrival::Open {
            schedule: rates,
            max_in_flight,
        } => {
            not_zero(*max_in_flight, Field::MaxInFlight)?;
            schedule(rates)
        }
    }
}

fn schedule(schedule: &Schedule) -> Checked {
    let field = Field::Schedule;
    refuse(schedule.stretches.is_empty(), field, Why::Empty)?;
    let rates = |stretch: &Stretch| [stretch.from_per_s, stretch.to_per_s];
    for rate in schedule.stretches.iter().flat_map(rates) {
        let is_rate = rate.is_finite() && rate >= 0.0;
        refuse(!is_rate, field, Why::Malformed)?;
        let most = HIGHEST_RATE_PER_S as u64;
        refuse(rate > HIGHEST_RATE_PER_S, field, Why::Above { most })?;
    }
    let is_nothing = schedule.stretches.iter().all(|it| it.messages() <= 0.0);
    refuse(is_nothing, field, Why::Zero)
}

fn times(population: &Population) -> Checked {
    if let Some(think) = population.think {
        not_zero(think.most.0, Field::Think)?;
        let least = think.least.0;
        at_least(think.most.0, least, Field::Think)?;
        let is_open = population.is_open_loop();
        refuse(is_open, Field::Think, Why::NotWith(Field::Arrival))?;
    }
    not_zero(population.timeout.0, Field::Timeout)?;
    match population.keep_alive {
        Some(every) => {
            not_zero(every.0, Field::KeepAlive)?;
            // More often than this they would be a load of their own.
            at_least(every.0, SHORTEST_KEEP_ALIVE.0, Field::KeepAlive)
        }
        None => Ok(()),
    }
}

fn messages(payload: &Payload) -> Checked {
    let most = u64::from(LARGEST_MESSAGE);
    let (encoding, not_text_at) = match payload {
        Payload::Generated { min, max, .. } => {
            at_least((*max).into(), (*min).into(), Field::MaxSize)?;
            return at_most((*max).into(), most, Field::MaxSize);
        }
        Payload::Fixed { encoding, bytes } => {
            let error = std::str::from_utf8(bytes).err();
            (*encoding, error.map(|it| it.valid_up_to()))
        }
        Payload::Corpus { encoding, corpus } => (*encoding, corpus.not_text_at()),
        Payload::Template { encoding, .. } => (*encoding, None),
        Payload::Withheld { .. } => return Err(because(Field::Payload, Why::Withheld)),
    };
    at_most(payload.max_len() as u64, most, Field::Payload)?;
    match not_text_at {
        Some(at) if encoding == Encoding::Text => {
            let at = at as u64;
            Err(because(Field::Payload, Why::NotText { at }))
        }
        _ => Ok(()),
    }
}

fn framing(population: &Population) -> Checked {
    if let Some(fragment) = population.fragment {
        not_zero(fragment, Field::Fragment)?;
    }
    let level = population.compression.map_or(0, |it| it.level);
    at_most(level.into(), HIGHEST_LEVEL.into(), Field::CompressionLevel)
}

/// Messages that are known by their number are for many.
fn numbered(population: &Population) -> Checked {
    let is_numbered = population.exchange.numbered.is_some();
    let is_apart = is_numbered && !population.is_fanned_out();
    refuse(is_apart, Field::Numbered, Why::Needs(Field::Audience))
}

/// A request has its number in it, by which its answer is known.
fn request(population: &Population) -> Checked {
    let exchange = &population.exchange;
    let Some(request) = &exchange.request else {
        return Ok(());
    };
    let field = Field::Request;
    let is_fanned_out = population.is_fanned_out();
    refuse(is_fanned_out, field, Why::NotWith(Field::Audience))?;
    let has_number = match &exchange.payload {
        Payload::Template { template, .. } => template.has_request_number(),
        _ => false,
    };
    let is_numbered = matches!(request.at, Correlation::Number(_));
    refuse(is_numbered && !has_number, Field::Payload, Why::NoNumber)?;
    workload::end(population)
}

/// What is not answered has nothing that the next message, the end of a client or a number of messages
/// could be told by.
fn flow(spec: &PlanSpec, population: &Population) -> Checked {
    let exchange = &population.exchange;
    let field = Field::Flow;
    if exchange.flow.is_answered() {
        return Ok(());
    }
    let has_end = population.budget().is_some();
    let is_session = population.sessions().is_some();
    refuse(
        population.is_fanned_out(),
        field,
        Why::NotWith(Field::Audience),
    )?;
    refuse(
        exchange.request.is_some(),
        field,
        Why::NotWith(Field::Request),
    )?;
    refuse(has_end && is_session, field, Why::Needs(Field::Stay))?;
    refuse(has_end, field, Why::NotWith(Field::Lifetime))?;
    refuse(
        population.think.is_some(),
        field,
        Why::NotWith(Field::Think),
    )?;
    if let Some(pushes) = exchange.flow.pushes()
        && let Some(clock) = &pushes.clock
    {
        refuse(
            pushes.stamp.is_none(),
            Field::Clock,
            Why::Needs(Field::Stamp),
        )?;
        refuse(clock.ask.is_empty(), Field::Clock, Why::Empty)?;
        refuse(clock.ask == WITHHELD, Field::Clock, Why::Withheld)?;
    }
    let sends = exchange.flow == Flow::Oneway;
    if sends {
        return refuse(
            !population.is_open_loop(),
            field,
            Why::Needs(Field::Arrival),
        );
    }
    refuse(
        population.is_open_loop(),
        field,
        Why::NotWith(Field::Arrival),
    )?;
    let is_counted = !matches!(spec.stop, StopRule::Duration(_));
    refuse(is_counted, field, Why::NotWith(Field::Messages))
}

/// Messages for many are sent by a schedule, for there is no answer that the next one could wait for,
/// and known by their tags.
fn audience(population: &Population) -> Checked {
    if !population.is_fanned_out() {
        return Ok(());
    }
    let field = Field::Audience;
    let is_closed = !population.is_open_loop();
    refuse(is_closed, field, Why::Needs(Field::Arrival))?;
    let own = population.own_messages().map(|own| &own.payload);
    for payload in std::iter::once(&population.exchange.payload).chain(own) {
        if let Payload::Generated { encoding, min, .. } = payload {
            let tag = Payload::tag_len(*encoding) as u64;
            at_least((*min).into(), tag, Field::MaxSize)?;
            continue;
        }
        let is_tagged = matches!(payload, Payload::Corpus { .. });
        refuse(!is_tagged, Field::Payload, Why::NotWith(field))?;
    }
    Ok(())
}

fn warmup(spec: &PlanSpec) -> Checked {
    let warmup = spec.warmup;
    refuse(warmup.found.is_some(), Field::WarmUpFound, Why::Found)?;
    match warmup.at_most {
        Some(most) => at_least(most.0, warmup.least.0, Field::WarmUpAtMost),
        None => Ok(()),
    }
}

fn machine(spec: &PlanSpec) -> Checked {
    if let Some(share) = spec.expect.failures {
        let is_share = (0.0..=1.0).contains(&share);
        refuse(!is_share, Field::ToleratedFailures, Why::Malformed)?;
    }
    not_zero(spec.interval.0, Field::Interval)?;
    at_least(spec.interval.0, SHORTEST_INTERVAL.0, Field::Interval)?;
    let is_paced = spec.pace != Pace::Auto;
    // It spins already.
    refuse(
        spec.busy_poll && is_paced,
        Field::BusyPoll,
        Why::NotWith(Field::Pace),
    )
}

fn upgrade(spec: &PlanSpec) -> Checked {
    let upgrade = &spec.upgrade;
    for header in &upgrade.headers {
        let is_sound = is_token(&header.name) && is_field_value(header.reveal().unwrap_or(""));
        // A row of a file for each connection: all of them go into requests.
        let mut rows = header.words().into_iter().flat_map(Template::secrets);
        let is_sound = is_sound && rows.all(is_field_value);
        refuse(!is_sound, Field::Headers, Why::Malformed)?;
        refuse(is_reserved(&header.name), Field::Headers, Why::Reserved)?;
    }
    for (at, name) in upgrade.subprotocols.iter().enumerate() {
        refuse(!is_token(name), Field::Subprotocols, Why::Malformed)?;
        let is_twice = upgrade.subprotocols[..at].contains(name);
        refuse(is_twice, Field::Subprotocols, Why::Twice)?;
    }
    let is_sound = upgrade.origin.as_deref().is_none_or(is_origin);
    refuse(!is_sound, Field::Origin, Why::Malformed)?;
    for name in &spec.tls.alpn {
        refuse(name.is_empty(), Field::Alpn, Why::Empty)?;
        at_most(name.len() as u64, LONGEST_ALPN as u64, Field::Alpn)?;
    }
    Ok(())
}

fn route(spec: &PlanSpec) -> Checked {
    let connect = &spec.connect;
    not_zero(connect.timeout.0, Field::ConnectTimeout)?;
    if let Some(rate) = connect.rate_per_s {
        refuse(rate == 0.0, Field::ConnectRate, Why::Zero)?;
        let is_rate = rate.is_finite() && rate > 0.0;
        refuse(!is_rate, Field::ConnectRate, Why::Malformed)?;
    }
    let route = &connect.route;
    if let Some(place) = &route.connect_to {
        reachable(place, Field::ConnectTo)?;
    }
    if let Some(proxy) = &route.proxy {
        reachable(&proxy.place, Field::Proxy)?;
        if let (Some(login), true) = (proxy.login(), proxy.protocol != ProxyProtocol::Http) {
            let longest = login.user.len().max(login.password.len());
            at_most(
                longest as u64,
                LONGEST_SOCKS_FIELD as u64,
                Field::ProxyLogin,
            )?;
        }
    }
    unix_socket(route, connect.family)
}

fn reachable(place: &Place, field: Field) -> Checked {
    host(&place.host, field)?;
    not_zero(place.port, field)
}

/// A Unix domain socket is a way of its own.
fn unix_socket(route: &Route, family: Family) -> Checked {
    let Some(path) = &route.unix_socket else {
        return Ok(());
    };
    let length = path.as_os_str().len();
    refuse(length == 0, Field::UnixSocket, Why::Empty)?;
    at_most(length as u64, LONGEST_SOCKET_PATH as u64, Field::UnixSocket)?;
    let others = [
        (route.connect_to.is_some(), Field::ConnectTo),
        (!route.sources.is_empty(), Field::Sources),
        (route.spread, Field::Spread),
        (route.proxy.is_some(), Field::Proxy),
        (family != Family::Any, Field::Family),
    ];
    for (is_there, other) in others {
        refuse(is_there, Field::UnixSocket, Why::NotWith(other))?;
    }
    Ok(())
}

/// Addresses to go to and to come from are of one family, as far as that shows before a name is
/// resolved. They are of what is connected to: the proxy, where there is one.
fn family(spec: &PlanSpec) -> Checked {
    let (family, route) = (spec.connect.family, &spec.connect.route);
    let place = match &route.proxy {
        Some(proxy) => proxy.place.clone(),
        None => route.place(&spec.target),
    };
    let literal: Option<IpAddr> = place.host.parse().ok();
    let is_of = |address: IpAddr| match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    };
    let excluded = literal.is_some_and(|literal| !is_of(literal));
    refuse(excluded, Field::Family, Why::NotWith(Field::Host))?;
    let Some(&source) = route.sources.first() else {
        return Ok(());
    };
    refuse(!is_of(source), Field::Sources, Why::NotWith(Field::Family))?;
    let is_other = literal.is_some_and(|literal| literal.is_ipv4() != source.is_ipv4());
    refuse(is_other, Field::Sources, Why::NotWith(Field::Host))
}

/// Nothing is missing that a run needs.
fn withheld(spec: &PlanSpec) -> Checked {
    let is_gone = |header: &Header| header.reveal().is_none();
    let headers = spec.upgrade.headers.iter().any(is_gone);
    refuse(headers, Field::Headers, Why::Withheld)?;
    let proxy = spec.connect.route.proxy.as_ref();
    let login = proxy.and_then(|proxy| proxy.login.as_ref());
    let is_gone = login.is_some_and(|login| login.is_withheld());
    refuse(is_gone, Field::ProxyLogin, Why::Withheld)?;
    let is_gone = spec.clients.login.is_withheld();
    refuse(is_gone, Field::Login, Why::Withheld)?;
    let is_gone = spec.clients.roles.iter().any(|it| it.join.is_withheld());
    refuse(is_gone, Field::Login, Why::Withheld)?;
    let is_gone = spec.clients.templates().iter().any(Template::is_withheld);
    refuse(is_gone, Field::Upkeep, Why::Withheld)?;
    let is_gone = match &spec.clients.exchange.payload {
        Payload::Template { template, .. } => template.is_withheld(),
        _ => false,
    };
    refuse(is_gone, Field::Payload, Why::Withheld)?;
    let authorities = spec.tls.authorities.as_ref();
    let is_gone = authorities.is_some_and(|it| it.bytes().is_none());
    refuse(is_gone, Field::Authorities, Why::Withheld)?;
    let identity = spec.tls.identity.as_ref();
    let is_gone =
        identity.is_some_and(|it| it.key.is_withheld() || it.certificates.bytes().is_none());
    refuse(is_gone, Field::Identity, Why::Withheld)
}
