//! `wsbench record URL`: stands between a client and its server, and writes a scenario of what they say.
//!
//! The relay is `drive`'s, and what comes of it `wsbench::scenario`'s; this is the command line.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use wsbench::bounded;
use wsbench::defaults::target_to_come;
use wsbench::quantity;
use wsbench::scenario::recorded::{Har, HarError, scenario_of};
use wsbench_drive::relay::transcript::{Party, Transcript};
use wsbench_drive::relay::{Behind, Noted, Relay, RelayEnding};
use wsbench_drive::resolve;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Connect, Http, Plan, PlanSpec};
use wsbench_load::route::Target;
use wsbench_load::secret::shown_url;
use wsbench_record::units::counted;
use wsbench_transport::dial::check_sources;

use crate::advice;
use crate::connect_args::WayArgs;
use crate::exit::{Exit, say};
use crate::interrupt::Interrupts;
use crate::measuring::watch_signals;
use crate::output::{self, OutputFile};
use crate::tls::TlsArgs;
use crate::usage::UsageError;

/// File named in a scenario's comments where it is printed.
const UNNAMED: &str = "scenario.toml";

/// Record what a client and its server say, and write a scenario to start from.
#[derive(Clone, Debug, Args)]
pub(crate) struct RecordArgs {
    /// The server: ws://HOST[:PORT][/PATH] or HOST:PORT[/PATH]; its path is for clients that ask for /.
    ///
    /// Path, query, headers, cookies and subprotocols are the client's own.
    #[arg(value_name = "URL", value_parser = advice::target, required_unless_present = "har")]
    url: Option<Target>,
    /// Wait for clients here, a port or ADDRESS:PORT [default: a free port of 127.0.0.1].
    #[arg(long, value_name = "ADDRESS", value_parser = listen, conflicts_with = "har")]
    listen: Option<SocketAddr>,
    /// End after this long; clients that are there are told to leave.
    #[arg(long = "for", value_name = "TIME", value_parser = quantity::length,
          conflicts_with = "har")]
    after: Option<Nanos>,
    /// End when so many connections have come and gone [default: 1 without --for].
    #[arg(short, long, value_name = "N", value_parser = quantity::positive,
          conflicts_with = "har")]
    connections: Option<u64>,
    /// Read what was said from a browser's HAR export in place of listening to it.
    ///
    /// Chromium's has the messages of WebSockets. A URL beside it is the server to say instead.
    #[arg(long, value_name = "F")]
    har: Option<PathBuf>,
    /// Write the scenario to F [default: standard output].
    #[arg(short, long, value_name = "F")]
    output: Option<PathBuf>,
    /// The way to the server.
    #[command(flatten)]
    way: WayArgs,
    /// Encryption of connections to the server.
    #[command(flatten)]
    tls: TlsArgs,
}

/// An address to listen at: a port of this machine's own, or whole.
fn listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse() {
        return Ok((IpAddr::V4(Ipv4Addr::LOCALHOST), port).into());
    }
    text.parse()
        .map_err(|_| "write it like 4000, 127.0.0.1:4000 or [::1]:4000".to_owned())
}

impl RecordArgs {
    /// Plan of the way to the server.
    ///
    /// # Errors
    /// Flags that do not go together, a file that cannot be read.
    fn plan(&self) -> Result<Plan, UsageError> {
        let url = self.url.as_ref();
        let mut spec = PlanSpec::against(url.cloned().unwrap_or_else(target_to_come));
        spec.connect = Connect {
            http: Http::One,
            ..self.way.connect(url)?
        };
        spec.tls = self.tls.plan(url, false, Http::One)?;
        Ok(spec.check()?)
    }
}

/// Records, and writes what came of it.
///
/// # Errors
/// What is refused before anything begins: flags, files, addresses; and a recording of nothing.
pub(crate) fn run(args: &RecordArgs) -> anyhow::Result<Exit> {
    let plan = args.plan()?;
    let check = |path| OutputFile::check("--output", path);
    let file = args.output.as_deref().map(check).transpose()?;
    let (server, transcript) = match &args.har {
        Some(path) => {
            let har = read(path)?;
            let target = args.url.clone().unwrap_or(har.server);
            (target, har.transcript)
        }
        None => (plan.target.clone(), relayed(args, &plan)?),
    };
    let name = args.output.as_deref().and_then(Path::file_name);
    let name = name.map_or(UNNAMED.into(), |name| name.to_string_lossy());
    let text = scenario_of(&transcript, &server, &name)?;
    let text = format!("# wsbench --scenario {name} -d 10s\n{text}");
    match &file {
        None => output::print(&text)?,
        Some(file) => {
            file.write_naming(&text)?;
            say(&format!("written: {}; read it through", said(&transcript)));
        }
    }
    Ok(Exit::Ok)
}

/// The numbers of what was said.
fn said(transcript: &Transcript) -> String {
    let count = |by| -> usize {
        let all = transcript.conversations.iter();
        all.map(|it| it.count(by)).sum()
    };
    format!(
        "{}, {} of clients and {} of the server",
        counted(transcript.conversations.len() as u64, "connection"),
        counted(count(Party::Client) as u64, "message"),
        count(Party::Server),
    )
}

/// The content of a HAR.
fn read(path: &Path) -> anyhow::Result<Har> {
    let unreadable = |source| UsageError::FileUnreadable {
        flag: "--har",
        path: path.to_owned(),
        source,
    };
    let named = || format!("--har {}", path.display());
    let limit = Har::LARGEST;
    let bytes = match bounded::octets_of(path, limit as u64) {
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            return Err(HarError::TooLarge { limit }).with_context(named);
        }
        read => read.map_err(unreadable)?,
    };
    Har::read(&bytes).with_context(named)
}

/// Listens to what is said until it is to end.
fn relayed(args: &RecordArgs, plan: &Plan) -> anyhow::Result<Transcript> {
    check_sources(&plan.connect.route.sources)?;
    let interrupts = watch_signals()?;
    let is_stopped = || interrupts.stop_signal().is_requested();
    let resolved = resolve::find(plan, &is_stopped)?;
    let behind = Behind::new(plan, &resolved)?;
    let address = args.listen.unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
    let relay = Relay::bind(address, behind)
        .with_context(|| format!("--listen {address}: nobody can be waited for there"))?;
    say(&format!("listening at ws://{}/", relay.address()?));
    say(&format!(
        "what a client says there goes to {}; {}",
        plan.target.url(),
        ending_words(args)
    ));
    let ending = RelayEnding {
        after: args.after.map(Into::into),
        connections: match (args.connections, args.after) {
            (None, None) => Some(1),
            (given, _) => given,
        },
    };
    let transcript = relay.run(ending, &is_stopped, &mut note)?;
    tell_interruption(&interrupts);
    Ok(transcript)
}

fn ending_words(args: &RecordArgs) -> String {
    let until = match (args.after, args.connections) {
        (None, None | Some(1)) => "until a connection has come and gone, or Ctrl-C".to_owned(),
        (None, Some(count)) => {
            format!(
                "until {} have come and gone, or Ctrl-C",
                counted(count, "connection")
            )
        }
        (Some(after), _) => format!("for {after}, or until Ctrl-C"),
    };
    format!("recording {until}")
}

fn tell_interruption(interrupts: &Interrupts) {
    if interrupts.stop_signal().is_requested() {
        say("interrupted: what was said so far is written down");
    }
}

/// Tells what becomes of connections.
fn note(noted: Noted) {
    match noted {
        Noted::Opened { number, resource } => {
            say(&format!(
                "connection {number} opened: {}",
                shown_url(&resource)
            ));
        }
        Noted::Refused { why } => say(&format!("turned away: {why}")),
        Noted::Closed {
            number,
            messages: [of_client, of_server],
        } => say(&format!(
            "connection {number} closed: {} of the client, {of_server} of the server",
            counted(of_client as u64, "message"),
        )),
    }
}
