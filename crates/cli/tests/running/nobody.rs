//! An address at which nobody listens.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

/// A port that refuses connections for as long as this lives: it is bound, so that nobody else is
/// given it, and not listened on.
pub struct Nobody {
    _bound: Socket,
    address: SocketAddr,
}

impl Nobody {
    pub fn anywhere() -> Self {
        let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        bound.bind(&any.into()).unwrap();
        let address = bound.local_addr().unwrap().as_socket().unwrap();
        Self {
            _bound: bound,
            address,
        }
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/", self.address)
    }
}
