//! Words of the grammar that matter to the analysis.
//!
//! Invariant: a word of [`is_structural`] before a parenthesis is never a function call in any dialect.

/// Words that stand before a parenthesis without calling anything; sorted.
const STRUCTURAL: &[&str] = &[
    "ALL",
    "ANALYZE",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "BETWEEN",
    "BIT",
    "BY",
    "CASE",
    "CHARACTER",
    "COLUMNS",
    "CONFLICT",
    "CROSS",
    "CUBE",
    "DEC",
    "DECIMAL",
    "DEFAULT",
    "DESC",
    "DISTINCT",
    "DIV",
    "DOUBLE",
    "ELSE",
    "END",
    "ESCAPE",
    "EXCEPT",
    "EXISTS",
    "FETCH",
    "FILTER",
    "FIRST",
    "FLOAT",
    "FOR",
    "FROM",
    "GLOB",
    "GROUP",
    "HAVING",
    "ILIKE",
    "IN",
    "INDEX",
    "INNER",
    "INSERT",
    "INT",
    "INTEGER",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LATERAL",
    "LIKE",
    "LIMIT",
    "MATCHED",
    "MATERIALIZED",
    "NATIONAL",
    "NEXT",
    "NOT",
    "NUMERIC",
    "OF",
    "OFFSET",
    "ON",
    "ONLY",
    "OPERATOR",
    "OR",
    "ORDER",
    "OVER",
    "PARTITION",
    "PRECISION",
    "RECURSIVE",
    "REGEXP",
    "RETURNING",
    "RLIKE",
    "ROLLUP",
    "ROW",
    "SELECT",
    "SET",
    "SETS",
    "SIGNED",
    "SIMILAR",
    "SOME",
    "SOUNDS",
    "STRAIGHT_JOIN",
    "TABLE",
    "THEN",
    "TIME",
    "TIMESTAMP",
    "TO",
    "UNION",
    "UNSIGNED",
    "USING",
    "VALUES",
    "VARBINARY",
    "VARCHAR",
    "VARYING",
    "WHEN",
    "WHERE",
    "WITH",
    "WITHIN",
    "XOR",
    "ZONE",
];

/// Whether this word before a parenthesis belongs to the grammar and calls nothing.
pub(crate) fn is_structural(word: &str) -> bool {
    word.len() <= 13
        && STRUCTURAL
            .binary_search(&word.to_ascii_uppercase().as_str())
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::STRUCTURAL;

    #[test]
    fn the_list_is_sorted_for_the_binary_search() {
        assert!(STRUCTURAL.is_sorted());
    }
}
