//! What goes together in tables of clients, and what does not.

use toml::Spanned;
use wsbench_load::plan::VOICES_AT_MOST;

use super::super::file::{ClientsFile, RoleFile};
use super::super::{Read, ScenarioReader};
use super::{has, span_of};
use crate::amount::Amount;

impl ScenarioReader<'_> {
    /// Makes sure that a table says what goes together.
    pub(super) fn check(&self, table: &Spanned<ClientsFile>, tables: usize) -> Read<()> {
        let it = table.get_ref();
        let (roles, is_many) = (it.roles.get_ref(), has(it, RoleFile::Publish));
        let fault = |what: &str| Err(self.source.fault("roles", &it.roles, what));
        let is_answered = has(it, RoleFile::Request) || has(it, RoleFile::Echo);
        let senders = self.file.clients.iter();
        let senders = senders.filter(|it| has(it.get_ref(), RoleFile::Publish));
        let senders = senders.count();
        let takes_pushes = senders == 0 && has(it, RoleFile::Subscribe) && it.read.is_none();
        if roles.is_empty() {
            return fault("it is empty; there are publish, subscribe, request, echo and idle");
        }
        if roles.len() > 1 && (is_answered || has(it, RoleFile::Idle)) {
            return fault("request, echo and idle go with no other; publish and subscribe do");
        }
        if is_answered && tables > 1 {
            return fault("clients that request or echo are the only ones of a scenario");
        }
        let is_one = is_many || is_answered;
        let is_request = has(it, RoleFile::Request);
        let of_messages = [
            ("rate", span_of(it.rate.as_ref()), is_one),
            ("message", span_of(it.message.as_ref()), is_one),
            (
                "message_binary",
                span_of(it.message_binary.as_ref()),
                is_many,
            ),
            ("size", span_of(it.size.as_ref()), is_one),
            ("audience", span_of(it.audience.as_ref()), is_many),
            ("ack", span_of(it.ack.as_ref()), is_many),
            ("depth", span_of(it.depth.as_ref()), is_answered),
            ("match", span_of(it.at.as_ref()), is_request || is_many),
            ("failed", span_of(it.failed.as_ref()), is_request),
            ("end", span_of(it.end.as_ref()), is_request),
            ("stamp", span_of(it.stamp.as_ref()), takes_pushes),
            ("sequence", span_of(it.sequence.as_ref()), takes_pushes),
            ("clock", span_of(it.clock.as_ref()), takes_pushes),
            (
                "clock_stamp",
                span_of(it.clock_stamp.as_ref()),
                takes_pushes,
            ),
        ];
        for (key, span, is_theirs) in of_messages {
            if let (Some(span), false) = (span, is_theirs) {
                let what = "these clients do not send such messages; see their roles";
                return Err(self.source.at(span.start, key, what));
            }
        }
        let lone = tables == 1 && is_many && !has(it, RoleFile::Subscribe);
        if lone {
            return fault(
                "nobody receives: give \"subscribe\" as well, or clients of their own for it",
            );
        }
        let is_pushed = takes_pushes || it.read.is_some();
        if senders == 0 && tables > 1 && !is_pushed {
            return fault("nobody sends: one table of clients has the role publish");
        }
        if senders > VOICES_AT_MOST {
            let what = format!("{senders} tables publish, of {VOICES_AT_MOST} that may");
            return fault(&what);
        }
        Ok(())
    }

    /// Makes sure that a table says of clients that come by a schedule what is theirs, and of no others.
    pub(super) fn check_life(&self, table: &Spanned<ClientsFile>, tables: usize) -> Read<()> {
        let it = table.get_ref();
        let Some(arrive) = &it.arrive else {
            let of_sessions = [
                ("live", span_of(it.live.as_ref())),
                ("round_trips", span_of(it.round_trips.as_ref())),
                ("max_sessions", span_of(it.max_sessions.as_ref())),
            ];
            let mut given = of_sessions.into_iter();
            return match given.find_map(|(key, span)| Some((key, span?))) {
                Some((key, span)) => {
                    let what =
                        "it is of clients that come by a schedule; give arrive in place of count";
                    Err(self.source.at(span.start, key, what))
                }
                None => Ok(()),
            };
        };
        let fault =
            |key: &str, at: &Spanned<Amount>, what: &str| Err(self.source.fault(key, at, what));
        if let Some(count) = &it.count {
            return fault(
                "count",
                count,
                "clients that come by a schedule have no number; leave one of the two out",
            );
        }
        if tables > 1 || has(it, RoleFile::Publish) {
            let what = "clients that come by a schedule are the only ones of a scenario, and do not publish";
            return fault("arrive", arrive, what);
        }
        match (&it.live, &it.round_trips) {
            (Some(_), Some(round_trips)) => {
                let what = "they stay for a time or for round trips; give one of the two";
                fault("round_trips", round_trips, what)
            }
            _ => Ok(()),
        }
    }

    /// Makes sure that slow readers do nothing but read, and leave somebody whom figures are of.
    pub(super) fn check_readers(&self, tables: &[&Spanned<ClientsFile>]) -> Read<()> {
        let tables = tables.iter().map(|it| it.get_ref());
        let receives = |it: &&ClientsFile| it.read.is_none() && has(it, RoleFile::Subscribe);
        let leaves_some = tables.clone().any(|it| receives(&it));
        for (table, read) in tables.filter_map(|it| Some((it, it.read.as_ref()?))) {
            let what = match table.roles.get_ref()[..] {
                [RoleFile::Subscribe] if leaves_some => continue,
                [RoleFile::Subscribe] => {
                    "nobody else receives, and no figure is of slow readers; add clients that subscribe without it"
                }
                _ => "slow readers are clients with the role subscribe and no other",
            };
            return Err(self.source.fault("read", read, what));
        }
        Ok(())
    }
}
