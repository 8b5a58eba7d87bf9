//! `--fail-if` and `--baseline`: a result held against conditions and against an earlier one.

use wsbench_judge::comparison::{Terms, compare};
use wsbench_judge::condition::Condition;
use wsbench_record::comparison::Side;
use wsbench_record::condition::{Judgement, State};
use wsbench_record::document::Document;
use wsbench_render::comparison;
use wsbench_setting::Told as _;

use crate::args::JudgeArgs;
use crate::exit::{Exit, say};
use crate::output;
use crate::output_args::Format;
use crate::spelling::Flags;
use crate::terminal;
use crate::usage::UsageError;

/// Conditions that a result is held against, all of it read before anything is started.
pub(crate) struct Judge {
    conditions: Vec<Condition>,
    /// The runs of an earlier result, and the name of its file.
    baseline: Option<(String, Vec<Document>)>,
}

impl Judge {
    /// Reads the baseline.
    ///
    /// # Errors
    /// [`UsageError::NoBaseline`]; the file cannot be read or is no result.
    pub(crate) fn prepare(flags: &JudgeArgs) -> anyhow::Result<Self> {
        let needs_one = flags.fail_if.iter().find(|one| one.needs_baseline());
        if let (Some(condition), None) = (needs_one, &flags.baseline) {
            let condition = condition.to_string();
            return Err(UsageError::NoBaseline { condition }.into());
        }
        let baseline = match &flags.baseline {
            Some(side) => Some((side.to_string(), side.runs()?)),
            None => None,
        };
        Ok(Self {
            conditions: flags.fail_if.clone(),
            baseline,
        })
    }

    /// Shows the runs beside the baseline, where there is one and the text for people is shown.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn show_baseline(&self, runs: &[Document], shown: Format) -> anyhow::Result<()> {
        let Some((name, before)) = &self.baseline else {
            return Ok(());
        };
        if shown != Format::Text {
            return Ok(());
        }
        let side = |label: &str, runs: &[Document]| Side {
            label: label.to_owned(),
            runs: runs.to_vec(),
        };
        let (a, b) = (side(name, before), side("this result", runs));
        match compare(a, b, &Terms::default(), &Flags) {
            Ok(compared) => output::print(&format!(
                "\n{}",
                comparison::text(&compared, terminal::style())
            )),
            Err(error) => {
                let error = error.text().spelled(&Flags);
                say(&format!("baseline: not compared: {error}"));
                Ok(())
            }
        }
    }

    /// The judgements on the runs. Where the text for people, which has them, is not shown, they are
    /// told on standard error.
    pub(crate) fn judged(&self, runs: &[Document], shown: Format) -> Vec<Judgement> {
        let baseline = self.baseline.as_ref().map(|(_, runs)| runs.as_slice());
        let judged = self.conditions.iter();
        told(judged.map(|it| it.judge(runs, baseline)).collect(), shown)
    }
}

/// Judgements, told on standard error where the text for people, which has them, is not shown.
pub(crate) fn told(judgements: Vec<Judgement>, shown: Format) -> Vec<Judgement> {
    for judgement in judgements.iter().filter(|_| shown != Format::Text) {
        say(&format!("fail-if {}", judgement.words));
    }
    judgements
}

/// The exit code of runs that were held against conditions, which turn that of runs that have
/// nothing else wrong with them.
pub(crate) fn exit(judgements: &[Judgement], exit: Exit) -> Exit {
    let mut worst = exit;
    for judgement in judgements {
        let amounts_to = match judgement.state {
            State::DoesNotHold => Exit::Ok,
            State::CannotBeJudged => Exit::NotJudged,
            State::Holds => Exit::ConditionHeld,
        };
        // A condition that holds fails a build, whatever is not known of others.
        let is_worse = worst == Exit::NotJudged && amounts_to == Exit::ConditionHeld;
        if worst == Exit::Ok || is_worse {
            worst = amounts_to;
        }
    }
    worst
}
