//! The truths: what is known of servers, queues and stalls without measuring them.
//!
//! Times are in the unit of the arguments. Queues are in the notation of Kendall.

use statrs::distribution::{ContinuousCDF, Normal};

/// A stall of `length` in each `period`, of a server that is busy for a share `load` otherwise, in
/// the fluid limit: `max(0, S − (1 − q)(1 − ρ)P)`.
#[must_use]
pub fn stall_quantile(q: f64, length: f64, period: f64, load: f64) -> f64 {
    (length - (1.0 - q) * (1.0 - load) * period).max(0.0)
}

/// The mean response time under such stalls: `S² / 2(1 − ρ)P`.
#[must_use]
pub fn stall_mean(length: f64, period: f64, load: f64) -> f64 {
    length * length / (2.0 * (1.0 - load) * period)
}

/// The share of messages that meet a stall in the closed loop, where each connection waits for its
/// answer of `round_trip`: `1 / ((P − S)/r + 1)`.
#[must_use]
pub fn stall_closed_share(length: f64, period: f64, round_trip: f64) -> f64 {
    1.0 / ((period - length) / round_trip + 1.0)
}

/// A quantile of the exponential distribution.
#[must_use]
pub fn exponential_quantile(q: f64, mean: f64) -> f64 {
    -(1.0 - q).ln() * mean
}

/// Response time of M/M/1 in service times: exponential with the mean `1/(1 − ρ)`.
#[must_use]
pub fn mm1_quantile(q: f64, load: f64) -> f64 {
    exponential_quantile(q, 1.0 / (1.0 - load))
}

/// Number of messages of M/M/1 that tell as much of the quantile `q` of the response time as one
/// independent sample does: `1 + 4ρ/(1 − ρ)² · (1 + p ln p/(1 − p))` with `p = 1 − q`.
///
/// It is the asymptotic variance of the share of messages beyond the quantile over that of
/// independent ones. With `f = 1{T > x} − p` and `g` the solution of the Poisson equation
/// `g − Pg = f` of the chain of response times `T' = (T − A)⁺ + S`, it is
/// `2E[fg]/E[f²] − 1` (Meyn and Tweedie, section 17.4); `Pg' = λμ∫ᵗ f(u) e^{−(μ − λ)(u − t)} du`
/// from `t` on, which is elementary.
#[must_use]
pub fn mm1_dependence(q: f64, load: f64) -> f64 {
    let p = 1.0 - q;
    1.0 + 4.0 * load / (1.0 - load).powi(2) * (1.0 + p * p.ln() / (1.0 - p))
}

/// Share of intervals of 95 % that hold the truth, if they take samples for independent, where so
/// many of them tell as much as one that is: `2Φ(z/√d) − 1`.
///
/// # Panics
/// Never: the standard normal distribution is one.
#[must_use]
pub fn coverage_as_if_independent(dependence: f64) -> f64 {
    let normal = Normal::new(0.0, 1.0).expect("a deviation of 1 is positive");
    let z = normal.inverse_cdf(0.975);
    2.0 * normal.cdf(z / dependence.sqrt()) - 1.0
}

/// Mean response time of M/D/1 in service times: `1 + ρ/2(1 − ρ)`.
#[must_use]
pub fn md1_mean(load: f64) -> f64 {
    1.0 + load / (2.0 * (1.0 - load))
}

/// A quantile of the response time of M/D/1 in service times.
#[must_use]
pub fn md1_quantile(q: f64, load: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1_000.0);
    while high - low > 1e-9 {
        let middle = f64::midpoint(low, high);
        if md1_wait(middle, load) < q {
            low = middle;
        } else {
            high = middle;
        }
    }
    1.0 + high
}

/// `P(W ≤ x)` of M/D/1, x in service times.
///
/// Erlang's formula, `(1 − ρ) Σ (−λ(x − k))^k/k! · e^{λ(x − k)}`, cancels beyond the precision of
/// a double; Franx's form of it (2001) has positive terms alone.
fn md1_wait(x: f64, load: f64) -> f64 {
    let k = x.floor() as usize + 1;
    let rest = load * (k as f64 - x);
    let queued = md1_queued_at_most(k, load);
    let mut power = 1.0;
    let mut sum = 0.0;
    for j in 0..k {
        sum += queued[k - 1 - j] * power;
        power *= rest / (j + 1) as f64;
    }
    sum * (-rest).exp()
}

/// The probabilities that at most 0, 1, … `count − 1` messages wait, not counting the one that is
/// served, by the balance of the embedded chain across each level.
fn md1_queued_at_most(count: usize, load: f64) -> Vec<f64> {
    // Arrivals during one service are Poisson: exactly none, and more than j.
    let none = (-load).exp();
    let mut more_than = vec![0.0; count + 2];
    let mut probability = none;
    let mut terms = Vec::with_capacity(count + 60);
    for j in 0..count + 60 {
        terms.push(probability);
        probability *= load / (j + 1) as f64;
    }
    let mut tail: f64 = 0.0;
    for j in (0..terms.len() - 1).rev() {
        tail += terms[j + 1];
        if let Some(more) = more_than.get_mut(j) {
            *more = tail;
        }
    }
    let mut present = vec![1.0 - load];
    for n in 0..count {
        let up: f64 = (1..=n).map(|i| present[i] * more_than[n + 1 - i]).sum();
        present.push((present[0] * more_than[n] + up) / none);
    }
    let mut sum = present[0];
    let at_most = |probability: &f64| {
        sum += probability;
        sum
    };
    present[1..].iter().map(at_most).collect()
}

/// `σ` of D/M/1, the root below 1 of `σ = e^{−(1 − σ)/ρ}`: its response time is exponential with
/// the mean `1/(1 − σ)` service times.
#[must_use]
pub fn dm1_sigma(load: f64) -> f64 {
    let mut sigma = 0.0;
    for _ in 0..10_000 {
        sigma = (-(1.0 - sigma) / load).exp();
    }
    sigma
}

/// Throughput and mean response time of a closed loop of `customers` at one exponential server of
/// mean `service`, each of which thinks for `think` in between: exact mean value analysis.
#[must_use]
pub fn closed_loop(customers: u32, service: f64, think: f64) -> (f64, f64) {
    let (mut queue, mut rate, mut response) = (0.0, 0.0, 0.0);
    for n in 1..=customers {
        response = service * (1.0 + queue);
        rate = f64::from(n) / (response + think);
        queue = rate * response;
    }
    (rate, response)
}

/// The greatest load at which a quantile of the response time, in service times, is at most
/// `limit`; `quantile` rises with the load.
#[must_use]
pub fn greatest_load(limit: f64, quantile: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if quantile(middle) <= limit {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 5e-4, "{found} {expected}");
    }

    /// Against values computed with fifty digits.
    #[test]
    fn m_d_1_is_that_of_the_tables() {
        for (load, mean, quantiles) in [
            (0.5, 1.5, [1.0, 2.516, 4.336, 6.168]),
            (0.7, 2.1667, [1.730, 4.077, 7.486, 10.894]),
            (0.8, 3.0, [2.276, 6.012, 11.356, 16.700]),
            (0.9, 5.5, [4.013, 11.783, 22.898, 34.014]),
        ] {
            assert_near(md1_mean(load), mean);
            for (q, expected) in [0.5, 0.9, 0.99, 0.999].into_iter().zip(quantiles) {
                assert_near(md1_quantile(q, load), expected);
            }
        }
    }

    #[test]
    fn the_other_queues_are_those_of_the_tables() {
        for (load, p50, p99, p999) in [(0.5, 1.386, 9.210, 13.816), (0.9, 6.931, 46.052, 69.078)] {
            assert_near(mm1_quantile(0.5, load), p50);
            assert_near(mm1_quantile(0.99, load), p99);
            assert_near(mm1_quantile(0.999, load), p999);
        }
        for (load, mean, p99) in [(0.5, 1.255, 5.780), (0.8, 2.693, 12.401)] {
            let found = 1.0 / (1.0 - dm1_sigma(load));
            assert_near(found, mean);
            assert_near(exponential_quantile(0.99, found), p99);
        }
    }

    /// Against the variance over batches of six million steps of the chain, which is known to 4 %
    /// at a load of one half, and to 10 % at 0.8.
    #[test]
    fn dependence_in_a_queue_is_that_of_its_chain() {
        for (q, load, found, error) in [
            (0.99, 0.5, 8.28, 0.34),
            (0.9, 0.5, 7.18, 0.29),
            (0.5, 0.5, 3.486, 0.14),
            (0.9, 0.8, 59.9, 6.0),
        ] {
            assert!((mm1_dependence(q, load) - found).abs() < 2.0 * error);
        }
        assert_near(mm1_dependence(0.99, 0.0), 1.0);
        assert_near(coverage_as_if_independent(1.0), 0.95);
        assert_near(coverage_as_if_independent(4.0), 0.672_9);
    }

    #[test]
    fn stalls_and_closed_loops_are_those_of_the_tables() {
        assert!(stall_quantile(0.9, 100.0, 1_000.0, 0.0) < 1e-9);
        assert_near(stall_quantile(0.99, 100.0, 1_000.0, 0.0), 90.0);
        assert_near(stall_quantile(0.95, 100.0, 1_000.0, 0.5), 75.0);
        assert_near(stall_mean(100.0, 1_000.0, 0.2), 6.25);
        assert_near(stall_closed_share(100.0, 1_000.0, 1.0), 0.00111);
        let (rate, response) = closed_loop(10, 0.001, 0.010);
        assert_near(rate, 785.4);
        assert_near(response, 0.002_732);
        let (rate, response) = closed_loop(10, 0.001, 0.0);
        assert_near(rate, 1_000.0);
        assert_near(response, 0.010);
    }

    #[test]
    fn rates_under_an_objective_are_those_of_the_tables() {
        for (limit, load) in [(5.0, 0.5608), (10.0, 0.7735), (25.0, 0.9084)] {
            assert_near(greatest_load(limit, |load| md1_quantile(0.99, load)), load);
        }
        for (limit, rate) in [(5.0, 395.0), (10.0, 2_697.0), (25.0, 4_079.0)] {
            let load = greatest_load(limit, |load| mm1_quantile(0.99, load));
            assert!((load * 5_000.0 - rate).abs() < 1.0, "{load}");
        }
    }
}
