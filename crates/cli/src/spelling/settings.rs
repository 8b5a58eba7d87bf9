//! The flag of each setting, and what may be wrong with it.

use wsbench_load::plan::{Field, Why};

/// The flag that a setting is made by.
pub(crate) fn flag(field: Field) -> &'static str {
    match field {
        Field::Host | Field::Port | Field::Resource => "the URL",
        Field::Connections => "--connections",
        Field::Lifetime => "--clients",
        Field::RoundTrips => "--roundtrips",
        Field::Arrival => "--rate",
        Field::Depth => "--depth",
        Field::MaxInFlight => "--max-in-flight",
        Field::Schedule => "--rate or --stages",
        Field::Think => "--think",
        Field::Timeout => "--timeout",
        Field::KeepAlive => "--keep-alive",
        Field::CompressionLevel => "--compress",
        Field::Fragment => "--fragment",
        Field::Payload => "--message, --file, --corpus or --template",
        Field::MaxSize => "--size",
        Field::Stop => "--duration, --messages or --clients",
        Field::WarmUp | Field::WarmUpAtMost | Field::WarmUpFound => "--warmup",
        Field::Pace => "--pace",
        Field::BusyPoll => "--busy-poll",
        Field::Headers => "--header",
        Field::Subprotocols => "--subprotocol",
        Field::Origin => "--origin",
        Field::ConnectRate => "--connect-rate",
        Field::ConnectTimeout => "--connect-timeout",
        Field::Family => "-4 or -6",
        Field::ConnectTo => "--connect-to",
        Field::Sources => "--source-ip",
        Field::Proxy | Field::ProxyLogin => "--proxy",
        Field::UnixSocket => "--unix-socket",
        Field::Streams => "--streams",
        Field::Authorities => "--cacert",
        Field::Identity => "--cert",
        Field::Alpn => "--alpn",
        Field::Threads => "--threads",
        Field::Interval => "the interval of the time series",
        _ => field.path(),
    }
}

/// The words for what is wrong with a setting.
pub(crate) fn reason(why: Why) -> String {
    match why {
        Why::NotWith(other) => format!("does not go with {}; leave one of them out", flag(other)),
        _ => why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// A setting whose flag is renamed, or that is new and has none, is found here.
    #[test]
    fn every_setting_that_flags_make_has_a_flag_that_is_there() {
        let command = crate::command_line::Cli::command();
        let flags: Vec<String> = command
            .get_arguments()
            .flat_map(|argument| {
                let long = argument.get_long().map(|long| format!("--{long}"));
                let short = argument.get_short().map(|short| format!("-{short}"));
                long.into_iter().chain(short)
            })
            .collect();
        for field in Field::ALL {
            let named = flag(*field);
            assert_ne!(named, field.path());
            let words = named.split([' ', ',']).filter(|word| word.starts_with('-'));
            for word in words {
                assert!(flags.iter().any(|flag| flag == word), "{field}: {word}");
            }
        }
    }
}
