//! Connection pool: checkout, checkin, limits; knows no SQL.
