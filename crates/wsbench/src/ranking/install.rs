//! Installing a server: its Debian packages where they are missing, then its own step.
//!
//! Every command is bounded in time, and nothing that it has started is left. What is there already
//! is left as it is.

use std::io;
use std::process::Command;
use std::time::Duration;

use wsbench_drive::run::StopSignal;
use wsbench_experiment::rank::Trouble;
use wsbench_experiment::target::command::{CommandError, carry_out};

use crate::helpers::Helpers;
use crate::quantity::CpuList;
use crate::suite::{Contestant, Limits};

/// The longest that a question may take: what is installed, which version.
const ASKING: Duration = Duration::from_secs(30);

/// The permission to install servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installing {
    /// They may.
    Allowed,
    /// Only what is there may be used, for this reason: `nobody may install here`.
    Forbidden(String),
}

/// Installs servers.
#[derive(Debug)]
pub(crate) struct Installer<'a> {
    installing: Installing,
    helpers: &'a dyn Helpers,
    /// True once the system's list of packages was fetched.
    is_list_fresh: bool,
}

impl<'a> Installer<'a> {
    /// One that installs, or only looks.
    pub(crate) fn new(installing: Installing, helpers: &'a dyn Helpers) -> Self {
        Self {
            installing,
            helpers,
            is_list_fresh: false,
        }
    }

    /// Sees to it that a server is installed, and asks its version.
    pub(crate) fn install(
        &mut self,
        server: &Contestant,
        limits: &Limits,
        stop: &StopSignal,
    ) -> Result<Option<String>, Trouble> {
        let helpers = self.helpers;
        let shell = Shell {
            server,
            stop,
            helpers,
        };
        self.install_packages(&shell, limits)?;
        let is_there = match &server.installed {
            Some(question) => shell.holds(question)?,
            None => false,
        };
        match (&server.facts.install, &self.installing) {
            (Some(_), _) if is_there => {}
            (Some(step), Installing::Allowed) => {
                let done = shell.run(step, limits.install);
                done.map_err(|error| trouble(&format!("'{step}'"), error))?;
            }
            (Some(step), Installing::Forbidden(why)) if server.installed.is_some() => {
                let words = format!("it is not installed, and {why}; '{step}'");
                return Err(Trouble::Failed(words));
            }
            // Nobody can tell whether it is there; whether it starts will show.
            (Some(_) | None, _) => {}
        }
        Ok(shell.version())
    }

    /// Installs what is missing of the Debian packages.
    fn install_packages(&mut self, shell: &Shell<'_>, limits: &Limits) -> Result<(), Trouble> {
        let packages = &shell.server.packages;
        let mut missing = Vec::new();
        for package in packages {
            // What is no package's name would be shell.
            let is_name = |c: char| c.is_ascii_alphanumeric() || "+-.:".contains(c);
            if !package.chars().all(is_name) {
                let words = format!("'{package}' is no name of a Debian package");
                return Err(Trouble::Failed(words));
            }
            let question =
                format!("dpkg-query -W -f '${{Status}}' {package} | grep -q 'ok installed'");
            if !shell.holds(&question)? {
                missing.push(package.as_str());
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(" ");
        let by_hand = format!("`apt-get install {missing}`");
        if let Installing::Forbidden(why) = &self.installing {
            let words = format!("packages are missing, and {why}; {by_hand}");
            return Err(Trouble::Failed(words));
        }
        let Some(as_root) = as_root(shell)? else {
            let words = format!(
                "packages are missing, and neither root nor sudo is here to \
                                 install them; {by_hand}"
            );
            return Err(Trouble::Failed(words));
        };
        let apt = format!("{as_root}env DEBIAN_FRONTEND=noninteractive apt-get");
        if !self.is_list_fresh {
            let step = format!("{apt} update -qq");
            let done = shell.run(&step, limits.install);
            done.map_err(|error| trouble("apt-get update", error))?;
            self.is_list_fresh = true;
        }
        let step = format!("{apt} install -y -qq --no-install-recommends {missing}");
        let done = shell.run(&step, limits.install);
        done.map_err(|error| trouble(&by_hand, error)).map(drop)
    }
}

/// The words before a command that needs root; nothing where there is no way.
fn as_root(shell: &Shell<'_>) -> Result<Option<&'static str>, Trouble> {
    for (question, prefix) in [
        ("test \"$(id -u)\" = 0 && command -v apt-get", ""),
        ("sudo -n true && command -v apt-get", "sudo -n "),
    ] {
        if shell.holds(question)? {
            return Ok(Some(prefix));
        }
    }
    Ok(None)
}

/// Command lines in a server's folder and environment.
struct Shell<'a> {
    server: &'a Contestant,
    stop: &'a StopSignal,
    helpers: &'a dyn Helpers,
}

impl Shell<'_> {
    /// Runs a command line, and gives the end of what it said.
    fn run(&self, line: &str, limit: Duration) -> Result<String, CommandError> {
        let supervisor = supervisor(self.helpers, self.server, line, None);
        let supervisor = supervisor.map_err(CommandError::Start)?;
        let said = tempfile::tempfile().map_err(CommandError::Start)?;
        let is_stopped = || self.stop.is_requested();
        let said = carry_out(supervisor, &said, limit, is_stopped)?;
        Ok(said.0)
    }

    /// True where a command line ends with success.
    fn holds(&self, line: &str) -> Result<bool, Trouble> {
        match self.run(line, ASKING) {
            Ok(_) => Ok(true),
            Err(CommandError::Failed { .. }) => Ok(false),
            Err(error) => Err(trouble(&format!("'{line}'"), error)),
        }
    }

    /// The library's version, where the server says how it is asked and answers.
    fn version(&self) -> Option<String> {
        let said = self.run(self.server.version.as_ref()?, ASKING).ok()?;
        let line = said.lines().rfind(|line| !line.trim().is_empty())?;
        Some(line.trim().to_owned())
    }
}

fn trouble(what: &str, error: CommandError) -> Trouble {
    match error {
        CommandError::Interrupted => Trouble::Interrupted,
        error => Trouble::Failed(format!("{what}: {error}")),
    }
}

/// A command that runs a command line of this server under supervision, on these cores.
pub(crate) fn supervisor(
    helpers: &dyn Helpers,
    server: &Contestant,
    line: &str,
    cores: Option<&CpuList>,
) -> io::Result<Command> {
    let cpus = cores.map_or(&[][..], |cores| cores.0.as_slice());
    let mut supervisor = helpers.supervise(line, cpus)?;
    supervisor
        .current_dir(&server.folder)
        .envs(&server.facts.environment);
    Ok(supervisor)
}
