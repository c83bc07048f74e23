//! Changes of the schema amid the writes.

use plexidb::Dialect;

use super::Writes;
use crate::differential::schema::{Kind, Relation};

impl Writes<'_> {
    pub(super) fn definition(&mut self) -> String {
        let tables: Vec<&Relation> = self
            .schema
            .tables()
            .into_iter()
            .filter(|table| !table.name.starts_with("heir") && !table.name.starts_with("part"))
            .collect();
        let table = *self.random.pick(&tables);
        let number = self.definitions;
        let name = &table.name;
        let column = &table.columns[table.columns.len() - 1].name;
        let views: Vec<&Relation> = self
            .schema
            .relations
            .iter()
            .filter(|relation| relation.name.starts_with('v'))
            .collect();
        match self.random.below(5) {
            0 => format!("ALTER TABLE {name} ADD COLUMN extra{number} INTEGER DEFAULT 7"),
            1 if self.schema.dialect != Dialect::Sqlite && !views.is_empty() => {
                let view = *self.random.pick(&views);
                if view.columns[0].name.starts_with('w')
                    || view.columns.iter().any(|column| column.kind == Kind::Fold)
                {
                    return format!("CREATE INDEX late{number} ON {name} ({column})");
                }
                // The same columns, and no row.
                let names: Vec<&str> = view.columns.iter().map(|column| column.name.as_str()).collect();
                format!(
                    "CREATE OR REPLACE VIEW {} AS SELECT {} FROM {name} WHERE 1 = 0",
                    view.name,
                    names.join(", ")
                )
            }
            2 if self.schema.dialect == Dialect::Sqlite => {
                let other = *self.random.pick(&tables);
                let changed = &other.columns[other.columns.len() - 1].name;
                format!(
                    "CREATE TRIGGER late{number} AFTER UPDATE ON {name} BEGIN UPDATE {} SET {changed} = NULL; END",
                    other.name
                )
            }
            3 => format!(
                "CREATE UNIQUE INDEX late{number} ON {name} ({}, {column})",
                table.columns[0].name
            ),
            _ => format!("CREATE INDEX late{number} ON {name} ({column})"),
        }
    }
}
