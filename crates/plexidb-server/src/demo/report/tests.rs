//! The report of a small, made-up outcome.

use std::time::Duration;

use plexidb::{CacheStats, Dialect};
use plexidb_workloads::chat::{Kind, Mix, Scale};

use super::{Load, Outcome, Side, render};
use crate::demo::check::{Compared, Verdict};
use crate::demo::json;
use crate::demo::tally::Tally;
use crate::terminal::Terminal;

const PLAIN: Terminal = Terminal {
    is_live: false,
    has_colour: false,
};

fn side(read: Duration, hit: Option<Duration>) -> Side {
    let mut tally = Tally::new();
    for _ in 0..90 {
        tally.record(Kind::Profile, hit.unwrap_or(read), hit.is_some());
    }
    for _ in 0..10 {
        tally.record(Kind::Profile, read, false);
        tally.record(Kind::Heartbeat, Duration::from_micros(200), false);
    }
    Side {
        tally,
        took: Duration::from_secs(1),
    }
}

fn outcome() -> Outcome {
    let load = Load {
        seed: 1,
        mix: Mix::new(90).unwrap(),
        scale: Scale::small(),
        workers: 4,
        duration: Duration::from_secs(1),
    };
    Outcome {
        dialect: Dialect::Sqlite,
        server_version: "3.50.0".into(),
        load,
        generated_in: None,
        direct: side(Duration::from_micros(50), None),
        layer: side(Duration::from_micros(50), Some(Duration::from_nanos(250))),
        cache: CacheStats {
            entries: 12,
            bytes: 3 << 10,
            ..CacheStats::default()
        },
        verdict: Verdict::Equal(Compared {
            reads: 4_950,
            from_cache: 4_000,
            writes: 50,
        }),
    }
}

#[test]
fn the_report_says_what_was_measured() {
    insta::assert_snapshot!(render(&outcome(), PLAIN));
}

#[test]
fn the_time_that_was_saved_is_that_of_the_hits_alone() {
    // 90 hits of 250 ns each, where a direct read takes 50 µs.
    let expected = 90.0 * (50e-6 - 250e-9);
    assert!((outcome().database_time_saved_s() - expected).abs() < 1e-7);
}

#[test]
fn json_has_the_same_figures() {
    let document: serde_json::Value = serde_json::from_str(&json::render(&outcome())).unwrap();
    assert_eq!(document["operations"][1]["name"], "profile");
    assert_eq!(document["operations"][1]["plexidb"]["hits"], 90);
    assert_eq!(document["plexidb"]["hit_ratio"], 0.9);
    assert_eq!(document["direct"]["count"], 110);
    assert_eq!(document["check"]["is_equal"], true);
}

#[test]
fn colour_only_where_it_is_allowed() {
    let colours = Terminal {
        is_live: false,
        has_colour: true,
    };
    assert!(!render(&outcome(), PLAIN).contains('\x1b'));
    assert!(render(&outcome(), colours).contains("\x1b[32mall equal"));
}
