//! The reference of the configuration, written from the declarations of the settings.

use super::field::{Field, Fields};
use super::{Config, DatabaseConfig, RedisConfig, ReplicaConfig, TableConfig, environment};

/// The documentation of all settings as Markdown: what `docs/configuration.md` holds.
///
/// ```
/// assert!(plexidb::config_reference().contains("`connection_pool_size`"));
/// ```
#[must_use]
pub fn config_reference() -> String {
    let mut page = String::from(HEAD);
    page.extend(["\n## Example\n\n```toml\n", EXAMPLE, "```\n"]);
    page.push_str("\n## At the top of the file\n\n");
    push_table::<Config>(&mut page, Some(environment::PREFIX));
    page.push_str("\n## `[[database]]`\n\n");
    page.push_str(DATABASES);
    let prefix = format!("{}<NAME>_", environment::DATABASE_PREFIX);
    push_table::<DatabaseConfig>(&mut page, Some(&prefix));
    page.push_str("\n## `[[database.replicas]]`\n\n");
    page.push_str(REPLICAS);
    push_table::<ReplicaConfig>(&mut page, None);
    page.push_str("\n## `[database.tables.NAME]`\n\n");
    page.push_str(TABLES);
    push_table::<TableConfig>(&mut page, None);
    page.push_str("\n## `[redis]`\n\n");
    page.push_str(
        "Several processes share the results of their databases through a Redis or Valkey server, and none serves a stale one ([how](adr/0009-shared-tier.md)).\n\n",
    );
    push_table::<RedisConfig>(&mut page, Some(environment::REDIS_PREFIX));
    page.push_str(ENVIRONMENT);
    page.push_str(ERRORS);
    page
}

fn push_table<S: Fields + Default>(page: &mut String, prefix: Option<&str>) {
    page.push_str("| Key | Value | Default | Meaning |\n|---|---|---|---|\n");
    let defaults = S::default();
    for field in S::FIELDS {
        page.push_str(&row(field, &defaults));
    }
    if let Some(prefix) = prefix {
        page.extend(["\nEnvironment: `", prefix, "<KEY>`, the key in upper case.\n"]);
    }
}

fn row<S>(field: &Field<S>, defaults: &S) -> String {
    let aliases: Vec<_> = field.aliases.iter().map(|alias| format!("`{alias}`")).collect();
    let also = if aliases.is_empty() {
        String::new()
    } else {
        format!(" (also {})", aliases.join(", "))
    };
    let default = (field.show)(defaults, &field.kind).filter(|text| text != "\"\"");
    let default = default.map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
    format!(
        "| `{}`{also} | {} | {default} | {} |\n",
        field.key,
        field.kind.expected(),
        field.doc.trim()
    )
}

const HEAD: &str = "\
<!-- Written by `cargo xtask docs` from crates/plexidb/src/config; do not edit. -->
# Configuration

Settings come from four sources, each over those before it:

1. the defaults,
2. a TOML file (`Config::load(\"plexidb.toml\")`),
3. environment variables,
4. the program itself (`Config::builder()`).

Every setting has a default but the databases, of which there must be at least one.
";

pub(super) const EXAMPLE: &str = r#"cache_ttl = 600
l1_bytes_max = "256 MiB"

[[database]]
name = "chat"
type = "postgres"
host = "db.example.org"
database = "chat"
username = "chat"
password = "${CHAT_PASSWORD}"    # from the environment, as it is
options = "sslmode=verify-full"
connection_pool_size = 20
statement_timeout = 5

[[database]]
name = "reports"
url = "sqlite:reports.db"
enable_query_cache = false
"#;

const DATABASES: &str = "\
One table for each database, with a `name` of 1 to 63 letters, digits, `-` and `_`; the first is the default.
`[database.NAME]` and `[databases.NAME]` do the same without the key `name`; variables have it in their own names. Names
differ by more than case, `-` and `_`.

The address is a `url`, or a `type` with its parts, never both. In a `url`, special characters of a password must be
encoded (`@` as `%40`); the parts take it as it is. A `url` from a later source replaces the parts of an earlier one.

";

const REPLICAS: &str = "\
The servers that follow the database above, one table each; or `replicas = [...]`, a list of such tables and bare URLs. The
environment takes URLs alone, with blanks between them. What they do: [replicas](replicas.md).

";

const TABLES: &str = "\
Settings of one table of the database above it (`[database.DATABASE.tables.NAME]` where that has its name from its table).
A name with a schema is quoted: `[database.tables.\"public.users\"]`. The environment has none of these.

";

const ENVIRONMENT: &str = "
## Environment

- `PLEXIDB_<KEY>`, `PLEXIDB_REDIS_<KEY>` and `PLEXIDB_DATABASE_<NAME>_<KEY>` set one key, by any of its spellings. In
  `<NAME>`, `-` is written `_`: `PLEXIDB_DATABASE_MY_SHOP_POOL_TIMEOUT=5` is for a database `my-shop` of the file; if
  the file has none, it makes one named `my_shop`.
- `PLEXIDB_URL` is the `url` of the database named `default`. `DATABASE_URL` is the same, where nothing else gives a
  database or its address.
- Switches take `true`, `false`, `yes`, `no`, `on`, `off`, `1` and `0`.
- An empty variable is the same as none.
- A variable with the prefix `PLEXIDB_` or `PLEXIDB_REDIS_` that resembles no key is left alone, since platforms inject
  variables of their own; one that nearly is a key is an error.
- In a file, `${NAME}` within quotes stands for a variable's value, for numbers and switches too
  (`port = \"${DB_PORT}\"`); it is an error if the variable is not set. `$${` stands for `${` itself.
";

const ERRORS: &str = "
## Errors

All problems of all sources are reported at once, each with its place (`file:line:column`, or the variable's name), what
is wrong and what to do; an unknown key comes with the nearest valid one. Values are never printed, so that no password
is, wherever it landed.
";
