//! Trade-offs: who is beaten by nobody in both of two metrics (Pareto). A value of which nothing is
//! known beats nobody and stands on no front.

use wsbench_record::ranking::{Front, FrontPoint, League, Place, Tradeoff};

use crate::figure::{Figure, Sense};

/// Ratio of the ends of an interval beyond which they say nothing of where the value lies.
const UNSUPPORTED: f64 = 10.0;

/// True of a place whose value is known well enough to be held against others: the ends of its
/// interval are less than ten times apart. Of a single run, which has none, it is taken as it is.
#[must_use]
pub fn is_supported(place: &Place) -> bool {
    let ends = place.low.zip(place.high);
    ends.is_none_or(|(low, high)| low > 0.0 && high <= UNSUPPORTED * low)
}

/// The trade-offs that were asked for, as far as both leagues are there; of several classes the
/// servers of all stand together, for a trade-off is between servers.
pub(super) fn fronts(asked: &[Tradeoff], leagues: &[League]) -> Vec<Front> {
    asked
        .iter()
        .filter_map(|tradeoff| front(tradeoff, leagues))
        .collect()
}

fn front(asked: &Tradeoff, leagues: &[League]) -> Option<Front> {
    let places = |key: &str| -> Vec<&Place> {
        let named = leagues.iter().filter(|league| league.key == key);
        named.flat_map(|league| &league.places).collect()
    };
    let along_y = places(&asked.y);
    let mut known: Vec<bool> = Vec::new();
    let mut points: Vec<FrontPoint> = Vec::new();
    for x in places(&asked.x) {
        let Some(y) = along_y.iter().find(|other| other.server == x.server) else {
            continue;
        };
        known.push(is_supported(x) && is_supported(y));
        points.push(FrontPoint {
            server: x.server.clone(),
            x: x.value,
            y: y.value,
            on_front: false,
        });
    }
    if points.is_empty() {
        return None;
    }
    let (sense_x, sense_y) = (sense(&asked.x)?, sense(&asked.y)?);
    let beaten: Vec<bool> = points
        .iter()
        .map(|point| {
            let rivals = points.iter().zip(&known).filter(|(_, is_known)| **is_known);
            rivals.map(|(other, _)| other).any(|other| {
                let no_worse =
                    !is_better(point.x, other.x, sense_x) && !is_better(point.y, other.y, sense_y);
                let better =
                    is_better(other.x, point.x, sense_x) || is_better(other.y, point.y, sense_y);
                no_worse && better
            })
        })
        .collect();
    for ((point, is_beaten), is_known) in points.iter_mut().zip(beaten).zip(known) {
        point.on_front = is_known && !is_beaten;
    }
    Some(Front {
        x: asked.x.clone(),
        y: asked.y.clone(),
        points,
    })
}

/// Direction that is better along an axis; `None` of a key that this version does not know.
fn sense(key: &str) -> Option<Sense> {
    let (_, metric) = key.split_once('/')?;
    Some(Figure::recorded(metric)?.sense())
}

fn is_better(one: f64, other: f64, sense: Sense) -> bool {
    match sense {
        Sense::More => one > other,
        Sense::Less => one < other,
    }
}
