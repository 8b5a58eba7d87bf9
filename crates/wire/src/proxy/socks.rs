//! The dialogue with a SOCKS 5 proxy, step by step (RFC 1928, RFC 1929).

use std::net::IpAddr;

use super::{Destination, Login, ProxyError, SocksFailure};

const VERSION: u8 = 5;
/// Version of the sub-negotiation of user name and password (RFC 1929 section 2).
const LOGIN_VERSION: u8 = 1;
const NO_LOGIN: u8 = 0;
const USER_PASS: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
/// Number of bytes that any field of one byte's length holds.
const LONGEST_FIELD: usize = 255;

#[derive(Clone, Debug)]
pub(super) struct Socks {
    to: Destination,
    login: Option<Login>,
    awaits: Awaits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    Method,
    Login,
    Reply,
    Nothing,
}

impl Socks {
    /// Pushes the greeting.
    pub(super) fn begin(to: Destination, login: Option<Login>, out: &mut Vec<u8>) -> Self {
        match login {
            None => out.extend([VERSION, 1, NO_LOGIN]),
            Some(_) => out.extend([VERSION, 2, NO_LOGIN, USER_PASS]),
        }
        Self {
            to,
            login,
            awaits: Awaits::Method,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.awaits == Awaits::Nothing
    }

    /// Reads what has come, pushes what follows, and returns how many bytes were taken.
    pub(super) fn advance(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, ProxyError> {
        let mut taken = 0;
        loop {
            let step = match self.awaits {
                Awaits::Method => self.on_method(&bytes[taken..], out)?,
                Awaits::Login => self.on_login(&bytes[taken..], out)?,
                Awaits::Reply => self.on_reply(&bytes[taken..])?,
                Awaits::Nothing => 0,
            };
            if step == 0 {
                return Ok(taken);
            }
            taken += step;
        }
    }

    fn on_method(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, ProxyError> {
        expect(VERSION, bytes)?;
        let &[_, method, ..] = bytes else {
            return Ok(0);
        };
        match (method, &self.login) {
            (NO_LOGIN, _) => self.ask(out),
            (USER_PASS, Some(login)) => {
                out.push(LOGIN_VERSION);
                push_field(login.user.as_bytes(), out);
                push_field(login.password.as_bytes(), out);
                self.awaits = Awaits::Login;
            }
            (NONE_ACCEPTABLE, login) => {
                let with_login = login.is_some();
                return Err(ProxyError::NoMethod { with_login });
            }
            (other, _) => return Err(ProxyError::UnaskedMethod(other)),
        }
        Ok(2)
    }

    fn on_login(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, ProxyError> {
        expect(LOGIN_VERSION, bytes)?;
        match bytes {
            [_, 0, ..] => self.ask(out),
            [_, status, ..] => return Err(ProxyError::LoginRefused(*status)),
            _ => return Ok(0),
        }
        Ok(2)
    }

    /// Pushes the request to connect (RFC 1928 section 4).
    fn ask(&mut self, out: &mut Vec<u8>) {
        out.extend([VERSION, CONNECT, 0]);
        let (literal, name, port) = match &self.to {
            Destination::Address(address) => (Some(address.ip()), "", address.port()),
            Destination::Name { host, port } => (host.parse().ok(), host.as_str(), *port),
        };
        match literal {
            Some(IpAddr::V4(address)) => {
                out.push(IPV4);
                out.extend(address.octets());
            }
            Some(IpAddr::V6(address)) => {
                out.push(IPV6);
                out.extend(address.octets());
            }
            None => {
                out.push(NAME);
                push_field(name.as_bytes(), out);
            }
        }
        out.extend(port.to_be_bytes());
        self.awaits = Awaits::Reply;
    }

    /// Reads the reply (RFC 1928 section 6). A failure is told before the reply is whole, for some
    /// proxies hang up within it.
    fn on_reply(&mut self, bytes: &[u8]) -> Result<usize, ProxyError> {
        expect(VERSION, bytes)?;
        match bytes.get(1) {
            None => return Ok(0),
            Some(0) => {}
            Some(&reply) => return Err(ProxyError::Socks(SocksFailure::of(reply))),
        }
        let Some(&kind) = bytes.get(3) else {
            return Ok(0);
        };
        let address = match kind {
            IPV4 => 4,
            IPV6 => 16,
            NAME => match bytes.get(4) {
                Some(&len) => 1 + usize::from(len),
                None => return Ok(0),
            },
            other => {
                let words = format!("type {other} of the bound address");
                return Err(ProxyError::Malformed(words));
            }
        };
        let len = 4 + address + 2;
        if bytes.len() < len {
            return Ok(0);
        }
        self.awaits = Awaits::Nothing;
        Ok(len)
    }
}

/// Holds the first byte, where it is there, to be this version.
fn expect(version: u8, bytes: &[u8]) -> Result<(), ProxyError> {
    match bytes.first() {
        Some(&got) if got != version => Err(ProxyError::WrongVersion { got }),
        _ => Ok(()),
    }
}

/// A length in one byte and so many bytes. What is longer was refused by whoever made the plan.
fn push_field(bytes: &[u8], out: &mut Vec<u8>) {
    let bytes = &bytes[..bytes.len().min(LONGEST_FIELD)];
    out.push(bytes.len() as u8);
    out.extend(bytes);
}
