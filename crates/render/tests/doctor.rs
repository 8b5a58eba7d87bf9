//! An examination of a machine as text.

#[path = "../../cli/src/spelling/flags.rs"]
mod flags;

use flags::Flags;
use wsbench_judge::doctor::examine;
use wsbench_record::doctor::Asked;
use wsbench_record::document::Host;
use wsbench_render::doctor::render;
use wsbench_render::style::Style;

fn asked(connections: u32) -> Asked {
    Asked {
        connections,
        descriptors: u64::from(connections) + 36,
        opened: connections.into(),
        on_this_machine: true,
        ..Asked::default()
    }
}

/// A machine without fault.
fn sound() -> Host {
    Host {
        cpus: Some(8),
        descriptors: Some(20_000),
        first_port: Some(32_768),
        last_port: Some(60_999),
        somaxconn: Some(4_096),
        max_syn_backlog: Some(2_048),
        tcp_tw_reuse: Some(1),
        clock_source: Some("tsc".to_owned()),
        governors: vec!["performance".to_owned()],
        turbo: Some(false),
        smt: Some(false),
        hypervisor: Some(false),
        load_1m: Some(0.2),
        memory_available_bytes: Some(8 << 30),
        swap_used_bytes: Some(0),
        ..Host::default()
    }
}

#[test]
fn the_text_says_what_to_do_and_what_it_comes_to() {
    let host = Host {
        descriptors: Some(50),
        ..sound()
    };
    let text = render(
        &examine(host, asked(64), None, None, &Flags),
        Style::default(),
    );
    let first: Vec<&str> = text.lines().take(4).collect();
    assert_eq!(
        first,
        [
            "error    descriptors        64 connections need 100 file descriptors, and this",
            "                            process may open 50",
            "                            every connection takes one",
            "                            fix: ulimit -Hn 100 && ulimit -n 100 as root and wsbench \
             from the same shell, or fewer connections (-c)",
        ]
    );
    assert!(text.ends_with("1 error, 0 warnings: a run of 64 connections would fail here\n"));
    let sound = render(
        &examine(sound(), asked(1), None, None, &Flags),
        Style::default(),
    );
    assert!(
        sound.ends_with("\nnothing here would spoil a run of 1 connection\n"),
        "{sound}"
    );
}
