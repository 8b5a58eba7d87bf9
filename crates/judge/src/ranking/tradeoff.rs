//! Trade-offs: who is beaten by nobody in both of two metrics (Pareto).

use wsbench_record::ranking::{Front, FrontPoint, League, Tradeoff};

use crate::figure::{Figure, Sense};

/// The trade-offs that were asked for, as far as both leagues are there; of several classes the
/// servers of all stand together, for a trade-off is between servers.
pub(super) fn fronts(asked: &[Tradeoff], leagues: &[League]) -> Vec<Front> {
    asked
        .iter()
        .filter_map(|tradeoff| front(tradeoff, leagues))
        .collect()
}

fn front(asked: &Tradeoff, leagues: &[League]) -> Option<Front> {
    let values = |key: &str| -> Vec<(String, f64)> {
        let named = leagues.iter().filter(|league| league.key == key);
        let places = named.flat_map(|league| &league.places);
        places
            .map(|place| (place.server.clone(), place.value))
            .collect()
    };
    let (along_x, along_y) = (values(&asked.x), values(&asked.y));
    let mut points: Vec<FrontPoint> = along_x
        .into_iter()
        .filter_map(|(server, x)| {
            let (_, y) = along_y.iter().find(|(other, _)| *other == server)?;
            Some(FrontPoint {
                server,
                x,
                y: *y,
                on_front: false,
            })
        })
        .collect();
    if points.is_empty() {
        return None;
    }
    let (sense_x, sense_y) = (sense(&asked.x)?, sense(&asked.y)?);
    let beaten: Vec<bool> = points
        .iter()
        .map(|point| {
            points.iter().any(|other| {
                let no_worse =
                    !is_better(point.x, other.x, sense_x) && !is_better(point.y, other.y, sense_y);
                let better =
                    is_better(other.x, point.x, sense_x) || is_better(other.y, point.y, sense_y);
                no_worse && better
            })
        })
        .collect();
    for (point, is_beaten) in points.iter_mut().zip(beaten) {
        point.on_front = !is_beaten;
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
