//! What errors advise is data: whoever spells settings in another way finds neither a flag nor the
//! path of a setting in their words.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use wsbench::redirects::RedirectError;
use wsbench::{BenchError, story};
use wsbench_drive::resolve::ResolveError;
use wsbench_drive::run::RunError;
use wsbench_drive::tls::TlsError;
use wsbench_experiment::compare::CompareError;
use wsbench_experiment::find::FindError;
use wsbench_experiment::pilot::PilotError;
use wsbench_experiment::runner::RunnerError;
use wsbench_experiment::sweep::SweepError;
use wsbench_experiment::target::exec::{ExecError, LastWords, Listed};
use wsbench_judge::comparison::ComparisonError;
use wsbench_judge::{condition, objective, until};
use wsbench_load::plan::{Family, PlanError, Why};
use wsbench_setting::{Field, Paths, Spelling, Told};
use wsbench_transport::address::Address;
use wsbench_transport::dial::{SourceError, check_sources};
#[cfg(feature = "http2")]
use wsbench_transport::http2::Http2Error;
use wsbench_transport::tls::{Distrust, TlsFault};
use wsbench_wire::deflate::NegotiationError;
use wsbench_wire::handshake::HandshakeError;
use wsbench_wire::proxy::{ProxyError, SocksFailure};

/// A spelling that nothing else could have made.
#[derive(Debug)]
struct Bracketed;

impl Spelling for Bracketed {
    fn of(&self, field: Field) -> Cow<'static, str> {
        format!("⟨{field}⟩").into()
    }
}

fn words() -> String {
    "words".to_owned()
}

fn handshake() -> Vec<HandshakeError> {
    let status = |code| HandshakeError::Status {
        code,
        reason: words(),
        location: (code < 400).then(words),
        said: String::new(),
        is_cut: false,
    };
    let mut all: Vec<HandshakeError> = (100..600).map(status).collect();
    let tls = r"\x15\x03".to_owned();
    all.extend([
        HandshakeError::Garbage { start: words() },
        HandshakeError::Garbage { start: tls },
        HandshakeError::Malformed(words()),
        HandshakeError::HeadTooLong,
        HandshakeError::OldHttp,
        HandshakeError::MissingUpgrade,
        HandshakeError::MissingConnection,
        HandshakeError::MissingAccept,
        HandshakeError::WrongAccept {
            expected: words(),
            received: words(),
        },
        HandshakeError::UnaskedSubprotocol(words()),
        HandshakeError::UnaskedExtension(words()),
        HandshakeError::WrongExtension(NegotiationError::UnknownParameter(words())),
        HandshakeError::Repeated("Host"),
        HandshakeError::Method(words()),
        HandshakeError::MissingHost,
        HandshakeError::MissingKey,
        HandshakeError::WrongKey(words()),
        HandshakeError::WrongVersion(words()),
    ]);
    all
}

fn proxy() -> Vec<ProxyError> {
    let status = |code| ProxyError::Status {
        code,
        reason: words(),
    };
    let mut all: Vec<ProxyError> = (100..600).map(status).collect();
    for with_login in [false, true] {
        all.push(ProxyError::AuthRequired { with_login });
        all.push(ProxyError::NoMethod { with_login });
    }
    for byte in 0..=255 {
        all.push(ProxyError::WrongVersion { got: byte });
        all.push(ProxyError::NoHttp {
            first: Some(byte),
            start: words(),
        });
    }
    all.extend([
        ProxyError::Refused,
        ProxyError::Cut,
        ProxyError::Malformed(words()),
        ProxyError::UnaskedMethod(3),
        ProxyError::LoginRefused(1),
        ProxyError::Socks(SocksFailure::AddressUnsupported),
        ProxyError::Trailing { bytes: 3 },
    ]);
    all
}

fn faults() -> Vec<TlsFault> {
    vec![
        TlsFault::Expired,
        TlsFault::WrongHost(words()),
        TlsFault::Untrusted(Distrust::SelfSigned),
        TlsFault::Version1,
        TlsFault::BadCertificate(words()),
        TlsFault::PlainServer,
        TlsFault::Other(words()),
    ]
}

#[cfg(feature = "http2")]
fn http2() -> Vec<Http2Error> {
    vec![
        Http2Error::Http1,
        Http2Error::NoWebSockets,
        Http2Error::Violation(words()),
        Http2Error::GoAway(words()),
        Http2Error::Cut,
        Http2Error::Reset(words()),
        Http2Error::Request(words()),
    ]
}

fn tls() -> Vec<TlsError> {
    vec![
        TlsError::ServerName { name: words() },
        TlsError::NoAuthorities { reason: words() },
        TlsError::Authorities { reason: words() },
        TlsError::Identity { reason: words() },
    ]
}

/// Addresses of TEST-NET-3 (RFC 5737) are nobody's.
fn source() -> SourceError {
    check_sources(&["203.0.113.9".parse().unwrap()]).unwrap_err()
}

fn resolving() -> Vec<ResolveError> {
    let family = |asked| ResolveError::NoSuchFamily {
        host: words(),
        asked,
        has: ([127, 0, 0, 1], 9).into(),
    };
    vec![
        ResolveError::Unknown {
            host: words(),
            source: io::ErrorKind::NotFound.into(),
        },
        family(Family::V4),
        family(Family::V6),
        ResolveError::OtherFamilyThanSource {
            host: words(),
            has: ([127, 0, 0, 1], 9).into(),
            source_ip: "::1".parse().unwrap(),
        },
    ]
}

fn running() -> Vec<RunError> {
    let mut all = vec![
        RunError::TooFewDescriptors {
            connections: 1,
            needed: 2,
            limit: 1,
        },
        RunError::NoStamps,
        RunError::Source(source()),
        RunError::NoUnixStamps,
        RunError::NoEventQueue(io::ErrorKind::Other.into()),
        RunError::NoThread(io::ErrorKind::Other.into()),
        RunError::Waiting(io::ErrorKind::Other.into()),
        RunError::Panicked,
    ];
    all.extend(tls().into_iter().map(RunError::Tls));
    all
}

fn starting() -> Vec<ExecError> {
    let address = || Address::Tcp(([127, 0, 0, 1], 9).into());
    let listed = || Listed(vec![address()]);
    vec![
        ExecError::Occupied { address: address() },
        ExecError::Start(io::ErrorKind::NotFound.into()),
        ExecError::Ended {
            command: words(),
            address: listed(),
            said: LastWords(words()),
        },
        ExecError::NotReady {
            within: Duration::from_secs(1),
            command: words(),
            address: listed(),
            said: LastWords(words()),
        },
        ExecError::Interrupted,
    ]
}

fn planning() -> Vec<PlanError> {
    let whys = [
        Why::Zero,
        Why::Empty,
        Why::Above { most: 1 },
        Why::Below { least: 1 },
        Why::NotWith(Field::Timeout),
        Why::NoShare { may_be_all: true },
        Why::NoShare { may_be_all: false },
        Why::Malformed,
        Why::Reserved,
        Why::Twice,
        Why::NotText { at: 1 },
        Why::Withheld,
        Why::Found,
    ];
    let fields = Field::ALL.iter();
    let all = fields.flat_map(|&field| whys.map(|why| PlanError { field, why }));
    all.collect()
}

fn plan() -> RunnerError {
    RunnerError::Plan(planning()[0])
}

fn unlike() -> ComparisonError {
    ComparisonError::Unlike {
        differences: vec![words()],
    }
}

fn expressions() -> Vec<wsbench_judge::expression::ExpressionError> {
    vec![
        condition::parse("p99>5ms errors>0").unwrap_err(),
        condition::parse("p99").unwrap_err(),
        objective::parse("p99<5ms errors<1%").unwrap_err(),
        until::parse("p99±5% p50±5%").unwrap_err(),
    ]
}

fn experimenting() -> Vec<Box<dyn Told>> {
    vec![
        Box::new(RunnerError::Failed(words())),
        Box::new(plan()),
        Box::new(RunnerError::Interrupted),
        Box::new(unlike()),
        Box::new(ComparisonError::NoRuns { side: "A" }),
        Box::new(CompareError::Comparison(unlike())),
        Box::new(CompareError::Run(plan())),
        Box::new(CompareError::TooFewRounds { made: 1, asked: 2 }),
        Box::new(FindError::FirstTrial(plan())),
        Box::new(FindError::Pilot(PilotError::Runner(plan()))),
        Box::new(SweepError::FirstRun(plan())),
        Box::new(SweepError::Pilot(PilotError::Runner(plan()))),
    ]
}

fn boxed<T: Told + 'static>(all: impl IntoIterator<Item = T>) -> Vec<Box<dyn Told>> {
    let each = all.into_iter();
    each.map(|error| Box::new(error) as Box<dyn Told>).collect()
}

fn all() -> Vec<Box<dyn Told>> {
    let redirects = resolving().into_iter().map(RedirectError::Resolve);
    let mut all = boxed(handshake());
    all.extend(boxed(proxy()));
    all.extend(boxed(faults()));
    #[cfg(feature = "http2")]
    all.extend(boxed(http2()));
    all.extend(boxed([source()]));
    all.extend(boxed(tls()));
    all.extend(boxed(resolving()));
    all.extend(boxed(running()));
    all.extend(boxed(starting()));
    all.extend(boxed(planning()));
    all.extend(boxed(expressions()));
    all.extend(experimenting());
    all.extend(boxed(tls().into_iter().map(BenchError::Tls)));
    all.extend(boxed(resolving().into_iter().map(BenchError::Resolve)));
    all.extend(boxed(running().into_iter().map(BenchError::Run)));
    all.extend(boxed(starting().into_iter().map(BenchError::Exec)));
    all.extend(boxed(planning().into_iter().map(BenchError::Plan)));
    all.extend(boxed(redirects.map(BenchError::Redirect)));
    all
}

fn is_flag(word: &str) -> bool {
    let name = word.strip_prefix('-').unwrap_or_default();
    name.starts_with(|first: char| first == '-' || first.is_ascii_alphanumeric())
}

/// The words without what stands between two signs.
fn without(words: &str, begin: char, end: char) -> String {
    let mut is_inside = false;
    let kept = words.chars().filter(|&letter| {
        let was_inside = is_inside;
        is_inside = if is_inside {
            letter != end
        } else {
            letter == begin
        };
        !was_inside && !is_inside
    });
    kept.collect()
}

#[test]
fn no_error_spells_a_setting_by_itself() {
    let mut named = 0;
    for error in all() {
        let text = error.text();
        assert_eq!(text.spelled(&Paths), error.to_string());
        let spelled = text.spelled(&Bracketed);
        // Commands of the system stand between backticks, and have flags of their own.
        let ours = without(&spelled, '`', '`');
        let is_any_flag = ours.split([' ', '(', '/']).any(is_flag);
        assert!(!is_any_flag, "{spelled}");
        let rest = without(&ours, '⟨', '⟩');
        let mut paths = Field::ALL.iter().map(|field| field.path());
        let path = paths.find(|path| path.contains('.') && rest.contains(path));
        assert_eq!(path, None, "{spelled}");
        named += text.settings().count();
    }
    assert!(named > 100, "{named} settings named");
}

/// Every error that reaches a user does so as a story: one that is not asked for its text there
/// would show paths.
#[test]
fn the_story_of_an_error_is_spelled() {
    fn told<T: Told + 'static>(errors: impl IntoIterator<Item = T>) {
        for error in errors {
            let spelled = error.text().spelled(&Bracketed);
            let story = story(&error, &Bracketed);
            assert!(story.starts_with(&spelled), "{story}");
        }
    }
    told(tls());
    told(resolving());
    told(running());
    told(starting());
    told(planning());
    told(expressions());
    told([source()]);
    told([plan()]);
    told([unlike()]);
    told([CompareError::TooFewRounds { made: 1, asked: 2 }]);
    told([FindError::FirstTrial(plan())]);
    told([SweepError::FirstRun(plan())]);
    told(resolving().into_iter().map(RedirectError::Resolve));
    told(running().into_iter().map(BenchError::Run));
}
