//! The settings that every session gets, in one round trip.
//!
//! Invariant: text is utf8mb4, times are UTC, a double quote begins a string and a backslash an escape (what the
//! analysis of statements relies on), and statements commit by themselves. All else stays as the server has it.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::mysql::replication::Vendor;

/// The modes of `sql_mode` that change how a statement is read, and MySQL's and MariaDB's names for sets of modes
/// that contain `ANSI_QUOTES`. A set's other modes are listed beside its name and stay.
const MODES_OFF: [&str; 8] = [
    "ANSI_QUOTES",
    "NO_BACKSLASH_ESCAPES",
    "ANSI",
    "DB2",
    "MAXDB",
    "MSSQL",
    "ORACLE",
    "POSTGRESQL",
];

/// The role by a function that older servers do not know: the first comment is for MySQL from 8.0 on, the second for MariaDB,
/// and neither reads the other's.
const ROLE: &str = "/*!80000 , CURRENT_ROLE() *//*M! , CURRENT_ROLE() */";

/// What the server says of the session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The connection id; wider than the one of the handshake.
    pub(crate) id: u64,
    /// The longest statement or row of parameters that the server takes, in bytes.
    pub(crate) packet_bytes_max: usize,
    /// Whose server it is.
    pub(crate) vendor: Vendor,
    /// The default database.
    pub(crate) database: Option<String>,
    /// The role; no server before MySQL 8.0 and MariaDB 10.0.5 has any.
    pub(crate) role: Option<String>,
    /// Whether the server runs statements of its own when a session begins.
    pub(crate) has_init_connect: bool,
}

/// `variables` are assignments, each behind a comma.
pub(super) async fn set_up(conn: &mut Conn, variables: &str) -> Result<Session, mysql_async::Error> {
    let mut result = conn.query_iter(statements(variables)).await?;
    // The first of the two results is that of SET.
    while result.columns_ref().is_empty() && !result.is_empty() {
        result.next().await?;
    }
    let row = result.next().await?;
    result.drop_result().await?;
    let number = |row: &mysql_async::Row, position| row.get_opt::<u64, usize>(position)?.ok();
    let text = |position| {
        row.as_ref()
            .and_then(|row| row.get_opt::<String, usize>(position)?.ok())
    };
    let version = text(2);
    let vendor = Vendor {
        is_mariadb: version.is_some_and(|version| version.to_ascii_lowercase().contains("mariadb")),
        version: conn.server_version(),
    };
    let (database, role) = (text(3), text(5));
    let has_init_connect = text(4).is_some_and(|statements| !statements.trim().is_empty());
    let facts = row.and_then(|row| Some((number(&row, 0)?, number(&row, 1)?)));
    let (id, packet_bytes_max) = facts.unwrap_or((u64::from(conn.id()), 1 << 24));
    Ok(Session {
        id,
        packet_bytes_max: usize::try_from(packet_bytes_max).unwrap_or(usize::MAX),
        vendor,
        database,
        role,
        has_init_connect,
    })
}

fn statements(variables: &str) -> String {
    // Commas around the list and every mode let REPLACE match whole names.
    let mode = MODES_OFF
        .iter()
        .fold("CONCAT(',', @@sql_mode, ',')".to_owned(), |list, mode| {
            format!("REPLACE({list}, ',{mode},', ',')")
        });
    format!(
        "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION autocommit = 1, \
         SESSION sql_mode = TRIM(BOTH ',' FROM {mode}){variables}; \
         SELECT CONNECTION_ID(), @@max_allowed_packet, VERSION(), DATABASE(), @@init_connect{ROLE}"
    )
}
