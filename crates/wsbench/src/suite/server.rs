//! A server of a suite: what it is, and how it is installed, started, asked and talked to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bounded::{self, LARGEST_WRITTEN};
use toml::Spanned;
use wsbench_load::plan::{PlanSpec, Upgrade};
use wsbench_load::route::Target;
use wsbench_load::template::Lookup;
use wsbench_record::ranking::{Cores, Deflate, Nodelay, ServerFacts};

use super::error::{ADVICE, Source, SuiteError};
use super::file::{CoresFile, DeflateFile, NodelayFile, ServerFile};
use crate::header;
use crate::target;

/// The name of a server's file in its folder.
pub(crate) const FILE: &str = "server.toml";
/// The words that stand in a URL for the port.
const PORT: &str = "{port}";
/// The name of wsbench's own server.
const EMBEDDED: &str = "wsbench serve";

/// Name of the protocol that the embedded server speaks to rooms.
const OWN_PROTOCOL: &str = "wsbench";

/// Task of the servers of a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Each message goes back to its sender.
    Echo,
    /// Each message goes to all connections.
    Broadcast,
    /// Whatever they do in a protocol of this name.
    Protocol(String),
}

impl Duty {
    /// The duty of those that speak what this is the name of.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "echo" => Self::Echo,
            "broadcast" => Self::Broadcast,
            other => Self::Protocol(other.to_owned()),
        }
    }

    /// The name of what such servers speak.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Echo => "echo",
            Self::Broadcast => "broadcast",
            Self::Protocol(name) => name,
        }
    }

    /// True where the embedded server sends messages to many for it, in rooms where clients join some.
    #[must_use]
    pub fn is_to_many(&self) -> bool {
        *self == Self::Broadcast || self.name() == OWN_PROTOCOL
    }

    /// True where servers of it can be examined: nobody knows what one answers in a protocol of its own.
    #[must_use]
    pub fn is_examined(&self) -> bool {
        !matches!(self, Self::Protocol(_))
    }

    /// Words for what a server lacks that has no such duty, and for what to do.
    pub(super) fn lacking(&self) -> String {
        let (key, what) = match self {
            Self::Echo => ("`start`".to_owned(), "an echo server"),
            Self::Broadcast => ("`broadcast`".to_owned(), "a server of broadcasts"),
            Self::Protocol(name) => (format!("'{name}' in its `protocols`"), "one that speaks it"),
        };
        format!("no {key}, the command that starts it as {what}; add one, or leave the server out")
    }
}

/// A server that takes part.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// For the reports; its version is known once it has been asked.
    pub facts: ServerFacts,
    /// The folder in which its commands are run.
    pub folder: PathBuf,
    /// Debian packages that it needs.
    pub packages: Vec<String>,
    /// The command that ends with 0 when nothing is left to install.
    pub installed: Option<String>,
    /// The command that prints its library's version.
    pub version: Option<String>,
    /// The longest that it may take to accept a connection, where the suite's limit is not enough.
    pub ready_within: Option<Duration>,
    /// Its task.
    pub duty: Duty,
    /// The wishes of the handshake with it.
    upgrade: Upgrade,
    /// Its URL, with the port's place.
    url: String,
}

impl Contestant {
    /// wsbench's own server, which this command starts; `None` where it has no such duty.
    pub(crate) fn embedded(start: String, duty: &Duty) -> Option<Self> {
        let words = match duty {
            Duty::Echo => "echo",
            Duty::Broadcast => "broadcast",
            Duty::Protocol(name) if name == OWN_PROTOCOL => "room",
            Duty::Protocol(_) => return None,
        };
        Some(Self {
            facts: ServerFacts {
                name: EMBEDDED.to_owned(),
                library: "wsbench".to_owned(),
                language: "Rust".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                cores: Cores::All,
                nodelay: Nodelay::On,
                deflate: Deflate::Accepts,
                is_control: true,
                start,
                install: None,
                environment: BTreeMap::new(),
                notes: vec![format!(
                    "the embedded {words} server: it shows what of the figures is the machine's and \
                     the generator's"
                )],
            },
            duty: duty.clone(),
            folder: PathBuf::new(),
            packages: Vec::new(),
            installed: None,
            version: None,
            ready_within: None,
            upgrade: Upgrade::default(),
            url: String::new(),
        })
    }

    /// Its target when it was given this port.
    pub fn target(&self, port: u16) -> Option<Target> {
        target::target(&self.url.replace(PORT, &port.to_string())).ok()
    }

    /// True where the handshake with it asks for more than with any.
    pub fn asks_for_something(&self) -> bool {
        self.upgrade != Upgrade::default() || self.url.starts_with("wss:")
    }

    /// The settings of a workload, for this server at `target`.
    pub fn asked(&self, workload: &PlanSpec, target: &Target, seed: u64) -> PlanSpec {
        let mut spec = workload.clone();
        spec.target = target.clone();
        spec.upgrade = self.upgrade_of(&workload.upgrade);
        // It is a server of our own making on this machine, with a certificate of its own.
        spec.tls.verify = !target.secure;
        spec.seed = seed;
        spec
    }

    /// The wishes of the handshake with it under a workload that has wishes of its own: what the server
    /// wants outweighs these, as flags do.
    fn upgrade_of(&self, workload: &Upgrade) -> Upgrade {
        let mut upgrade = self.upgrade.clone();
        let given = |name: &str| {
            let mut own = self.upgrade.headers.iter();
            own.any(|it| it.name.eq_ignore_ascii_case(name))
        };
        let further = workload.headers.iter().filter(|it| !given(&it.name));
        upgrade.headers.extend(further.cloned());
        upgrade.subprotocols.clone_from(&workload.subprotocols);
        upgrade.origin = upgrade.origin.or_else(|| workload.origin.clone());
        upgrade
    }
}

/// The part of a suite that bears on its servers.
#[derive(Clone, Copy)]
pub(crate) struct ServerTerms<'a> {
    /// Their duty.
    pub(crate) duty: &'a Duty,
    /// Values that their headers may name.
    pub(crate) find: &'a dyn Lookup,
}

/// Reads the server of a folder; `None` where it has no such duty.
///
/// # Errors
/// There is no such file, or something is wrong with it.
pub(crate) fn of_folder(
    folder: &Path,
    terms: ServerTerms<'_>,
) -> Result<Option<Contestant>, SuiteError> {
    let path = folder.join(FILE);
    let text =
        bounded::text_of(&path, LARGEST_WRITTEN).map_err(|source| SuiteError::Unreadable {
            path: path.clone(),
            source,
            advice: "each server of a suite is a folder with a server.toml in it",
        })?;
    let source = Source::new(&path, &text);
    let file: Spanned<ServerFile> =
        toml::from_str(&text).map_err(|error| source.unread(&error, ADVICE))?;
    if let Some(stray) = &file.get_ref().folder {
        let what = "a server.toml is of the folder that it is in; leave it out";
        return Err(source.fault("folder", stray, what));
    }
    check_protocols(&source, file.get_ref())?;
    let Some(start) = start(file.get_ref(), terms.duty) else {
        return Ok(None);
    };
    contestant(&source, file.get_ref(), folder, start, terms).map(Some)
}

/// The command that starts a server in a duty; `None` where it has none.
fn start<'a>(file: &'a ServerFile, duty: &Duty) -> Option<&'a str> {
    match duty {
        Duty::Echo => file.start.as_deref(),
        Duty::Broadcast => file.broadcast.as_deref(),
        Duty::Protocol(name) => file.protocols.as_ref()?.get_ref().get(name).map(|it| &**it),
    }
}

/// Makes sure that a server can be started, and that its protocols have names that workloads may give.
fn check_protocols(source: &Source<'_>, file: &ServerFile) -> Result<(), SuiteError> {
    let Some(protocols) = &file.protocols else {
        if file.start.is_none() && file.broadcast.is_none() {
            let what = "the server has no command that starts it; add `start`, or `broadcast`, or one in \
                        `protocols`";
            return Err(source.fault("name", &file.name, what));
        }
        return Ok(());
    };
    for name in protocols.get_ref().keys() {
        let fault = |what: String| Err(source.fault_in(protocols.span(), name, what));
        if !is_plain(name) {
            return fault(format!(
                "'{name}' is no name of a protocol; letters, digits, '-', '_' and '.' make one"
            ));
        }
        if Duty::named(name).is_examined() {
            let key = match Duty::named(name) {
                Duty::Broadcast => "broadcast",
                _ => "start",
            };
            return fault(format!(
                "the command that starts it as a server of '{name}' is its `{key}`; give it there"
            ));
        }
    }
    Ok(())
}

/// True of a name that may be a part of a key: of a workload, or of a protocol.
pub(super) fn is_plain(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.chars().all(is_plain)
}

/// Reads a server that stands in a suite in `home`.
///
/// # Errors
/// Something is wrong with it.
pub(crate) fn inline(
    source: &Source<'_>,
    file: &ServerFile,
    home: &Path,
    terms: ServerTerms<'_>,
) -> Result<Contestant, SuiteError> {
    check_protocols(source, file)?;
    let folder = match &file.folder {
        None => home.to_owned(),
        Some(folder) => home.join(folder.get_ref()),
    };
    if let Some(named) = file.folder.as_ref().filter(|_| !folder.is_dir()) {
        let what = format!("there is no folder {}", folder.display());
        return Err(source.fault("folder", named, what));
    }
    let Some(start) = start(file, terms.duty) else {
        let lacking = terms.duty.lacking();
        return Err(source.fault("server", &file.name, format!("it has {lacking}")));
    };
    contestant(source, file, &folder, start, terms)
}

fn contestant(
    source: &Source<'_>,
    file: &ServerFile,
    folder: &Path,
    start: &str,
    terms: ServerTerms<'_>,
) -> Result<Contestant, SuiteError> {
    check_name(source, &file.name)?;
    check_url(source, &file.url)?;
    let ready_within = file.ready_s.as_ref().map(|given| {
        let span = Duration::try_from_secs_f64(*given.get_ref());
        let what = "it takes some time to be ready; give seconds above 0, like 30.0";
        span.ok()
            .filter(|span| !span.is_zero())
            .ok_or_else(|| source.fault("ready_s", given, what))
    });
    // A relative folder would be one thing to us and another to a shell that is in it already.
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    Ok(Contestant {
        facts: ServerFacts {
            name: file.name.get_ref().clone(),
            library: file.library.clone(),
            language: file.language.clone(),
            version: None,
            cores: match file.cores {
                CoresFile::One => Cores::One,
                CoresFile::All => Cores::All,
            },
            nodelay: match file.nodelay {
                NodelayFile::On => Nodelay::On,
                NodelayFile::Off => Nodelay::Off,
                NodelayFile::Unknown => Nodelay::Unknown,
            },
            deflate: match file.deflate {
                DeflateFile::Accepts => Deflate::Accepts,
                DeflateFile::Declines => Deflate::Declines,
                DeflateFile::Unknown => Deflate::Unknown,
            },
            is_control: false,
            start: start.to_owned(),
            install: file.install.clone(),
            environment: file.env.clone(),
            notes: file.notes.clone(),
        },
        folder,
        packages: file.packages.clone(),
        installed: file.installed.clone(),
        version: file.version.clone(),
        ready_within: ready_within.transpose()?,
        duty: terms.duty.clone(),
        upgrade: upgrade(source, file, terms.find)?,
        url: file.url.get_ref().clone(),
    })
}

fn check_name(source: &Source<'_>, name: &Spanned<String>) -> Result<(), SuiteError> {
    let text = name.get_ref();
    let is_sound = !text.is_empty() && text.trim() == text && !text.contains([',', '/', '|', '\n']);
    if !is_sound || text == EMBEDDED {
        let what = format!(
            "'{text}' is no name of a server; it is not empty, without ',', '/' and '|', and not \
             {EMBEDDED}"
        );
        return Err(source.fault("name", name, what));
    }
    Ok(())
}

fn check_url(source: &Source<'_>, url: &Spanned<String>) -> Result<(), SuiteError> {
    let text = url.get_ref();
    if !text.contains(PORT) {
        let what = format!(
            "'{text}' has no {PORT}, where the port goes that the server is given; write it like \
             ws://127.0.0.1:{PORT}/"
        );
        return Err(source.fault("url", url, what));
    }
    match target::target(&text.replace(PORT, "1")) {
        Ok(_) => Ok(()),
        Err(error) => Err(source.fault("url", url, error)),
    }
}

/// The wishes of the handshake with a server.
fn upgrade(
    source: &Source<'_>,
    file: &ServerFile,
    find: &dyn Lookup,
) -> Result<Upgrade, SuiteError> {
    let mut upgrade = Upgrade::default();
    if let Some(given) = &file.origin {
        let origin = header::origin(given.get_ref());
        upgrade.origin = Some(origin.map_err(|error| source.fault("origin", given, error))?);
    }
    for given in &file.headers {
        let header = header::header(given.get_ref()).and_then(|it| header::of_file(it, find));
        let header = header.map_err(|error| source.fault("headers", given, error))?;
        upgrade.headers.push(header);
    }
    Ok(upgrade)
}
