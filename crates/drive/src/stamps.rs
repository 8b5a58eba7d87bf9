//! The kernel's receive time stamps: when what a read brings had come to this machine.
//!
//! The kernel stamps a segment when it is taken from the network (or from the sending half of
//! loopback), by the wall clock; here sockets are asked for stamps, reads bring them, and they are
//! told in run time. A stamp is of the segment that holds the last byte of the read (Linux,
//! `tcp_update_recv_tstamps`). What follows from it is the meter's affair. Linux only: elsewhere
//! no stamp is granted.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wsbench_load::nanos::Nanos;

use crate::clock::Clock;
use crate::engine::Received;

/// The two clocks are compared anew after this long.
const COMPARE_EVERY: Nanos = Nanos::from_millis(1);
/// By how much the two clocks may drift apart, as a divisor: 100 millionths.
const DRIFT: u64 = 10_000;
/// Tries of the probe, and what lies between them: the kernel begins to stamp a little after it
/// has been asked for the first time.
const PROBES: u32 = 20;
const BETWEEN_PROBES: Duration = Duration::from_millis(2);

/// True if this kernel stamps what arrives over TCP: asked for on a connection of this process
/// with itself, and seen.
#[must_use]
pub fn are_granted() -> bool {
    probe().unwrap_or(false)
}

fn probe() -> io::Result<bool> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut near = TcpStream::connect(listener.local_addr()?)?;
    let (mut far, _) = listener.accept()?;
    near.set_read_timeout(Some(Duration::from_secs(1)))?;
    ask_for(&near)?;
    let mut stamps = Stamps::new(&Clock::start());
    for _ in 0..PROBES {
        far.write_all(b"?")?;
        if stamps.read(&near, &mut [0; 1])?.arrived.is_some() {
            return Ok(true);
        }
        thread::sleep(BETWEEN_PROBES);
    }
    // What is left unread would reset the connection; nothing is.
    far.shutdown(std::net::Shutdown::Write)?;
    let _ = near.read(&mut [0; 1]);
    Ok(false)
}

/// Asks for stamps on what the socket receives from now on.
///
/// # Errors
/// The system has no such thing, or refuses it.
#[cfg(target_os = "linux")]
pub(crate) fn ask_for(socket: &impl AsFd) -> io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt::ReceiveTimestampns};
    Ok(setsockopt(socket, ReceiveTimestampns, &true)?)
}

/// Asks for stamps: there are none on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn ask_for(_: &impl AsFd) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Reads with stamps, and tells them in run time.
#[derive(Debug)]
pub(crate) struct Stamps {
    clock: Clock,
    walls: ClockComparison,
    /// Room for the message that the kernel puts beside the bytes, used again for each read.
    #[cfg(target_os = "linux")]
    control: Vec<u8>,
}

impl Stamps {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self {
            walls: ClockComparison::of(clock),
            clock: clock.clone(),
            #[cfg(target_os = "linux")]
            control: nix::cmsg_space!(nix::sys::time::TimeSpec),
        }
    }

    /// Compares the two clocks anew when it is time; `now` is a recent reading of the run's.
    #[inline]
    pub(crate) fn keep_time(&mut self, now: Nanos) {
        if now - self.walls.at >= COMPARE_EVERY {
            self.walls.renew(ClockComparison::of(&self.clock));
        }
    }

    /// Reads what is there, with the kernel's stamp where it gives one.
    #[cfg(target_os = "linux")]
    #[inline]
    pub(crate) fn read(&mut self, socket: &impl AsFd, buffer: &mut [u8]) -> io::Result<Received> {
        use std::io::IoSliceMut;
        use std::os::fd::AsRawFd;

        use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

        let fd = socket.as_fd().as_raw_fd();
        let mut parts = [IoSliceMut::new(buffer)];
        let control = Some(self.control.as_mut_slice());
        let message = recvmsg::<()>(fd, &mut parts, control, MsgFlags::empty())?;
        let stamp = message.cmsgs()?.find_map(|beside| match beside {
            ControlMessageOwned::ScmTimestampns(stamp) => Some(stamp),
            _ => None,
        });
        Ok(Received {
            len: message.bytes,
            arrived: stamp.map(|stamp| {
                let wall_ns = stamp.tv_sec() as u64 * 1_000_000_000 + stamp.tv_nsec() as u64;
                self.walls.in_run_time(wall_ns)
            }),
        })
    }

    /// Reads what is there; this system has no stamps.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn read(&mut self, _: &impl AsFd, _: &mut [u8]) -> io::Result<Received> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The wall clock compared with the run's, which tells the time of one by the other.
#[derive(Clone, Copy, Debug)]
struct ClockComparison {
    /// Instant at which they were compared, in run time.
    at: Nanos,
    /// Time of the wall clock when the run began, or would have, ns since the Unix epoch.
    zero_ns: u64,
    /// Uncertainty of that: half of the span in which the wall clock was read.
    uncertain: Nanos,
}

impl ClockComparison {
    fn of(clock: &Clock) -> Self {
        let before = clock.now();
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let after = clock.now();
        let uncertain = Nanos((after - before).0 / 2);
        let at = before + uncertain;
        let wall_ns = Nanos::from(wall).0;
        Self {
            at,
            zero_ns: wall_ns.saturating_sub(at.0),
            uncertain,
        }
    }

    /// Takes the newer comparison unless this one is the better still: a thread that was moved off
    /// its core between two readings has compared nothing.
    fn renew(&mut self, newer: Self) {
        let drifted = Nanos((newer.at - self.at).0 / DRIFT);
        if newer.uncertain <= self.uncertain + drifted {
            *self = newer;
        }
    }

    #[inline]
    fn in_run_time(&self, wall_ns: u64) -> Nanos {
        Nanos(wall_ns.saturating_sub(self.zero_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_gives_way_to_a_better_one_and_to_a_younger_one_when_it_has_aged() {
        let at = |at, uncertain| ClockComparison {
            at: Nanos::from_micros(at),
            zero_ns: 7,
            uncertain: Nanos(uncertain),
        };
        let mut kept = at(0, 40);
        kept.renew(at(1_000, 5_000));
        assert_eq!(kept.at, Nanos::ZERO, "the newer one was interrupted");
        kept.renew(at(2_000, 200));
        assert_eq!(kept.at, Nanos::from_millis(2), "200 ns may have drifted");
        kept.renew(at(2_001, 30));
        assert_eq!(kept.at, Nanos::from_micros(2_001));
        assert_eq!(kept.in_run_time(107), Nanos(100));
        assert_eq!(kept.in_run_time(3), Nanos::ZERO);
    }

    /// Written, left lying for a while, then read: the stamp is of the writing.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_stamp_tells_when_the_bytes_came_and_not_when_they_were_read() {
        assert!(are_granted(), "Linux stamps TCP since 4.14");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        ask_for(&near).unwrap();
        let clock = Clock::start();
        let mut stamps = Stamps::new(&clock);
        let (mut stamped, mut longest) = (0, Nanos::ZERO);
        for _ in 0..10 {
            stamps.keep_time(clock.now());
            let before = clock.now();
            far.write_all(b"abc").unwrap();
            thread::sleep(Duration::from_millis(20));
            let read = stamps.read(&near, &mut [0; 8]).unwrap();
            let after = clock.now();
            assert_eq!(read.len, 3);
            if let Some(arrived) = read.arrived {
                let tolerance = Nanos::from_micros(20);
                assert!(arrived + tolerance >= before, "{arrived} before {before}");
                assert!(arrived <= after + tolerance, "{arrived} after {after}");
                longest = longest.max(after - arrived);
                stamped += 1;
            }
        }
        assert!(stamped >= 5, "{stamped} of 10 stamped");
        assert!(longest >= Nanos::from_millis(15), "waited {longest}");
    }
}
