//! Who is there, for whoever looks.

use std::collections::BTreeMap;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use wsbench_drive::clock::Clock;
use wsbench_load::nanos::Nanos;

use crate::bus::{Heard, Said};
use crate::clock::{Estimate, Probes};
use crate::protocol::{Order, What, Word};
use crate::service::Line;

/// Time for answers to the greeting.
const GREETING: Nanos = Nanos::from_millis(1_200);
/// Time for probes afterwards.
const PROBING: Nanos = Nanos::from_millis(600);
/// From one probe of each clock to the next.
const EVERY: Nanos = Nanos::from_millis(20);

/// An agent that is there.
#[derive(Clone, Debug)]
pub struct Present {
    /// Words that it says of itself.
    pub word: Word,
    /// Its clock beside ours; `None` where it answered no probe.
    pub clock: Option<Estimate>,
}

/// All agents that answer a greeting, by name. Takes two seconds.
#[must_use]
pub fn roster(mut line: Line) -> Vec<Present> {
    let clock = Clock::start();
    let mut words: BTreeMap<String, Word> = BTreeMap::new();
    let mut probes: BTreeMap<String, Probes> = BTreeMap::new();
    let mut order = |to: Option<String>, what| {
        line.bus.say(Said::Order(Box::new(Order { to, what })));
    };
    order(None, What::Hello);
    let (mut greeted_again, mut probed_at, mut number) = (false, Nanos::ZERO, 0);
    loop {
        let now = clock.now();
        if now >= GREETING + PROBING {
            break;
        }
        if now >= Nanos::from_millis(400) && !greeted_again {
            greeted_again = true;
            order(None, What::Hello);
        }
        if now >= GREETING && now - probed_at >= EVERY {
            probed_at = now;
            for name in words.keys() {
                number += 1;
                let sent = clock.now();
                order(Some(name.clone()), What::Probe { number, sent });
            }
        }
        match line.heard.recv_timeout(Duration::from_millis(5)) {
            Ok(Heard::Said(Said::Word(word))) => {
                words.insert(word.agent.clone(), *word);
            }
            Ok(Heard::Said(Said::Echo(echo))) => {
                if let Some(estimate) = Estimate::of(echo.sent, echo.at, clock.now()) {
                    probes.entry(echo.agent).or_default().add(estimate);
                }
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let clock_of = |name: &str| probes.get(name).and_then(Probes::best);
    let present = words.into_iter().map(|(name, word)| Present {
        clock: clock_of(&name),
        word,
    });
    present.collect()
}
