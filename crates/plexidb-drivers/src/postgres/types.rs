//! The server's types: which the driver decodes, and how the others are named.
//!
//! Invariant: every type has a kind; one without a mapping arrives as its text form with its name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use plexidb_core::DriverError;

use super::text_query::{TextRow, text_query};
use super::wire::Wire;

#[cfg(test)]
mod tests;

/// How one value that is no array is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Bool,
    /// The one-byte type `"char"`.
    Char,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Json,
    Jsonb,
    Bytes,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    Uuid,
    Bits,
    /// Without a mapping: the text form.
    Other,
}

/// How a column's cells are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar(Scalar),
    Array(Scalar),
}

impl Kind {
    /// The format in which the server is asked for it: 0 is text, 1 is binary.
    pub(super) fn format(self) -> i16 {
        match self {
            // Their text form is what the caller gets.
            Self::Scalar(Scalar::Char | Scalar::Numeric | Scalar::Json | Scalar::Jsonb | Scalar::Other) => 0,
            Self::Scalar(_) | Self::Array(_) => 1,
        }
    }
}

/// A type's name and how it is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypeInfo {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// Types that every server has: the type's oid, its array's, its name, its kind. From PostgreSQL's `pg_type.dat`.
const TYPES: &[(u32, u32, &str, Scalar)] = &[
    (oid::BOOL, 1000, "bool", Scalar::Bool),
    (oid::BYTEA, 1001, "bytea", Scalar::Bytes),
    (oid::CHAR, 1002, "\"char\"", Scalar::Char),
    (oid::NAME, 1003, "name", Scalar::Text),
    (oid::INT8, 1016, "int8", Scalar::Int8),
    (oid::INT2, 1005, "int2", Scalar::Int2),
    (oid::INT4, 1007, "int4", Scalar::Int4),
    (oid::TEXT, 1009, "text", Scalar::Text),
    (oid::OID, 1028, "oid", Scalar::Oid),
    (oid::JSON, 199, "json", Scalar::Json),
    (oid::FLOAT4, 1021, "float4", Scalar::Float4),
    (oid::FLOAT8, 1022, "float8", Scalar::Float8),
    (oid::BPCHAR, 1014, "bpchar", Scalar::Text),
    (oid::VARCHAR, 1015, "varchar", Scalar::Text),
    (oid::DATE, 1182, "date", Scalar::Date),
    (oid::TIME, 1183, "time", Scalar::Time),
    (oid::TIMESTAMP, 1115, "timestamp", Scalar::Timestamp),
    (oid::TIMESTAMPTZ, 1185, "timestamptz", Scalar::TimestampTz),
    (oid::INTERVAL, 1187, "interval", Scalar::Interval),
    (oid::TIMETZ, 1270, "timetz", Scalar::TimeTz),
    (oid::BIT, 1561, "bit", Scalar::Bits),
    (oid::VARBIT, 1563, "varbit", Scalar::Bits),
    (oid::NUMERIC, 1231, "numeric", Scalar::Numeric),
    (oid::UUID, 2951, "uuid", Scalar::Uuid),
    (oid::JSONB, 3807, "jsonb", Scalar::Jsonb),
    (142, 143, "xml", Scalar::Other),
    (600, 1017, "point", Scalar::Other),
    (650, 651, "cidr", Scalar::Other),
    (790, 791, "money", Scalar::Other),
    (869, 1041, "inet", Scalar::Other),
    (2205, 2210, "regclass", Scalar::Other),
    (2249, 2287, "record", Scalar::Other),
    (3614, 3643, "tsvector", Scalar::Other),
    (3904, 3905, "int4range", Scalar::Other),
];
/// Types without arrays.
const PSEUDO_TYPES: &[(u32, &str, Scalar)] = &[(705, "unknown", Scalar::Text), (2278, "void", Scalar::Other)];

/// Oids of the types that have a mapping.
pub(super) mod oid {
    pub(in super::super) const BOOL: u32 = 16;
    pub(in super::super) const BYTEA: u32 = 17;
    pub(in super::super) const CHAR: u32 = 18;
    pub(in super::super) const NAME: u32 = 19;
    pub(in super::super) const INT8: u32 = 20;
    pub(in super::super) const INT2: u32 = 21;
    pub(in super::super) const INT4: u32 = 23;
    pub(in super::super) const TEXT: u32 = 25;
    pub(in super::super) const OID: u32 = 26;
    pub(in super::super) const JSON: u32 = 114;
    pub(in super::super) const FLOAT4: u32 = 700;
    pub(in super::super) const FLOAT8: u32 = 701;
    pub(in super::super) const BPCHAR: u32 = 1042;
    pub(in super::super) const VARCHAR: u32 = 1043;
    pub(in super::super) const DATE: u32 = 1082;
    pub(in super::super) const TIME: u32 = 1083;
    pub(in super::super) const TIMESTAMP: u32 = 1114;
    pub(in super::super) const TIMESTAMPTZ: u32 = 1184;
    pub(in super::super) const INTERVAL: u32 = 1186;
    pub(in super::super) const TIMETZ: u32 = 1266;
    pub(in super::super) const BIT: u32 = 1560;
    pub(in super::super) const VARBIT: u32 = 1562;
    pub(in super::super) const NUMERIC: u32 = 1700;
    pub(in super::super) const UUID: u32 = 2950;
    pub(in super::super) const JSONB: u32 = 3802;
}

/// A type that every server has.
pub(super) fn builtin(oid: u32) -> Option<TypeInfo> {
    let scalar = |name: &str, scalar| TypeInfo {
        name: name.to_owned(),
        kind: Kind::Scalar(scalar),
    };
    if let Some((_, name, kind)) = PSEUDO_TYPES.iter().find(|(known, ..)| *known == oid) {
        return Some(scalar(name, *kind));
    }
    TYPES.iter().find_map(|(own, array, name, kind)| match oid {
        oid if oid == *own => Some(scalar(name, *kind)),
        oid if oid == *array => Some(array_of(name, *kind)),
        _ => None,
    })
}

/// The array of a type. Arrays of types without a mapping have none either.
fn array_of(name: &str, element: Scalar) -> TypeInfo {
    TypeInfo {
        name: format!("{name}[]"),
        kind: match element {
            Scalar::Other => Kind::Scalar(Scalar::Other),
            element => Kind::Array(element),
        },
    }
}

/// Types of one database beyond the builtin ones, each asked for once. A type that is renamed keeps its old name here
/// until the connector is made anew.
#[derive(Debug, Default)]
pub(super) struct TypeRegistry {
    known: Mutex<HashMap<u32, TypeInfo>>,
}

impl TypeRegistry {
    pub(super) fn get(&self, oid: u32) -> Option<TypeInfo> {
        let known = || {
            let types = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            types.get(&oid).cloned()
        };
        builtin(oid).or_else(known)
    }

    /// Whether the server need not be asked for any of these.
    pub(super) fn knows(&self, oids: &[u32]) -> bool {
        oids.iter().all(|oid| self.get(*oid).is_some())
    }

    /// The type; one that nobody knows is text.
    pub(super) fn get_or_unknown(&self, oid: u32) -> TypeInfo {
        self.get(oid).unwrap_or_else(|| TypeInfo {
            name: format!("type {oid}"),
            kind: Kind::Scalar(Scalar::Other),
        })
    }

    /// Asks the server for those of the types that are not known yet.
    pub(super) async fn learn(
        &self,
        wire: &mut Wire,
        oids: impl Iterator<Item = u32>,
    ) -> Result<(), DriverError> {
        let unknown: Vec<String> = oids
            .filter(|oid| self.get(*oid).is_none())
            .map(|oid| oid.to_string())
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let question = TYPE_QUESTION.replace("{oids}", &unknown.join(","));
        let (mut results, ended) = text_query(wire, &question).await?;
        // Where the question fails the types stay unknown, and arrive as text.
        if ended.outcome.is_ok() {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.extend(results.take(0).iter().filter_map(described));
        }
        Ok(())
    }
}

/// Oid and name of each type, the name of the element where it is an array, and of the type or element: the base type
/// of a domain, whether that is an enum, and whether its binary form is text.
const TYPE_QUESTION: &str = "WITH RECURSIVE wanted AS (\
       SELECT t.oid, t.typname, e.oid AS element, e.typname AS element_name \
       FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid \
       WHERE t.oid IN ({oids})), \
     base AS (\
       SELECT w.oid AS wanted, t.oid, t.typtype, t.typbasetype, t.typsend \
       FROM wanted w JOIN pg_catalog.pg_type t ON t.oid = coalesce(w.element, w.oid) \
       UNION ALL \
       SELECT b.wanted, t.oid, t.typtype, t.typbasetype, t.typsend \
       FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd') \
     SELECT w.oid, w.typname, w.element_name, b.oid, b.typtype = 'e', \
       b.typsend::pg_catalog.oid = 'pg_catalog.textsend'::pg_catalog.regproc::pg_catalog.oid \
     FROM wanted w JOIN base b ON b.wanted = w.oid WHERE b.typtype <> 'd'";

fn described(row: &TextRow) -> Option<(u32, TypeInfo)> {
    let text = |column: usize| row.get(column)?.as_deref();
    let (oid, name, base) = (text(0)?.parse().ok()?, text(1)?, text(3)?.parse().ok()?);
    let is_text = text(4) == Some("t") || text(5) == Some("t");
    let base = if is_text {
        Kind::Scalar(Scalar::Text)
    } else {
        builtin(base).map_or(Kind::Scalar(Scalar::Other), |info| info.kind)
    };
    let info = match (text(2), base) {
        (Some(element), Kind::Scalar(scalar)) => array_of(element, scalar),
        // An array of a domain over arrays.
        (Some(element), Kind::Array(_)) => array_of(element, Scalar::Other),
        (None, kind) => TypeInfo {
            name: name.to_owned(),
            kind,
        },
    };
    Some((oid, info))
}
