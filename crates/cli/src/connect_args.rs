//! The flags that say how connections are opened, and what a plan makes of them.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::{Connect, Family, Header, Upgrade};
use wsbench_load::route::{Place, Route, Sources, Target};
use wsbench_load::template::Lookup;

use crate::advice;
use crate::credentials::{self, Bearer, Cookie, UserPass};
use crate::http_args::HttpArgs;
use crate::proxy::{self, ProxyArg};
use crate::route::{self, ConnectTo};
use crate::tls::TlsArgs;
use crate::usage::UsageError;
use wsbench::header;
use wsbench::quantity;
use wsbench::redirects::Follow;

/// The way to the server.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct WayArgs {
    /// Connect there; Host, SNI and the certificate's name stay those of the URL.
    ///
    /// HOST1:PORT1:HOST2:PORT2, as curl has it, connects to HOST2:PORT2 in place of HOST1:PORT1,
    /// which has to be the URL's; what is empty on the left is any, on the right the URL's.
    #[arg(long, value_name = "HOST:PORT", value_parser = route::connect_to)]
    pub(crate) connect_to: Option<ConnectTo>,
    /// Spread the connections over these addresses of this machine, each of which has as many local
    /// ports as one (examples: 10.0.0.2,10.0.0.3; 10.0.0.2-10.0.0.9; 127.0.0.0/28).
    #[arg(long, value_name = "ADDRESSES", value_parser = Sources::from_str)]
    pub(crate) source_ip: Option<Sources>,
    /// Connect to all addresses of the server's name in turn [default: to the first that accepts].
    #[arg(long)]
    pub(crate) spread_addresses: bool,
    /// Go through this proxy, by HTTP CONNECT or SOCKS 5 (examples: http://proxy:3128,
    /// socks5h://user:pass@proxy:1080).
    ///
    /// With socks5:// the server's name is resolved here, with http:// and socks5h:// by the proxy.
    /// What the proxy takes to open the tunnel is a part of the handshake of its own. No result
    /// holds the login.
    #[arg(short = 'x', long, value_name = "URL", value_parser = proxy::proxy)]
    pub(crate) proxy: Option<ProxyArg>,
    /// Connect to this Unix domain socket; Host and SNI stay those of the URL.
    #[arg(long, value_name = "PATH", value_parser = route::unix_socket,
          conflicts_with_all = ["connect_to", "source_ip", "spread_addresses", "proxy", "ipv4",
                                 "ipv6"])]
    pub(crate) unix_socket: Option<Arc<Path>>,
    /// Use IPv4 addresses only.
    #[arg(short = '4', long)]
    pub(crate) ipv4: bool,
    /// Use IPv6 addresses only.
    #[arg(short = '6', long)]
    pub(crate) ipv6: bool,
}

/// Way in which connections are opened.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connect")]
pub(crate) struct ConnectArgs {
    /// Send a further header with the handshake; repeat for several (example: 'X-Tenant: 7').
    ///
    /// {csv:FILE:COLUMN} in its value is the connection's row of a file (example:
    /// 'Authorization: Bearer {csv:users.csv:token}'), which no result shows.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = advice::header)]
    pub(crate) headers: Vec<Header>,
    /// Send name and password (Authorization: Basic). No result holds them.
    #[arg(short = 'a', long, value_name = "USER:PASS", value_parser = credentials::user_pass)]
    pub(crate) auth: Option<UserPass>,
    /// Send a token (Authorization: Bearer). No result holds it.
    #[arg(long, value_name = "TOKEN", value_parser = credentials::bearer)]
    pub(crate) bearer: Option<Bearer>,
    /// Send cookies; repeat for several (example: 'session=7; theme=dark'). No result holds them.
    #[arg(long = "cookie", value_name = "NAME=VALUE", value_parser = credentials::cookie)]
    pub(crate) cookies: Vec<Cookie>,
    /// Offer a subprotocol; repeat for several, the preferred one first.
    #[arg(long = "subprotocol", value_name = "NAME", value_parser = advice::subprotocol)]
    pub(crate) subprotocols: Vec<String>,
    /// Send an Origin header (example: https://example.com).
    #[arg(long, value_name = "ORIGIN", value_parser = header::origin)]
    pub(crate) origin: Option<String>,
    /// Open at most so many connections a second, in all [default: as fast as they complete].
    #[arg(long, value_name = "RATE", value_parser = quantity::rate_per_s)]
    pub(crate) connect_rate: Option<f64>,
    /// Limit of each connection's connect and handshake together.
    #[arg(long, value_name = "TIME", default_value = "5s",
          value_parser = quantity::positive_span)]
    pub(crate) connect_timeout: Nanos,
    /// Ping every connection so often, from its opening on; a ping unanswered for --timeout fails it.
    ///
    /// Their round trips are told apart from the messages': the server's library answers pings, its
    /// application messages.
    #[arg(long, value_name = "TIME", value_parser = quantity::positive_span)]
    pub(crate) keep_alive: Option<Nanos>,
    /// The way to the server.
    #[command(flatten)]
    pub(crate) way: WayArgs,
    /// Follow redirects of the handshake, N at most [default N: 5].
    ///
    /// They are followed once, before the run, and every connection goes where they lead. Credentials
    /// are not carried to another host.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true,
          default_missing_value = "5", value_parser = quantity::positive_u32)]
    pub(crate) follow_redirects: Option<u32>,
    /// Follow redirects from wss:// to ws:// as well.
    #[arg(long, requires = "follow_redirects")]
    pub(crate) follow_to_plain: bool,
    /// Transport that they are opened over.
    #[command(flatten)]
    pub(crate) http: HttpArgs,
    /// Encryption of them.
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

impl Default for ConnectArgs {
    /// As without a flag.
    fn default() -> Self {
        Self {
            headers: Vec::new(),
            auth: None,
            bearer: None,
            cookies: Vec::new(),
            subprotocols: Vec::new(),
            origin: None,
            connect_rate: None,
            connect_timeout: Nanos::from_secs(5),
            keep_alive: None,
            way: WayArgs::default(),
            follow_redirects: None,
            follow_to_plain: false,
            http: HttpArgs::default(),
            tls: TlsArgs::default(),
        }
    }
}

impl ConnectArgs {
    /// Requests of the opening handshake.
    ///
    /// # Errors
    /// A header or a subprotocol twice; rows of a file that are not there.
    pub(crate) fn upgrade(&self, find: &dyn Lookup) -> Result<Upgrade, UsageError> {
        for (at, name) in self.subprotocols.iter().enumerate() {
            if self.subprotocols[..at].contains(name) {
                let name = name.clone();
                return Err(UsageError::SubprotocolTwice { name });
            }
        }
        let mut headers = self.headers.clone();
        headers.extend(self.credentials()?);
        let headers = headers.into_iter().map(|it| header::of_each(it, find));
        Ok(Upgrade {
            headers: headers.collect::<Result<_, _>>()?,
            subprotocols: self.subprotocols.clone(),
            origin: self.origin.clone(),
        })
    }

    /// Names of the headers that are given, by whatever flag.
    pub(crate) fn headers_given(&self) -> Vec<String> {
        let mut names: Vec<String> = self.headers.iter().map(|it| it.name.clone()).collect();
        if self.auth.is_some() || self.bearer.is_some() {
            names.push("Authorization".to_owned());
        }
        if !self.cookies.is_empty() {
            names.push("Cookie".to_owned());
        }
        names
    }

    /// The headers that `--auth`, `--bearer` and `--cookie` stand for, each once.
    fn credentials(&self) -> Result<Vec<Header>, UsageError> {
        let given = |name: &str| {
            self.headers
                .iter()
                .any(|it| it.name.eq_ignore_ascii_case(name))
        };
        let authorization = match (&self.auth, &self.bearer) {
            (Some(_), Some(_)) => return Err(UsageError::AuthTwice { other: "--bearer" }),
            (Some(auth), None) => Some(("--auth", auth.header())),
            (None, Some(bearer)) => Some(("--bearer", bearer.header())),
            (None, None) => None,
        };
        let cookie = (!self.cookies.is_empty())
            .then(|| ("--cookie", credentials::cookie_header(&self.cookies)));
        let both: Vec<(&'static str, Header)> = authorization.into_iter().chain(cookie).collect();
        match both.iter().find(|(_, header)| given(&header.name)) {
            Some((flag, header)) => Err(UsageError::HeaderTwice {
                flag,
                name: header.name.clone(),
            }),
            None => Ok(both.into_iter().map(|(_, header)| header).collect()),
        }
    }

    /// Settings of connections to the server at `url`; without a URL, to the embedded one.
    ///
    /// # Errors
    /// Addresses of different families, a way that does not lead from the URL.
    pub(crate) fn connect(&self, url: Option<&Target>) -> Result<Connect, UsageError> {
        if self.follow_redirects.is_some() && url.is_none() {
            return Err(UsageError::WayWithoutUrl {
                flag: "--follow-redirects",
            });
        }
        Ok(Connect {
            rate_per_s: self.connect_rate,
            timeout: self.connect_timeout,
            http: self.http.plan()?,
            ..self.way.connect(url)?
        })
    }

    /// Way in which redirects are followed; `None` where they are not.
    pub(crate) fn follow(&self) -> Option<Follow> {
        self.follow_redirects.map(|at_most| Follow {
            at_most,
            to_plain: self.follow_to_plain,
        })
    }
}

impl WayArgs {
    /// Settings of connections to the server at `url` by this way; without a URL, to the embedded
    /// one.
    ///
    /// # Errors
    /// Addresses of different families, a way that does not lead from the URL.
    pub(crate) fn connect(&self, url: Option<&Target>) -> Result<Connect, UsageError> {
        let family = match (self.ipv4, self.ipv6) {
            (true, true) => return Err(UsageError::BothFamilies),
            (true, false) => Family::V4,
            (false, true) => Family::V6,
            (false, false) => Family::Any,
        };
        let route = self.route(url)?;
        // Families are of what is connected to: the proxy, where there is one.
        let proxy = route.proxy.as_ref().map(|proxy| proxy.place.clone());
        let place = proxy.or_else(|| url.map(|url| route.place(url)));
        self.check_family(family, place.as_ref())?;
        Ok(Connect {
            family,
            route,
            ..Connect::default()
        })
    }

    fn route(&self, url: Option<&Target>) -> Result<Route, UsageError> {
        let connect_to = match (&self.connect_to, url) {
            (None, _) => None,
            (Some(_), None) => {
                return Err(UsageError::WayWithoutUrl {
                    flag: "--connect-to",
                });
            }
            (Some(to), Some(url)) => match to.place(&url.place()) {
                Some(place) => Some(place),
                None => {
                    return Err(UsageError::ConnectToElsewhere {
                        place: url.place().to_string(),
                    });
                }
            },
        };
        let ways = [
            (self.unix_socket.is_some(), "--unix-socket"),
            (self.proxy.is_some(), "--proxy"),
        ];
        let given = ways.into_iter().find(|(is_given, _)| *is_given);
        if let (Some((_, flag)), None) = (given, url) {
            return Err(UsageError::WayWithoutUrl { flag });
        }
        Ok(Route {
            proxy: self.proxy.clone().map(|proxy| proxy.0),
            redirected_from: Vec::new(),
            unix_socket: self.unix_socket.clone(),
            spread: self.spread_addresses,
            connect_to,
            sources: self.source_ip.clone().unwrap_or_default(),
        })
    }

    /// Makes sure that an address to connect to, one to come from and `-4` or `-6` go together, as
    /// far as that shows before a name is resolved.
    fn check_family(&self, family: Family, place: Option<&Place>) -> Result<(), UsageError> {
        let literal = place.and_then(|place| place.host.parse().ok());
        let excluded = match (family, literal) {
            (Family::V4, Some(std::net::IpAddr::V6(_))) => Some("-4"),
            (Family::V6, Some(std::net::IpAddr::V4(_))) => Some("-6"),
            _ => None,
        };
        if let (Some(flag), Some(place)) = (excluded, place) {
            let host = place.host.clone();
            return Err(UsageError::FamilyOfLiteral { flag, host });
        }
        if place.is_none() && family == Family::V6 {
            return Err(UsageError::EmbeddedIsIpv4);
        }
        let Some(source) = self.source_ip.as_ref().and_then(|it| it.first().copied()) else {
            return Ok(());
        };
        let embedded = std::net::Ipv4Addr::LOCALHOST.into();
        let target = match place {
            None => Some(embedded),
            Some(_) => literal,
        };
        let agrees = match (family, target) {
            (Family::V4, _) => source.is_ipv4(),
            (Family::V6, _) => source.is_ipv6(),
            (Family::Any, Some(target)) => target.is_ipv4() == source.is_ipv4(),
            (Family::Any, None) => true,
        };
        if agrees {
            return Ok(());
        }
        Err(UsageError::SourceFamily {
            source_ip: source,
            other: match (family, place) {
                (Family::V4, _) => "-4".to_owned(),
                (Family::V6, _) => "-6".to_owned(),
                (Family::Any, Some(place)) => place.host.clone(),
                (Family::Any, None) => "the embedded server".to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wsbench::target::target;

    fn args(change: impl FnOnce(&mut ConnectArgs)) -> ConnectArgs {
        let mut args = ConnectArgs::default();
        change(&mut args);
        args
    }

    #[test]
    fn credentials_become_headers_once() {
        let args = args(|it| {
            it.auth = Some(credentials::user_pass("Aladdin:open sesame").unwrap());
            it.cookies = ["a=b; c=d", "e=f"]
                .map(|it| credentials::cookie(it).unwrap())
                .into();
        });
        let headers = args.upgrade(&|_: &str| None).unwrap().headers;
        let header = |name: &str, value: &str| Header::new(name, value);
        // The example of RFC 7617 section 2.
        let expected = [
            header("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            header("Cookie", "a=b; c=d; e=f"),
        ];
        assert_eq!(headers, expected);
    }

    #[test]
    fn two_credentials_of_a_kind_are_refused() {
        let both = args(|it| {
            it.auth = Some(credentials::user_pass("u:p").unwrap());
            it.bearer = Some(credentials::bearer("t").unwrap());
        });
        assert!(matches!(
            both.upgrade(&|_: &str| None),
            Err(UsageError::AuthTwice { .. })
        ));
        let header = args(|it| {
            it.headers = vec![header::header("authorization: x").unwrap()];
            it.bearer = Some(credentials::bearer("t").unwrap());
        });
        assert!(matches!(
            header.upgrade(&|_: &str| None),
            Err(UsageError::HeaderTwice { .. })
        ));
    }

    #[test]
    fn the_place_is_another_and_the_target_the_same() {
        let url = target("ws://example.com/").unwrap();
        let to = |word: &str| args(|it| it.way.connect_to = Some(route::connect_to(word).unwrap()));
        let place = |word: &str| to(word).connect(Some(&url)).unwrap().route.place(&url);
        assert_eq!(place("[::1]:9").to_string(), "[::1]:9");
        assert_eq!(place("example.com:80:other:81").to_string(), "other:81");
        assert_eq!(place("::other:").to_string(), "other:80");
        let elsewhere = to("example.org:80:other:81").connect(Some(&url));
        assert!(matches!(
            elsewhere,
            Err(UsageError::ConnectToElsewhere { .. })
        ));
        let embedded = to("other:81").connect(None);
        assert!(matches!(embedded, Err(UsageError::WayWithoutUrl { .. })));
    }

    #[test]
    fn where_connections_come_from_is_of_the_family_of_where_they_go() {
        let from = |word: &str| args(|it| it.way.source_ip = Some(word.parse().unwrap()));
        let (v4, v6) = (target("127.0.0.1:9").unwrap(), target("[::1]:9").unwrap());
        assert!(from("127.0.0.2").connect(Some(&v4)).is_ok());
        assert!(from("127.0.0.2").connect(None).is_ok());
        for (source, url) in [("127.0.0.2", Some(&v6)), ("::1", Some(&v4)), ("::1", None)] {
            let refused = from(source).connect(url);
            assert!(
                matches!(refused, Err(UsageError::SourceFamily { .. })),
                "{source}"
            );
        }
        let mut six = from("127.0.0.2");
        six.way.ipv6 = true;
        let name = target("localhost:9").unwrap();
        assert!(matches!(
            six.connect(Some(&name)),
            Err(UsageError::SourceFamily { .. })
        ));
    }
}
