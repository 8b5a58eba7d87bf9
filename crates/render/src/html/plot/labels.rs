//! Names at the ends of lines, pushed apart until each can be read.

/// Room between the middles of two names, px.
const ROOM: f64 = 15.0;

/// The places of names whose lines end at these heights, px from above, in the same order: as near
/// as can be, none nearer to another than a line of text, and none outside of `0..=height` while
/// there is room.
pub(super) fn apart(wanted: &[f64], height: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|one, other| wanted[*one].total_cmp(&wanted[*other]));
    let mut placed: Vec<f64> = order.iter().map(|at| wanted[*at]).collect();
    for at in 1..placed.len() {
        placed[at] = placed[at].max(placed[at - 1] + ROOM);
    }
    if let Some(last) = placed.last_mut() {
        *last = last.min(height);
    }
    for at in (1..placed.len()).rev() {
        placed[at - 1] = placed[at - 1].min(placed[at] - ROOM);
    }
    let mut found = vec![0.0; wanted.len()];
    for (at, place) in order.into_iter().zip(placed) {
        found[at] = place;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_pushed_apart_and_stay_in_their_order() {
        assert_eq!(apart(&[10.0, 100.0], 200.0), [10.0, 100.0]);
        assert_eq!(apart(&[50.0, 48.0, 52.0], 200.0), [63.0, 48.0, 78.0]);
        assert_eq!(apart(&[198.0, 199.0], 200.0), [185.0, 200.0]);
        assert!(apart(&[], 10.0).is_empty());
    }
}
