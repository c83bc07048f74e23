//! TPC-H: its tables and its 22 queries, cached and direct, amid its refresh functions and updates of single rows.
//!
//! Source of the definitions: TPC Benchmark H, standard specification, revision 3.0.1, chapters 1 and 2. The texts and
//! parameters are our own. All 22 run on all three databases; dates are computed beforehand, since SQLite has no intervals.

use std::collections::HashSet;

use plexidb::{Dialect, Manager};
use tpchgen::distribution::Distributions;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator,
    RegionGenerator, SupplierGenerator,
};
use tpchgen::text::TextPool;

use super::case::{Case, Part, Statement, Step};
use super::run::{Counts, Layer, Run};
use crate::databases::{NONE, TestDatabase, on_each_database};

mod queries;

on_each_database! {
    tpch_queries_equal_direct_ones_amid_refreshes
}

const SCALE: f64 = 0.001;
/// Comments are cut from a text of this size; the standard's 300 MB would take longer than the test.
const TEXT_BYTES: i32 = 1 << 16;

const SCHEMA: &str = "
    CREATE TABLE region (r_regionkey INTEGER PRIMARY KEY, r_name VARCHAR(25) NOT NULL, r_comment VARCHAR(152));
    CREATE TABLE nation (n_nationkey INTEGER PRIMARY KEY, n_name VARCHAR(25) NOT NULL, n_regionkey INTEGER NOT NULL,
        n_comment VARCHAR(152), FOREIGN KEY (n_regionkey) REFERENCES region (r_regionkey));
    CREATE TABLE part (p_partkey INTEGER PRIMARY KEY, p_name VARCHAR(55) NOT NULL, p_mfgr VARCHAR(25) NOT NULL,
        p_brand VARCHAR(10) NOT NULL, p_type VARCHAR(25) NOT NULL, p_size INTEGER NOT NULL,
        p_container VARCHAR(10) NOT NULL, p_retailprice DECIMAL(15, 2) NOT NULL, p_comment VARCHAR(23) NOT NULL);
    CREATE TABLE supplier (s_suppkey INTEGER PRIMARY KEY, s_name VARCHAR(25) NOT NULL, s_address VARCHAR(40) NOT NULL,
        s_nationkey INTEGER NOT NULL, s_phone VARCHAR(15) NOT NULL, s_acctbal DECIMAL(15, 2) NOT NULL,
        s_comment VARCHAR(101) NOT NULL, FOREIGN KEY (s_nationkey) REFERENCES nation (n_nationkey));
    CREATE TABLE partsupp (ps_partkey INTEGER NOT NULL, ps_suppkey INTEGER NOT NULL, ps_availqty INTEGER NOT NULL,
        ps_supplycost DECIMAL(15, 2) NOT NULL, ps_comment VARCHAR(199) NOT NULL, PRIMARY KEY (ps_partkey, ps_suppkey),
        FOREIGN KEY (ps_partkey) REFERENCES part (p_partkey), FOREIGN KEY (ps_suppkey) REFERENCES supplier (s_suppkey));
    CREATE TABLE customer (c_custkey INTEGER PRIMARY KEY, c_name VARCHAR(25) NOT NULL, c_address VARCHAR(40) NOT NULL,
        c_nationkey INTEGER NOT NULL, c_phone VARCHAR(15) NOT NULL, c_acctbal DECIMAL(15, 2) NOT NULL,
        c_mktsegment VARCHAR(10) NOT NULL, c_comment VARCHAR(117) NOT NULL,
        FOREIGN KEY (c_nationkey) REFERENCES nation (n_nationkey));
    CREATE TABLE orders (o_orderkey INTEGER PRIMARY KEY, o_custkey INTEGER NOT NULL, o_orderstatus VARCHAR(1) NOT NULL,
        o_totalprice DECIMAL(15, 2) NOT NULL, o_orderdate DATE NOT NULL, o_orderpriority VARCHAR(15) NOT NULL,
        o_clerk VARCHAR(15) NOT NULL, o_shippriority INTEGER NOT NULL, o_comment VARCHAR(79) NOT NULL,
        FOREIGN KEY (o_custkey) REFERENCES customer (c_custkey));
    CREATE TABLE lineitem (l_orderkey INTEGER NOT NULL, l_partkey INTEGER NOT NULL, l_suppkey INTEGER NOT NULL,
        l_linenumber INTEGER NOT NULL, l_quantity DECIMAL(15, 2) NOT NULL, l_extendedprice DECIMAL(15, 2) NOT NULL,
        l_discount DECIMAL(15, 2) NOT NULL, l_tax DECIMAL(15, 2) NOT NULL, l_returnflag VARCHAR(1) NOT NULL,
        l_linestatus VARCHAR(1) NOT NULL, l_shipdate DATE NOT NULL, l_commitdate DATE NOT NULL,
        l_receiptdate DATE NOT NULL, l_shipinstruct VARCHAR(25) NOT NULL, l_shipmode VARCHAR(10) NOT NULL,
        l_comment VARCHAR(44) NOT NULL, PRIMARY KEY (l_orderkey, l_linenumber),
        FOREIGN KEY (l_orderkey) REFERENCES orders (o_orderkey),
        FOREIGN KEY (l_partkey, l_suppkey) REFERENCES partsupp (ps_partkey, ps_suppkey));
    CREATE INDEX orders_by_customer ON orders (o_custkey);
    CREATE INDEX lineitem_by_part ON lineitem (l_partkey, l_suppkey);
";

async fn tpch_queries_equal_direct_ones_amid_refreshes(database: TestDatabase) {
    let db = database.connect().await;
    let dialect = db.databases()[0].dialect();
    db.execute_script(SCHEMA).await.unwrap();
    load(&db).await;
    if dialect == Dialect::MySql {
        db.execute(
            "ANALYZE TABLE lineitem, orders, partsupp, customer, part, supplier",
            NONE,
        )
        .await
        .ok();
    } else {
        db.execute("ANALYZE", NONE).await.unwrap();
    }
    let case = Case {
        seed: 0,
        dialect,
        setup: Vec::new(),
        reads: queries::all(dialect),
        steps: steps(),
    };
    let mut empty = 0;
    for query in &case.reads {
        let rows = db.select(&query.sql).no_cache().fetch().await.unwrap();
        empty += usize::from(rows.is_empty());
    }
    assert!(
        empty <= 2,
        "{empty} queries find nothing, so that they show nothing"
    );
    let mut run = Run {
        db: &db,
        layer: Layer::Product,
        counts: Counts::default(),
    };
    let outcome = run.case(&case).await;
    let counts = run.counts;
    println!("{dialect:?}: {counts:?}");
    if let Err(difference) = outcome {
        panic!("{difference:#?}");
    }
    assert_eq!(counts.refused, 0, "a query or a refresh was refused");
    // All are hits after they were first run, and after each of the two updates of what none of them reads.
    assert!(counts.hits_after_writes >= 60, "{counts:?}");
}

/// The refresh functions, and updates that some, few or no queries depend on.
fn steps() -> Vec<Step> {
    let alone = |sql: &str| Step::Alone(Statement::plain(sql.to_owned()));
    let mut steps = vec![
        alone("UPDATE nation SET n_comment = 'no query reads it' WHERE n_nationkey = 3"),
        alone("UPDATE customer SET c_address = 'moved' WHERE c_custkey = 7"),
        alone("UPDATE lineitem SET l_quantity = l_quantity + 1 WHERE l_orderkey = 1 AND l_linenumber = 1"),
        alone("UPDATE partsupp SET ps_comment = 'no query reads it' WHERE ps_partkey = 1"),
        alone(
            "UPDATE supplier SET s_acctbal = s_acctbal - 100 WHERE s_nationkey IN (SELECT n_nationkey FROM nation WHERE n_regionkey = 3)",
        ),
        alone("UPDATE part SET p_size = 15 WHERE p_partkey BETWEEN 5 AND 20"),
        alone(
            "UPDATE orders SET o_orderpriority = '1-URGENT' WHERE o_orderdate >= '1993-07-01' AND o_orderdate < '1993-08-01'",
        ),
    ];
    // Keys from 8 on to 31 of each 32 are free for new orders.
    steps.push(Step::Transaction {
        parts: vec![Part::Write(new_orders(8)), Part::Write(new_items(8))],
        commit: true,
    });
    steps.push(Step::Transaction {
        parts: vec![Part::Write(new_orders(16)), Part::Write(new_items(16))],
        commit: false,
    });
    steps.push(Step::Transaction {
        parts: ["lineitem WHERE l_orderkey", "orders WHERE o_orderkey"]
            .map(|from| {
                Part::Write(Statement::plain(format!(
                    "DELETE FROM {from} IN (1, 2, 3, 9, 10, 11)"
                )))
            })
            .to_vec(),
        commit: true,
    });
    steps
}

fn new_orders(shift: u32) -> Statement {
    Statement::plain(format!(
        "INSERT INTO orders SELECT o_orderkey + {shift}, o_custkey, 'O', o_totalprice + 1, '1994-03-05', '2-HIGH', o_clerk, 0, 'new' \
         FROM orders WHERE o_orderkey IN (1, 2, 3, 4, 5, 6)"
    ))
}

fn new_items(shift: u32) -> Statement {
    Statement::plain(format!(
        "INSERT INTO lineitem SELECT l_orderkey + {shift}, l_partkey, l_suppkey, l_linenumber, l_quantity, l_extendedprice, \
         0.06, l_tax, 'R', 'F', '1994-03-10', '1994-04-01', '1994-04-20', l_shipinstruct, 'MAIL', 'new' \
         FROM lineitem WHERE l_orderkey IN (1, 2, 3, 4, 5, 6)"
    ))
}

async fn load(db: &Manager) {
    let words = Distributions::static_default();
    let text = TextPool::new(TEXT_BYTES, words);
    let text = &text;
    insert(
        db,
        "region",
        RegionGenerator::new_with_distributions_and_text_pool(words, text).iter(),
    )
    .await;
    insert(
        db,
        "nation",
        NationGenerator::new_with_distributions_and_text_pool(words, text).iter(),
    )
    .await;
    macro_rules! load {
        ($($table:literal $generator:ident)*) => {
            $(insert(db, $table, $generator::new_with_distributions_and_text_pool(SCALE, 1, 1, words, text).iter()).await;)*
        };
    }
    load! {
        "part" PartGenerator
        "supplier" SupplierGenerator
    }
    insert(
        db,
        "partsupp",
        PartSuppGenerator::new_with_text_pool(SCALE, 1, 1, text).iter(),
    )
    .await;
    load! {
        "customer" CustomerGenerator
        "orders" OrderGenerator
        "lineitem" LineItemGenerator
    }
}

/// Inserts rows, whose text has their fields between bars.
async fn insert(db: &Manager, table: &str, rows: impl Iterator<Item = impl std::fmt::Display>) {
    // With so few suppliers the standard's formula names some suppliers of a part twice.
    let mut keys = HashSet::new();
    let rows: Vec<String> = rows
        .map(|row| row.to_string())
        .filter(|row| {
            table != "partsupp" || keys.insert(row.split('|').take(2).collect::<Vec<_>>().join("|"))
        })
        .map(|row| {
            let row = row.replace('\'', "''");
            let fields: Vec<String> = row
                .trim_end_matches('|')
                .split('|')
                .map(|field| format!("'{field}'"))
                .collect();
            format!("({})", fields.join(", "))
        })
        .collect();
    for chunk in rows.chunks(500) {
        db.execute(&format!("INSERT INTO {table} VALUES {}", chunk.join(", ")), NONE)
            .await
            .unwrap();
    }
}
