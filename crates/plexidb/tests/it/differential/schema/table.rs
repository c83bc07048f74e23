//! Tables: columns of all kinds, keys, indexes, foreign keys, partitions and heirs.

use plexidb::Dialect;

use super::{Column, Kind, Relation, Schema, literal, quoted};
use crate::differential::case::Setup;
use crate::differential::random::Random;

const ACTIONS: [&str; 4] = ["CASCADE", "SET NULL", "RESTRICT", "NO ACTION"];

impl Schema {
    pub(super) fn add_table(&mut self, random: &mut Random, number: usize) {
        let name = self.table_name(random, number);
        let mut draft = Draft {
            relation: Relation {
                name,
                columns: Vec::new(),
                key: vec![0],
                indexed: Vec::new(),
                unique: Vec::new(),
                is_table: true,
                is_writable: true,
            },
            parts: Vec::new(),
            constraints: Vec::new(),
        };
        draft.key_columns(random, self.dialect);
        draft.other_columns(random, self.dialect);
        if random.percent(70) {
            self.add_foreign_key(random, &mut draft);
        }
        if random.percent(20) {
            draft.generated_column(random, self.dialect);
        }
        let Draft {
            relation,
            mut parts,
            constraints,
        } = draft;
        let is_plain_key = relation.key == [0] && relation.columns[0].kind == Kind::Int;
        let is_partitioned = self.dialect == Dialect::Postgres
            && is_plain_key
            && !constraints
                .iter()
                .any(|constraint| constraint.starts_with("UNIQUE"))
            && !parts[0].contains("IDENTITY")
            && random.percent(35);
        parts.extend(constraints);
        let tail = if is_partitioned {
            format!(" PARTITION BY RANGE ({})", relation.columns[0].name)
        } else {
            String::new()
        };
        self.setup.push(Setup::Table {
            head: format!("CREATE TABLE {}", relation.name),
            parts,
            tail,
        });
        self.relations.push(relation.clone());
        self.add_indexes(random, relation.clone());
        if is_partitioned {
            self.add_partitions(&relation, number);
        } else if self.dialect == Dialect::Postgres && random.percent(25) {
            let mut heir = relation.clone();
            heir.name = format!("heir{number}");
            heir.unique.clear();
            self.setup.push(Setup::Statement(format!(
                "CREATE TABLE {} () INHERITS ({})",
                heir.name, relation.name
            )));
            self.relations.push(heir);
        }
    }

    fn table_name(&mut self, random: &mut Random, number: usize) -> String {
        match random.below(5) {
            0 => quoted(self.dialect, &format!("Table {number}")),
            1 => quoted(self.dialect, &format!("tAb{number}")),
            2 if self.dialect == Dialect::Postgres => {
                // The same name on the search path, so that the two must not be taken for each other.
                self.setup.push(Setup::Statement(format!(
                    "CREATE TABLE t{number} (c0 INTEGER PRIMARY KEY, other INTEGER)"
                )));
                format!("s1.t{number}")
            }
            _ => format!("t{number}"),
        }
    }

    fn add_foreign_key(&mut self, random: &mut Random, draft: &mut Draft) {
        let parents: Vec<Relation> = self
            .relations
            .iter()
            .chain([&draft.relation])
            .filter(|parent| parent.key == [0] && parent.columns[0].kind == Kind::Int)
            .filter(|parent| !parent.name.starts_with("heir") && !parent.name.starts_with("part"))
            .cloned()
            .collect();
        if parents.is_empty() {
            return;
        }
        let parent = random.pick(&parents);
        let name = format!("f{}", draft.relation.columns.len());
        draft.parts.push(format!("{name} INTEGER"));
        draft.relation.indexed.push(draft.relation.columns.len());
        draft.relation.columns.push(Column {
            name: name.clone(),
            kind: Kind::Int,
            is_writable: true,
            may_be_omitted: true,
            is_link: true,
        });
        draft.constraints.push(format!(
            "FOREIGN KEY ({name}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
            parent.name,
            parent.columns[0].name,
            random.pick(&ACTIONS),
            random.pick(&ACTIONS),
        ));
    }

    fn add_indexes(&mut self, random: &mut Random, relation: Relation) {
        for (at, column) in relation.columns.iter().enumerate().skip(1) {
            if !random.percent(60) {
                continue;
            }
            let index = format!("i{}_{at}", self.setup.len());
            let target = match (column.kind, self.dialect) {
                (Kind::Text, Dialect::Sqlite | Dialect::Postgres) if random.percent(20) => {
                    format!("lower({})", column.name)
                }
                _ if random.percent(30) => {
                    format!("{}, {}", column.name, relation.columns[0].name)
                }
                _ => column.name.clone(),
            };
            let is_partial = self.dialect != Dialect::MySql && random.percent(15);
            let filter = if is_partial {
                format!(" WHERE {} IS NOT NULL", column.name)
            } else {
                String::new()
            };
            self.setup.push(Setup::Statement(format!(
                "CREATE INDEX {index} ON {} ({target}){filter}",
                relation.name
            )));
            if let Some(relation) = self
                .relations
                .iter_mut()
                .find(|other| other.name == relation.name)
            {
                relation.indexed.push(at);
            }
        }
    }

    fn add_partitions(&mut self, relation: &Relation, number: usize) {
        for (part, bounds) in [("a", "FROM (MINVALUE) TO (4)"), ("b", "FROM (4) TO (MAXVALUE)")] {
            let mut partition = relation.clone();
            partition.name = format!("part{number}{part}");
            self.setup.push(Setup::Statement(format!(
                "CREATE TABLE {} PARTITION OF {} FOR VALUES {bounds}",
                partition.name, relation.name
            )));
            partition.is_writable = part == "a";
            self.relations.push(partition);
        }
    }
}

struct Draft {
    relation: Relation,
    parts: Vec<String>,
    constraints: Vec<String>,
}

impl Draft {
    fn column(&mut self, name: String, kind: Kind, may_be_omitted: bool) {
        self.relation.columns.push(Column {
            name,
            kind,
            is_writable: true,
            may_be_omitted,
            is_link: false,
        });
    }

    fn key_columns(&mut self, random: &mut Random, dialect: Dialect) {
        if random.percent(65) {
            let part = match (dialect, random.percent(40)) {
                (Dialect::Postgres, true) => {
                    "c0 INTEGER GENERATED BY DEFAULT AS IDENTITY (START WITH 20) PRIMARY KEY"
                }
                (Dialect::Sqlite, true) => "c0 INTEGER PRIMARY KEY AUTOINCREMENT",
                (Dialect::MySql, true) => "c0 INTEGER PRIMARY KEY AUTO_INCREMENT",
                (_, false) => "c0 INTEGER PRIMARY KEY",
            };
            let is_automatic = part.len() > "c0 INTEGER PRIMARY KEY".len() || dialect == Dialect::Sqlite;
            self.parts.push(part.to_owned());
            self.column("c0".to_owned(), Kind::Int, is_automatic);
        } else if random.percent(40) {
            let kind = *random.pick(&[Kind::Text, Kind::Fold, Kind::Char]);
            self.parts.push(format!("c0 {} NOT NULL", type_of(dialect, kind)));
            self.constraints.push("PRIMARY KEY (c0)".to_owned());
            self.column("c0".to_owned(), kind, false);
        } else {
            let kind = *random.pick(&[Kind::Int, Kind::Text, Kind::Fold]);
            self.parts.push("c0 INTEGER NOT NULL".to_owned());
            self.parts.push(format!("c1 {} NOT NULL", type_of(dialect, kind)));
            self.constraints.push("PRIMARY KEY (c0, c1)".to_owned());
            self.column("c0".to_owned(), Kind::Int, false);
            self.column("c1".to_owned(), kind, false);
            self.relation.key = vec![0, 1];
        }
    }

    fn other_columns(&mut self, random: &mut Random, dialect: Dialect) {
        for _ in 0..2 + random.below(4) {
            let at = self.relation.columns.len();
            let kind = *random.pick(&[
                Kind::Int,
                Kind::Int,
                Kind::Text,
                Kind::Text,
                Kind::Fold,
                Kind::Char,
                Kind::Numeric,
                Kind::Double,
                Kind::Bool,
                Kind::Date,
            ]);
            let name = if random.percent(15) {
                quoted(dialect, &format!("Col {at}"))
            } else {
                format!("c{at}")
            };
            let is_nullable = random.percent(75);
            let has_default = !is_nullable || random.percent(20);
            let mut part = format!("{name} {}", type_of(dialect, kind));
            if !is_nullable {
                part.push_str(" NOT NULL");
            }
            if has_default {
                part.push_str(&format!(" DEFAULT {}", literal(random, dialect, kind)));
            }
            if matches!(kind, Kind::Int | Kind::Text | Kind::Fold) && is_nullable && random.percent(20) {
                self.constraints.push(format!("UNIQUE ({name})"));
                self.relation.unique.push(at);
            }
            self.parts.push(part);
            self.column(name, kind, true);
        }
    }

    fn generated_column(&mut self, random: &mut Random, dialect: Dialect) {
        let sources: Vec<Column> = self
            .relation
            .columns
            .iter()
            .skip(self.relation.key.len())
            .filter(|column| matches!(column.kind, Kind::Int | Kind::Text) && !column.is_link)
            .cloned()
            .collect();
        if sources.is_empty() {
            return;
        }
        let source = random.pick(&sources);
        let expression = match source.kind {
            Kind::Int => format!("{} + 1", source.name),
            _ => format!("lower({})", source.name),
        };
        let at = self.relation.columns.len();
        self.parts.push(format!(
            "g{at} {} GENERATED ALWAYS AS ({expression}) STORED",
            type_of(dialect, source.kind)
        ));
        self.relation.columns.push(Column {
            name: format!("g{at}"),
            kind: source.kind,
            is_writable: false,
            may_be_omitted: true,
            is_link: false,
        });
    }
}

fn type_of(dialect: Dialect, kind: Kind) -> &'static str {
    match (kind, dialect) {
        (Kind::Int, _) => "INTEGER",
        (Kind::Text, Dialect::MySql) => "VARCHAR(20) COLLATE utf8mb4_bin",
        (Kind::Text, _) => "TEXT",
        (Kind::Fold, Dialect::MySql) => "VARCHAR(20) COLLATE utf8mb4_general_ci",
        (Kind::Fold, Dialect::Postgres) => "TEXT COLLATE ci",
        (Kind::Fold, Dialect::Sqlite) => "TEXT COLLATE NOCASE",
        (Kind::Char, _) => "CHAR(3)",
        (Kind::Numeric, _) => "NUMERIC(6,2)",
        (Kind::Double, _) => "DOUBLE PRECISION",
        (Kind::Bool, _) => "BOOLEAN",
        (Kind::Date, _) => "DATE",
    }
}
