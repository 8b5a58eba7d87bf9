//! Every quantity by value, every error by its words.

use proptest::prelude::*;

use super::*;

fn count(text: &str) -> Result<u64, QuantityError> {
    COUNTS.parse(text)
}

#[test]
fn counts_are_decimal() {
    assert_eq!(count("64"), Ok(64));
    assert_eq!(count("10k"), Ok(10_000));
    assert_eq!(count("10K"), Ok(10_000));
    assert_eq!(count("1.5m"), Ok(1_500_000));
    assert_eq!(count("0.001k"), Ok(1));
    assert_eq!(count(" 7 "), Ok(7));
    assert_eq!(count("18446744073709551615"), Ok(u64::MAX));
}

#[test]
fn what_is_no_count_is_named() {
    let message = |text| count(text).unwrap_err().to_string();
    assert_eq!(message(""), "nothing was given; write it like 10k");
    assert_eq!(message("many"), "'many' is not a number; write it like 10k");
    assert_eq!(message("-5"), "'-5' is not a number; write it like 10k");
    assert_eq!(
        message("1.2.3"),
        "'1.2.3' is not a number; write it like 10k"
    );
    assert_eq!(
        message("5x"),
        "'x' is no unit here: use k (thousand), m (million) or g (billion), like 10k"
    );
    assert_eq!(
        message("1.5"),
        "'1.5' is not a whole number; write it like 10k"
    );
    assert_eq!(
        message("18446744073709551616"),
        "'18446744073709551616' is too much: the limit is 18446744073709551615"
    );
    let endless = format!("0.{}k", "1".repeat(60));
    assert!(matches!(
        count(&endless),
        Err(QuantityError::TooLarge { .. })
    ));
    assert_eq!(positive("0"), Err(QuantityError::Zero { example: "10k" }));
    assert!(matches!(
        positive_u32("5g"),
        Err(QuantityError::TooLarge { .. })
    ));
}

#[test]
fn spans_carry_their_unit() {
    assert_eq!(span("500ms"), Ok(Nanos::from_millis(500)));
    assert_eq!(span("2s"), Ok(Nanos::from_secs(2)));
    assert_eq!(span("1.5s"), Ok(Nanos::from_millis(1_500)));
    assert_eq!(span("250us"), Ok(Nanos::from_micros(250)));
    assert_eq!(span("250µs"), Ok(Nanos::from_micros(250)));
    assert_eq!(span("1m30s"), Ok(Nanos::from_secs(90)));
    assert_eq!(span("1h"), Ok(Nanos::from_secs(3_600)));
    assert_eq!(span("0"), Ok(Nanos::ZERO));
    assert_eq!(span("0s"), Ok(Nanos::ZERO));
}

#[test]
fn a_span_without_a_unit_is_refused() {
    assert_eq!(
        span("10").unwrap_err().to_string(),
        "'10' has no unit: write 10s, 10ms or 10m"
    );
    assert!(matches!(span("1m30"), Err(QuantityError::NoUnit { .. })));
    assert!(matches!(
        span("10x"),
        Err(QuantityError::UnknownUnit { .. })
    ));
    assert!(matches!(span("s"), Err(QuantityError::NotANumber { .. })));
    assert!(matches!(span("0.5ns"), Err(QuantityError::NotWhole { .. })));
    assert!(matches!(
        positive_span("0s"),
        Err(QuantityError::Zero { .. })
    ));
}

#[test]
fn sizes_are_binary_and_limited() {
    assert_eq!(message_size("0"), Ok(0));
    assert_eq!(message_size("4k"), Ok(4_096));
    assert_eq!(message_size("4KiB"), Ok(4_096));
    assert_eq!(message_size("64m"), Ok(64 << 20));
    assert_eq!(
        message_size("65m").unwrap_err().to_string(),
        "'65m' is too much: the limit is 64m (64 MiB)"
    );
    assert!(matches!(
        message_size("9g"),
        Err(QuantityError::TooLarge { .. })
    ));
}

#[test]
fn sizes_may_be_a_range() {
    let range = |min, max| Ok(SizeRange { min, max });
    assert_eq!(size_range("30"), range(30, 30));
    assert_eq!(size_range("64..4k"), range(64, 4_096));
    assert_eq!(size_range("0..0"), range(0, 0));
    assert!(matches!(
        size_range("4k..64"),
        Err(QuantityError::Reversed { .. })
    ));
    assert!(matches!(
        size_range("64.."),
        Err(QuantityError::Empty { .. })
    ));
    assert!(matches!(
        size_range("1..2..3"),
        Err(QuantityError::NotANumber { .. })
    ));
}

#[test]
fn spans_may_be_a_range() {
    let range = |least, most| {
        let (least, most) = (Nanos::from_millis(least), Nanos::from_millis(most));
        Ok(SpanRange { least, most })
    };
    assert_eq!(span_range("10ms"), range(10, 10));
    assert_eq!(span_range("0..2s"), range(0, 2_000));
    assert_eq!(span_range("1s500ms..2s"), range(1_500, 2_000));
    assert!(matches!(
        span_range("2s..1s"),
        Err(QuantityError::Reversed { .. })
    ));
    assert!(matches!(
        span_range("1..2s"),
        Err(QuantityError::NoUnit { .. })
    ));
    assert!(span_range("..2s").is_err() && span_range("1s..").is_err());
}

#[test]
fn rates_are_per_second() {
    assert_eq!(rate_per_s("1k/s"), Ok(1_000.0));
    assert_eq!(rate_per_s("1000"), Ok(1_000.0));
    assert_eq!(rate_per_s("10/ms"), Ok(10_000.0));
    assert_eq!(rate_per_s("600/m"), Ok(10.0));
    assert_eq!(rate_per_s("0.5/s"), Ok(0.5));
    assert_eq!(
        rate_per_s("0/s"),
        Err(QuantityError::Zero { example: "1k/s" })
    );
    assert!(matches!(
        rate_per_s("5/day"),
        Err(QuantityError::UnknownUnit { .. })
    ));
    assert!(rate_per_s("/s").is_err());
}

#[test]
fn cores_are_sorted_and_unique() {
    assert_eq!(cpu_list("2-3"), Ok(CpuList(vec![2, 3])));
    assert_eq!(cpu_list("5,0,2-3,3"), Ok(CpuList(vec![0, 2, 3, 5])));
    assert!(matches!(
        cpu_list("3-2"),
        Err(QuantityError::Reversed { .. })
    ));
    assert!(matches!(
        cpu_list(""),
        Err(QuantityError::NotANumber { .. })
    ));
    assert!(matches!(
        cpu_list("0-"),
        Err(QuantityError::NotANumber { .. })
    ));
    assert!(matches!(
        cpu_list("0-99999999999"),
        Err(QuantityError::TooLarge { .. })
    ));
}

#[test]
fn threads_are_auto_or_a_number() {
    assert_eq!(threads("auto"), Ok(Threads::Auto));
    assert_eq!(threads("3"), Ok(Threads::Exactly(3)));
    assert!(threads("0").is_err());
    assert!(threads("all").is_err());
}

proptest! {
    /// Any text at all is answered, without a panic.
    #[test]
    fn nothing_panics(text in "\\PC*") {
        let _ = (count(&text), span(&text), size_range(&text), rate_per_s(&text));
        let _ = (cpu_list(&text), threads(&text), span_range(&text));
    }

    /// The same, for texts near the real ones.
    #[test]
    fn nothing_panics_nearby(text in "[0-9.kmgsunb/µ,-]{0,40}") {
        let _ = (count(&text), span(&text), size_range(&text), rate_per_s(&text));
        let _ = (cpu_list(&text), threads(&text));
    }

    #[test]
    fn a_span_means_the_same_in_every_unit(millis in 0u64..1_000_000_000) {
        let expected = Nanos::from_millis(millis);
        prop_assert_eq!(span(&format!("{millis}ms")), Ok(expected));
        prop_assert_eq!(span(&format!("{millis}000us")), Ok(expected));
        let (secs, rest) = (millis / 1_000, millis % 1_000);
        prop_assert_eq!(span(&format!("{secs}.{rest:03}s")), Ok(expected));
        prop_assert_eq!(span(&format!("{secs}s{rest}ms")), Ok(expected));
    }

    #[test]
    fn a_core_list_reads_back(cpus in proptest::collection::btree_set(0usize..512, 1..20)) {
        let list = CpuList(cpus.into_iter().collect());
        prop_assert_eq!(cpu_list(&list.to_string()), Ok(list));
    }
}

#[test]
fn a_length_without_a_unit_is_in_seconds() {
    assert_eq!(length("10"), Ok(Nanos::from_secs(10)));
    assert_eq!(length(" 0.5 "), Ok(Nanos::from_millis(500)));
    assert_eq!(length("1m30s"), Ok(Nanos::from_secs(90)));
    for text in ["", "0", "0.0", ".", "1.2.3", "-1", "10 parsec"] {
        assert!(length(text).is_err(), "{text}");
    }
    assert!(
        positive_span("10").is_err(),
        "elsewhere the unit is written"
    );
}

#[test]
fn rates_and_sizes_are_taken_as_other_tools_write_them() {
    assert_eq!(rate_per_s("50/1s"), Ok(50.0));
    assert_eq!(rate_per_s("100/10s"), Ok(10.0));
    assert_eq!(rate_per_s("1000rps"), Ok(1_000.0));
    assert!(rate_per_s("5/0s").is_err());
    assert_eq!(message_size("4kb"), Ok(4_096));
    assert_eq!(message_size("1MB"), Ok(1 << 20));
}
