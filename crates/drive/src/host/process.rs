//! Another process of this machine: is it there, what may it use.
//!
//! Read from Linux's `/proc` (proc(5)); elsewhere nothing is known of other processes.

use std::fs;

use super::figures::field;

/// Resources that a process may use. Whatever the system does not say, or not to us, is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessFacts {
    /// Its name, as the kernel has it.
    pub name: String,
    /// Descriptors that it may have open.
    pub descriptors: Option<u64>,
    /// Cores that it may use, by number.
    pub cpus: Vec<usize>,
}

/// Resources that the process may use; `None` when there is none of this number.
#[must_use]
pub fn process(pid: u32) -> Option<ProcessFacts> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    Some(ProcessFacts {
        name: field(&status, "Name"),
        descriptors: open_files(&limits),
        cpus: listed_cpus(&field(&status, "Cpus_allowed_list")),
    })
}

/// The process that holds the socket of this inode, if it is one that we may look at.
#[must_use]
pub fn owner_of_socket(inode: u32) -> Option<u32> {
    let socket = format!("socket:[{inode}]");
    let holds = |pid: &u32| {
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd"));
        descriptors.into_iter().flatten().flatten().any(|entry| {
            fs::read_link(entry.path()).is_ok_and(|link| link.as_os_str() == socket.as_str())
        })
    };
    processes().into_iter().find(holds)
}

/// All processes that can be seen, by number.
#[must_use]
pub fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// The soft limit of the line `Max open files`.
fn open_files(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Cores of a list such as `0-2,5`.
fn listed_cpus(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse().ok()?..=last.parse::<usize>().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_read() {
        assert_eq!(listed_cpus("0-2,5"), vec![0, 1, 2, 5]);
        assert_eq!(listed_cpus(""), Vec::<usize>::new());
        let limits = "Limit   Soft Limit  Hard Limit Units\nMax open files   1024   4096  files\n";
        assert_eq!(open_files(limits), Some(1_024));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_there_and_holds_its_socket() {
        use std::os::fd::AsRawFd;

        let facts = process(std::process::id()).unwrap();
        assert!(!facts.name.is_empty() && !facts.cpus.is_empty());
        assert!(facts.descriptors.is_some_and(|limit| limit > 0));
        assert_eq!(process(u32::MAX), None);
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
        let inode = link.to_str().unwrap();
        let inode = inode.trim_matches(|letter: char| !letter.is_ascii_digit());
        let owner = owner_of_socket(inode.parse().unwrap());
        assert_eq!(owner, Some(std::process::id()));
    }
}
