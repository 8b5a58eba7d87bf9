//! A port of this machine that nobody listens on, for a server that is about to be started.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

/// Range in which one is sought: below the ports that systems give to outgoing connections, among
/// which the generator's own might take it before the server does.
const SOUGHT: Range<u16> = 20_000..32_000;
/// Number of ports that are tried there.
const TRIES: u32 = 64;

/// A port of 127.0.0.1 that was free a moment ago. `draw` gives a number below the one that it is
/// given, any number.
///
/// # Errors
/// The system has none to give.
pub fn free_port(mut draw: impl FnMut(u16) -> u16) -> io::Result<u16> {
    for _ in 0..TRIES {
        let port = SOUGHT.start + draw(SOUGHT.end - SOUGHT.start);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_passed_over() {
        let mut random = fastrand::Rng::with_seed(7);
        let port = free_port(|below| random.u16(..below)).unwrap();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let mut draws = [port - SOUGHT.start, 5, 6, 7].into_iter().cycle();
        let other = free_port(|_| draws.next().unwrap()).unwrap();
        assert_ne!(other, taken.local_addr().unwrap().port());
    }
}
