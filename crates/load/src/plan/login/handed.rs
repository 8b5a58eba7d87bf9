//! A login for another process of the same run: its texts as they were written, with the names of variables
//! and of columns in the place of their values.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{LoginStep, LoginSteps, Spoken, StoredStep, StoredWords};
use crate::secret::shown_text;
use crate::template::{Lookup, NotFound};

/// A login as it is handed to others. What it says is not shown.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedLogin(Vec<HandedStep>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HandedStep {
    /// This is said.
    Say(StoredWords),
    /// Anything else, as documents hold it.
    Else(StoredStep),
}

/// The reason why a login is not handed to others.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotHanded {
    /// A text in it has a credential in it.
    #[error("a text of the login holds a credential")]
    Credential,
    /// A message in it is no text, nor written as bytes.
    #[error("a message of the login has no written form")]
    Unwritten,
    /// A value is not there.
    #[error("{0}; a text of the login asks for it")]
    NotFound(#[from] NotFound),
}

impl LoginSteps {
    /// The login for another process.
    ///
    /// # Errors
    /// [`NotHanded`].
    pub fn handed(&self) -> Result<HandedLogin, NotHanded> {
        let handed = |step: &LoginStep| match step {
            LoginStep::Send(spoken) => Ok(HandedStep::Say(written(spoken)?)),
            LoginStep::Expect(expected) => {
                let awaited = &expected.awaited;
                match awaited.redacted(false).pattern() == awaited.pattern() {
                    true => Ok(HandedStep::Else(StoredStep::of(step))),
                    false => Err(NotHanded::Credential),
                }
            }
            LoginStep::Settle(_) => Ok(HandedStep::Else(StoredStep::of(step))),
        };
        let steps: Result<_, _> = self.steps().iter().map(handed).collect();
        Ok(HandedLogin(steps?))
    }
}

fn holds_credential(text: &str) -> bool {
    matches!(shown_text(text), Cow::Owned(_))
}

/// A message as it was written, where that makes the same message again.
fn written(spoken: &Spoken) -> Result<StoredWords, NotHanded> {
    if holds_credential(spoken.words.text()) {
        return Err(NotHanded::Credential);
    }
    let words = StoredWords::of(spoken);
    let again = words.clone().told().map_err(|_| NotHanded::Unwritten)?;
    let is_same = again.words.text() == spoken.words.text()
        && again.words.redacted(false) == spoken.words.redacted(false);
    match is_same && again.kind == spoken.kind {
        true => Ok(words),
        false => Err(NotHanded::Unwritten),
    }
}

impl HandedLogin {
    /// The login, with what `find` has for what it names.
    ///
    /// # Errors
    /// [`NotHanded`].
    pub fn login(self, find: &dyn Lookup) -> Result<LoginSteps, NotHanded> {
        let mut login = LoginSteps::default();
        for step in self.0 {
            match step {
                HandedStep::Say(words) => {
                    let mut spoken = words.told().map_err(|_| NotHanded::Unwritten)?;
                    spoken.words.look_up(find)?;
                    login = login.then(LoginStep::Send(spoken));
                }
                HandedStep::Else(step) => {
                    login = step.add_to(login).map_err(|_| NotHanded::Unwritten)?;
                }
            }
        }
        for step in &mut login.steps {
            if let LoginStep::Expect(expected) = step {
                expected.awaited.look_up(find)?;
            }
        }
        Ok(login)
    }

    /// True of one without steps.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for HandedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandedLogin({} steps)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nanos::Nanos;
    use crate::plan::Pattern;
    use crate::template::Template;
    use wsbench_wire::connection::MessageKind::{Binary, Text};

    fn find(name: &str) -> Option<String> {
        (name == "WHO").then(|| "hidden".to_owned())
    }

    #[test]
    fn a_login_is_the_same_elsewhere_and_its_variables_are_looked_up_there() {
        let mut words = Template::for_words(r#"{"join":"{room}","as":"{env:WHO}"}"#).unwrap();
        words.look_up(&find).unwrap();
        let login = LoginSteps::default()
            .then(LoginStep::Send(Spoken::text(words)))
            .then(LoginStep::Send(Spoken::binary(
                Template::for_bytes("10 \"MQTT\"").unwrap(),
            )))
            .expect(Binary, Pattern::Contains(b"joined".to_vec()))
            .then(LoginStep::Settle(Nanos::from_millis(5)));
        let handed = login.handed().unwrap();
        let text = serde_json::to_string(&handed).unwrap();
        assert!(
            !text.contains("hidden") && text.contains("{env:WHO}"),
            "{text}"
        );
        assert!(!format!("{handed:?}").contains("join"));
        let read: HandedLogin = serde_json::from_str(&text).unwrap();
        assert_eq!(read.clone().login(&find), Ok(login));
        let unset = read.login(&|_: &str| None).unwrap_err();
        assert_eq!(
            unset.to_string(),
            "the environment has no WHO; export it; a text of the login asks for it"
        );
    }

    #[test]
    fn a_credential_itself_and_what_was_never_written_are_not_handed_on() {
        let of = |kind, bytes: &[u8]| LoginSteps::default().send(kind, bytes).handed();
        let credential = of(Text, br#"{"password":"hidden"}"#);
        assert_eq!(credential, Err(NotHanded::Credential));
        assert_eq!(of(Binary, &[0xff, 0x00]), Err(NotHanded::Unwritten));
        assert!(LoginSteps::default().handed().unwrap().is_empty());
    }
}
