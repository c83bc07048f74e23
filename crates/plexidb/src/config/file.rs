//! Settings from TOML, each with its line and column.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::environment::Environment;
use super::kind::Raw;
use super::layer::{Layer, Part, Setting};
use super::problem::Problems;

/// The keys at the top of a file that are no settings but sections.
pub(super) const SECTIONS: &[&str] = &["redis", "database", "databases"];

/// A configuration is a page or two; what is larger is some other file.
const BYTES_MAX: u64 = 1 << 20;

/// The text of a configuration file.
pub(super) fn read(path: &Path, problems: &mut Problems) -> Option<String> {
    let mut bytes = Vec::new();
    let outcome = File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes));
    let (what, advice) = match outcome.map_err(|error| error.kind()) {
        Err(ErrorKind::NotFound) => ("there is no such file", "create it, or correct the path"),
        Err(ErrorKind::PermissionDenied) => ("the file may not be read", "correct its permissions"),
        Err(_) => ("the file cannot be read", "check what it is"),
        Ok(_) if bytes.len() as u64 > BYTES_MAX => {
            ("the file is larger than 1 MiB", "name a configuration file")
        }
        Ok(_) => match String::from_utf8(bytes) {
            Ok(text) => return Some(text),
            Err(_) => ("the file is not UTF-8", "save it as UTF-8"),
        },
    };
    problems.add(path.display().to_string(), what, advice);
    None
}

/// All settings of a TOML text, which `label` names. `None` where it is not TOML.
pub(super) fn layer(
    text: &str,
    label: &str,
    environment: &Environment,
    problems: &mut Problems,
) -> Option<Layer> {
    let layer = Layer::default();
    let mut reader = Reader {
        text,
        label,
        environment,
        problems,
        layer,
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        reader.top(table.into_inner());
        return Some(reader.layer);
    }
    for error in errors {
        // The error's own display would quote the line, which may hold a password.
        let place = reader.place(error.span().unwrap_or_default());
        reader
            .problems
            .add(place, format!("not TOML: {}", error.message()), "correct it");
    }
    None
}

type Key<'i> = Spanned<Cow<'i, str>>;

struct Reader<'a> {
    text: &'a str,
    label: &'a str,
    environment: &'a Environment,
    problems: &'a mut Problems,
    layer: Layer,
}

impl Reader<'_> {
    fn place(&self, span: Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.label)
    }

    fn top(&mut self, table: DeTable<'_>) {
        for (key, value) in in_order(table) {
            let place = self.place(key.span());
            match (key.get_ref().as_ref(), value) {
                ("redis", DeValue::Table(table)) => {
                    let settings = self.settings(table);
                    self.layer.redis = Some(Part { place, settings });
                }
                ("redis", _) => self
                    .problems
                    .add(place, "`redis` is not a table", "write `[redis]`"),
                ("database" | "databases", DeValue::Array(array)) => {
                    array.into_iter().for_each(|item| self.array_item(item));
                }
                ("database" | "databases", DeValue::Table(table)) => {
                    in_order(table)
                        .into_iter()
                        .for_each(|(name, value)| self.named_table(&name, value));
                }
                ("database" | "databases", _) => {
                    let what = "the databases are neither tables nor an array of tables";
                    self.problems
                        .add(place, what, "write `[[database]]`, or `[database.NAME]`");
                }
                (_, value) => {
                    let setting = self.setting(key, value);
                    self.layer.top.push(setting);
                }
            }
        }
    }

    /// An item of `[[database]]`, which says its own name.
    fn array_item(&mut self, item: Spanned<DeValue<'_>>) {
        let place = self.place(item.span());
        let DeValue::Table(mut table) = item.into_inner() else {
            return self.problems.add(
                place,
                "an item of the databases is not a table",
                "write `[[database]]`",
            );
        };
        let Some((key, name)) = table.remove_entry("name") else {
            return self
                .problems
                .add(place, "the database has no `name`", "add `name = \"…\"`");
        };
        let place = self.place(key.span());
        match name.into_inner() {
            DeValue::String(name) => self.push_database(&name, place, table),
            _ => self
                .problems
                .add(place, "`name` is not text", "write it in quotes"),
        }
    }

    /// `[database.NAME]`.
    fn named_table(&mut self, name: &Key<'_>, value: DeValue<'_>) {
        let place = self.place(name.span());
        let DeValue::Table(mut table) = value else {
            let what = format!("`{}` is not the table of a database", name.get_ref());
            let advice = "write `[database.NAME]`, or `[[database]]` with a `name`";
            return self.problems.add(place, what, advice);
        };
        if let Some((key, _)) = table.remove_entry("name") {
            let place = self.place(key.span());
            self.problems
                .add(place, "the database has its name from its table", "remove `name`");
        }
        self.push_database(name.get_ref(), place, table);
    }

    fn push_database(&mut self, name: &str, place: String, mut table: DeTable<'_>) {
        if let Some((key, tables)) = table.remove_entry("tables") {
            self.push_tables(name, &key, tables.into_inner());
        }
        self.take_replicas(name, &mut table);
        let settings = self.settings(table);
        self.layer
            .databases
            .push((name.to_owned(), Part { place, settings }));
    }

    /// `[database.tables.NAME]`, or `[database.DATABASE.tables.NAME]`.
    fn push_tables(&mut self, database: &str, key: &Key<'_>, tables: DeValue<'_>) {
        let advice = "write `[database.tables.NAME]`";
        let DeValue::Table(tables) = tables else {
            let place = self.place(key.span());
            return self.problems.add(place, "`tables` is not a table", advice);
        };
        for (name, value) in in_order(tables) {
            let place = self.place(name.span());
            let DeValue::Table(table) = value else {
                let what = format!("`{}` is not the table of a table", name.get_ref());
                self.problems.add(place, what, advice);
                continue;
            };
            let settings = self.settings(table);
            let part = Part { place, settings };
            self.layer
                .tables
                .push((database.to_owned(), name.get_ref().to_string(), part));
        }
    }

    /// Takes the replicas out where they are more than URLs, which are a setting like others.
    fn take_replicas(&mut self, database: &str, table: &mut DeTable<'_>) {
        let is_table = |item: &Spanned<DeValue<'_>>| matches!(item.get_ref(), DeValue::Table(_));
        let mut is_given = false;
        for key in ["replicas", "replica"] {
            let is_list_of_tables = match table.get(key).map(Spanned::get_ref) {
                Some(DeValue::Array(list)) => list.iter().any(is_table),
                Some(_) => false,
                None => continue,
            };
            if std::mem::replace(&mut is_given, true)
                && let Some((key, _)) = table.remove_entry(key)
            {
                let place = self.place(key.span());
                self.problems
                    .add(place, "the replicas are given twice", "keep `replicas`");
            } else if is_list_of_tables
                && let Some((key, list)) = table.remove_entry(key)
                && let DeValue::Array(list) = list.into_inner()
            {
                self.push_replicas(database, &key, list);
            }
        }
    }

    /// `[[database.replicas]]`, or a list of tables and URLs.
    fn push_replicas(&mut self, database: &str, key: &Key<'_>, list: DeArray<'_>) {
        let mut parts = Vec::with_capacity(list.len());
        for item in list {
            let place = self.place(item.span());
            let span = item.span();
            let settings = match item.into_inner() {
                DeValue::Table(table) => self.settings(table),
                url @ DeValue::String(_) => {
                    vec![self.setting(Spanned::new(span, Cow::Borrowed("url")), url)]
                }
                _ => {
                    let advice = "write `[[database.replicas]]` with a `url`, or the URL in quotes";
                    self.problems
                        .add(place, "a replica is neither a table nor text", advice);
                    continue;
                }
            };
            parts.push(Part { place, settings });
        }
        let place = self.place(key.span());
        self.layer.replicas.push((database.to_owned(), place, parts));
    }

    fn settings(&mut self, table: DeTable<'_>) -> Vec<Setting> {
        in_order(table)
            .into_iter()
            .map(|(key, value)| self.setting(key, value))
            .collect()
    }

    /// The texts with their references to environment variables replaced.
    fn expanded(&mut self, texts: Vec<String>, place: &str) -> Raw {
        let expand = |text: String| match text.contains("${") {
            true => self.environment.expand(&text, place, self.problems),
            false => Some(text),
        };
        let texts: Option<Vec<String>> = texts.into_iter().map(expand).collect();
        texts.map_or(Raw::Refused, Raw::Texts)
    }

    fn setting(&mut self, key: Key<'_>, value: DeValue<'_>) -> Setting {
        let place = self.place(key.span());
        let raw = match value {
            DeValue::String(text) if text.contains("${") => {
                let expanded = self.environment.expand(&text, &place, self.problems);
                expanded.map_or(Raw::Refused, Raw::Word)
            }
            DeValue::String(text) => Raw::Text(text.into_owned()),
            DeValue::Integer(number) => {
                let parsed = i64::from_str_radix(number.as_str(), number.radix());
                parsed.map_or(Raw::Other("a number of this size"), Raw::Integer)
            }
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .map_or(Raw::Other("this number"), Raw::Float),
            DeValue::Boolean(is_on) => Raw::Switch(is_on),
            DeValue::Datetime(_) => Raw::Other("a date or time"),
            DeValue::Array(array) => match texts(array) {
                Some(texts) => self.expanded(texts, &place),
                None => Raw::Other("an array"),
            },
            DeValue::Table(_) => Raw::Other("a table"),
        };
        Setting {
            key: key.into_inner().into_owned(),
            raw,
            place,
            prefix: None,
        }
    }
}

/// The texts of an array, if it holds nothing else.
fn texts(array: DeArray<'_>) -> Option<Vec<String>> {
    let texts = array.into_iter().map(|item| match item.into_inner() {
        DeValue::String(text) => Some(text.into_owned()),
        _ => None,
    });
    texts.collect()
}

/// The entries in the order of the text; the parser sorts them by name.
fn in_order(table: DeTable<'_>) -> Vec<(Key<'_>, DeValue<'_>)> {
    let mut entries: Vec<_> = table
        .into_iter()
        .map(|(key, value)| (key, value.into_inner()))
        .collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}
