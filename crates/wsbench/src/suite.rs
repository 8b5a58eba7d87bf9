//! A suite file → what is to be ranked, under which workloads, within what bounds.
//!
//! Parse, don't validate, as for flags: what comes out can be carried out as it stands, or the file
//! is refused with its line and key. What stands in the files is `file`'s; how a ranking goes is
//! `ranking`'s.

mod error;
mod file;
mod server;
mod workload;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bounded::{self, LARGEST_WRITTEN};
use toml::Spanned;
use wsbench_drive::host;
use wsbench_experiment::rank::Planned;
use wsbench_judge::expression::{self, Allowed, ExpressionError};
use wsbench_judge::objective;
use wsbench_judge::ranking::metric;
use wsbench_load::template::Lookup;
use wsbench_record::objective::Objective;
use wsbench_record::ranking::{ServerFacts, SuiteFacts, Tradeoff, Weight};

use crate::quantity::{self, CpuList};

pub use error::SuiteError;
use error::{ADVICE, Source};
use file::{Names, SCHEMA};
pub use file::{ServerFile, SuiteFile};
use server::ServerTerms;
pub use server::{Contestant, Duty};
use workload::SuiteTerms;
pub use workload::{Commands, Load, RateSearch};

/// Rounds when none are given: the least that ranks well (METHOD 5.4).
const ROUNDS: u32 = 10;

/// A suite: servers, and what they are put through.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name.
    name: String,
    /// Its purpose, in its own words.
    description: String,
    /// The number of rounds.
    pub rounds: u32,
    /// Cores of the servers.
    pub server_cores: Option<CpuList>,
    /// Cores of the generator, as written.
    generator_cores: Option<String>,
    /// The objective, as written.
    slo: Option<String>,
    /// Before each start of a server.
    pub pause: Duration,
    /// The longest that things may take.
    pub limits: Limits,
    /// The workloads that every server is put through.
    pub workloads: Vec<Load>,
    /// The task of its servers.
    pub duty: Duty,
    /// The servers, the control last.
    pub servers: Vec<Contestant>,
    weights: Vec<Weight>,
    tradeoffs: Vec<Tradeoff>,
}

/// The longest that things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Each step of an installation.
    pub install: Duration,
    /// Until a server accepts a connection.
    pub start: Duration,
    /// A run, with all that is around it.
    pub run: Duration,
    /// All rounds.
    pub total: Duration,
}

/// Choices of a command line that go before the suite's.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// Of its servers these alone.
    pub servers: Option<Vec<String>>,
    /// So many rounds.
    pub rounds: Option<u32>,
}

impl Suite {
    /// Reads a suite, the servers that it names and the scenarios of its workloads, whose texts may name
    /// values that `find` knows.
    ///
    /// # Errors
    /// [`SuiteError`]: a file that is not there, a line that is wrong, a choice that there is not.
    pub fn read(
        path: &Path,
        choices: &Choices,
        commands: &dyn Commands,
        find: &dyn Lookup,
    ) -> Result<Self, SuiteError> {
        let text =
            bounded::text_of(path, LARGEST_WRITTEN).map_err(|source| SuiteError::Unreadable {
                path: path.to_owned(),
                source,
                advice: "give a suite, such as suites/quick.toml",
            })?;
        Self::parse(path, &text, choices, commands, find)
    }

    /// Reads the suite that stands at `path`, from its text.
    ///
    /// # Errors
    /// As [`Suite::read`].
    pub fn parse(
        path: &Path,
        text: &str,
        choices: &Choices,
        commands: &dyn Commands,
        find: &dyn Lookup,
    ) -> Result<Self, SuiteError> {
        let source = Source::new(path, text);
        let file: SuiteFile =
            toml::from_str(text).map_err(|error| source.unread(&error, ADVICE))?;
        let home = path.parent().unwrap_or(Path::new("."));
        SuiteReader {
            source,
            file: &file,
            home: if home.as_os_str().is_empty() {
                Path::new(".")
            } else {
                home
            },
            find,
        }
        .suite(choices, commands)
    }

    /// The suite as its results tell it.
    pub fn facts(&self) -> SuiteFacts {
        SuiteFacts {
            name: self.name.clone(),
            description: self.description.clone(),
            server_cores: self.server_cores.as_ref().map(ToString::to_string),
            server_core_count: self.server_cores.as_ref().map(|cores| cores.0.len() as u32),
            generator_cores: self.generator_cores.clone(),
            rounds: self.rounds,
            objective: self.slo.clone(),
            workloads: self
                .workloads
                .iter()
                .map(|load| load.facts.clone())
                .collect(),
            tradeoffs: self.tradeoffs.clone(),
            weights: self.weights.clone(),
        }
    }

    /// The servers as results tell them.
    pub fn server_facts(&self) -> Vec<ServerFacts> {
        self.servers.iter().map(|it| it.facts.clone()).collect()
    }

    /// The workloads, and what they take.
    pub fn planned(&self) -> Vec<Planned> {
        let planned = self.workloads.iter().map(|load| Planned {
            workload: load.facts.clone(),
            expected_s: load.expected_s,
        });
        planned.collect()
    }
}

/// A suite that is being read.
struct SuiteReader<'a> {
    source: Source<'a>,
    file: &'a SuiteFile,
    /// The folder of the suite.
    home: &'a Path,
    /// Values that texts may name.
    find: &'a dyn Lookup,
}

impl SuiteReader<'_> {
    fn suite(&self, choices: &Choices, commands: &dyn Commands) -> Result<Suite, SuiteError> {
        let file = self.file;
        if file.schema.get_ref() != SCHEMA {
            let found = file.schema.get_ref();
            let what = format!("'{found}' is not the format that this version reads: {SCHEMA}");
            return Err(self.source.fault("schema", &file.schema, what));
        }
        let asked = self.rounds()?;
        let rounds = choices.rounds.unwrap_or(asked);
        let server_cores = self.cores("server_cores", file.server_cores.as_ref())?;
        let pinned = self.cores("generator_cores", file.generator_cores.as_ref())?;
        let objective = file.slo.as_ref().map(|slo| {
            let parsed = objective_of(slo.get_ref());
            parsed.map_err(|error| self.source.fault("slo", slo, error))
        });
        let objective = objective.transpose()?;
        let text = |it: &Option<Spanned<String>>| it.as_ref().map(|it| it.get_ref().clone());
        let (slo, generator_cores) = (text(&file.slo), text(&file.generator_cores));
        let terms = SuiteTerms {
            home: self.home,
            find: self.find,
            rounds,
            slo: slo.as_deref().zip(objective.as_ref()),
            cores: pinned.as_ref(),
            cpus: &host::cpus(),
            commands,
        };
        let workloads = self.workloads(&terms)?;
        let duty = self.duty(&workloads)?;
        let mut servers = self.servers(choices, &duty)?;
        if file.embedded {
            let cores = server_cores.as_ref().map_or(&[][..], |cores| &cores.0);
            servers.extend(Contestant::embedded(commands.serve(cores, &duty), &duty));
        }
        if servers.is_empty() {
            let what = "the suite has no server; add servers_from and servers, or [[server]]";
            return Err(self.source.fault("servers", &file.schema, what));
        }
        Ok(Suite {
            name: file.name.clone(),
            description: file.description.trim().to_owned(),
            rounds,
            server_cores,
            pause: self.span("pause", file.pause.as_ref(), Duration::from_millis(200))?,
            limits: self.limits()?,
            weights: self.weights(&workloads)?,
            tradeoffs: self.tradeoffs(&workloads)?,
            workloads,
            duty,
            servers,
            slo,
            generator_cores,
        })
    }

    fn rounds(&self) -> Result<u32, SuiteError> {
        match &self.file.rounds {
            None => Ok(ROUNDS),
            Some(given) if *given.get_ref() == 0 => {
                let what = "0 rounds measure nothing; give 1 at least, and 10 to rank by";
                Err(self.source.fault("rounds", given, what))
            }
            Some(given) => Ok(*given.get_ref()),
        }
    }

    fn cores(
        &self,
        key: &str,
        given: Option<&Spanned<String>>,
    ) -> Result<Option<CpuList>, SuiteError> {
        let Some(given) = given else { return Ok(None) };
        let cores = quantity::cpu_list(given.get_ref());
        let cores = cores.map_err(|error| self.source.fault(key, given, error))?;
        let allowed = host::cpus();
        match cores.0.iter().find(|core| !allowed.contains(core)) {
            None => Ok(Some(cores)),
            Some(missing) => {
                let allowed = CpuList(allowed);
                let what = format!("there is no core {missing} to use here; there are {allowed}");
                Err(self.source.fault(key, given, what))
            }
        }
    }

    fn span(
        &self,
        key: &str,
        given: Option<&Spanned<String>>,
        default: Duration,
    ) -> Result<Duration, SuiteError> {
        let Some(given) = given else {
            return Ok(default);
        };
        match quantity::span(given.get_ref()) {
            Ok(span) => Ok(Duration::from_nanos(span.0)),
            Err(error) => Err(self.source.fault(key, given, error)),
        }
    }

    fn limits(&self) -> Result<Limits, SuiteError> {
        let limits = &self.file.limits;
        let span = |key, given: &Option<_>, default_s| {
            let span = self.span(key, given.as_ref(), Duration::from_secs(default_s))?;
            match (span.is_zero(), given) {
                (true, Some(given)) => {
                    let what = "within no time nothing can be done; give a longer one";
                    Err(self.source.fault(key, given, what))
                }
                _ => Ok(span),
            }
        };
        Ok(Limits {
            install: span("install", &limits.install, 600)?,
            start: span("start", &limits.start, 20)?,
            run: span("run", &limits.run, 60)?,
            total: span("total", &limits.total, 7_200)?,
        })
    }

    fn workloads(&self, terms: &SuiteTerms<'_>) -> Result<Vec<Load>, SuiteError> {
        let mut loads: Vec<Load> = Vec::new();
        for entry in &self.file.workload {
            let load = workload::load(&self.source, entry, terms)?;
            let name = &load.facts.name;
            if loads.iter().any(|other| other.facts.name == *name) {
                let what = format!("two workloads are named '{name}'; give one another name");
                return Err(self.source.fault("name", &entry.get_ref().name, what));
            }
            loads.push(load);
        }
        if loads.is_empty() {
            let what = "the suite has no workload; add a [[workload]]";
            return Err(self.source.fault("workload", &self.file.schema, what));
        }
        Ok(loads)
    }

    /// The duty that the suite's servers are started for: a server is up for all workloads of a round, so
    /// these are all for one kind of server.
    fn duty(&self, loads: &[Load]) -> Result<Duty, SuiteError> {
        let first = loads.first().map_or(Duty::Echo, |load| load.duty.clone());
        let mut entries = self.file.workload.iter().zip(loads);
        match entries.find(|(_, load)| load.duty != first) {
            None => Ok(first),
            Some((entry, load)) => {
                let what = format!(
                    "it is for servers of '{}', and the workloads before it are for those of '{}'; put them \
                     into a suite of their own",
                    load.duty.name(),
                    first.name()
                );
                Err(self.source.fault("name", &entry.get_ref().name, what))
            }
        }
    }

    fn servers(&self, choices: &Choices, duty: &Duty) -> Result<Vec<Contestant>, SuiteError> {
        let terms = ServerTerms {
            duty,
            find: self.find,
        };
        let mut found: Vec<Contestant> = Vec::new();
        let is_all = matches!(
            self.file.servers.as_ref().map(Spanned::get_ref),
            Some(Names::All(_))
        );
        for folder in &self.folders()? {
            let Some(server) = server::of_folder(folder, terms)? else {
                if is_all {
                    continue;
                }
                return Err(self.lacking(folder, duty));
            };
            if found
                .iter()
                .any(|other| other.facts.name == server.facts.name)
            {
                return Err(self.twice(&server.facts.name));
            }
            found.push(server);
        }
        for entry in &self.file.server {
            let server = server::inline(&self.source, entry.get_ref(), self.home, terms)?;
            if found
                .iter()
                .any(|other| other.facts.name == server.facts.name)
            {
                return Err(self.twice(&server.facts.name));
            }
            found.push(server);
        }
        let Some(chosen) = &choices.servers else {
            return Ok(found);
        };
        let is_known = |name: &&String| found.iter().any(|server| server.facts.name == **name);
        if let Some(name) = chosen.iter().find(|name| !is_known(name)) {
            return Err(SuiteError::NoSuchServer {
                name: name.clone(),
                known: found.into_iter().map(|server| server.facts.name).collect(),
            });
        }
        found.retain(|server| chosen.contains(&server.facts.name));
        Ok(found)
    }

    fn lacking(&self, folder: &Path, duty: &Duty) -> SuiteError {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        self.of_servers(format!(
            "the server.toml of '{name}' has {}",
            duty.lacking()
        ))
    }

    fn twice(&self, name: &str) -> SuiteError {
        self.of_servers(format!(
            "two servers are named '{name}'; name each otherwise, or name it once"
        ))
    }

    /// Words about the servers, wherever those stand.
    fn of_servers(&self, what: String) -> SuiteError {
        match &self.file.servers {
            Some(servers) => self.source.fault("servers", servers, what),
            None => self.source.fault("server", &self.file.schema, what),
        }
    }

    /// The folders of the servers that do not stand in the suite.
    fn folders(&self) -> Result<Vec<PathBuf>, SuiteError> {
        let Some(names) = &self.file.servers else {
            return Ok(Vec::new());
        };
        let Some(from) = &self.file.servers_from else {
            let what = "the servers' folders are in none; add servers_from = \"../servers\"";
            return Err(self.source.fault("servers", names, what));
        };
        let place = self.home.join(from.get_ref());
        match names.get_ref() {
            Names::All(all) if all == "*" => {
                let listed = fs::read_dir(&place).map_err(|error| {
                    let what = format!("{} cannot be read: {error}", place.display());
                    self.source.fault("servers_from", from, what)
                })?;
                let paths = listed.flatten().map(|entry| entry.path());
                let mut paths: Vec<PathBuf> = paths
                    .filter(|path| path.join(server::FILE).is_file())
                    .collect();
                paths.sort();
                Ok(paths)
            }
            Names::All(other) => {
                let what = format!("'{other}' is neither a list nor \"*\"; write [\"{other}\"]");
                Err(self.source.fault("servers", names, what))
            }
            Names::These(these) => Ok(these.iter().map(|name| place.join(name)).collect()),
        }
    }

    fn weights(&self, loads: &[Load]) -> Result<Vec<Weight>, SuiteError> {
        let Some(given) = &self.file.weights else {
            return Ok(Vec::new());
        };
        let mut weights = Vec::new();
        for (key, weight) in given.get_ref() {
            let wrong = |what: String| self.source.fault_in(given.span(), key, what);
            check_league(key, loads).map_err(wrong)?;
            if !(weight.is_finite() && *weight > 0.0) {
                return Err(wrong(
                    "a weight is above 0; leave the line out for 0".to_owned(),
                ));
            }
            weights.push(Weight {
                key: key.clone(),
                weight: *weight,
            });
        }
        Ok(weights)
    }

    fn tradeoffs(&self, loads: &[Load]) -> Result<Vec<Tradeoff>, SuiteError> {
        let read = |key, given: &Spanned<String>| {
            let checked = check_league(given.get_ref(), loads);
            let checked = checked.map_err(|what| self.source.fault(key, given, what));
            checked.map(|()| given.get_ref().clone())
        };
        let each = self.file.tradeoff.iter().map(|pair| {
            Ok(Tradeoff {
                x: read("x", &pair.x)?,
                y: read("y", &pair.y)?,
            })
        });
        each.collect()
    }
}

/// Reads the objective of a suite, which has one.
fn objective_of(text: &str) -> Result<Objective, ExpressionError> {
    const ALLOWED: Allowed = Allowed {
        another: || "a suite has one objective".into(),
        ..objective::ALLOWED
    };
    expression::parse(text, &ALLOWED)?.try_into()
}

/// Makes sure that there is a league of this key.
fn check_league(key: &str, loads: &[Load]) -> Result<(), String> {
    let leagues = loads.iter().flat_map(|load| {
        let of_it = metric::ranked(&load.facts).iter();
        of_it.map(|metric| format!("{}/{}", load.facts.name, metric.key()))
    });
    let leagues: Vec<String> = leagues.collect();
    if leagues.iter().any(|league| league == key) {
        return Ok(());
    }
    let leagues = leagues.join(", ");
    Err(format!(
        "'{key}' names nothing that is ranked; this suite ranks by {leagues}"
    ))
}
