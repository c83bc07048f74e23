//! Drivers for SQLite, PostgreSQL and MySQL/MariaDB behind core's ports.
