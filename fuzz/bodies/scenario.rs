//! Scenarios: a file is read and makes a plan or is refused as one, or it is refused with its line.

use std::path::Path;

use wsbench::scenario::Scenario;

/// A file, where every variable of the environment is set.
pub(crate) fn attempt(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let place = Path::new("/nowhere/scenario.toml");
    match Scenario::parse(place, text, &|name: &str| Some(name.to_owned())) {
        Ok(scenario) => {
            if let Some(Err(error)) = scenario.spec().map(|spec| spec.check()) {
                assert!(!error.to_string().is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
