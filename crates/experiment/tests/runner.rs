//! The runner on simulated time gives documents as the kernel's does.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_experiment::runner::Runner;
use wsbench_load::plan::{PlanSpec, StopRule};
use wsbench_simulate::Scenario;
use wsbench_simulate::runner::{Simulated, target};

#[test]
fn a_plan_goes_in_and_a_document_comes_out() {
    let mut runner = Simulated::new([("a", Scenario::default())]);
    let plan = PlanSpec::against(target("a"))
        .with(|spec| {
            spec.stop = StopRule::Messages(100);
        })
        .check()
        .unwrap();
    let document = runner.run(&plan).unwrap();
    assert_eq!(document.messages.answered, 100);
    assert!(runner.now_s() > 0.0, "time has passed");
    let elsewhere = plan.towards(target("b")).unwrap();
    assert!(runner.run(&elsewhere).is_err());
}
