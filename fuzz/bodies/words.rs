//! What people write in flags and suites: conditions, objectives, templates, addresses. It is read or
//! refused, and what is read is written again as the same.

use wsbench_judge::{condition, objective, until};
use wsbench_load::route::{Place, Proxy, Sources, Target};
use wsbench_load::template::Template;

/// A word.
pub(crate) fn attempt(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match (objective::parse(text), until::parse(text)) {
        (Ok(read), _) => assert!(!read.to_string().is_empty()),
        (_, Ok(read)) => assert!(!read.to_string().is_empty()),
        (Err(error), Err(other)) => assert!(!(error.to_string() + &other.to_string()).is_empty()),
    }
    if let Err(error) = condition::parse(text) {
        assert!(!error.to_string().is_empty());
    }
    if let Err(error) = Template::parse(text) {
        assert!(!error.to_string().is_empty());
    }
    if let Ok(read) = text.parse::<Target>() {
        assert_eq!(read.revealed_url().parse().ok(), Some(read), "{text}");
    }
    if let Ok(read) = text.parse::<Place>() {
        assert_eq!(read.to_string().parse().ok(), Some(read), "{text}");
    }
    if let Ok(read) = text.parse::<Proxy>() {
        assert_eq!(read.to_string().parse().ok(), Some(read), "{text}");
    }
    if let Ok(read) = text.parse::<Sources>() {
        assert_eq!(read.to_string().parse().ok(), Some(read), "{text}");
    }
}
