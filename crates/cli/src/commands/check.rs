//! `wsbench check URL`: the conformance gate alone.
//!
//! Cases and judgement are the crate `conformance`'s, sockets `drive`'s, rendering `render`'s; this
//! is the command line.

use std::path::PathBuf;

use clap::Args;
use wsbench_conformance::cases;
use wsbench_conformance::finding::{CaseVerdict, Finding};
use wsbench_drive::blocking_client::BlockingClient;
use wsbench_drive::examiner::{self, Examiner, ObservedGreeting};
use wsbench_drive::resolve;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Connect, Plan, PlanSpec};
use wsbench_load::route::Target;
use wsbench_record::gate::{self, Check, Counts};
use wsbench_record::units::counted;
use wsbench_render::foreign::printable;
use wsbench_transport::dial::check_sources;

use crate::advice;
use crate::connect_args::WayArgs;
use crate::exit::Exit;
use crate::helpers::ThisProgram;
use crate::http_args::HttpArgs;
use crate::interrupt::Interrupts;
use crate::measuring::watch_signals;
use crate::output::{self, OutputFile};
use crate::output_args::{self, Format};
use crate::spelling::Flags;
use crate::terminal;
use crate::tls::TlsArgs;
use crate::usage::UsageError;
use wsbench::EmbeddedServer;
use wsbench::defaults::target_to_come;
use wsbench::quantity;
use wsbench::{EmbeddedCores, Serving};

/// Formats of a check.
const FORMATS: [Format; 5] = [
    Format::Text,
    Format::Json,
    Format::Markdown,
    Format::Github,
    Format::Quiet,
];

/// Hold a server against RFC 6455 and 7692: the conformance gate alone.
#[derive(Clone, Debug, Args)]
pub(crate) struct CheckArgs {
    /// The server, which has to echo: ws://HOST[:PORT][/PATH] or HOST:PORT[/PATH]; without it the
    /// embedded one.
    #[arg(value_name = "URL", value_parser = advice::target)]
    url: Option<Target>,
    /// Time for which silence is borne before it is taken for an answer.
    #[arg(long, value_name = "TIME", default_value = "2s",
          value_parser = quantity::positive_span)]
    patience: Nanos,
    /// Seed of masks and keys [default: random, and printed].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Format printed.
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = output_args::one_of(&FORMATS))]
    format: Format,
    /// Write the findings to F as JSON.
    #[arg(short, long, value_name = "F")]
    output: Option<PathBuf>,
    /// The way to the server.
    #[command(flatten)]
    way: WayArgs,
    /// Transport under the WebSockets.
    #[command(flatten)]
    http: HttpArgs,
    /// Encryption of connections.
    #[command(flatten)]
    tls: TlsArgs,
}

impl CheckArgs {
    /// Plan of the way to the server at `target`.
    ///
    /// # Errors
    /// Flags that do not go together, a file that cannot be read.
    fn plan(&self, target: &Target) -> Result<Plan, UsageError> {
        let (url, http) = (self.url.as_ref(), self.http.plan()?);
        let mut spec = PlanSpec::against(target.clone());
        spec.connect = Connect {
            http,
            ..self.way.connect(url)?
        };
        spec.tls = self.tls.plan(url, false, http)?;
        Ok(spec.check()?)
    }
}

/// Carries all cases out; the exit code is 4 where one failed.
///
/// # Errors
/// When the host is unknown, or the findings cannot be written.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    // What is wrong with them is told before anything is started.
    let to_come = target_to_come();
    args.plan(args.url.as_ref().unwrap_or(&to_come))?;
    let check = |path| OutputFile::check("--output", path);
    let file = args.output.as_deref().map(check).transpose()?;
    let interrupts = watch_signals()?;
    let embedded = match args.url {
        Some(_) => None,
        None => Some(EmbeddedServer::start(
            &Serving::on(EmbeddedCores::any()),
            Some(&ThisProgram),
        )?),
    };
    let embedded_target = embedded.as_ref().map(EmbeddedServer::target);
    let Some(target) = args.url.as_ref().or(embedded_target) else {
        return Ok(Exit::Failed); // one of the two is there
    };
    let document = examined(args, target, &interrupts)?;
    let json = format!("{}\n", serde_json::to_string_pretty(&document)?);
    if let Some(file) = &file {
        file.write_naming(&json)?;
    }
    match args.format {
        Format::Text => output::print(&wsbench_render::gate::conclusion(
            &document,
            terminal::style(),
        ))?,
        Format::Markdown | Format::Github => {
            output::print(&wsbench_render::gate::markdown(&document))?;
        }
        Format::Json => output::print(&json)?,
        Format::Quiet | Format::Csv | Format::Html => {}
    }
    Ok(if document.counts.pass() {
        Exit::Ok
    } else {
        Exit::NonConforming
    })
}

/// The greeting of a server in words; `None` of one that does not greet.
fn greeting_words(greeting: &ObservedGreeting) -> Option<String> {
    (greeting.count > 0).then(|| {
        format!(
            "it greets each connection with {} of its own, \"{}\": passed over in every case",
            counted(greeting.count.into(), "message"),
            printable(&greeting.first)
        )
    })
}

/// Examines the server; as text, each finding is printed when it is there.
fn examined(args: &CheckArgs, target: &Target, interrupts: &Interrupts) -> anyhow::Result<Check> {
    let plan = args.plan(target)?;
    check_sources(&plan.connect.route.sources)?;
    let resolved = resolve::find(&plan, &|| interrupts.stop_signal().is_requested())?;
    let client = BlockingClient::new(&plan, &resolved, args.patience.into())?;
    // 32 bits are enough to differ, and short enough to be typed.
    let seed = args.seed.unwrap_or_else(|| u64::from(fastrand::u32(..)));
    let mut random = fastrand::Rng::with_seed(seed);
    let mut nonce = [0; 16];
    random.fill(&mut nonce);
    let examiner = Examiner {
        client: &client,
        target,
        greeting: examiner::greeting(&client, target, nonce),
    };
    let greeting = greeting_words(&examiner.greeting);
    let is_text = args.format == Format::Text;
    if is_text {
        output::print(&format!("checking {} (seed {seed})\n", target.url()))?;
        if let Some(words) = &greeting {
            output::print(&format!("{words}\n"))?;
        }
    }
    let mut failed = None;
    let told = |finding: &Finding| {
        // What a server did behind a case is told of that case once more.
        let words = match failed == Some(finding.id) {
            true => wsbench_render::gate::sequel(finding, &Flags),
            false => wsbench_render::gate::line(finding, terminal::style(), &Flags),
        };
        failed = (finding.verdict == CaseVerdict::Failed).then_some(finding.id);
        // A closed standard output is told at the end.
        let printed = !is_text || output::print(&words).is_ok();
        printed && !interrupts.stop_signal().is_requested()
    };
    let findings = examiner.examine(&cases::all(seed), &mut random, told);
    Ok(Check {
        schema: gate::SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        url: target.url(),
        address: resolved.addresses[0].to_string(),
        seed,
        greeting,
        counts: Counts::of(&findings),
        findings: findings
            .iter()
            .map(|finding| gate::Finding::of(finding, &Flags))
            .collect(),
    })
}
