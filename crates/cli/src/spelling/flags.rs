//! Settings as the flags by which a command line makes them.
//!
//! It stands on the vocabulary alone.

use std::borrow::Cow;

use wsbench_setting::{Field, Mention, Spelling};

/// The spelling of a command line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags;

impl Spelling for Flags {
    fn of(&self, field: Field) -> Cow<'static, str> {
        flag(field).into()
    }

    fn mention(&self, mention: &Mention) -> String {
        let name = match mention.field {
            Field::Encoding if mention.value.is_some() => {
                return format!("--{}", mention.value.as_deref().unwrap_or_default());
            }
            Field::GreatestRate => return search(mention.value.as_deref().unwrap_or_default()),
            Field::Family => match mention.value.as_deref() {
                Some("v4") => return "-4".to_owned(),
                Some("v6") => return "-6".to_owned(),
                _ => flag(Field::Family),
            },
            field if mention.is_brief => brief(field).unwrap_or_else(|| flag(field)),
            field => flag(field),
        };
        match &mention.value {
            Some(value) => format!("{name} {value}"),
            None => name.to_owned(),
        }
    }
}

/// The command that searches for the greatest rate of a server, under an objective behind it.
fn search(asked: &str) -> String {
    match asked.rsplit_once(' ') {
        Some((server, objective)) => format!("wsbench find {server} --slo '{objective}'"),
        None => "wsbench find".to_owned(),
    }
}

/// The flag of one letter, where a setting has one.
fn brief(field: Field) -> Option<&'static str> {
    Some(match field {
        Field::Connections => "-c",
        Field::RoundTrips => "-r",
        Field::Arrival => "-R",
        Field::Depth => "-p",
        Field::Duration => "-d",
        Field::Messages => "-n",
        Field::Headers => "-H",
        Field::Credentials => "-a",
        Field::Proxy => "-x",
        Field::Insecure => "-k",
        Field::Threads => "-t",
        _ => return None,
    })
}

/// The flag that a setting is made by.
fn flag(field: Field) -> &'static str {
    match field {
        Field::Host | Field::Port | Field::Resource => "the URL",
        Field::Connections => "--connections",
        Field::Lifetime | Field::Clients => "--clients",
        Field::RoundTrips => "--roundtrips",
        Field::Arrival => "--rate",
        Field::Depth => "--depth",
        Field::MaxInFlight => "--max-in-flight",
        Field::Schedule => "--rate or --stages",
        Field::Think => "--think",
        Field::Timeout => "--timeout",
        Field::KeepAlive => "--keep-alive",
        Field::Compression | Field::CompressionLevel => "--compress",
        Field::Fragment => "--fragment",
        Field::Payload => "--message, --file, --corpus or --template",
        Field::MaxSize => "--size",
        Field::Corpus => "--corpus",
        Field::Encoding => "--text or --binary",
        Field::Verify => "--verify",
        Field::ToleratedFailures => "--tolerate-failures",
        Field::Unordered => "--expect unordered",
        Field::Promise => "--expect",
        Field::Audience | Field::Flow => "--mode",
        Field::Stamp => "--stamp",
        Field::Clock => "--clock",
        Field::Sessions => "--arrive",
        Field::Stay => "--live",
        Field::MaxSessions => "--max-sessions",
        Field::Churn => "--churn",
        Field::ChurnStay => "--churn-live",
        Field::Reconnect => "--reconnect",
        Field::Drill => "--drill",
        Field::Slow => "--mix",
        Field::Request | Field::Numbered => "--match",
        Field::End => "--end",
        Field::Ack => "--ack",
        Field::Unit => "--unit",
        Field::Greeting => "--greeting",
        Field::Stop => "--duration, --messages or --clients",
        Field::Duration => "--duration",
        Field::Messages => "--messages",
        Field::WarmUp | Field::WarmUpAtMost | Field::WarmUpFound => "--warmup",
        Field::Pace => "--pace",
        Field::Timestamps => "--timestamps",
        Field::BusyPoll => "--busy-poll",
        Field::Headers => "--header",
        Field::Credentials => "--auth",
        Field::Bearer => "--bearer",
        Field::Redirects => "--follow-redirects",
        Field::Subprotocols => "--subprotocol",
        Field::Origin => "--origin",
        _ => of_the_way(field).unwrap_or_else(|| field.path()),
    }
}

/// The flag of what is about the way to the server, its process, this machine or an experiment.
fn of_the_way(field: Field) -> Option<&'static str> {
    Some(match field {
        Field::ConnectRate => "--connect-rate",
        Field::ConnectTimeout => "--connect-timeout",
        Field::Family => "-4 or -6",
        Field::ConnectTo => "--connect-to",
        Field::Sources => "--source-ip",
        Field::Proxy | Field::ProxyLogin => "--proxy",
        Field::UnixSocket => "--unix-socket",
        Field::Spread => "--spread-addresses",
        Field::Http => "--http",
        Field::Streams => "--streams",
        Field::Authorities => "--cacert",
        Field::Identity => "--cert",
        Field::IdentityKey => "--key",
        Field::ServerName => "--server-name",
        Field::Insecure => "--insecure",
        Field::TlsVersions => "--tls",
        Field::Alpn => "--alpn",
        Field::Threads => "--threads",
        Field::Cpus => "--pin",
        Field::Seed => "--seed",
        Field::Login => "the login",
        Field::Upkeep => "reply or every",
        Field::Roles => "the roles",
        Field::Rooms => "--rooms",
        Field::RoomsEach => "--rooms-each",
        Field::Interval => "the interval of the time series",
        Field::Limit => "--limit",
        Field::GreatestRate => "wsbench find",
        Field::Repeat => "--repeat",
        Field::Force => "--force",
        Field::Condition => "--fail-if",
        Field::Objective => "--slo",
        Field::Exec => "--exec",
        Field::ServerPid => "--server-pid",
        Field::ServerCpus => "--server-cpus",
        _ => return None,
    })
}
