//! The 22 queries. Where a LIMIT stands the order is made total, so that every answer is the only right one.

use plexidb::Dialect;

use crate::differential::case::Statement;

pub(super) fn all(dialect: Dialect) -> Vec<Statement> {
    let year = |column: &str| match dialect {
        Dialect::Sqlite => format!("CAST(strftime('%Y', {column}) AS INTEGER)"),
        _ => format!("EXTRACT(YEAR FROM {column})"),
    };
    QUERIES
        .iter()
        .map(|(sql, ordered)| Statement {
            sql: sql
                .replace("YEAR(o_orderdate)", &year("o_orderdate"))
                .replace("YEAR(l_shipdate)", &year("l_shipdate")),
            params: Vec::new(),
            ordered: *ordered,
        })
        .collect()
}

const QUERIES: [(&str, bool); 22] = [
    // Q1: pricing summary of what was shipped.
    (
        "SELECT l_returnflag, l_linestatus, sum(l_quantity) AS quantity, sum(l_extendedprice) AS base, \
      sum(l_extendedprice * (1 - l_discount)) AS discounted, sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS charge, \
      avg(l_quantity) AS mean_quantity, avg(l_discount) AS mean_discount, count(*) AS items \
      FROM lineitem WHERE l_shipdate <= '1998-09-10' GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus",
        true,
    ),
    // Q2: the cheapest supplier of a region for parts of a size.
    (
        "SELECT s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment \
      FROM part JOIN partsupp ON p_partkey = ps_partkey JOIN supplier ON s_suppkey = ps_suppkey \
      JOIN nation ON s_nationkey = n_nationkey JOIN region ON n_regionkey = r_regionkey \
      WHERE p_size = 15 AND r_name = 'EUROPE' AND ps_supplycost = (SELECT min(o.ps_supplycost) FROM partsupp o \
      JOIN supplier s ON s.s_suppkey = o.ps_suppkey JOIN nation n ON s.s_nationkey = n.n_nationkey \
      JOIN region r ON n.n_regionkey = r.r_regionkey WHERE o.ps_partkey = p_partkey AND r.r_name = 'EUROPE') \
      ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100",
        true,
    ),
    // Q3: the unshipped orders of a segment with the greatest revenue.
    (
        "SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority \
      FROM customer, orders, lineitem WHERE c_mktsegment = 'MACHINERY' AND c_custkey = o_custkey AND l_orderkey = o_orderkey \
      AND o_orderdate < '1995-03-12' AND l_shipdate > '1995-03-12' GROUP BY l_orderkey, o_orderdate, o_shippriority \
      ORDER BY revenue DESC, o_orderdate, l_orderkey LIMIT 10",
        true,
    ),
    // Q4: orders of a quarter with an item that came late.
    (
        "SELECT o_orderpriority, count(*) AS orders_late FROM orders WHERE o_orderdate >= '1993-07-01' AND o_orderdate < '1993-10-01' \
      AND EXISTS (SELECT * FROM lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate) \
      GROUP BY o_orderpriority ORDER BY o_orderpriority",
        true,
    ),
    // Q5: revenue between customers and suppliers of one nation.
    (
        "SELECT n_name, sum(l_extendedprice * (1 - l_discount)) AS revenue FROM customer, orders, lineitem, supplier, nation, region \
      WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey AND c_nationkey = s_nationkey \
      AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'AMERICA' \
      AND o_orderdate >= '1994-01-01' AND o_orderdate < '1996-01-01' GROUP BY n_name ORDER BY revenue DESC, n_name",
        true,
    ),
    // Q6: revenue without small discounts.
    (
        "SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem WHERE l_shipdate >= '1994-01-01' \
      AND l_shipdate < '1995-01-01' AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 25",
        false,
    ),
    // Q7: volume shipped between two nations.
    (
        "SELECT supplied, ordered, shipped_in, sum(volume) AS revenue FROM (SELECT one.n_name AS supplied, two.n_name AS ordered, \
      YEAR(l_shipdate) AS shipped_in, l_extendedprice * (1 - l_discount) AS volume \
      FROM supplier, lineitem, orders, customer, nation one, nation two WHERE s_suppkey = l_suppkey AND o_orderkey = l_orderkey \
      AND c_custkey = o_custkey AND s_nationkey = one.n_nationkey AND c_nationkey = two.n_nationkey \
      AND ((one.n_name = 'CHINA' AND two.n_name = 'PERU') OR (one.n_name = 'PERU' AND two.n_name = 'CHINA')) \
      AND l_shipdate BETWEEN '1995-01-01' AND '1996-12-31') AS shipping \
      GROUP BY supplied, ordered, shipped_in ORDER BY supplied, ordered, shipped_in",
        true,
    ),
    // Q8: a nation's share of a market.
    (
        "SELECT ordered_in, sum(CASE WHEN nation_name = 'CHINA' THEN volume ELSE 0 END) / sum(volume) AS share FROM \
      (SELECT YEAR(o_orderdate) AS ordered_in, l_extendedprice * (1 - l_discount) AS volume, two.n_name AS nation_name \
      FROM part, supplier, lineitem, orders, customer, nation one, nation two, region WHERE p_partkey = l_partkey \
      AND s_suppkey = l_suppkey AND l_orderkey = o_orderkey AND o_custkey = c_custkey AND c_nationkey = one.n_nationkey \
      AND one.n_regionkey = r_regionkey AND r_name = 'ASIA' AND s_nationkey = two.n_nationkey \
      AND o_orderdate BETWEEN '1995-01-01' AND '1996-12-31') AS market GROUP BY ordered_in ORDER BY ordered_in",
        true,
    ),
    // Q9: profit by nation and year for parts of a colour.
    (
        "SELECT nation_name, ordered_in, sum(amount) AS profit FROM (SELECT n_name AS nation_name, YEAR(o_orderdate) AS ordered_in, \
      l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity AS amount \
      FROM part, supplier, lineitem, partsupp, orders, nation WHERE s_suppkey = l_suppkey AND ps_suppkey = l_suppkey \
      AND ps_partkey = l_partkey AND p_partkey = l_partkey AND o_orderkey = l_orderkey AND s_nationkey = n_nationkey \
      AND p_name LIKE '%blue%') AS profits GROUP BY nation_name, ordered_in ORDER BY nation_name, ordered_in DESC",
        true,
    ),
    // Q10: customers who sent back most.
    (
        "SELECT c_custkey, c_name, sum(l_extendedprice * (1 - l_discount)) AS revenue, c_acctbal, n_name, c_address, c_phone, c_comment \
      FROM customer, orders, lineitem, nation WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey \
      AND o_orderdate >= '1993-10-01' AND o_orderdate < '1994-04-01' AND l_returnflag = 'R' AND c_nationkey = n_nationkey \
      GROUP BY c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment ORDER BY revenue DESC, c_custkey LIMIT 20",
        true,
    ),
    // Q11: the stock that matters in a nation.
    (
        "SELECT ps_partkey, sum(ps_supplycost * ps_availqty) AS worth FROM partsupp, supplier, nation WHERE ps_suppkey = s_suppkey \
      AND s_nationkey = n_nationkey AND n_name = 'PERU' GROUP BY ps_partkey HAVING sum(ps_supplycost * ps_availqty) > \
      (SELECT sum(ps_supplycost * ps_availqty) * 0.01 FROM partsupp, supplier, nation WHERE ps_suppkey = s_suppkey \
      AND s_nationkey = n_nationkey AND n_name = 'PERU') ORDER BY worth DESC, ps_partkey",
        true,
    ),
    // Q12: how modes of shipping delay urgent orders.
    (
        "SELECT l_shipmode, sum(CASE WHEN o_orderpriority IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END) AS high, \
      sum(CASE WHEN o_orderpriority NOT IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END) AS low FROM orders, lineitem \
      WHERE o_orderkey = l_orderkey AND l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate AND l_shipdate < l_commitdate \
      AND l_receiptdate >= '1994-01-01' AND l_receiptdate < '1995-01-01' GROUP BY l_shipmode ORDER BY l_shipmode",
        true,
    ),
    // Q13: how many customers have how many orders.
    (
        "SELECT orders_count, count(*) AS customers FROM (SELECT c_custkey, count(o_orderkey) AS orders_count FROM customer \
      LEFT OUTER JOIN orders ON c_custkey = o_custkey AND o_comment NOT LIKE '%special%requests%' GROUP BY c_custkey) AS c_orders \
      GROUP BY orders_count ORDER BY customers DESC, orders_count DESC",
        true,
    ),
    // Q14: the share of promoted parts.
    (
        "SELECT 100.00 * sum(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 END) / \
      sum(l_extendedprice * (1 - l_discount)) AS promoted FROM lineitem, part WHERE l_partkey = p_partkey \
      AND l_shipdate >= '1995-09-01' AND l_shipdate < '1995-10-01'",
        false,
    ),
    // Q15: the suppliers with the greatest revenue.
    (
        "WITH revenue AS (SELECT l_suppkey AS supplier_no, sum(l_extendedprice * (1 - l_discount)) AS total FROM lineitem \
      WHERE l_shipdate >= '1994-01-01' AND l_shipdate < '1994-04-01' GROUP BY l_suppkey) \
      SELECT s_suppkey, s_name, s_address, s_phone, total FROM supplier, revenue WHERE s_suppkey = supplier_no \
      AND total = (SELECT max(total) FROM revenue) ORDER BY s_suppkey",
        true,
    ),
    // Q16: how many suppliers can supply parts of some sizes.
    (
        "SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) AS suppliers FROM partsupp, part WHERE p_partkey = ps_partkey \
      AND p_brand <> 'Brand#45' AND p_type NOT LIKE 'MEDIUM POLISHED%' AND p_size IN (49, 14, 23, 45, 19, 3, 36, 15) \
      AND ps_suppkey NOT IN (SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%') \
      GROUP BY p_brand, p_type, p_size ORDER BY suppliers DESC, p_brand, p_type, p_size",
        true,
    ),
    // Q17: revenue lost without small orders.
    (
        "SELECT sum(l_extendedprice) / 7.0 AS yearly FROM lineitem, part WHERE p_partkey = l_partkey AND p_container LIKE 'MED%' \
      AND l_quantity < (SELECT 0.5 * avg(i.l_quantity) FROM lineitem i WHERE i.l_partkey = p_partkey)",
        false,
    ),
    // Q18: customers with large orders.
    (
        "SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity) AS quantity FROM customer, orders, lineitem \
      WHERE o_orderkey IN (SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 230) \
      AND c_custkey = o_custkey AND o_orderkey = l_orderkey GROUP BY c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice \
      ORDER BY o_totalprice DESC, o_orderdate, o_orderkey LIMIT 100",
        true,
    ),
    // Q19: revenue of parts handled in one of three ways.
    (
        "SELECT sum(l_extendedprice * (1 - l_discount)) AS revenue FROM lineitem, part WHERE \
      (p_partkey = l_partkey AND p_container LIKE 'SM%' AND l_quantity BETWEEN 1 AND 21 AND p_size BETWEEN 1 AND 25) OR \
      (p_partkey = l_partkey AND p_container LIKE 'MED%' AND l_quantity BETWEEN 10 AND 30 AND p_size BETWEEN 1 AND 30 \
      AND l_shipmode IN ('AIR', 'REG AIR')) OR \
      (p_partkey = l_partkey AND p_container LIKE 'LG%' AND l_quantity BETWEEN 20 AND 40 AND l_shipinstruct = 'DELIVER IN PERSON')",
        false,
    ),
    // Q20: suppliers with more than they need of a part.
    (
        "SELECT s_name, s_address FROM supplier, nation WHERE s_suppkey IN (SELECT ps_suppkey FROM partsupp WHERE ps_partkey IN \
      (SELECT p_partkey FROM part WHERE p_name LIKE '%green%') AND ps_availqty > (SELECT 0.5 * sum(l_quantity) FROM lineitem \
      WHERE l_partkey = ps_partkey AND l_suppkey = ps_suppkey AND l_shipdate >= '1994-01-01' AND l_shipdate < '1996-01-01')) \
      AND s_nationkey = n_nationkey AND n_regionkey IN (1, 2, 3) ORDER BY s_name",
        true,
    ),
    // Q21: suppliers who alone kept an order waiting.
    (
        "SELECT s_name, count(*) AS waits FROM supplier, lineitem one, orders, nation WHERE s_suppkey = one.l_suppkey \
      AND o_orderkey = one.l_orderkey AND o_orderstatus = 'F' AND one.l_receiptdate > one.l_commitdate \
      AND EXISTS (SELECT * FROM lineitem two WHERE two.l_orderkey = one.l_orderkey AND two.l_suppkey <> one.l_suppkey) \
      AND NOT EXISTS (SELECT * FROM lineitem three WHERE three.l_orderkey = one.l_orderkey AND three.l_suppkey <> one.l_suppkey \
      AND three.l_receiptdate > three.l_commitdate) AND s_nationkey = n_nationkey AND n_name <> 'CHINA' \
      GROUP BY s_name ORDER BY waits DESC, s_name LIMIT 100",
        true,
    ),
    // Q22: customers with money and without orders.
    (
        "SELECT code, count(*) AS customers, sum(c_acctbal) AS total FROM (SELECT substr(c_phone, 1, 2) AS code, c_acctbal FROM customer \
      WHERE substr(c_phone, 1, 2) IN ('13', '31', '23', '29', '30', '18', '17') AND c_acctbal > (SELECT avg(c_acctbal) FROM customer \
      WHERE c_acctbal > 0.00 AND substr(c_phone, 1, 2) IN ('13', '31', '23', '29', '30', '18', '17')) \
      AND NOT EXISTS (SELECT * FROM orders WHERE o_custkey = c_custkey)) AS idle GROUP BY code ORDER BY code",
        true,
    ),
];
