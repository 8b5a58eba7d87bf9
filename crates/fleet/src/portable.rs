//! The plan as it goes over the bus: without anything secret, and with nothing left out unsaid.
//!
//! A header that holds a credential goes as it was written, with `{env:NAME}` or `{csv:FILE:COLUMN}` in the
//! place of the credential, which each agent reads from its own environment, or from its own file of that path
//! below the folder that it was started in; so does what is said in logins. What a plan holds besides that
//! JSON does not carry is refused by name.

use serde_json::Value;
use thiserror::Error;
use wsbench::header::{self, HeaderError};
use wsbench_load::plan::{HandedLogin, Header, NotHanded, Plan, PlanError, PlanSpec};
use wsbench_load::template::{Column, Lookup, NotFound};

/// A plan for the bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Portable {
    /// The plan.
    pub plan: Value,
    /// Headers that hold references to secrets.
    pub headers: Vec<(String, String)>,
    /// What is said and awaited before the load: by all, and by each role; none where that is nothing.
    pub logins: Vec<HandedLogin>,
}

/// The reason why a plan cannot be given to others, or be taken from them.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum NotPortable {
    /// A header has a credential in it.
    #[error(
        "the header {0} holds a credential, and none goes over the bus; write {{env:NAME}} in its place, \
         which each agent reads from its own environment"
    )]
    Secret(String),
    /// Something that is not in the stored form of a plan.
    #[error("{0} does not go over the bus")]
    NotStored(&'static str),
    /// A variable is not set.
    #[error("{0} is not set in this agent's environment, and the header {1} asks for it")]
    NotSet(String, String),
    /// A header asks for a row of a file that is not there.
    #[error("{0}; this agent reads a file of its own, and the header {1} asks for it")]
    NoColumn(NotFound, String),
    /// The values of a header that takes a row of a file are none.
    #[error(transparent)]
    Header(HeaderError),
    /// A login cannot be given to others.
    #[error(
        "{0}; none goes over the bus: write {{env:NAME}} in its place, which each agent looks up"
    )]
    Login(NotHanded),
    /// A login asks for what is not set.
    #[error("{0} is not set in this agent's environment, and a text of the login asks for it")]
    NotSetForLogin(String),
    /// A login asks for a row of a file that is not there.
    #[error("{0}; this agent reads a file of its own, and a text of the login asks for it")]
    NoColumnForLogin(NotFound),
    /// It is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// It cannot be read.
    #[error("the plan cannot be read: {0}")]
    Unreadable(String),
}

/// True of the value of a credential's header in which more stands than references and what belongs to
/// no credential: the word of a scheme (`Bearer`), the names of cookies.
fn has_more(name: &str, value: &str) -> bool {
    let mut rest = without_columns(value);
    for variable in references(value) {
        rest = rest.replace(&format!("{{env:{variable}}}"), "");
    }
    let is_cookie = name.eq_ignore_ascii_case("cookie");
    let parts = rest.split(';').map(str::trim);
    // A scheme is a word before its credential, and nothing is glued to that.
    let is_word = |text: &str| {
        text.chars()
            .all(|letter| letter.is_ascii_alphabetic() || letter == '-')
    };
    let mut left = parts.filter(|part| match part.split_once('=') {
        Some((_, value)) if is_cookie => !value.is_empty(),
        Some((before, value)) => !value.is_empty() || !before.split(' ').all(is_word),
        None if is_cookie => !part.is_empty(),
        None => !is_word(part),
    });
    let is_glued = value.split('}').skip(1).any(|behind| {
        let first = behind.chars().next();
        first.is_some_and(|letter| letter != ';' && letter != ' ')
    });
    is_glued || left.next().is_some()
}

impl From<NotHanded> for NotPortable {
    fn from(why: NotHanded) -> Self {
        match why {
            NotHanded::NotFound(NotFound::Variable(name)) => Self::NotSetForLogin(name),
            NotHanded::NotFound(lacks) => Self::NoColumnForLogin(lacks),
            NotHanded::Unwritten => Self::NotStored("a login with messages that are no text"),
            why @ NotHanded::Credential => Self::Login(why),
        }
    }
}

/// Takes the logins out of a plan: that of all, and those of its roles; none where nobody has one.
fn logins(spec: &mut PlanSpec) -> Result<Vec<HandedLogin>, NotPortable> {
    let clients = &mut *spec.clients;
    let roles = clients.roles.iter_mut().map(|role| &mut role.join);
    let all = std::iter::once(&mut clients.login).chain(roles);
    let handed: Result<Vec<_>, _> = all.map(|login| std::mem::take(login).handed()).collect();
    let handed = handed?;
    let has_any = handed.iter().any(|login| !login.is_empty());
    Ok(if has_any { handed } else { Vec::new() })
}

impl Portable {
    /// The plan as it may go over the bus.
    ///
    /// # Errors
    /// [`NotPortable`].
    pub fn of(plan: &Plan) -> Result<Self, NotPortable> {
        let mut spec = plan.spec();
        let mut headers = Vec::new();
        for header in std::mem::take(&mut spec.upgrade.headers) {
            let value = match header.words() {
                Some(words) => words.text(),
                None => header.reveal().unwrap_or_default(),
            };
            let value = value.to_owned();
            let is_secret = header.shown() != value;
            let refers = references(&value).next().is_some() || header.words().is_some();
            match refers {
                true if is_secret && has_more(&header.name, &value) => {
                    return Err(NotPortable::Secret(header.name));
                }
                true => headers.push((header.name, value)),
                false if is_secret => return Err(NotPortable::Secret(header.name)),
                false => spec.upgrade.headers.push(header),
            }
        }
        let proxy = spec.connect.route.proxy.as_ref();
        if proxy.is_some_and(|proxy| proxy.login().is_some()) {
            return Err(NotPortable::NotStored("the login at a proxy"));
        }
        spec.shows_secrets = false;
        let logins = logins(&mut spec)?;
        let unreadable = |error: serde_json::Error| NotPortable::Unreadable(error.to_string());
        let text = serde_json::to_value(spec.redacted()).map_err(unreadable)?;
        let read: PlanSpec = serde_json::from_value(text.clone()).map_err(unreadable)?;
        match missing(&spec, &read) {
            None => Ok(Self {
                plan: text,
                headers,
                logins,
            }),
            Some(what) => Err(NotPortable::NotStored(what)),
        }
    }

    /// The plan again, with what `find` has on this machine for its references.
    ///
    /// # Errors
    /// [`NotPortable`].
    pub fn resolved(&self, find: &dyn Lookup) -> Result<Plan, NotPortable> {
        let read = serde_json::from_value::<PlanSpec>(self.plan.clone());
        let mut spec = read.map_err(|error| NotPortable::Unreadable(error.to_string()))?;
        for (name, value) in &self.headers {
            spec.upgrade
                .headers
                .push(resolved_header(name, value, find)?);
        }
        let mut logins = self.logins.iter().cloned();
        if let Some(login) = logins.next() {
            spec.clients.login = login.login(find)?;
        }
        for (role, login) in spec.clients.roles.iter_mut().zip(logins) {
            role.join = login.login(find)?;
        }
        Ok(spec.check()?)
    }

    /// The plan as whoever collects a run knows it, with its references as they are.
    ///
    /// # Errors
    /// [`NotPortable`].
    pub fn unresolved(&self) -> Result<Plan, NotPortable> {
        self.resolved(&AsWritten)
    }
}

/// Finds for each reference the reference itself.
struct AsWritten;

impl Lookup for AsWritten {
    fn variable(&self, name: &str) -> Option<String> {
        Some(format!("{{env:{name}}}"))
    }

    fn column(&self, file: &str, name: &str) -> Result<Column, String> {
        let itself = format!("{{csv:{file}:{name}}}");
        Column::new(vec![itself.into()]).ok_or_else(String::new)
    }
}

/// A header with what `find` has for the references of its value.
fn resolved_header(name: &str, value: &str, find: &dyn Lookup) -> Result<Header, NotPortable> {
    if value.contains(header::COLUMN) {
        let of_each = header::of_each(Header::new(name, value), find);
        return of_each.map_err(|why| match why {
            HeaderError::NotFound { name, lacks } => match lacks {
                NotFound::Variable(variable) => NotPortable::NotSet(variable, name),
                lacks => NotPortable::NoColumn(lacks, name),
            },
            why => NotPortable::Header(why),
        });
    }
    let mut whole = value.to_owned();
    for variable in references(value) {
        let known = find
            .variable(variable)
            .ok_or_else(|| NotPortable::NotSet(variable.to_owned(), name.to_owned()))?;
        whole = whole.replace(&format!("{{env:{variable}}}"), &known);
    }
    Ok(Header::new(name, whole))
}

/// The part of the plan that was lost on its way, by its name.
fn missing(sent: &PlanSpec, read: &PlanSpec) -> Option<&'static str> {
    let (mine, theirs) = (&sent.clients, &read.clients);
    let checks = [
        (
            mine.exchange.payload != theirs.exchange.payload,
            "a message or corpus from a file",
        ),
        (sent.tls != read.tls, "a certificate or key"),
        (sent.target != read.target, "a URL that holds a credential"),
        (
            sent.upgrade != read.upgrade,
            "a subprotocol that holds a credential",
        ),
        (sent.cpus != read.cpus || sent != read, "a part of the plan"),
    ];
    checks
        .into_iter()
        .find_map(|(is_lost, what)| is_lost.then_some(what))
}

/// A text without its places for columns of files.
fn without_columns(text: &str) -> String {
    let mut parts = text.split(header::COLUMN);
    let front = parts.next().unwrap_or_default().to_owned();
    parts.fold(front, |front, part| {
        front + part.split_once('}').map_or("", |(_, behind)| behind)
    })
}

/// The variables that a text refers to as `{env:NAME}`.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split("{env:").skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        (!name.is_empty() && name.chars().all(is_name)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wsbench_load::plan::{LoginStep, LoginSteps, Spoken};
    use wsbench_load::template::Template;

    fn plan(headers: &[(&str, &str)]) -> Plan {
        let spec = PlanSpec::against("ws://h:1/".parse().unwrap());
        let spec = spec.with(|spec| {
            let headers = headers
                .iter()
                .map(|(name, value)| Header::new(*name, *value));
            spec.upgrade.headers = headers.collect();
        });
        spec.check().unwrap()
    }

    #[test]
    fn a_credential_goes_as_a_reference_and_is_resolved_where_it_is_needed() {
        let sent = plan(&[("X-Shard", "7"), ("Authorization", "Bearer {env:TOKEN}")]);
        let portable = Portable::of(&sent).unwrap();
        let environment = |name: &str| (name == "TOKEN").then(|| "hidden".to_owned());
        let there = portable.resolved(&environment).unwrap();
        let revealed: Vec<_> = there.upgrade.headers.iter().map(|it| it.reveal()).collect();
        assert_eq!(revealed, [Some("7"), Some("Bearer hidden")]);
        let text = serde_json::to_string(&portable.plan).unwrap();
        assert!(
            !text.contains("hidden") && !text.contains("TOKEN"),
            "{text}"
        );
        let unset = portable.resolved(&|_: &str| None).unwrap_err().to_string();
        assert!(
            unset.starts_with("TOKEN is not set in this agent's environment"),
            "{unset}"
        );
        assert!(portable.unresolved().is_ok());
    }

    #[test]
    fn a_credential_itself_is_refused_without_being_told() {
        let refused = Portable::of(&plan(&[("Cookie", "session=hidden")])).unwrap_err();
        let words = refused.to_string();
        assert!(
            words.starts_with("the header Cookie holds a credential"),
            "{words}"
        );
        assert!(!words.contains("hidden"));
        for (name, value) in [
            ("Cookie", "session=hidden; t={env:T}"),
            ("Authorization", "Bearer {env:A}hidden"),
            ("Authorization", "Bearer hidden-1 {env:A}"),
            ("Authorization", "Basic hidden1= {env:A}"),
        ] {
            let refused = Portable::of(&plan(&[(name, value)]))
                .unwrap_err()
                .to_string();
            assert!(!refused.contains("hidden"), "{refused}");
        }
        for (name, value) in [
            ("Cookie", "session={env:S}; t={env:T}"),
            ("Authorization", "Bearer {env:A}"),
        ] {
            assert!(Portable::of(&plan(&[(name, value)])).is_ok(), "{value}");
        }
    }

    #[test]
    fn logins_go_as_they_were_written_and_variables_are_looked_up_by_each_agent() {
        let find = |_: &str| Some("here".to_owned());
        let mut words = Template::for_words(r#"{"user":"{env:WHO}"}"#).unwrap();
        words.look_up(&find).unwrap();
        let login = LoginSteps::default().then(LoginStep::Send(Spoken::text(words)));
        let sent = plan(&[]).edited(|spec| spec.clients.login = login).unwrap();
        let portable = Portable::of(&sent).unwrap();
        let there = portable.resolved(&|name: &str| (name == "WHO").then(|| "there".to_owned()));
        let there = there.unwrap();
        let said: Vec<_> = there.clients.login.spoken().collect();
        assert_eq!(said[0].words.secrets().collect::<Vec<_>>(), ["there"]);
        let unset = portable.resolved(&|_: &str| None).unwrap_err().to_string();
        assert_eq!(
            unset,
            "WHO is not set in this agent's environment, and a text of the login asks for it"
        );
        assert!(portable.unresolved().is_ok());
        let words = Template::for_words(r#"{"password":"hidden"}"#).unwrap();
        let login = LoginSteps::default().then(LoginStep::Send(Spoken::text(words)));
        let secret = plan(&[]).edited(|spec| spec.clients.login = login).unwrap();
        let refused = Portable::of(&secret).unwrap_err().to_string();
        assert!(
            refused.starts_with("a text of the login holds a credential"),
            "{refused}"
        );
        assert!(!refused.contains("hidden"));
    }

    /// The rows of a machine's file.
    struct Rows(&'static [&'static str]);

    impl Lookup for Rows {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn column(&self, file: &str, _: &str) -> Result<Column, String> {
            let values = self.0.iter().map(|value| (*value).into()).collect();
            Column::new(values).ok_or_else(|| format!("{file} is not there"))
        }
    }

    #[test]
    fn rows_of_a_file_are_each_agents_own() {
        let mut words = Template::for_words(r#"{"token":"{csv:users.csv:token}"}"#).unwrap();
        words.look_up(&Rows(&["here-0", "here-1"])).unwrap();
        let login = LoginSteps::default().then(LoginStep::Send(Spoken::text(words)));
        let mut words = Template::for_words("Bearer {csv:users.csv:token}").unwrap();
        words.look_up(&Rows(&["here-0", "here-1"])).unwrap();
        let sent = plan(&[]).edited(|spec| {
            spec.clients.login = login;
            spec.upgrade.headers = vec![Header::of_each("Authorization", words)];
        });
        let portable = Portable::of(&sent.unwrap()).unwrap();
        let sent = serde_json::to_string(&(&portable.plan, &portable.headers, &portable.logins));
        let sent = sent.unwrap();
        assert!(
            !sent.contains("here") && sent.contains("{csv:users.csv:token}"),
            "{sent}"
        );
        let there = portable.resolved(&Rows(&["there-0", "there-1"])).unwrap();
        let headers = there.upgrade.revealed();
        let value = |connection| headers.of(connection).last().unwrap().1.clone();
        assert_eq!(
            (value(0), value(5)),
            ("Bearer there-0".to_owned(), "Bearer there-1".to_owned())
        );
        let said: Vec<_> = there.clients.login.spoken().collect();
        assert_eq!(said[0].words.of_connection(1), r#"{"token":"there-1"}"#);
        let missing = portable.resolved(&Rows(&[])).unwrap_err().to_string();
        assert_eq!(
            missing,
            "{csv:users.csv:token}: users.csv is not there; this agent reads a file of its own, and the \
             header Authorization asks for it"
        );
        assert!(portable.unresolved().is_ok());
        let broken = portable.resolved(&Rows(&["there-0", "a\r\nX-Evil: 1"]));
        assert_eq!(
            broken.unwrap_err().to_string(),
            "the value of Authorization holds a line break or another control character; remove it"
        );
        let mut words = Template::for_words("Bearer hidden-1 {csv:users.csv:token}").unwrap();
        words.look_up(&Rows(&["here"])).unwrap();
        let secret = plan(&[]).edited(|spec| {
            spec.upgrade.headers = vec![Header::of_each("Authorization", words)];
        });
        let refused = Portable::of(&secret.unwrap()).unwrap_err().to_string();
        assert!(
            refused.contains("holds a credential") && !refused.contains("hidden"),
            "{refused}"
        );
    }

    #[test]
    fn what_does_not_go_over_the_bus_is_refused_by_name() {
        let long = plan(&[]).edited(|spec| {
            spec.clients.exchange.payload = wsbench_load::plan::Payload::Fixed {
                encoding: wsbench_load::plan::Encoding::Binary,
                bytes: vec![7; 1 << 20].into(),
            };
        });
        let refused = Portable::of(&long.unwrap()).unwrap_err().to_string();
        assert_eq!(
            refused,
            "a message or corpus from a file does not go over the bus"
        );
    }
}
