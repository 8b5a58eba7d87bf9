//! Documents with real audits: what is stored can be judged anew, and follows the schema.

mod runs;

use wsbench_judge::outcome::{FailureReason, RunStatus, outcome as outcome_of};
use wsbench_judge::{audit, judged};
use wsbench_record::audit::Audit;
use wsbench_record::document::{read, schema, write};

#[test]
fn a_stored_document_judged_anew_has_the_audit_that_it_was_stored_with() {
    let mut doubted = 0;
    for (name, fresh) in runs::all() {
        let stored = read(&write(&fresh)).unwrap();
        assert_eq!(audit(&stored.record, &runs::Flags), stored.audit, "{name}");
        assert_eq!(judged(stored.record, &runs::Flags), fresh, "{name}");
        doubted += usize::from(fresh.audit != Audit::default());
    }
    assert!(doubted > 3, "{doubted} audits with something in them");
}

#[test]
fn an_older_document_is_judged_by_its_figures_and_not_by_its_audit() {
    let mut stored = runs::document(&runs::corrupted());
    let fresh = stored.audit.clone();
    stored.audit = Audit::default();
    assert_eq!(audit(&stored, &runs::Flags), fresh);
}

#[test]
fn documents_with_their_audits_follow_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, document) in runs::all() {
        let value: serde_json::Value = serde_json::from_str(&write(&document)).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&value)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}

#[test]
fn outcomes() {
    let outcome = |run, strict| outcome_of(&runs::document(&run), strict);
    for strict in [false, true] {
        assert_eq!(outcome(runs::healthy(), strict), RunStatus::Ok);
        assert_eq!(
            outcome(runs::nothing_connected(), strict),
            RunStatus::Failed(FailureReason::NothingConnected)
        );
        assert_eq!(
            outcome(runs::no_samples(), strict),
            RunStatus::Failed(FailureReason::NothingAnswered)
        );
    }
    let invalid = RunStatus::Failed(FailureReason::Invalid);
    assert_eq!(outcome(runs::corrupted(), false), invalid);
    assert_eq!(outcome(runs::corrupted(), true), RunStatus::AuditFailed);

    let (mut doubtful, plan) = runs::healthy();
    doubtful.messages.sent += 1;
    doubtful.messages.timed_out = 1;
    assert_eq!(
        outcome((doubtful.clone(), plan.clone()), false),
        RunStatus::Ok
    );
    assert_eq!(
        outcome((doubtful.clone(), plan.clone()), true),
        RunStatus::AuditFailed
    );

    doubtful.ended = wsbench_load::result::Ended::ServerDied;
    let died = RunStatus::Failed(FailureReason::ServerDied);
    assert_eq!(outcome((doubtful, plan), true), died);
}
