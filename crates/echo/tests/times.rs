//! Times kept on purpose, seen by a client. Lower bounds and counts alone: how late something may
//! be is the machine's affair.
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in what it calls as well"
)]

mod running;

use std::time::{Duration, Instant};

use running::{Client, Running, round_trip};
use tungstenite::Message;
use wsbench_echo::{Calibration, TimeDistribution, TokenBucket};

const MS: Duration = Duration::from_millis(1);

fn with(change: impl Fn(&mut Calibration)) -> Running {
    Running::start(|config| change(&mut config.calibration))
}

fn message(i: usize) -> Message {
    Message::text(format!("message {i}"))
}

/// Messages on all clients in turn, then all answers.
fn exchange(clients: &mut [Client], messages: usize) {
    for i in 0..messages {
        let at = i % clients.len();
        clients[at].send(message(i)).unwrap();
    }
    for i in 0..messages {
        let at = i % clients.len();
        assert_eq!(clients[at].read().unwrap(), message(i));
    }
}

#[test]
fn a_service_is_a_single_queue_for_all_connections() {
    let server = with(|order| order.service = TimeDistribution::Constant(MS));
    let mut clients: Vec<Client> = (0..4).map(|_| server.client()).collect();
    let start = Instant::now();
    exchange(&mut clients, 200);
    assert!(start.elapsed() >= 200 * MS, "{:?}", start.elapsed());
    clients[0].close(None).unwrap();
    assert!(clients[0].read().unwrap().is_close());
}

#[test]
fn what_overtakes_keeps_its_bytes_and_its_delay() {
    let server = with(|order| order.delay = TimeDistribution::Exponential(10 * MS));
    let order = Calibration {
        delay: TimeDistribution::Exponential(10 * MS),
        ..Calibration::default()
    };
    let delays: Vec<Duration> = order.delays(0).take(200).collect();
    let mut client = server.client();
    let start = Instant::now();
    for i in 0..200 {
        client.send(message(i)).unwrap();
    }
    let mut overtaken = 0;
    let mut missing = [true; 200];
    for at in 0..200 {
        let answer = client.read().unwrap();
        let i = missing
            .iter()
            .zip(0..)
            .position(|(&missing, i)| missing && answer == message(i));
        let i = i.unwrap();
        assert!(start.elapsed() >= delays[i], "{i} after its delay");
        missing[i] = false;
        overtaken += usize::from(i != at);
    }
    assert!(overtaken > 50, "random delays overtake: {overtaken}");
    client.close(None).unwrap();
    assert!(client.read().unwrap().is_close(), "behind all answers");
}

#[test]
fn a_shaper_spaces_and_a_policer_does_not_answer() {
    let bucket = |drops| TokenBucket {
        interval: 2 * MS,
        burst: 10,
        drops,
    };
    let shaped = with(|order| order.bucket = Some(bucket(false)));
    let start = Instant::now();
    exchange(&mut [shaped.client()], 60);
    assert!(start.elapsed() >= 50 * 2 * MS, "{:?}", start.elapsed());

    let policed = Running::start(|config| {
        let interval = Duration::from_secs(3_600);
        config.calibration.bucket = Some(TokenBucket {
            interval,
            ..bucket(true)
        });
    });
    let mut client = policed.client();
    for i in 0..60 {
        client.send(message(i)).unwrap();
    }
    client.close(None).unwrap();
    let answers = std::iter::from_fn(|| Some(client.read().unwrap()));
    let answers = answers.take_while(|answer| !answer.is_close()).count();
    assert_eq!(answers, 10, "the burst, and no token in this hour");
    assert_eq!(policed.stop().messages, 60);
}

#[test]
fn connections_are_accepted_one_each_time() {
    let server = with(|order| order.accept_delay = 10 * MS);
    let start = Instant::now();
    let mut clients: Vec<Client> = (0..11).map(|_| server.client()).collect();
    assert!(start.elapsed() >= 100 * MS, "{:?}", start.elapsed());
    exchange(&mut clients, 22);
}

#[test]
fn header_and_payload_apart_are_still_the_answer() {
    let server = with(|order| order.two_writes = true);
    let mut client = server.client();
    for len in [0, 1, 125, 126, 70_000] {
        let message = Message::binary(vec![7; len]);
        assert_eq!(round_trip(&mut client, message.clone()), message);
    }
}

#[test]
fn every_message_leaves_its_time() {
    let server = with(|order| order.arrivals = true);
    let mut clients: Vec<Client> = (0..3).map(|_| server.client()).collect();
    for round in 0..5 {
        exchange(&mut clients, 10 + round);
        std::thread::sleep(2 * MS);
    }
    let served = server.served();
    assert_eq!(served.stats.messages, 60);
    assert_eq!(served.arrivals.len(), 60);
    assert!(served.arrivals.is_sorted());
    let span = served.arrivals[59] - served.arrivals[0];
    assert!(span >= 4 * 2 * MS, "{span:?}");
}

#[test]
fn memory_and_work_do_not_change_the_answers() {
    let server = with(|order| {
        order.touch = 64 << 10;
        order.burn = Duration::from_micros(200);
    });
    let mut clients: Vec<Client> = (0..8).map(|_| server.client()).collect();
    let start = Instant::now();
    exchange(&mut clients, 100);
    assert!(start.elapsed() >= 20 * MS, "{:?}", start.elapsed());
}
