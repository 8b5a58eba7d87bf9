//! The table of series as ground: whatever row it has is added up, emptied, stored, described and
//! read again.

mod runs;

use serde_json::Value;
use wsbench_load::nanos::Nanos;
use wsbench_load::result::RunResult;
use wsbench_load::series::{Home, Series, Shown};
use wsbench_load::tally::Tally;
use wsbench_record::document::{Record, schema};
use wsbench_setting::Paths;

/// Books with a number of spans in each series that is its own.
fn full() -> Tally {
    let mut tally = Tally {
        pings_sent: 100,
        ..Tally::default()
    };
    for series in Series::ALL {
        tally.times[series].record_n(Nanos::from_micros(5), own(series));
    }
    tally
}

fn own(series: Series) -> u64 {
    3 + series as u64
}

#[test]
fn every_series_is_added_up_and_emptied() {
    let mut tally = full();
    tally.merge(&full());
    for series in Series::ALL {
        assert_eq!(tally.at(series).count(), 2 * own(series), "{series:?}");
    }
    tally.clear();
    for series in Series::ALL {
        assert!(tally.at(series).is_empty(), "{series:?}");
    }
}

#[test]
fn every_series_is_stored_at_its_place_and_read_again() {
    let result = RunResult {
        tally: full(),
        ..RunResult::default()
    };
    let record = Record::of(&result, &runs::plan(), &runs::context(), &Paths);
    let stored = serde_json::to_value(&record).unwrap();
    let again: Record = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(again, record);
    for series in Series::ALL {
        let head = Series::ALL.into_iter();
        let mut head = head.filter(|head| head.info().tail == Some(series));
        let (path, count) = match head.next() {
            Some(head) => (head.path(), "censored"),
            None => (series.path(), "count"),
        };
        let pointer = format!("/{}/{count}", path.replace('.', "/"));
        let found = stored.pointer(&pointer).and_then(Value::as_u64);
        assert_eq!(found, Some(own(series)), "{pointer}");
        if count == "count" {
            assert_eq!(again.at(series).count, own(series), "{series:?}");
        }
    }
}

#[test]
fn a_series_without_samples_is_left_out_unless_it_is_always_told_of() {
    let result = RunResult {
        tally: Tally {
            pings_sent: 1,
            ..Tally::default()
        },
        ..RunResult::default()
    };
    let record = Record::of(&result, &runs::plan(), &runs::context(), &Paths);
    let stored = serde_json::to_value(&record).unwrap();
    for series in Series::ALL {
        let pointer = format!("/{}", series.path().replace('.', "/"));
        let is_always = matches!(series.info().shown, Shown::Always | Shown::AlwaysByNow);
        assert_eq!(stored.pointer(&pointer).is_some(), is_always, "{pointer}");
        assert!(record.known(series).is_none(), "{series:?}");
    }
}

#[test]
fn a_record_without_what_is_always_told_of_is_refused() {
    let record = Record::of(&runs::healthy().0, &runs::plan(), &runs::context(), &Paths);
    let stored = serde_json::to_value(&record).unwrap();
    let needed = Series::ALL.into_iter().filter(|series| {
        let info = series.info();
        info.shown == Shown::Always && info.home == Home::Document
    });
    for series in needed {
        let mut lacking = stored.clone();
        let members = lacking.as_object_mut().unwrap();
        members.remove(series.info().key).expect("it was there");
        let refused = serde_json::from_value::<Record>(lacking).unwrap_err();
        assert!(refused.to_string().contains(series.info().key), "{refused}");
    }
}

#[test]
fn every_series_is_in_the_schema_with_its_meaning() {
    let schema = schema();
    let described = |place: &str, key: &str| {
        let member = schema.pointer(place).and_then(|members| members.get(key));
        member.and_then(|member| member["description"].as_str())
    };
    for series in Series::ALL {
        let info = series.info();
        let place = match info.home {
            _ if info.shown == Shown::AsTail => continue,
            Home::Document => "/properties",
            Home::Opening => "/$defs/Handshake/properties",
            Home::Pings => "/$defs/Pings/properties",
        };
        let meaning = info.meaning();
        assert_eq!(described(place, info.key), Some(&*meaning), "{series:?}");
    }
    for series in Series::IN_INTERVALS {
        let key = series.info().key;
        assert!(
            described("/$defs/Interval/properties", key).is_some(),
            "{key}"
        );
    }
    for series in Series::IN_SLICES {
        let key = series.info().packed_key;
        assert!(described("/$defs/Slice/properties", key).is_some(), "{key}");
    }
}
