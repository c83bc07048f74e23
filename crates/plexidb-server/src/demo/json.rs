//! What came out, as JSON for programs. Keys carry their units.

use plexidb_workloads::chat::Kind;
use serde_json::{Value, json};

use super::check::Verdict;
use super::latency::Latencies;
use super::load::Side;
use super::report::Outcome;

/// The outcome as one JSON document.
pub(super) fn render(outcome: &Outcome) -> String {
    let load = &outcome.load;
    let operations: Vec<Value> = Kind::ALL.iter().map(|kind| operation(outcome, *kind)).collect();
    let document = json!({
        "plexidb_version": env!("CARGO_PKG_VERSION"),
        "database": { "kind": outcome.dialect.name(), "version": outcome.server_version },
        "seed": load.seed,
        "users": load.scale.users,
        "channels": load.scale.channels,
        "messages": load.scale.messages,
        "reads_percent": load.mix.reads_percent(),
        "workers": load.workers,
        "seconds": load.duration.as_secs_f64(),
        "generated_in_seconds": outcome.generated_in.map(|took| took.as_secs_f64()),
        "direct": side(&outcome.direct),
        "plexidb": side(&outcome.layer),
        "gain": outcome.gain(),
        "database_seconds_saved": outcome.database_time_saved_s(),
        "cache": {
            "bytes": outcome.cache.bytes,
            "bytes_max": outcome.cache.bytes_max,
            "entries": outcome.cache.entries,
            "evictions": outcome.cache.evictions,
        },
        "operations": operations,
        "check": check(&outcome.verdict),
    });
    format!("{document:#}")
}

fn side(side: &Side) -> Value {
    let tally = &side.tally;
    let mut value = latencies(&tally.latencies());
    value["operations_per_second"] = side.operations_per_second().into();
    value["reads"] = tally.reads().into();
    value["hits"] = tally.hits().into();
    value["hit_ratio"] = tally.hit_ratio().into();
    value["retries"] = tally.retries.into();
    value
}

fn operation(outcome: &Outcome, kind: Kind) -> Value {
    let layer = outcome.layer.tally.kind(kind);
    let mut plexidb = latencies(&layer.latencies);
    plexidb["hits"] = layer.hits.into();
    json!({
        "name": kind.name(),
        "is_read": kind.is_read(),
        "direct": latencies(&outcome.direct.tally.kind(kind).latencies),
        "plexidb": plexidb,
    })
}

fn latencies(latencies: &Latencies) -> Value {
    json!({
        "count": latencies.count(),
        "mean_ns": latencies.mean().as_nanos() as u64,
        "p50_ns": latencies.percentile(50.0).as_nanos() as u64,
        "p99_ns": latencies.percentile(99.0).as_nanos() as u64,
    })
}

fn check(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Equal(compared) => json!({
            "is_equal": true,
            "reads": compared.reads,
            "reads_from_cache": compared.from_cache,
            "writes": compared.writes,
        }),
        Verdict::Differs(difference) => json!({
            "is_equal": false,
            "operation": difference.operation,
            "sql": difference.sql,
            "params": difference.params,
            "plexidb": difference.layer,
            "direct": difference.direct,
        }),
    }
}
