//! Deviations of the embedded server as the command line writes them.
//!
//! Text becomes the data that `wsbench_echo` carries out, or an error with a right example.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use thiserror::Error;
use wsbench_echo::{
    BroadcastMode, Calibration, Misbehaviour, Stall, StreamMode, TimeDistribution, TokenBucket,
};
use wsbench_load::nanos::Nanos;

use wsbench::quantity::{self, QuantityError};

/// The flags of calibration.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Calibration")]
pub(super) struct Calibrating {
    /// Hold each answer for so long, each on its own (example: 20ms).
    ///
    /// TIME is constant, or random: exp:5ms (exponential, by its mean), uniform:2ms..10ms, or
    /// mix:98%=1ms,2%=50ms. The same seed holds the same messages for the same times.
    #[arg(long, value_name = "TIME", value_parser = distribution)]
    delay: Option<TimeDistribution>,
    /// Serve each message for so long, one after the other (example: exp:1ms).
    ///
    /// A single queue for all connections of a thread, first in, first out: with Poisson arrivals
    /// M/D/1 where TIME is constant, M/M/1 where it is exp:. TIME is written as for --delay.
    #[arg(long, value_name = "TIME", value_parser = distribution)]
    service: Option<TimeDistribution>,
    /// Take so many messages a second and thread, and after a pause up to BURST at once
    /// (example: 5000/s,burst=100). What comes too early waits; with ,drop it is not answered.
    #[arg(long, value_name = "RATE,burst=N[,drop]", value_parser = token_bucket)]
    token_bucket: Option<TokenBucket>,
    /// Spend so much CPU time on each message (example: 50us).
    #[arg(long, value_name = "TIME", value_parser = quantity::positive_span)]
    burn: Option<Nanos>,
    /// Write so much memory for each connection (example: 64k).
    #[arg(long, value_name = "SIZE", value_parser = quantity::message_size)]
    touch: Option<u32>,
    /// Accept one connection each TIME at most, on each thread (example: 3ms).
    #[arg(long, value_name = "TIME", value_parser = quantity::positive_span)]
    accept_delay: Option<Nanos>,
    /// Connections that may wait to be accepted (example: 16).
    #[arg(long, value_name = "N", value_parser = quantity::positive_u32)]
    pub(super) backlog: Option<u32>,
    /// Write header and payload apart and without TCP_NODELAY: the trap that Nagle's algorithm and
    /// delayed acknowledgements are together, about 40 ms an answer.
    #[arg(long)]
    two_writes: bool,
    /// Stop altogether for LENGTH every EVERY (example: 100ms/1s).
    #[arg(long, value_name = "LENGTH/EVERY", value_parser = stall)]
    stall: Option<Stall>,
    /// Misbehave in this way; repeat for several (example: wrong-bytes:every=1000).
    ///
    /// drop, duplicate, swap, wrong-bytes, cross-room, no-ack, silent-connections and unasked take :every=N;
    /// fragments:pieces=N; status:N; close-after:messages=N,code=N; reset-after:messages=N;
    /// ping-every:n=N; wrong-opcode, empty-pong, split, merge, wrong-accept, masked,
    /// unasked-extension, no-close-reply, garbage, silent-accept and accept-then-close take none.
    #[arg(long, value_name = "MODE")]
    misbehave: Vec<Misbehaviour>,
    /// Send each message to all connections in place of its sender alone: a broadcast.
    ///
    /// All are in one room; who says {"join":"NAME"} is answered {"joined":"NAME"} and is in that one
    /// from then on, and in further ones by further words. A message that begins with {"room":"NAME" is
    /// for that room, any other for the one that its sender joined last. Runs on one thread. Of --misbehave
    /// it knows drop, duplicate, swap, wrong-bytes and cross-room, each :every=N of its deliveries.
    #[arg(long, group = "to_many")]
    broadcast: bool,
    /// Send messages by itself to all connections, so many a second to each (example: 100/s), and
    /// nothing else: {"u":1,"E":MS,"T":US}, with a number that grows by one, and the instant in
    /// milliseconds and microseconds since the Unix epoch.
    ///
    /// A message that begins with {"time" is answered {"now":US}. On one thread. Of --misbehave it knows what --broadcast does, but for cross-room.
    #[arg(long, value_name = "RATE", group = "to_many", value_parser = quantity::rate_per_s)]
    push: Option<f64>,
    /// Acknowledge each message to its sender with {"ack":N}, N from 1 on each connection; that is
    /// all that is answered, or goes beside --broadcast. Of --misbehave it knows no-ack:every=N.
    #[arg(long, conflicts_with = "push")]
    ack: bool,
    /// With --broadcast: send no message to its sender.
    #[arg(long, requires = "broadcast")]
    to_others: bool,
    /// With --broadcast or --push: take so long from one receiver to the next (example: 20us).
    #[arg(long, value_name = "TIME", requires = "to_many",
          value_parser = quantity::positive_span)]
    each: Option<Nanos>,
    /// With --broadcast or --push: have the copies for the first, second, … receiver of a message leave
    /// so much later, further receivers beginning anew (example: 0,2ms,4ms).
    #[arg(long, value_name = "TIME,…", requires = "to_many", value_delimiter = ',',
          value_parser = quantity::span)]
    delays: Vec<Nanos>,
    /// With --broadcast or --push: lose so many of the deliveries, each by chance (example: 1%). The
    /// same --seed loses the same ones.
    #[arg(long, value_name = "SHARE", requires = "to_many", value_parser = lost)]
    loss: Option<u32>,
    /// With --broadcast or --push: reset a connection for which more than so much waits to be sent, as
    /// for one that does not read (example: 4m). Without it, whatever waits is kept.
    #[arg(long, value_name = "SIZE", requires = "to_many", value_parser = quantity::message_size)]
    most_unsent: Option<u32>,
    /// Answer each JSON object with so many items and an end: with itself, "item":K before its members, K
    /// from 1 on, and then "end":true (example: 5,each=2ms, which takes so long from one to the next).
    #[arg(long, value_name = "N[,each=TIME]", conflicts_with_all = ["to_many", "ack"], value_parser = streams)]
    items: Option<StreamMode>,
    /// Write the time at which each message was read to a file, one a line, in nanoseconds; and say
    /// at the end how the gaps between them were distributed.
    #[arg(long, value_name = "FILE")]
    pub(super) arrivals: Option<PathBuf>,
    /// Seed of random times.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Calibrating {
    /// Calibration that they amount to.
    pub(super) fn calibration(&self) -> Calibration {
        let span = |span: Option<Nanos>| span.unwrap_or(Nanos::ZERO).into();
        Calibration {
            delay: self.delay.clone().unwrap_or_default(),
            service: self.service.clone().unwrap_or_default(),
            bucket: self.token_bucket,
            burn: span(self.burn),
            touch: self.touch.unwrap_or(0) as usize,
            accept_delay: span(self.accept_delay),
            two_writes: self.two_writes,
            stall: self.stall,
            misbehave: self.misbehave.clone(),
            arrivals: self.arrivals.is_some(),
            broadcast: (self.broadcast || self.ack || self.push.is_some()).then(|| BroadcastMode {
                is_mute: !self.broadcast,
                acks: self.ack,
                spares_sender: self.to_others,
                pushes: self.push.map(|per_s| Duration::from_secs_f64(1.0 / per_s)),
                each: span(self.each),
                delays: self.delays.iter().copied().map(Duration::from).collect(),
                loss_ppm: self.loss.unwrap_or(0),
                most_unsent: self.most_unsent.map(|most| most as usize),
            }),
            streams: self.items,
            seed: self.seed,
        }
    }
}

/// Why a text is no deviation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum CalibrationError {
    /// A quantity in it is none.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// There is no slash. Give both times.
    #[error("'{0}' does not say how often; write it like 100ms/1s")]
    NoSlash(String),
    /// The server would never run in between.
    #[error("'{0}' stalls for as long as it lasts until the next; write it like 100ms/1s")]
    NeverRuns(String),
    /// No distribution of this name.
    #[error(
        "no distribution is called '{0}'; write a time like 5ms, or exp:5ms, uniform:2ms..10ms, \
         mix:98%=1ms,2%=50ms"
    )]
    UnknownDistribution(String),
    /// There are no two ends, or the wrong way round.
    #[error("'{0}' is no range of times; write it like uniform:2ms..10ms")]
    NoRange(String),
    /// A part is not a share and a time.
    #[error("'{0}' is no share and time; write it like mix:98%=1ms,2%=50ms")]
    NoShare(String),
    /// The shares are not a whole.
    #[error("the shares of '{0}' do not add up to 100 %; write it like mix:98%=1ms,2%=50ms")]
    NotAWhole(String),
    /// A share of deliveries that is none.
    #[error("'{0}' is no share of deliveries, 0% to 100%; write it like 1% or 0.05%")]
    NoLoss(String),
    /// Items that are none, or with something else.
    #[error("'{0}' is no number of items; write it like 5 or 5,each=2ms")]
    NoItems(String),
    /// A bucket without its burst, or with something else.
    #[error("'{0}' is no token bucket; write it like 5000/s,burst=100 or 5000/s,burst=100,drop")]
    NoBucket(String),
}

/// Reads `LENGTH/EVERY`.
fn stall(text: &str) -> Result<Stall, CalibrationError> {
    let (length, every) = text
        .split_once('/')
        .ok_or_else(|| CalibrationError::NoSlash(text.to_owned()))?;
    let length = quantity::positive_span(length)?;
    let every = quantity::positive_span(every)?;
    if length >= every {
        return Err(CalibrationError::NeverRuns(text.to_owned()));
    }
    Ok(Stall {
        every: every.into(),
        length: length.into(),
    })
}

/// Reads `5ms`, `exp:5ms`, `uniform:2ms..10ms` or `mix:98%=1ms,2%=50ms`.
fn distribution(text: &str) -> Result<TimeDistribution, CalibrationError> {
    let Some((name, times)) = text.split_once(':') else {
        return Ok(TimeDistribution::Constant(quantity::span(text)?.into()));
    };
    match name.trim() {
        "exp" => Ok(TimeDistribution::Exponential(
            quantity::positive_span(times)?.into(),
        )),
        "uniform" => {
            let no_range = || CalibrationError::NoRange(text.to_owned());
            let (least, most) = times.split_once("..").ok_or_else(no_range)?;
            let (least, most) = (quantity::span(least)?, quantity::span(most)?);
            if least >= most {
                return Err(no_range());
            }
            Ok(TimeDistribution::Uniform(least.into(), most.into()))
        }
        "mix" => {
            let parts: Result<Vec<_>, _> = times.split(',').map(share).collect();
            let parts = parts?;
            let whole: u64 = parts.iter().map(|&(share, _)| u64::from(share)).sum();
            if whole != u64::from(TimeDistribution::MILLION) {
                return Err(CalibrationError::NotAWhole(text.to_owned()));
            }
            Ok(TimeDistribution::Mix(parts))
        }
        name => Err(CalibrationError::UnknownDistribution(name.to_owned())),
    }
}

/// Reads `98%=1ms`: parts per million, and a time.
fn share(text: &str) -> Result<(u32, Duration), CalibrationError> {
    let no_share = || CalibrationError::NoShare(text.trim().to_owned());
    let (percent, span) = text.split_once('=').ok_or_else(no_share)?;
    let parts = parts_per_million(percent).ok_or_else(no_share)?;
    Ok((parts, quantity::span(span)?.into()))
}

/// Reads `1%`: parts per million.
fn parts_per_million(percent: &str) -> Option<u32> {
    let percent: f64 = percent.trim().strip_suffix('%')?.trim().parse().ok()?;
    let parts = percent / 100.0 * f64::from(TimeDistribution::MILLION);
    (0.0..=100.0)
        .contains(&percent)
        .then_some(parts.round() as u32)
}

/// Reads the share of deliveries that are lost.
fn lost(text: &str) -> Result<u32, CalibrationError> {
    parts_per_million(text).ok_or_else(|| CalibrationError::NoLoss(text.to_owned()))
}

/// Reads `5` and `5,each=2ms`.
fn streams(text: &str) -> Result<StreamMode, CalibrationError> {
    let no_items = || CalibrationError::NoItems(text.to_owned());
    let (items, each) = match text.split_once(',') {
        None => (text, Duration::ZERO),
        Some((items, each)) => {
            let each = each.trim().strip_prefix("each=").ok_or_else(no_items)?;
            (items, quantity::positive_span(each)?.into())
        }
    };
    let items = quantity::positive_u32(items.trim()).map_err(|_| no_items())?;
    Ok(StreamMode { items, each })
}

/// Reads `5000/s,burst=100` and `5000/s,burst=100,drop`.
fn token_bucket(text: &str) -> Result<TokenBucket, CalibrationError> {
    let no_bucket = || CalibrationError::NoBucket(text.to_owned());
    let mut parts = text.split(',').map(str::trim);
    let rate_per_s = quantity::rate_per_s(parts.next().unwrap_or_default())?;
    let burst = parts.next().and_then(|part| part.strip_prefix("burst="));
    let burst = quantity::positive_u32(burst.ok_or_else(no_bucket)?)?;
    let drops = match (parts.next(), parts.next()) {
        (None, _) => false,
        (Some("drop"), None) => true,
        _ => return Err(no_bucket()),
    };
    // More than a thousand million a second is no limit that could be kept.
    let interval = Duration::from_nanos((1e9 / rate_per_s).round().max(1.0) as u64);
    Ok(TokenBucket {
        interval,
        burst,
        drops,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_stall_leaves_time_to_run() {
        assert!(matches!(stall("100ms"), Err(CalibrationError::NoSlash(_))));
        assert!(matches!(
            stall("1s/1s"),
            Err(CalibrationError::NeverRuns(_))
        ));
        assert!(matches!(stall("0/1s"), Err(CalibrationError::Quantity(_))));
    }

    #[test]
    fn times_are_constant_or_distributed() {
        let read = |text| distribution(text).unwrap();
        assert_eq!(read("5ms"), TimeDistribution::Constant(5 * MS));
        assert_eq!(read("exp:1.5ms"), TimeDistribution::Exponential(3 * MS / 2));
        assert_eq!(
            read("uniform:2ms..10ms"),
            TimeDistribution::Uniform(2 * MS, 10 * MS)
        );
        assert_eq!(
            read("mix:98%=1ms, 2%=50ms"),
            TimeDistribution::Mix(vec![(980_000, MS), (20_000, 50 * MS)])
        );
    }

    #[test]
    fn times_written_wrongly_are_refused_by_kind() {
        use CalibrationError as Error;
        let error = |text| distribution(text).unwrap_err();
        assert!(matches!(error("5"), Error::Quantity(_)));
        assert!(matches!(error("exp:0"), Error::Quantity(_)));
        assert_eq!(
            error("gauss:1ms"),
            Error::UnknownDistribution("gauss".into())
        );
        assert!(matches!(error("uniform:2ms"), Error::NoRange(_)));
        assert!(matches!(error("uniform:2ms..1ms"), Error::NoRange(_)));
        assert_eq!(error("mix:98=1ms"), Error::NoShare("98=1ms".into()));
        assert!(matches!(error("mix:101%=1ms"), Error::NoShare(_)));
        assert!(matches!(error("mix:98%=1ms,1%=2ms"), Error::NotAWhole(_)));
    }

    #[test]
    fn a_loss_is_a_share() {
        assert_eq!((lost("1%"), lost(" 0.05 % ")), (Ok(10_000), Ok(500)));
        assert_eq!((lost("0%"), lost("100%")), (Ok(0), Ok(1_000_000)));
        for text in ["1", "0.01", "-1%", "101%", "%", "nan%"] {
            assert_eq!(lost(text), Err(CalibrationError::NoLoss(text.to_owned())));
        }
    }

    #[test]
    fn streams_have_a_number_of_items() {
        let each = 2 * MS;
        assert_eq!(streams("5,each=2ms"), Ok(StreamMode { items: 5, each }));
        assert_eq!(streams("5").unwrap().each, Duration::ZERO);
        for text in ["", "0", "-1", "x", "5,2ms", "5,every=2ms"] {
            assert_eq!(
                streams(text),
                Err(CalibrationError::NoItems(text.to_owned()))
            );
        }
        assert!(matches!(
            streams("5,each=0"),
            Err(CalibrationError::Quantity(_))
        ));
    }

    #[test]
    fn a_bucket_has_a_rate_and_a_burst() {
        let shaper = TokenBucket {
            interval: Duration::from_micros(200),
            burst: 100,
            drops: false,
        };
        assert_eq!(token_bucket("5000/s,burst=100"), Ok(shaper));
        assert_eq!(token_bucket("5k,burst=100"), Ok(shaper));
        let policer = TokenBucket {
            drops: true,
            ..shaper
        };
        assert_eq!(token_bucket("5000/s, burst=100, drop"), Ok(policer));
        for text in [
            "5000/s",
            "5000/s,100",
            "5000/s,burst=1,late",
            "5000/s,burst=1,drop,drop",
        ] {
            assert!(matches!(
                token_bucket(text),
                Err(CalibrationError::NoBucket(_))
            ));
        }
    }
}
