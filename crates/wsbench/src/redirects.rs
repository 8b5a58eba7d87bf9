//! Following redirects: once, before a run, so that every connection goes where the last of them
//! leads (RFC 6455 section 4.1 lets a client follow, RFC 9110 section 15.4 says what they are).
//!
//! Credentials are for the host that they were given for: on the way to another one they are left
//! behind. From an encrypted server to a plain one it goes only where that was asked for.

use thiserror::Error;
use url::Url;
use wsbench_drive::blocking_client::{VisitError, try_upgrade};
use wsbench_drive::resolve::{self, ResolveError};
use wsbench_drive::run::StopSignal;
use wsbench_load::plan::{Plan, PlanError, PlanSpec};
use wsbench_load::route::Target;
use wsbench_load::secret::{shown_subprotocols, shown_url};
use wsbench_setting::{Text, Told};
use wsbench_wire::handshake::HandshakeError;

use crate::target::{self, TargetError};

/// The way in which redirects are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow {
    /// The most redirects that are followed.
    pub at_most: u32,
    /// True to follow from `wss://` to `ws://` as well.
    pub to_plain: bool,
}

/// The reason why a redirect was not followed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// A host on the way that cannot be resolved.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A server that the plan's route does not lead to.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A loop, or a long way.
    #[error("more than {at_most} redirects, the last to {to}")]
    TooMany {
        /// The most that were to be followed.
        at_most: u32,
        /// The server to which the next would have led.
        to: String,
    },
    /// From TLS to none.
    #[error("{from} redirects to {to}, which is not encrypted")]
    ToPlain {
        /// The encrypted server.
        from: String,
        /// The plain one.
        to: String,
    },
    /// A location that is no server of WebSockets.
    #[error("{from} redirects to '{location}', which cannot be followed: {why}")]
    Location {
        /// The server that redirects.
        from: String,
        /// The place that it names.
        location: String,
        /// The fault of that place.
        why: String,
    },
}

impl Told for RedirectError {
    fn text(&self) -> Text {
        match self {
            Self::Resolve(error) => error.text(),
            Self::Plan(error) => error.text(),
            other => other.to_string().into(),
        }
    }
}

/// The plan against the server to which the redirects lead. Where the server does not answer, the
/// plan stays: the run itself tells why.
///
/// # Errors
/// [`RedirectError`].
pub fn followed(
    mut plan: Plan,
    follow: Follow,
    random: &mut fastrand::Rng,
    stop: &StopSignal,
) -> Result<Plan, RedirectError> {
    for number in 0..=follow.at_most {
        let resolved = resolve::find(&plan, &|| stop.is_requested())?;
        let mut nonce = [0; 16];
        random.fill(&mut nonce);
        let answer = try_upgrade(&plan, &resolved, nonce);
        let Err(VisitError::Handshake(HandshakeError::Status {
            code: 301 | 302 | 303 | 307 | 308,
            location: Some(location),
            ..
        })) = answer
        else {
            return Ok(plan);
        };
        let target = led_to(&plan.target, &location)?;
        if number == follow.at_most {
            return Err(RedirectError::TooMany {
                at_most: follow.at_most,
                to: target.url(),
            });
        }
        if plan.target.secure && !target.secure && !follow.to_plain {
            return Err(RedirectError::ToPlain {
                from: plan.target.url(),
                to: target.url(),
            });
        }
        plan = plan.edited(|spec| go_to(spec, target))?;
    }
    Ok(plan)
}

fn go_to(plan: &mut PlanSpec, target: Target) {
    if target.place() != plan.target.place() {
        plan.upgrade.headers.retain(|it| !it.is_secret());
        let shown = shown_subprotocols(&plan.upgrade.subprotocols);
        plan.upgrade
            .subprotocols
            .retain(|name| shown.contains(name));
        // It was for the place of the URL as it was given.
        plan.connect.route.connect_to = None;
    }
    plan.connect.route.redirected_from.push(plan.target.url());
    plan.target = target;
}

/// The target to which a location leads from another: it may be relative, and is often of HTTP.
fn led_to(from: &Target, location: &str) -> Result<Target, RedirectError> {
    let wrong = |why: String| RedirectError::Location {
        from: from.url(),
        location: shown_url(location).into_owned(),
        why,
    };
    let base = Url::parse(&from.revealed_url()).map_err(|error| wrong(error.to_string()))?;
    // A relative location is resolved against the WebSocket URL, so its scheme stays.
    let url = base
        .join(location)
        .map_err(|error| wrong(error.to_string()))?;
    let text = match (url.scheme(), url.as_str().split_once(':')) {
        ("http", Some((_, rest))) => format!("ws:{rest}"),
        ("https", Some((_, rest))) => format!("wss:{rest}"),
        _ => url.to_string(),
    };
    let text = text.split('#').next().unwrap_or(&text);
    target::target(text).map_err(|error: TargetError| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use wsbench_load::plan::Header;

    use super::*;

    #[test]
    fn a_location_may_be_relative_or_of_http() {
        let from = target::target("wss://h:81/a/b?c").unwrap();
        let led = |location: &str| led_to(&from, location).unwrap().url();
        assert_eq!(led("/x"), "wss://h:81/x");
        assert_eq!(led("x?y#z"), "wss://h:81/a/x?y");
        assert_eq!(led("//other/x"), "wss://other/x");
        assert_eq!(led("http://other:8080/x"), "ws://other:8080/x");
        assert_eq!(led("https://other/"), "wss://other/");
        for location in ["ftp://x/", "http://", "mailto:x", "http://u:p@h/"] {
            let wrong = led_to(&from, location);
            assert!(
                matches!(wrong, Err(RedirectError::Location { .. })),
                "{location}: {wrong:?}"
            );
        }
    }

    #[test]
    fn credentials_stay_behind_when_the_host_changes() {
        let mut plan = PlanSpec::against(target::target("ws://h:81/").unwrap());
        let header = |name: &str| Header::new(name, "x");
        let names = [
            "Authorization",
            "X-A",
            "cookie",
            "X-Api-Key",
            "X-Auth-Token",
        ];
        plan.upgrade.headers = names.map(header).into();
        plan.upgrade.subprotocols = ["chat", "bearer", "abc"].map(str::to_owned).into();
        go_to(&mut plan, target::target("ws://h:81/next").unwrap());
        assert_eq!(plan.upgrade.headers.len(), 5);
        assert_eq!(plan.upgrade.subprotocols.len(), 3);
        go_to(&mut plan, target::target("ws://h:82/next").unwrap());
        assert_eq!(plan.upgrade.headers, [header("X-A")]);
        assert_eq!(plan.upgrade.subprotocols, ["chat", "bearer"]);
        assert_eq!(
            plan.connect.route.redirected_from,
            ["ws://h:81/", "ws://h:81/next"]
        );
    }
}
