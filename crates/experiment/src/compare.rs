//! Two servers in short rounds, in random order: what differs between them and not between the
//! hours of the day.
//!
//! Each round is a block with one run of either (METHOD 5.5). Of two rounds on end one begins with
//! A and one with B, which of them is drawn: neither is always the one that comes after. What the
//! runs amount to together is `judge::comparison`'s.

use wsbench_judge::comparison::{self, ComparisonError, Terms};
use wsbench_judge::outcome::{RunStatus, outcome};
use wsbench_load::plan::Plan;
use wsbench_record::comparison::{Comparison, Side};
use wsbench_record::document::Document;
use wsbench_setting::{Field, Text, Told, text};

use crate::repeat::Seeds;
use crate::runner::{Runner, RunnerError, Step};

/// With fewer whole rounds there is no noise, and so no comparison.
pub const FEWEST_ROUNDS: u32 = 2;

/// Two servers that are to be compared, and for how long.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// A run of A.
    pub a: Plan,
    /// A run of B.
    pub b: Plan,
    /// The number of rounds.
    pub rounds: u32,
    /// No further round begins that would probably not be over by then, s.
    pub limit_s: f64,
}

/// The whole rounds that were made.
#[derive(Clone, Debug, Default)]
pub struct MadeRounds {
    /// Runs of A, one a round.
    pub a: Vec<Document>,
    /// Runs of B, one a round.
    pub b: Vec<Document>,
    /// True where somebody interrupted.
    pub is_interrupted: bool,
}

/// The reason why there is no comparison.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A run could not be carried out.
    #[error(transparent)]
    Run(#[from] RunnerError),
    /// The runs cannot be compared.
    #[error(transparent)]
    Comparison(#[from] ComparisonError),
    /// It was over before there was anything to compare.
    #[error("{}", too_few_rounds(*made, *asked))]
    TooFewRounds {
        /// Whole rounds.
        made: u32,
        /// Rounds asked for.
        asked: u32,
    },
}

impl Told for CompareError {
    fn text(&self) -> Text {
        match self {
            Self::Run(error) => error.text(),
            Self::Comparison(error) => error.text(),
            Self::TooFewRounds { made, asked } => too_few_rounds(*made, *asked),
        }
    }
}

fn too_few_rounds(made: u32, asked: u32) -> Text {
    text![
        format!(
            "{made} of {asked} rounds were whole, and {FEWEST_ROUNDS} are needed to know the \
             noise; let it run longer, or raise "
        ),
        Field::Limit,
    ]
}

/// Measures two servers in turn and compares B with A. An interruption or the limit ends it with
/// the rounds that were whole; `terms.asked_rounds` is set from `rounds`.
///
/// # Errors
/// [`CompareError`]: a run could not be made, a run failed or its exchange was invalid, or there
/// are too few rounds.
pub fn compare(
    runner: &mut dyn Runner,
    rounds: &Rounds,
    terms: &Terms,
) -> Result<Comparison, CompareError> {
    let made = measure(runner, rounds)?;
    let whole = made.a.len().min(made.b.len()) as u32;
    let is_fit = |runs: &[Document]| runs.iter().all(is_fit);
    // A run that is unfit is told by the comparison itself, however few there are.
    if whole < FEWEST_ROUNDS && is_fit(&made.a) && is_fit(&made.b) {
        return Err(CompareError::TooFewRounds {
            made: whole,
            asked: rounds.rounds,
        });
    }
    let side = |plan: &Plan, runs| Side {
        label: plan.target.url(),
        runs,
    };
    let terms = Terms {
        asked_rounds: Some(rounds.rounds),
        seed: Some(rounds.a.seed),
        ..terms.clone()
    };
    let (a, b) = (side(&rounds.a, made.a), side(&rounds.b, made.b));
    Ok(comparison::compare(a, b, &terms, runner.spelling())?)
}

/// Makes the rounds; ends early at an interruption, at the limit, and at a run that is unfit.
///
/// # Errors
/// [`RunnerError::Failed`]: a run could not be carried out at all.
pub fn measure(runner: &mut dyn Runner, rounds: &Rounds) -> Result<MadeRounds, RunnerError> {
    let began_s = runner.now_s();
    let mut seeds = Seeds::of(&rounds.a);
    let mut order = RoundOrder::of(&rounds.a);
    let mut made = MadeRounds::default();
    let mut steps = 0.0;
    for round in 1..=rounds.rounds {
        let mut block = [None, None];
        for side in order.next_round() {
            let plan = match side {
                RoundSide::A => &rounds.a,
                RoundSide::B => &rounds.b,
            };
            let document = match runner.run(&seeds.next_for(plan)) {
                Ok(document) => document,
                Err(RunnerError::Interrupted) => {
                    made.is_interrupted = true;
                    return Ok(made);
                }
                Err(failed) => return Err(failed),
            };
            steps += 1.0;
            let each_s = (runner.now_s() - began_s) / steps;
            runner.told(&Step {
                name: format!("round {round}/{} {side:?}", rounds.rounds),
                document: &document,
                trial: None,
                left_s: Some(each_s * (f64::from(rounds.rounds) * 2.0 - steps)),
            });
            let unfit = !is_fit(&document);
            block[side as usize] = Some(document);
            if unfit {
                let [a, b] = block;
                made.a.extend(a);
                made.b.extend(b);
                return Ok(made);
            }
        }
        let [a, b] = block;
        made.a.extend(a);
        made.b.extend(b);
        let spent_s = runner.now_s() - began_s;
        let a_round_s = spent_s / f64::from(round);
        if round >= FEWEST_ROUNDS && spent_s + a_round_s > rounds.limit_s {
            break;
        }
    }
    Ok(made)
}

fn is_fit(document: &Document) -> bool {
    !matches!(outcome(document, false), RunStatus::Failed(_))
}

/// Whose run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RoundSide {
    A = 0,
    B = 1,
}

/// The order within each round: drawn for every other round, and the reverse in the one after.
#[derive(Debug)]
struct RoundOrder {
    random: fastrand::Rng,
    /// The side that begins the next round, where that is settled.
    settled: Option<RoundSide>,
}

impl RoundOrder {
    fn of(plan: &Plan) -> Self {
        Self {
            // Of the seed, but not the sequence that the runs' seeds are.
            random: fastrand::Rng::with_seed(plan.seed ^ 0x6162_6261_6f72_6465),
            settled: None,
        }
    }

    fn next_round(&mut self) -> [RoundSide; 2] {
        if let Some(first) = self.settled.take() {
            return Self::begun_by(first);
        }
        let first = if self.random.bool() {
            RoundSide::A
        } else {
            RoundSide::B
        };
        let [first, second] = Self::begun_by(first);
        self.settled = Some(second);
        [first, second]
    }

    fn begun_by(first: RoundSide) -> [RoundSide; 2] {
        match first {
            RoundSide::A => [RoundSide::A, RoundSide::B],
            RoundSide::B => [RoundSide::B, RoundSide::A],
        }
    }
}

#[cfg(test)]
mod tests {
    use wsbench_load::plan::PlanSpec;

    use super::*;

    #[test]
    fn each_begins_as_often_as_the_other_and_nobody_can_tell_which() {
        let plan = PlanSpec::against("ws://a/".parse().unwrap()).check();
        let mut order = RoundOrder::of(&plan.unwrap());
        let rounds: Vec<[RoundSide; 2]> = (0..200).map(|_| order.next_round()).collect();
        let began = |turn| rounds.iter().filter(|round| round[0] == turn).count();
        assert_eq!((began(RoundSide::A), began(RoundSide::B)), (100, 100));
        let drawn = rounds.iter().step_by(2);
        let by_a = drawn.filter(|round| round[0] == RoundSide::A).count();
        assert!((30..=70).contains(&by_a), "{by_a} of 100 drawn for A");
        assert!(rounds.iter().all(|[first, second]| first != second));
    }
}
