//! Values that become times: a stored or assembled text could be read as the current time.
//!
//! Invariant: what becomes a time is a literal (looked at in the text), a parameter (looked at by whoever binds it), a
//! column whose type the catalog must vouch for, or forbids caching. SQLite's columns have no types that could vouch: a
//! column that holds the very text 'now' and is given to a function of time is not noticed there.

use std::ops::ControlFlow;

use plexidb_core::Dialect;
use sqlparser::ast::{
    AccessExpr, BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    ObjectNamePart, Select, SelectItem, Visit, Visitor,
};

use super::collector::Collector;
use crate::profile::ColumnUse;
use crate::reason::Reason;

/// SQLite's functions of time, and how many arguments stand before the time.
const SQLITE_TIMES: &[(&str, usize)] = &[
    ("date", 0),
    ("time", 0),
    ("datetime", 0),
    ("julianday", 0),
    ("unixepoch", 0),
    ("strftime", 1),
    ("timediff", 0),
];
/// Functions that cannot turn harmless arguments into the name of a time.
const HARMLESS: &[&str] = &[
    "coalesce",
    "ifnull",
    "nullif",
    "min",
    "max",
    "greatest",
    "least",
    "date_trunc",
    "date_bin",
    "to_timestamp",
    "to_date",
    "make_date",
    "make_timestamp",
    "make_timestamptz",
    "generate_series",
    "timezone",
    "age",
    "count",
    "sum",
    "avg",
    "abs",
    "round",
    "floor",
    "ceil",
    "extract",
    "date_part",
    "first_value",
    "last_value",
    "lag",
    "lead",
    "nth_value",
    "iif",
    "cast",
    "date",
    "datetime",
    "time",
    "julianday",
    "unixepoch",
    "to_char",
    "strftime",
];
/// Types of PostgreSQL that users name and that hold no time.
const TIMELESS_TYPES: &[&str] = &[
    "citext",
    "vector",
    "halfvec",
    "sparsevec",
    "ltree",
    "lquery",
    "hstore",
    "geometry",
    "geography",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "money",
    "xml",
    "name",
    "oid",
    "bpchar",
    "bool",
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "char",
    "serial",
    "bigserial",
    "jsonpath",
    "point",
    "box",
    "line",
    "path",
    "polygon",
    "circle",
    "bit",
    "varbit",
    "int4range",
    "int8range",
    "numrange",
    "tsvector",
    "tsquery",
    "numeric",
    "text",
    "varchar",
    "uuid",
    "json",
    "jsonb",
];

/// What a cast makes of its operand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CastTarget {
    Timeless,
    /// A time, or something that may hold one.
    Time,
    /// A name that is looked up in the system catalog.
    Catalog,
}

impl Collector<'_, '_> {
    /// A cast of PostgreSQL reads texts like 'now'; the others have no such texts or no such casts.
    pub(super) fn check_cast(&mut self, operand: &Expr, data_type: &DataType) {
        if self.text.dialect() != Dialect::Postgres {
            return;
        }
        match cast_target(data_type) {
            CastTarget::Timeless => {}
            CastTarget::Time => self.check_time(operand),
            CastTarget::Catalog => self.refuse(Reason::SystemCatalog("a cast to a reg… type".to_owned())),
        }
    }

    /// SQLite's functions of time, and PostgreSQL's casts in the form of functions.
    pub(super) fn check_time_function(&mut self, function: &Function) {
        let Some(ObjectNamePart::Identifier(name)) = function.name.0.last() else {
            return;
        };
        let name = name.value.to_ascii_lowercase();
        let FunctionArguments::List(list) = &function.args else {
            return;
        };
        let arguments = list.args.iter().filter_map(argument);
        match self.text.dialect() {
            Dialect::MySql => {}
            Dialect::Postgres => {
                if matches!(
                    name.as_str(),
                    "date" | "timestamp" | "timestamptz" | "time" | "timetz" | "interval"
                ) {
                    arguments.for_each(|operand| self.check_time(operand));
                }
            }
            Dialect::Sqlite => {
                let Some((_, format)) = SQLITE_TIMES.iter().find(|(known, _)| *known == name) else {
                    return;
                };
                if list.args.len() <= *format {
                    return self.refuse(Reason::TimeDependent(format!("{name}() without a time")));
                }
                arguments.for_each(|operand| self.check_time(operand));
                if self.has_zone_modifier() {
                    self.refuse(Reason::SessionState(format!(
                        "{name}() with the machine's time zone"
                    )));
                }
            }
        }
    }

    pub(super) fn read_fields(&mut self, chain: &[AccessExpr]) {
        for access in chain {
            if let AccessExpr::Dot(Expr::Identifier(name)) = access {
                // An expression stands before the dot: no table vouches for the field.
                let column = ColumnUse {
                    qualifier: Some(String::new()),
                    name: self.fold(name),
                };
                self.profile.columns.named.insert(column);
            }
        }
    }

    fn refuse(&mut self, reason: Reason) {
        self.profile.refusal = Reason::weightier(self.profile.refusal.take(), Some(reason));
    }

    /// The literals 'localtime' and 'utc', anywhere: where exactly they stand matters little.
    fn has_zone_modifier(&self) -> bool {
        (0..self.text.len()).any(|index| {
            let literal = self.text.text(index).trim_matches(['\'', '"']);
            ["localtime", "utc"]
                .iter()
                .any(|modifier| modifier.eq_ignore_ascii_case(literal.trim()))
        })
    }

    fn check_time(&mut self, operand: &Expr) {
        if is_constant(operand) {
            return;
        }
        let mut reader = OperandReader {
            columns: Vec::new(),
            assembles: false,
        };
        let _ = operand.visit(&mut reader);
        if reader.assembles {
            return self.refuse(Reason::TimeDependent("a time that is made of texts".to_owned()));
        }
        for parts in reader.columns {
            let mut parts = parts.iter().rev().map(|ident| self.fold(ident));
            if let Some(name) = parts.next() {
                self.profile.time_columns.insert(ColumnUse {
                    qualifier: parts.next(),
                    name,
                });
            }
        }
    }
}

/// Reads the operand of a cast.
struct OperandReader {
    columns: Vec<Vec<sqlparser::ast::Ident>>,
    /// A text is put together, so that its parts do not show what it says.
    assembles: bool,
}

impl Visitor for OperandReader {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        // Whatever column `*` stands for, its type is not looked up.
        let is_wildcard =
            |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        self.assembles |= select.projection.iter().any(is_wildcard);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) => self.columns.push(vec![name.clone()]),
            Expr::CompoundIdentifier(parts) => self.columns.push(parts.clone()),
            Expr::BinaryOp { op, .. } => self.assembles |= makes_text(op),
            Expr::Substring { .. } | Expr::Trim { .. } | Expr::Overlay { .. } => self.assembles = true,
            Expr::Function(function) => {
                let name = function.name.0.last().and_then(ObjectNamePart::as_ident);
                let is_harmless = name.is_some_and(|name| {
                    function.name.0.len() == 1 && HARMLESS.contains(&name.value.to_ascii_lowercase().as_str())
                });
                self.assembles |= !is_harmless;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Concatenation, and the operators that take a text out of JSON, which may be a parameter.
fn makes_text(operator: &BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::StringConcat
            | BinaryOperator::Arrow
            | BinaryOperator::LongArrow
            | BinaryOperator::HashArrow
            | BinaryOperator::HashLongArrow
    )
}

fn argument(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
        | FunctionArg::Named {
            arg: FunctionArgExpr::Expr(expr),
            ..
        } => Some(expr),
        _ => None,
    }
}

fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_constant(inner),
        Expr::Cast { expr, .. } => is_constant(expr),
        Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) => true,
        _ => false,
    }
}

fn cast_target(data_type: &DataType) -> CastTarget {
    match data_type {
        DataType::Date | DataType::Time(..) | DataType::Timestamp(..) | DataType::Datetime(_) => {
            CastTarget::Time
        }
        DataType::Regclass => CastTarget::Catalog,
        DataType::Array(element) => match element {
            sqlparser::ast::ArrayElemTypeDef::AngleBracket(inner)
            | sqlparser::ast::ArrayElemTypeDef::SquareBracket(inner, _)
            | sqlparser::ast::ArrayElemTypeDef::Parenthesis(inner) => cast_target(inner),
            _ => CastTarget::Time,
        },
        DataType::Custom(name, _) => {
            let last = name.0.last().and_then(ObjectNamePart::as_ident);
            let last = last
                .map(|ident| ident.value.to_ascii_lowercase())
                .unwrap_or_default();
            if last.starts_with("reg") {
                CastTarget::Catalog
            } else if TIMELESS_TYPES.contains(&last.as_str()) {
                CastTarget::Timeless
            } else {
                CastTarget::Time
            }
        }
        _ => CastTarget::Timeless,
    }
}
