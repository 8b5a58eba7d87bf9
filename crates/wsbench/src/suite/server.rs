//! A server of a suite: what it is, and how it is installed, started, asked and talked to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bounded::{self, LARGEST_WRITTEN};
use toml::Spanned;
use wsbench_load::plan::{PlanSpec, Upgrade};
use wsbench_load::route::Target;
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

/// Words for what a server lacks that is to broadcast, and for what to do.
pub(super) const NO_BROADCAST: &str = "no `broadcast`, the command that starts it as a server of \
                                       broadcasts; add one, or leave the server out";

/// Task of the servers of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Each message goes back to its sender.
    Echo,
    /// Each message goes to all connections.
    Broadcast,
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
    /// wsbench's own server, which this command starts.
    pub(crate) fn embedded(start: String, duty: Duty) -> Self {
        let words = match duty {
            Duty::Echo => "echo",
            Duty::Broadcast => "broadcast",
        };
        Self {
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
            duty,
            folder: PathBuf::new(),
            packages: Vec::new(),
            installed: None,
            version: None,
            ready_within: None,
            upgrade: Upgrade::default(),
            url: String::new(),
        }
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
        spec.upgrade = self.upgrade.clone();
        // It is a server of our own making on this machine, with a certificate of its own.
        spec.tls.verify = !target.secure;
        spec.seed = seed;
        spec
    }
}

/// Reads the server of a folder; `None` where it has no such duty.
///
/// # Errors
/// There is no such file, or something is wrong with it.
pub(crate) fn of_folder(folder: &Path, duty: Duty) -> Result<Option<Contestant>, SuiteError> {
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
    let Some(start) = start(file.get_ref(), duty) else {
        return Ok(None);
    };
    contestant(&source, file.get_ref(), folder, (duty, start)).map(Some)
}

/// The command that starts a server in a duty; `None` where it has none.
fn start(file: &ServerFile, duty: Duty) -> Option<&str> {
    match duty {
        Duty::Echo => Some(&file.start),
        Duty::Broadcast => file.broadcast.as_deref(),
    }
}

/// Reads a server that stands in a suite in `home`.
///
/// # Errors
/// Something is wrong with it.
pub(crate) fn inline(
    source: &Source<'_>,
    file: &ServerFile,
    home: &Path,
    duty: Duty,
) -> Result<Contestant, SuiteError> {
    let folder = match &file.folder {
        None => home.to_owned(),
        Some(folder) => home.join(folder.get_ref()),
    };
    if let Some(named) = file.folder.as_ref().filter(|_| !folder.is_dir()) {
        let what = format!("there is no folder {}", folder.display());
        return Err(source.fault("folder", named, what));
    }
    let Some(start) = start(file, duty) else {
        return Err(source.fault("server", &file.name, format!("it has {NO_BROADCAST}")));
    };
    contestant(source, file, &folder, (duty, start))
}

fn contestant(
    source: &Source<'_>,
    file: &ServerFile,
    folder: &Path,
    (duty, start): (Duty, &str),
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
        duty,
        upgrade: upgrade(source, file)?,
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
fn upgrade(source: &Source<'_>, file: &ServerFile) -> Result<Upgrade, SuiteError> {
    let mut upgrade = Upgrade::default();
    if let Some(given) = &file.origin {
        let origin = header::origin(given.get_ref());
        upgrade.origin = Some(origin.map_err(|error| source.fault("origin", given, error))?);
    }
    for given in &file.headers {
        let header = header::header(given.get_ref());
        let header = header.map_err(|error| source.fault("headers", given, error))?;
        upgrade.headers.push(header);
    }
    Ok(upgrade)
}
