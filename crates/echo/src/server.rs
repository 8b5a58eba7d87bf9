//! The server as a whole: binding, threads, figures.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Instant;

use mio::net::{TcpListener, UnixListener};
use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;
use wsbench_transport::tls::TlsServer;

use crate::answering::{Answering, PlainEcho};
use crate::broadcasting::Broadcasting;
use crate::calibration::Misbehaviour;
use crate::census::Census;
use crate::certificate::{Certificate, CertificateError};
use crate::config::Config;
use crate::fault_injection::FaultInjection;
use crate::pace::{Immediate, Pace};
use crate::paced::Paced;
use crate::pinning::pin_to;
use crate::stats::{Served, ServerStats};
use crate::unfinished::Unfinished;
use crate::worker::{EventLoop, Listener, Post};

/// The server could not be set up. Nothing is left behind.
#[derive(Debug, Error)]
pub enum BindError {
    /// The configuration asks for no thread at all.
    #[error("a server needs at least one thread")]
    NoThreads,
    /// A token bucket that nothing passes.
    #[error("a token bucket needs a burst of at least 1 and a time above zero between tokens")]
    EmptyBucket,
    /// A stall that would never end.
    #[error("a stall must be shorter than the time from one to the next, and that above zero")]
    EndlessStall,
    /// Faults are made of plain frames, and what was compressed in one order must arrive in it, all
    /// of it.
    #[error(
        "a server that compresses has no faults and no touched memory, holds all answers alike and \
         drops none; leave compression or these out"
    )]
    CompressedDisorder,
    /// A broadcast on several threads, whose connections do not meet, or with what only an echo does.
    #[error(
        "a broadcast runs on one thread, without compression, and of the deviations knows drop, \
         duplicate, swap, wrong-bytes, cross-room and no-ack alone; the last two are of it alone"
    )]
    BroadcastWith,
    /// A fault of messages that the server does not send.
    #[error(
        "{fault} hits nothing: the server sends no {lacking}; leave it out, or have it send them"
    )]
    NothingToHit {
        /// The fault.
        fault: Misbehaviour,
        /// The messages that there are none of.
        lacking: &'static str,
    },
    /// The certificate is of no use.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The address is taken, not of this machine, or not permitted.
    #[error("cannot listen on {address}: {source}; choose another address or port")]
    Listen {
        /// Address at which it was to listen.
        address: SocketAddr,
        /// Error of the system.
        source: io::Error,
    },
    /// The path of the Unix domain socket is taken, too long, or not permitted.
    #[error("cannot listen on unix:{}: {source}; {}", path.display(), unix_advice(source))]
    ListenUnix {
        /// Path at which it was to listen.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
    },
    /// A core that does not exist, that the process may not use, or a system that cannot pin.
    #[error("cannot hold a thread on core {cpu}: {source}")]
    Pin {
        /// The core.
        cpu: usize,
        /// Error of the system.
        source: io::Error,
    },
    /// The system has no descriptor or no thread left.
    #[error("cannot set up an event loop: {0}; raise the limit of open files (ulimit -n)")]
    Loop(#[source] io::Error),
}

impl BindError {
    /// True of a configuration that makes no server, on whatever machine.
    #[must_use]
    pub fn is_of_configuration(&self) -> bool {
        matches!(
            self,
            Self::NoThreads
                | Self::EmptyBucket
                | Self::EndlessStall
                | Self::CompressedDisorder
                | Self::BroadcastWith
                | Self::NothingToHit { .. }
        )
    }
}

/// A server that listens and has not begun to answer: connections wait until [`Server::run`].
pub struct Server {
    address: SocketAddr,
    config: Config,
    posts: Vec<Post>,
    tls: Option<TlsServer>,
}

impl Server {
    /// Claims the address, and everything else that could fail.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(config: &Config) -> Result<Self, BindError> {
        if config.threads == 0 {
            return Err(BindError::NoThreads);
        }
        if let Some(stall) = config.calibration.stall
            && stall.length >= stall.every
        {
            return Err(BindError::EndlessStall);
        }
        if let Some(bucket) = config.calibration.bucket
            && (bucket.burst == 0 || bucket.interval.is_zero())
        {
            return Err(BindError::EmptyBucket);
        }
        if config.compression.is_some() && !config.calibration.keeps_order() {
            return Err(BindError::CompressedDisorder);
        }
        let is_alone = config.threads == 1 && config.compression.is_none();
        let calibration = &config.calibration;
        let is_plain = calibration.is_plain_broadcast() && is_alone;
        let mut faults = calibration.misbehave.iter();
        let has_strays = faults.any(Misbehaviour::is_of_broadcast_alone);
        if (calibration.broadcast.is_some() || has_strays) && !is_plain {
            return Err(BindError::BroadcastWith);
        }
        if let Some(orders) = &calibration.broadcast {
            for fault in &calibration.misbehave {
                if let Some(lacking) = orders.lacks_for(fault) {
                    return Err(BindError::NothingToHit {
                        fault: *fault,
                        lacking,
                    });
                }
            }
        }
        try_cores(&config.cpus)?;
        let tls = config.certificate.as_ref().map(Certificate::server);
        let tls = tls.transpose()?;
        let (address, listeners) = match &config.unix_socket {
            None => {
                let listeners = listeners(config).map_err(|source| BindError::Listen {
                    address: config.address,
                    source,
                })?;
                let address = listeners[0].local_addr().map_err(BindError::Loop)?;
                let all = listeners.into_iter().map(TcpListener::from_std);
                (address, all.map(Listener::Tcp).collect())
            }
            Some(path) => {
                let listeners = unix_listeners(path, config.threads);
                let listeners = listeners.map_err(|source| BindError::ListenUnix {
                    path: path.clone(),
                    source,
                })?;
                (config.address, listeners)
            }
        };
        let posts: io::Result<Vec<Post>> = listeners.into_iter().map(Post::new).collect();
        Ok(Self {
            address,
            config: config.clone(),
            posts: posts.map_err(BindError::Loop)?,
            tls,
        })
    }

    /// Address at which it listens, with the port that was taken; on a Unix domain socket no more
    /// than what the configuration says.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is set, which is noticed within about 50 ms; then drops what is open.
    ///
    /// # Panics
    /// When the system has no thread left at the beginning.
    #[must_use]
    pub fn run(self, stop: &AtomicBool) -> ServerStats {
        self.serve(stop).stats
    }

    /// The same as [`Server::run`], with all that the server kept.
    ///
    /// # Panics
    /// As [`Server::run`] does.
    #[must_use]
    pub fn serve(self, stop: &AtomicBool) -> Served {
        let calibration = self.config.calibration.clone();
        if calibration.is_none() {
            return self.run_as(stop, || PlainEcho, |_| Immediate);
        }
        if let Some(broadcast) = &calibration.broadcast {
            let (faults, seed) = (&calibration.misbehave, calibration.seed);
            let answering = || Broadcasting::new(broadcast.clone(), faults, seed);
            return self.run_as(stop, answering, |_| Immediate);
        }
        let start = Instant::now();
        if self.config.compression.is_some() {
            return self.run_as(
                stop,
                || PlainEcho,
                |thread| Paced::new(&calibration, thread, start),
            );
        }
        self.run_as(
            stop,
            || FaultInjection::new(&calibration),
            |thread| Paced::new(&calibration, thread, start),
        )
    }

    /// One loop a thread, each with an answering and a pace of its own.
    fn run_as<A: Answering, P: Pace>(
        self,
        stop: &AtomicBool,
        answering: impl Fn() -> A + Sync,
        pace: impl Fn(usize) -> P + Sync,
    ) -> Served {
        let census = Arc::new(Census::default());
        let unfinished = Arc::new(Unfinished::at_most(self.config.max_unfinished));
        let (config, tls) = (&self.config, &self.tls);
        let work = |post: Post, index: usize| {
            if let Some(&cpu) = config.cpus.get(index % config.cpus.len().max(1)) {
                // Tried at `bind`; a core taken away since then is no reason not to answer.
                let _ = pin_to(cpu);
            }
            let census = Arc::clone(&census);
            let unfinished = Arc::clone(&unfinished);
            EventLoop::new(post, answering(), pace(index), config, census, unfinished)
                .encrypted(tls.clone())
                .run(stop)
        };
        let work = &work;
        let mut served = Served::default();
        thread::scope(|scope| {
            let posts = self.posts.into_iter().enumerate();
            let threads: Vec<_> = posts
                .map(|(index, post)| scope.spawn(move || work(post, index)))
                .collect();
            for thread in threads {
                match thread.join() {
                    Ok(of_thread) => served.add(&of_thread),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        if let Some(path) = &self.config.unix_socket {
            // Where it cannot be removed, the next server finds nobody listening and removes it.
            let _ = fs::remove_file(path);
        }
        served.stats.peak_connections = census.peak();
        served.arrivals.sort_unstable();
        served
    }
}

/// Tries each core once, on a thread that is thrown away.
fn try_cores(cpus: &[usize]) -> Result<(), BindError> {
    thread::scope(|scope| {
        for &cpu in cpus {
            let pinned = scope.spawn(move || pin_to(cpu)).join();
            let pinned = pinned.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            pinned.map_err(|source| BindError::Pin { cpu, source })?;
        }
        Ok(())
    })
}

/// A listening socket for each thread.
///
/// On Linux each has a queue of its own at the same port (SO_REUSEPORT, socket(7)) and the kernel
/// spreads the connections. Elsewhere the threads share one queue, and whoever is first accepts.
fn listeners(config: &Config) -> io::Result<Vec<StdTcpListener>> {
    let (address, threads, backlog) = (config.address, config.threads, config.backlog);
    // The first is bound alone to begin with: sharing a port would also let a second server in,
    // unnoticed, and each of the two would see half the load.
    let alone = listener(address, backlog, false)?;
    if threads == 1 {
        return Ok(vec![alone]);
    }
    if !cfg!(target_os = "linux") {
        return (0..threads).map(|_| alone.try_clone()).collect();
    }
    let address = alone.local_addr()?;
    drop(alone);
    (0..threads)
        .map(|_| listener(address, backlog, true))
        .collect()
}

fn listener(address: SocketAddr, backlog: u32, shared: bool) -> io::Result<StdTcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

/// A listening socket at the path for each thread; whoever is first accepts.
fn unix_listeners(path: &Path, threads: usize) -> io::Result<Vec<Listener>> {
    let is_left_over = fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket())
        && UnixStream::connect(path).is_err_and(|it| it.kind() == io::ErrorKind::ConnectionRefused);
    if is_left_over {
        fs::remove_file(path)?;
    }
    let first = StdUnixListener::bind(path)?;
    first.set_nonblocking(true)?;
    let further: io::Result<Vec<_>> = (1..threads).map(|_| first.try_clone()).collect();
    let all = std::iter::once(first).chain(further?);
    Ok(all
        .map(UnixListener::from_std)
        .map(Listener::Unix)
        .collect())
}

fn unix_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "something is there already; end it, or choose another path",
        io::ErrorKind::NotFound => "its directory has to be there",
        io::ErrorKind::InvalidInput => "choose a shorter path (unix(7) takes 107 bytes)",
        _ => "choose another path",
    }
}
