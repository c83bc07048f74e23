//! The differential suite: generated schemas, reads and writes; every read through the layer must equal the same read past
//! it, byte for byte, on all three databases. A failing case is made small and printed as a script.
//!
//! `PLEXIDB_TEST_SEED` runs one case alone; `PLEXIDB_TEST_FULL` runs many, with seeds that differ each time.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use plexidb::{Config, DatabaseConfig, Dialect, KeyLearning, Manager};

use crate::databases::{TestDatabase, on_each_database};

mod case;
mod random;
mod reads;
mod run;
mod schema;
mod shrink;
mod tpch;
mod writes;

use case::{Case, Step};
use random::Random;
use reads::Reads;
use run::{Counts, Difference, Layer, Run};
use schema::Schema;
use writes::Writes;

on_each_database! {
    cached_reads_equal_direct_ones
}

const CASES: u64 = 20;
const READS: usize = 24;
const STEPS: usize = 12;

fn generate(seed: u64, dialect: Dialect) -> Case {
    let mut random = Random::new(seed);
    let schema = Schema::generate(&mut random, dialect);
    let reads = (0..READS)
        .map(|_| Reads::new(&mut random, &schema).generate())
        .collect();
    let mut writes = Writes::new(&mut random, &schema);
    let steps = (0..STEPS).map(|_| writes.step()).collect();
    Case {
        seed,
        dialect,
        setup: schema.setup,
        reads,
        steps,
    }
}

fn fresh(dialect: Dialect) -> TestDatabase {
    match dialect {
        Dialect::Sqlite => TestDatabase::sqlite(),
        Dialect::Postgres => TestDatabase::postgres(),
        Dialect::MySql => TestDatabase::mariadb(),
    }
}

/// Each seed has a way in which writes learn their keys.
async fn connect(database: &TestDatabase, seed: u64) -> Manager {
    let key_learning = [
        KeyLearning::OneTrip,
        KeyLearning::TwoTrips,
        KeyLearning::Auto,
        KeyLearning::Never,
    ][(seed % 4) as usize];
    let config = Config::builder().database(DatabaseConfig {
        key_learning,
        ..DatabaseConfig::from_url("test", database.url.as_str())
    });
    Manager::from_config(config.build().unwrap()).await.unwrap()
}

async fn run_case(case: &Case, layer: Layer) -> (Counts, Result<(), Difference>) {
    let database = fresh(case.dialect);
    let db = connect(&database, case.seed).await;
    let mut run = Run {
        db: &db,
        layer,
        counts: Counts::default(),
    };
    let outcome = run.case(case).await;
    let counts = run.counts;
    db.close().await;
    (counts, outcome)
}

/// Makes the case small and fails with it.
async fn report(case: Case, difference: Difference) -> String {
    let small = shrink::shrink(case, async |case| {
        run_case(&case, Layer::Product).await.1.is_err()
    })
    .await;
    let difference = run_case(&small, Layer::Product)
        .await
        .1
        .err()
        .unwrap_or(difference);
    format!(
        "a cached read differs from the direct one\n\n{}\nread: {}\nafter: {}\nlayer: {}\ndirect: {}",
        small.script(),
        difference.read,
        difference.after,
        difference.layer,
        difference.direct
    )
}

async fn cached_reads_equal_direct_ones(database: TestDatabase) {
    let dialect = database.connect().await.databases()[0].dialect();
    let is_full = std::env::var_os("PLEXIDB_TEST_FULL").is_some();
    let seed = std::env::var("PLEXIDB_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse::<u64>().ok());
    let first = match seed {
        Some(seed) => seed,
        None if is_full => SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() * 10_000,
        None => 1,
    };
    let minutes = std::env::var("PLEXIDB_TEST_MINUTES")
        .ok()
        .and_then(|minutes| minutes.parse().ok())
        .unwrap_or(10);
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let mut counts = Counts::default();
    let mut cases = 0;
    let mut reports: Vec<String> = Vec::new();
    for seed_of_case in first.. {
        let is_enough = match (seed, is_full) {
            (Some(_), _) => cases == 1,
            (None, true) => Instant::now() > end,
            (None, false) => cases == CASES,
        };
        if is_enough || reports.len() == 5 {
            break;
        }
        cases += 1;
        let case = generate(seed_of_case, dialect);
        let (of_case, outcome) = run_case(&case, Layer::Product).await;
        counts.add(of_case);
        if let Err(difference) = outcome {
            let report = report(case, difference).await;
            println!("{report}");
            reports.push(report);
        }
    }
    println!("{dialect:?}: {cases} cases from seed {first}: {counts:?}");
    assert!(reports.is_empty(), "{} cases failed", reports.len());
    assert!(
        counts.refused * 5 <= counts.statements,
        "most statements must run: {counts:?}"
    );
    assert!(
        counts.hits_after_writes * 5 >= counts.reads,
        "too few hits to prove anything: {counts:?}"
    );
}

/// A cache that forgets to drop entries at a DELETE is found, and the case that shows it is small.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_cache_is_found_and_its_case_made_small() {
    let fails = async |case: Case| {
        run_case(&case, Layer::ForgetsDeletes(HashMap::new()))
            .await
            .1
            .is_err()
    };
    let mut found = None;
    for seed in 1..=20 {
        let case = generate(seed, Dialect::Sqlite);
        if fails(case.clone()).await {
            found = Some(case);
            break;
        }
    }
    let small = shrink::shrink(found.expect("no case shows the fault"), fails).await;
    let script = small.script();
    assert!(fails(small.clone()).await, "{script}");
    assert_eq!(small.reads.len(), 1, "{script}");
    assert_eq!(small.steps.len(), 1, "{script}");
    assert!(small.setup.len() <= 3, "{script}");
    assert!(matches!(
        &small.steps[0],
        Step::Alone(_) | Step::Transaction { .. }
    ));
    assert!(script.contains("DELETE FROM"), "{script}");
}
