//! Random schemas: tables with keys, foreign keys, generated columns and odd names; then what lies over them.

use plexidb::Dialect;

use super::case::Setup;
use super::random::Random;

mod overlay;
mod table;

/// What a column holds; comparisons are only made between columns of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    /// Text that compares without case.
    Fold,
    /// Text padded with blanks.
    Char,
    Numeric,
    Double,
    Bool,
    Date,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_writable: bool,
    pub(super) may_be_omitted: bool,
    /// Whether it refers to a parent, whose first rows have the keys 0 to 4.
    pub(super) is_link: bool,
}

impl Column {
    /// A value for a row that is written.
    pub(super) fn value(&self, random: &mut Random, dialect: Dialect) -> String {
        match self.is_link {
            true if random.percent(20) => "NULL".to_owned(),
            true if random.percent(35) => "2".to_owned(),
            false if random.percent(25) => sought(random, dialect, self.kind),
            true => random.below(5).to_string(),
            false => literal(random, dialect, self.kind),
        }
    }
}

/// A table or a view.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    /// The name as SQL has it, with its schema and quotes.
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The columns of the primary key; none where there is none, as in views.
    pub(super) key: Vec<usize>,
    /// Other columns by which it is looked up.
    pub(super) indexed: Vec<usize>,
    pub(super) unique: Vec<usize>,
    pub(super) is_table: bool,
    pub(super) is_writable: bool,
}

impl Relation {
    pub(super) fn writable(&self) -> Vec<&Column> {
        self.columns.iter().filter(|column| column.is_writable).collect()
    }
}

pub(super) struct Schema {
    pub(super) dialect: Dialect,
    pub(super) relations: Vec<Relation>,
    pub(super) setup: Vec<Setup>,
}

impl Schema {
    pub(super) fn generate(random: &mut Random, dialect: Dialect) -> Self {
        let mut schema = Self {
            dialect,
            relations: Vec::new(),
            setup: Vec::new(),
        };
        if dialect == Dialect::Postgres {
            for sql in [
                "CREATE SCHEMA s1",
                "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            ] {
                schema.setup.push(Setup::Statement(sql.to_owned()));
            }
        }
        for number in 0..2 + random.below(2) {
            schema.add_table(random, number);
        }
        schema.fill(random);
        schema.add_views(random);
        schema.add_triggers(random);
        schema
    }

    pub(super) fn tables(&self) -> Vec<&Relation> {
        self.relations
            .iter()
            .filter(|relation| relation.is_table)
            .collect()
    }

    fn fill(&mut self, random: &mut Random) {
        for relation in self.relations.clone() {
            for number in 0..5 + random.below(6) {
                let columns = relation.writable();
                let values: Vec<String> = columns
                    .iter()
                    .enumerate()
                    .map(|(at, column)| {
                        if at == 0 && column.kind == Kind::Int && relation.key == [0] {
                            number.to_string()
                        } else if number == 2 {
                            sought(random, self.dialect, column.kind)
                        } else if relation.key.contains(&at) {
                            literal(random, self.dialect, column.kind)
                        } else {
                            column.value(random, self.dialect)
                        }
                    })
                    .collect();
                let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                self.setup.push(Setup::Statement(format!(
                    "INSERT INTO {} ({}) VALUES ({})",
                    relation.name,
                    names.join(", "),
                    values.join(", ")
                )));
            }
        }
    }
}

/// A value of a kind, of so few that rows meet each other.
pub(super) fn literal(random: &mut Random, dialect: Dialect, kind: Kind) -> String {
    let pool: &[&str] = match kind {
        Kind::Int => return random.below(9).to_string(),
        Kind::Text | Kind::Fold => &[
            "'a'", "'A'", "'b'", "'B'", "'a '", "'á'", "'3'", "''", "'ab'", "'Ab'",
        ],
        Kind::Char => &["'a'", "'ab'", "'b'", "'3'", "'A'"],
        Kind::Numeric => &["1", "2.5", "0", "-1.25", "3", "7.00"],
        Kind::Double => &["1", "2.5", "0", "-0.0", "3e0", "7"],
        Kind::Bool => &["TRUE", "FALSE"],
        Kind::Date if dialect == Dialect::Postgres => &["DATE '2024-01-01'", "DATE '2024-02-29'"],
        Kind::Date => &["'2024-01-01'", "'2024-02-29'", "'2023-12-31'"],
    };
    (*random.pick(pool)).to_owned()
}

/// One value of a kind that reads and writes of all cases look for, so that they meet; in one of its spellings.
pub(super) fn sought(random: &mut Random, dialect: Dialect, kind: Kind) -> String {
    let is_padding = dialect == Dialect::MySql;
    let pool: &[&str] = match kind {
        Kind::Int => &["2", "2", "2", "'2'", "2.0", "(1 + 1)", "+2"],
        Kind::Text if is_padding => &["'a'", "'a'", "'a '"],
        Kind::Text => &["'a'"],
        Kind::Fold if is_padding => &["'a'", "'A'", "'A '", "'á'"],
        Kind::Fold => &["'a'", "'A'"],
        Kind::Char if dialect == Dialect::Postgres => &["'a'", "'a '", "'a  '"],
        Kind::Char => &["'a'"],
        Kind::Numeric => &["2.5", "'2.5'", "2.50"],
        Kind::Double => &["2.5", "25e-1"],
        Kind::Bool => &["TRUE", "(1 = 1)"],
        Kind::Date => &["'2024-01-01'"],
    };
    (*random.pick(pool)).to_owned()
}

/// A value of a kind as a reader may write it: also as text, with a fraction, in other case, with a trailing blank.
pub(super) fn odd_literal(random: &mut Random, dialect: Dialect, kind: Kind) -> String {
    if random.percent(3) {
        return "NULL".to_owned();
    }
    if random.percent(60) {
        return sought(random, dialect, kind);
    }
    if random.percent(70) {
        return literal(random, dialect, kind);
    }
    let number = random.below(9);
    match kind {
        Kind::Int => match random.below(6) {
            0 => format!("'{number}'"),
            1 => format!("{number}.0"),
            2 => format!("+{number}"),
            3 => format!("' {number}'"),
            4 => format!("({number} + 0)"),
            _ => format!("{number}e0"),
        },
        Kind::Text | Kind::Fold | Kind::Char => {
            (*random.pick(&["'AB'", "'a  '", "'Á'", "'ß'", "'b '", "'03'"])).to_owned()
        }
        Kind::Numeric | Kind::Double => (*random.pick(&["'1'", "1.00", "'2.50'", "25e-1", "0.0"])).to_owned(),
        Kind::Bool if dialect == Dialect::Postgres => (*random.pick(&["'t'", "'no'", "(1 = 1)"])).to_owned(),
        Kind::Bool => (*random.pick(&["1", "0", "(1 = 1)", "'1'"])).to_owned(),
        Kind::Date => "'2024-01-01'".to_owned(),
    }
}

/// An identifier in the database's quotes.
fn quoted(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::MySql => format!("`{name}`"),
        _ => format!("\"{name}\""),
    }
}
