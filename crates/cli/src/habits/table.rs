//! The words of other load generators, and what does the same here.

/// A word of another tool: the word, whose it is, what does the same here.
pub(super) type Habit = (&'static str, &'static str, &'static str);

const ALWAYS_SHOWN: &str = "p50 to p99.9 are always printed; --percentiles LIST prints others";
const RATE: &str = "here it is -R RATE, over all connections";
const CONNECTIONS: &str = "here it is -c N, connections held at the same time";
const MESSAGES: &str = "here it is -n N, messages in all";
const THREADS: &str = "here it is -t N, generator threads";
const JSON: &str = "here it is --format json, or -o FILE.json to keep it";
const FAIL: &str = "here it is --fail-if CONDITION, such as 'p99>5ms' or 'errors>1%'";
const ALWAYS_WEBSOCKET: &str = "every run speaks WebSocket; leave it out";
const HELD: &str = "connections are held unless --clients N replaces them; leave it out";
const CONTENT: &str = "here it is --message TEXT, --file FILE, --corpus FILE or --template TEXT";
const URL_WORD: &str = "here the URL is a word of its own";
const REPLACED: &str = "here it is --clients N, each replaced after -r round trips";
const FROM_FILE: &str = "here it is --file FILE, or --corpus FILE for a line a message";
const NO_METHOD: &str = "a WebSocket has no method; leave it out";
const NO_FORM: &str = "here what is sent is --message TEXT or --file FILE";
const HEADER: &str = "here it is -H 'NAME: VALUE'";
const ACCEPT: &str = "here it is -H 'Accept: TYPE'";
const HOST: &str = "the Host is the URL's; --connect-to HOST:PORT says where its server is";
const HTTP2: &str = "here it is --http 2";
const REDIRECTS: &str = "here it is --follow-redirects=N";
const NO_REDIRECTS: &str = "redirects are followed with --follow-redirects alone; leave it out";
const AUTHORITIES: &str = "here it is --cacert F";
const CERTIFICATE: &str = "here it is --cert F";
const KEY: &str = "here it is --key F";
const INSECURE: &str = "here it is -k";
const TEMPLATE: &str =
    "here what differs from message to message is {id} or {rand:hex:16} in --template";
const ONE_URL: &str = "there is one URL, with one path; wsbench rank measures many";
const PLAIN_PROGRESS: &str = "here it is --no-tui for plain lines, --format quiet for none";
const UNIX_SOCKET: &str = "here it is --unix-socket PATH";
const STAGES: &str = "here it is --stages LENGTH:RATE,…";
const LABEL: &str = "here it is --name LABEL";
const ADDRESSES: &str = "here it is --source-ip ADDRESSES";
const SERVE: &str = "here a server is a command of its own: wsbench serve";
const STOPS: &str = "a run ends by -d TIME, -n N or --clients N; leave it out";

/// A flag that is a number as well: it is another tool's as the first word alone, where it is not the
/// value of a flag before it.
pub(super) const ONE: Habit = (
    "-1",
    "websocat and tcpkali",
    "here one message is -n 1 -c 1, and what is said before the load --join TEXT",
);

/// Flags by their double dash, or as they are written with one.
pub(super) const FLAGS: &[Habit] = &[
    ("--latency", "wrk", ALWAYS_SHOWN),
    ("--script", "wrk", CONTENT),
    ("--u_latency", "wrk2", ALWAYS_SHOWN),
    ("--requests", "oha", MESSAGES),
    ("--query-per-second", "oha", RATE),
    ("-q", "oha and hey", RATE),
    ("--qps", "fortio", RATE),
    (
        "--latency-correction",
        "oha",
        "with -R times count from the moment a message was due",
    ),
    ("--disable-keepalive", "oha and hey", REPLACED),
    (
        "--no-color",
        "oha",
        "here it is NO_COLOR=1 in the environment",
    ),
    ("--json", "oha and autocannon", JSON),
    ("-j", "oha and autocannon", JSON),
    ("--concurrency", "siege", CONNECTIONS),
    ("-rate", "vegeta", RATE),
    ("-duration", "vegeta", "here it is -d TIME"),
    ("-targets", "vegeta", URL_WORD),
    ("--targets", "vegeta", URL_WORD),
    ("-connections", "vegeta", CONNECTIONS),
    ("-workers", "vegeta", THREADS),
    ("-max-workers", "vegeta", THREADS),
    ("-body", "vegeta", "here it is --file FILE"),
    ("-output", "vegeta", "here it is -o FILE"),
    ("-timeout", "vegeta", "here it is --timeout TIME"),
    ("-insecure", "vegeta", INSECURE),
    ("-disable-keepalive", "hey", REPLACED),
    ("-cpus", "hey", THREADS),
    ("--vus", "k6", CONNECTIONS),
    ("-u", "k6", CONNECTIONS),
    ("--iterations", "k6", MESSAGES),
    ("-i", "k6", MESSAGES),
    ("--stage", "k6", STAGES),
    ("--rps", "k6", RATE),
    ("--out", "k6", "here it is -o FILE"),
    ("--summary-export", "k6", "here it is -o FILE.json"),
    (
        "--summary-trend-stats",
        "k6",
        "here it is --percentiles LIST",
    ),
    ("--thresholds", "k6", FAIL),
    ("--ws", "tcpkali", ALWAYS_WEBSOCKET),
    ("--websocket", "tcpkali", ALWAYS_WEBSOCKET),
    ("-T", "tcpkali", "here it is -d TIME"),
    ("--message-rate", "tcpkali", RATE),
    ("--message-file", "tcpkali", "here it is --file FILE"),
    ("--first-message", "tcpkali", CONTENT),
    ("--channel-lifetime", "tcpkali", REPLACED),
    (
        "--latency-marker",
        "tcpkali",
        "answers are matched by a tag in each message; leave it out",
    ),
    (
        "--latency-percentiles",
        "tcpkali",
        "here it is --percentiles LIST",
    ),
    ("--workers", "tcpkali and autocannon", THREADS),
    ("-w", "tcpkali and autocannon", THREADS),
    (
        "-e",
        "k6 and tcpkali",
        "here texts take variables as {env:NAME}, and escapes are the shell's: $'\\n'",
    ),
    ("--overallRate", "autocannon", RATE),
    (
        "--connectionRate",
        "autocannon",
        "here it is -R RATE, over all connections: so many times as much",
    ),
    ("--amount", "autocannon", MESSAGES),
    (
        "--pipelining",
        "autocannon",
        "here it is -p N, messages in flight on each connection",
    ),
    ("--bailout", "autocannon", FAIL),
    ("--body", "autocannon", "here it is --message TEXT"),
    ("--input", "autocannon", "here it is --file FILE"),
    ("--keepalive", "ab", HELD),
    ("--protocol", "websocat", "here it is --subprotocol NAME"),
    (
        "--ping-interval",
        "websocat",
        "here it is --keep-alive TIME",
    ),
    ("-b", "websocat", "here it is --binary"),
    (
        "--no-close",
        "websocat",
        "connections are closed in order at the end; leave it out",
    ),
    ("--basic-auth", "websocat", "here it is -a USER:PASS"),
    ("--quiet", "many tools", "here it is --format quiet"),
    ("-L", "wrk", ALWAYS_SHOWN),
    ("-U", "wrk2", ALWAYS_SHOWN),
    (
        "-B",
        "wrk2",
        "each message has a time of its own; leave it out",
    ),
    (
        "--batch_latency",
        "wrk2",
        "each message has a time of its own; leave it out",
    ),
    ("-A", "hey and oha", ACCEPT),
    ("-D", "hey and oha", FROM_FILE),
    ("-host", "hey", HOST),
    ("-more", "hey", "here it is -v"),
    ("-h2", "hey", HTTP2),
    ("-disable-redirects", "hey", NO_REDIRECTS),
    ("-Z", "oha", FROM_FILE),
    ("-F", "oha and autocannon", NO_FORM),
    ("--burst-delay", "oha", STAGES),
    ("--burst-rate", "oha", STAGES),
    ("--http2", "oha", HTTP2),
    ("--http-version", "oha", "here it is --http VERSION"),
    ("--urls-from-file", "oha", ONE_URL),
    ("--rand-regex-url", "oha", ONE_URL),
    ("--max-repeat", "oha", ONE_URL),
    ("--dump-urls", "oha", ONE_URL),
    ("--redirect", "oha", REDIRECTS),
    ("--host", "oha", HOST),
    ("--fps", "oha", PLAIN_PROGRESS),
    ("--output-format", "oha", "here it is --format FORMAT"),
    (
        "--disable-color",
        "oha",
        "here it is NO_COLOR=1 in the environment",
    ),
    ("--stats-success-breakdown", "oha", "here it is -v"),
    ("--db-url", "oha", "here it is -o FILE"),
    (
        "--wait-ongoing-requests-after-deadline",
        "oha",
        "the last answers are awaited, for --timeout TIME at most; leave it out",
    ),
    ("-format", "vegeta", URL_WORD),
    ("-lazy", "vegeta", URL_WORD),
    ("-header", "vegeta", HEADER),
    ("-http2", "vegeta", HTTP2),
    ("-h2c", "vegeta", HTTP2),
    ("-keepalive", "vegeta", HELD),
    (
        "-max-body",
        "vegeta",
        "here answers are compared whole, or as --verify HOW says",
    ),
    ("-max-connections", "vegeta", CONNECTIONS),
    ("-root-certs", "vegeta", AUTHORITIES),
    ("-cert", "vegeta", CERTIFICATE),
    ("-key", "vegeta", KEY),
    ("-name", "vegeta", LABEL),
    (
        "-resolvers",
        "vegeta",
        "names are resolved by this machine; --connect-to HOST:PORT takes an address",
    ),
    (
        "-connect-to",
        "vegeta",
        "here it is --connect-to HOST1:PORT1:HOST2:PORT2",
    ),
    ("-laddr", "vegeta", ADDRESSES),
    ("-redirects", "vegeta", REDIRECTS),
    ("-session-tickets", "vegeta", "here it is --tls-resume"),
    ("-unix-socket", "vegeta", UNIX_SOCKET),
    (
        "-chunked",
        "vegeta",
        "here a message in several frames is --fragment SIZE",
    ),
    ("--no-summary", "k6", "here it is --format quiet"),
    (
        "--summary-mode",
        "k6",
        "here all that is known is -v, and nothing is --format quiet",
    ),
    (
        "--no-thresholds",
        "k6",
        "there is no condition unless --fail-if names one; leave it out",
    ),
    ("--insecure-skip-tls-verify", "k6", INSECURE),
    ("--user-agent", "k6", "here it is -H 'User-Agent: NAME'"),
    ("--tag", "k6", LABEL),
    ("--no-connection-reuse", "k6", REPLACED),
    ("--no-vu-connection-reuse", "k6", REPLACED),
    ("--max-redirects", "k6", REDIRECTS),
    ("--local-ips", "k6", ADDRESSES),
    (
        "--execution-segment",
        "k6",
        "here a run is shared among machines by --agents N and --bus URL",
    ),
    (
        "--no-usage-report",
        "k6",
        "nobody is told of a run; leave it out",
    ),
    ("--target", "artillery", URL_WORD),
    ("--count", "artillery", CONNECTIONS),
    (
        "--num",
        "artillery",
        "here it is --clients N, each of which makes -r round trips",
    ),
    (
        "--payload",
        "artillery",
        "here it is {csv:FILE:COLUMN} in --template",
    ),
    ("--record", "artillery", "here it is -o FILE.json"),
    (
        "--unescape-message-args",
        "tcpkali",
        "here escapes are the shell's: $'\\n'",
    ),
    ("--first-message-file", "tcpkali", FROM_FILE),
    ("--ssl", "tcpkali", "here it is wss:// in the URL"),
    ("--ssl-cert", "tcpkali", CERTIFICATE),
    ("--ssl-key", "tcpkali", KEY),
    ("--listen-port", "tcpkali", SERVE),
    (
        "--latency-connect",
        "tcpkali",
        "the times of connecting and of handshakes are always told; leave it out",
    ),
    ("-S", "autocannon", UNIX_SOCKET),
    ("--socketPath", "autocannon", UNIX_SOCKET),
    ("-W", "autocannon", "here it is --warmup TIME"),
    (
        "--on-port",
        "autocannon",
        "here it is --exec CMD, and its URL",
    ),
    ("--method", "oha and autocannon", NO_METHOD),
    ("--title", "autocannon", LABEL),
    ("--form", "autocannon", NO_FORM),
    ("--headers", "autocannon", HEADER),
    (
        "--har",
        "autocannon",
        "here a HAR becomes a scenario: wsbench record",
    ),
    ("-O", "autocannon", MESSAGES),
    ("--maxOverallRequests", "autocannon", MESSAGES),
    (
        "--ignoreCoordinatedOmission",
        "autocannon",
        "with -R both times are told: from when a message was due, and from when it was sent",
    ),
    ("--reconnectRate", "autocannon", REPLACED),
    ("--no-progress", "autocannon", PLAIN_PROGRESS),
    ("-I", "autocannon", TEMPLATE),
    (
        "--forever",
        "autocannon",
        "here it is -d TIME, however long; Ctrl-C ends it, and the result is told",
    ),
    (
        "--servername",
        "autocannon",
        "here it is --server-name NAME",
    ),
    (
        "--expectBody",
        "autocannon",
        "each answer is compared with what was sent, as --verify HOW says",
    ),
    ("-E", "websocat", STOPS),
    ("--exit-on-eof", "websocat", STOPS),
    ("--one-message", "websocat", "here it is -n 1 -c 1"),
    ("--unidirectional", "websocat", "here it is --mode oneway"),
    (
        "--unidirectional-reverse",
        "websocat",
        "here it is --mode push",
    ),
    ("--server-mode", "websocat", SERVE),
    (
        "--ping-timeout",
        "websocat",
        "here it is --timeout TIME, which holds of pings as well",
    ),
    (
        "--print-ping-rtts",
        "websocat",
        "round trips of pings are told with --keep-alive TIME; leave it out",
    ),
    ("--socks5", "websocat", "here it is -x socks5h://HOST:PORT"),
];

/// Subcommands, and what is done here in their place.
pub(super) const SUBCOMMANDS: &[Habit] = &[
    ("attack", "vegeta", "wsbench -R RATE -d TIME URL"),
    ("encode", "vegeta", "wsbench report --format csv"),
    ("plot", "vegeta", "wsbench report -o page.html"),
    ("run", "k6 and artillery", "wsbench -c N -d TIME URL"),
    ("cloud", "k6", "wsbench -c N -d TIME URL"),
    ("quick", "artillery", "wsbench -c N -n N URL"),
    ("dump", "vegeta", "wsbench report --format json"),
    ("inspect", "k6", "wsbench doctor"),
    ("bench", "many tools", "wsbench URL"),
    ("test", "many tools", "wsbench check URL"),
    ("server", "many tools", "wsbench serve"),
    ("load", "fortio", "wsbench -R RATE -d TIME URL"),
    ("version", "many tools", "wsbench --version"),
];
