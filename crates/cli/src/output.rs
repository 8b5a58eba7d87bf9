//! Files and standard output: how results leave the process.
//!
//! A file is written whole: into a temporary file beside its place, then renamed, so that a
//! reader sees the old one or the new one and a killed run leaves no half. Whether a place can be
//! written is found out before the run, for a run whose result cannot be kept is time lost. This
//! module does not know what is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::exit::say;
use crate::usage::UsageError;

/// Time within which somebody has to read a named pipe that is written to.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// Time between two looks at it.
const GLANCE: Duration = Duration::from_millis(50);

/// A place for a result, found to be writable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutputFile {
    /// The flag that named it.
    flag: &'static str,
    /// The place, symbolic links followed.
    path: PathBuf,
    /// Way in which it is written.
    way: Way,
}

/// Way in which a place is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Into a temporary file that then takes the place: files.
    Rename,
    /// As a stream: pipes and devices, which a rename would replace by a file.
    Stream,
}

impl OutputFile {
    /// Makes sure that `path`, named by `flag`, can be written.
    ///
    /// # Errors
    /// [`UsageError::Unwritable`] for a directory, a directory that is not there or not
    /// writable, and a file that is write-protected.
    pub(crate) fn check(flag: &'static str, path: &Path) -> Result<Self, UsageError> {
        Self::probe(flag, path).map_err(|source| UsageError::Unwritable {
            flag,
            path: path.to_owned(),
            source,
        })
    }

    fn probe(flag: &'static str, path: &Path) -> io::Result<Self> {
        let (path, way) = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if found.is_file() => {
                // Opened, not truncated: a write-protected file is somebody's will.
                OpenOptions::new().write(true).open(path)?;
                (fs::canonicalize(path)?, Way::Rename)
            }
            Ok(_) => (path.to_owned(), Way::Stream),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (place_of(path)?, Way::Rename),
            Err(error) => return Err(error),
        };
        if way == Way::Rename {
            temporary_beside(&path)?;
        }
        Ok(Self { flag, path, way })
    }

    /// Writes `bytes`, all of them or none.
    ///
    /// # Errors
    /// What the system says: the disk is full, the directory has gone.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if self.way == Way::Stream {
            return stream(self.flag, &self.path, OpenOptions::new().write(true))?.write_all(bytes);
        }
        let mut file = temporary_beside(&self.path)?;
        file.write_all(bytes)?;
        if let Ok(replaced) = fs::metadata(&self.path) {
            file.as_file().set_permissions(replaced.permissions())?;
        }
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// As [`OutputFile::write`], and the error says which file it was.
    ///
    /// # Errors
    /// What the system says, with the flag and the place.
    pub(crate) fn write_naming(&self, text: &str) -> anyhow::Result<()> {
        let named = || format!("{} {}: not written", self.flag, self.path.display());
        self.write(text.as_bytes()).with_context(named)
    }
}

/// Makes sure that no two results take the same file.
///
/// # Errors
/// [`UsageError::SameFile`] with the flags of the first two that do.
pub(crate) fn check_distinct(files: &[&OutputFile]) -> Result<(), UsageError> {
    for (at, file) in files.iter().enumerate() {
        let same = |other: &&&OutputFile| other.path == file.path && file.way == Way::Rename;
        if let Some(other) = files[..at].iter().find(same) {
            return Err(UsageError::SameFile {
                first: other.flag,
                second: file.flag,
            });
        }
    }
    Ok(())
}

/// The directory of `path` as the system knows it, with the file's name.
fn place_of(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    Ok(fs::canonicalize(directory_of(path))?.join(name))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A temporary file in the directory of `path`, which goes when it is dropped.
fn temporary_beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wsbench-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the umask decides. A temporary file would be the owner's alone.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory_of(path))
}

/// Opens a pipe or a device for writing. A named pipe that nobody reads is waited for, for a while,
/// and that is said: to open one blocks until somebody reads it, without a word.
fn stream(flag: &str, path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    if !fs::metadata(path)?.file_type().is_fifo() {
        return options.open(path);
    }
    let begun = Instant::now();
    let mut is_told = false;
    loop {
        match options.custom_flags(OFlag::O_NONBLOCK.bits()).open(path) {
            Ok(file) => {
                fcntl(&file, FcntlArg::F_SETFL(OFlag::empty()))?;
                return Ok(file);
            }
            Err(error) if error.raw_os_error() == Some(Errno::ENXIO as i32) => {}
            Err(error) => return Err(error),
        }
        if begun.elapsed() > READ_WITHIN {
            let words = "it is a named pipe that nobody reads; start the reader first";
            return Err(io::Error::other(words));
        }
        if !is_told {
            let (path, limit) = (path.display(), READ_WITHIN.as_secs());
            say(&format!(
                "{flag} {path} is a named pipe that nobody reads; waiting {limit} s for a reader"
            ));
            is_told = true;
        }
        thread::sleep(GLANCE);
    }
}

/// Opens a log for appending; it is there from now on, and empty when it is new.
///
/// # Errors
/// [`UsageError::Unwritable`] when it cannot be opened.
pub(crate) fn open_log(flag: &'static str, path: &Path) -> Result<File, UsageError> {
    let mut options = OpenOptions::new();
    // What stands in a file is looked at before more is written behind it; a pipe has one end.
    options
        .append(true)
        .create(true)
        .read(path.is_file() || !path.exists());
    let is_stream = fs::metadata(path).is_ok_and(|found| !found.is_file());
    let opened = match is_stream {
        true => stream(flag, path, &mut options),
        false => options.open(path),
    };
    opened.map_err(|source| UsageError::Unwritable {
        flag,
        path: path.to_owned(),
        source,
    })
}

/// Writes to standard output. A reader that has gone (`| head`) has seen what it wanted.
///
/// # Errors
/// What the system says, but for a closed pipe.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    // Standard output may be another's, who is slow with it.
    if text.is_empty() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output cannot be written"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_check_leaves_nothing_behind_and_a_write_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.json");
        let file = OutputFile::check("--output", &path).unwrap();
        assert!(names_in(directory.path()).is_empty());
        file.write(b"one").unwrap();
        file.write(b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names_in(directory.path()), ["run.json"]);
    }

    #[test]
    fn what_cannot_be_written_is_found_before() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |path: &Path| match OutputFile::check("--output", path) {
            Err(UsageError::Unwritable { source, .. }) => source.kind(),
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(directory.path()), io::ErrorKind::IsADirectory);
        let missing = directory.path().join("missing").join("run.json");
        assert_eq!(refused(&missing), io::ErrorKind::NotFound);
        assert!(open_log("--log", &missing).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real"), directory.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        OutputFile::check("--output", &link)
            .unwrap()
            .write(b"new")
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&real).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_device_stays_a_device() {
        let null = OutputFile::check("--output", Path::new("/dev/null")).unwrap();
        null.write(b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        check_distinct(&[&null, &null.clone()]).unwrap();
    }

    #[test]
    fn a_pipe_that_is_read_takes_what_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let file = OutputFile::check("--output", &path).unwrap();
        let reader = thread::spawn({
            let path = path.clone();
            move || fs::read(path).unwrap()
        });
        file.write(b"all of it").unwrap();
        assert_eq!(reader.join().unwrap(), b"all of it");
    }

    #[test]
    fn two_results_need_two_files() {
        let directory = tempfile::tempdir().unwrap();
        let one = OutputFile::check("--output", &directory.path().join("a")).unwrap();
        let roundabout = directory.path().join(".").join("a");
        let same = OutputFile::check("--hgrm", &roundabout).unwrap();
        let other = OutputFile::check("--hgrm", &directory.path().join("b")).unwrap();
        check_distinct(&[&one, &other]).unwrap();
        let refused = check_distinct(&[&one, &same]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "--output and --hgrm name the same file; give each its own"
        );
    }
}
