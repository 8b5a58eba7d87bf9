//! How a connection comes about: established, then upgraded.

use wsbench_setting::Told as _;
use wsbench_wire::handshake::{ClientHandshake, HandshakeError, MAX_HEAD, Request, Upgraded};

use super::{Session, SessionStatus, State, limits};
use crate::context::Context;
use crate::exchange::Exchange;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::plan::Http;
use crate::series::Series;
use crate::tally::Phase;

/// History of the opening of a connection that is now established.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Instant at which TCP was established; `None` on a connection that was there already
    /// (HTTP/2).
    pub tcp_at: Option<Nanos>,
    /// Time that the proxy took from then to open its tunnel; `None` without a proxy.
    pub proxy_took: Option<Nanos>,
    /// The TLS handshake; `None` without TLS.
    pub tls: Option<Encrypted>,
}

/// A TLS handshake that has been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// Time that it took, from TCP being established, or the proxy's tunnel open.
    pub took: Nanos,
    /// Version and cipher suite that were agreed upon, such as `TLS 1.3, TLS13_AES_256_GCM_SHA384`.
    pub agreed: String,
}

/// An upgrade that has been asked for.
#[derive(Debug)]
pub(super) struct Upgrading {
    pub(super) handshake: ClientHandshake,
    pub(super) head: Vec<u8>,
    pub(super) requested: Nanos,
}

impl<X: Exchange> Session<X> {
    /// The connection is established, encrypted where that was asked for: asks for the upgrade
    /// (RFC 6455 section 4.1).
    pub fn on_connected(&mut self, context: &mut Context<X::Local>, now: Nanos, opened: Opened) {
        let tally = &mut context.common.meter.tally;
        if let Some(tcp_at) = opened.tcp_at
            && context.common.plan.connect.route.unix_socket.is_none()
        {
            tally.record(Series::Tcp, tcp_at - self.since);
        }
        if let Some(took) = opened.proxy_took {
            tally.record(Series::Proxy, took);
        }
        if let Some(Encrypted { took, agreed }) = opened.tls {
            tally.record(Series::Tls, took);
            *tally.tls_agreed.entry(agreed).or_default() += 1;
        }
        context.common.meter.tally.connections.opened += 1;
        let mut nonce = [0; 16];
        context.common.random.fill(&mut nonce);
        let mut handshake = ClientHandshake::new(nonce);
        if let Some(compression) = &context.common.plan.clients.compression {
            handshake = handshake.offering(compression.wish.offer());
        }
        let upgrade = &context.common.plan.upgrade;
        let headers = context.common.headers.of(self.number);
        let request = Request {
            authority: &context.common.authority,
            resource: &context.common.plan.target.resource,
            headers: &headers,
            subprotocols: &upgrade.subprotocols,
            origin: upgrade.origin.as_deref(),
        };
        handshake.push_request(&request, &mut context.common.out);
        let head = Vec::new();
        self.state = State::Upgrading(Box::new(Upgrading {
            handshake,
            head,
            requested: now,
        }));
    }

    /// More of the response has come.
    pub(super) fn on_head(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
    ) -> SessionStatus {
        let State::Upgrading(upgrading) = &mut self.state else {
            return SessionStatus::Continue;
        };
        let offered = &context.common.plan.upgrade.subprotocols;
        match upgrading.handshake.read_response(&upgrading.head, offered) {
            Ok(None) => SessionStatus::Continue,
            Ok(Some(Upgraded {
                consumed,
                compression,
                subprotocol,
            })) => {
                let is_without = subprotocol.is_none() && !offered.is_empty();
                let tally = &mut context.common.meter.tally;
                tally.record(Series::Upgrade, received - upgrading.requested);
                tally.connections.upgraded += 1;
                tally.connections.without_subprotocol += u64::from(is_without);
                let mut head = std::mem::take(&mut upgrading.head);
                let limits = limits(&self.exchange, context);
                self.agree(context, compression, limits);
                match (self.log_in(context, received), &mut head[consumed..]) {
                    (SessionStatus::Upgraded, rest) => {
                        let _ = self.on_bytes(context, received, rest);
                        SessionStatus::Upgraded
                    }
                    (SessionStatus::Continue, rest) => self.on_bytes(context, received, rest),
                    (ended, _) => ended,
                }
            }
            // Over HTTP/2 a body comes by another way, and none is awaited.
            Err(error) if error.is_cut() && context.common.plan.connect.http == Http::One => {
                SessionStatus::Continue
            }
            Err(error) => {
                self.refused(context, received, &error);
                SessionStatus::Failed
            }
        }
    }

    /// The upgrade has failed.
    fn refused(&mut self, context: &mut Context<X::Local>, now: Nanos, error: &HandshakeError) {
        let key = (Phase::Handshake, error.into(), error.status());
        let meter = &mut context.common.meter;
        meter.fail_with(now, key, || error.text());
        self.end(context, now, Unanswered::Failed);
    }

    /// No more of the response will come. Says whether it had refused the upgrade already and more of
    /// its words were awaited.
    pub(super) fn was_refused(&mut self, context: &mut Context<X::Local>, now: Nanos) -> bool {
        let State::Upgrading(upgrading) = &self.state else {
            return false;
        };
        let offered = &context.common.plan.upgrade.subprotocols;
        let answer = upgrading.handshake.read_response(&upgrading.head, offered);
        let Err(error) = answer else {
            return false;
        };
        self.refused(context, now, &error);
        true
    }
}

// The buffered head of a handshake is bounded by the parser, which refuses longer ones.
const _: () = assert!(MAX_HEAD <= 64 * 1024);
