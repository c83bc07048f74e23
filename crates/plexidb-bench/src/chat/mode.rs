//! The ways of running the workload that are compared.

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use plexidb::{Config, DatabaseConfig, KeyLearning, Manager, Precision};

use crate::product::Place;

/// Large enough that nothing is evicted: an evicted entry would look like one that was dropped without need.
const L1_BYTES_MAX: u64 = 1 << 30;

/// How writes learn the keys of their rows, on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Learning {
    /// As it costs least.
    #[default]
    Auto,
    /// Not at all.
    Never,
    /// In one round trip, under a hold of all keys.
    OneTrip,
    /// In two round trips, under a hold of the row's keys.
    TwoTrips,
}

impl From<Learning> for KeyLearning {
    fn from(learning: Learning) -> Self {
        match learning {
            Learning::Auto => Self::Auto,
            Learning::Never => Self::Never,
            Learning::OneTrip => Self::OneTrip,
            Learning::TwoTrips => Self::TwoTrips,
        }
    }
}

/// One way of running it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The bare driver.
    Bare,
    /// Through the layer, with the cache off.
    Direct,
    /// A write drops all results of its tables.
    Table,
    /// A write drops the results of its rows, whatever columns it changed.
    RowWithoutColumns,
    /// A write drops the results of its rows that read its columns: the default.
    Row,
}

impl Mode {
    pub(super) const ALL: [Self; 5] = [
        Self::Bare,
        Self::Direct,
        Self::Table,
        Self::RowWithoutColumns,
        Self::Row,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare driver",
            Self::Direct => "direct",
            Self::Table => "table",
            Self::RowWithoutColumns => "row, no columns",
            Self::Row => "row",
        }
    }

    /// How precisely it drops; none without a cache.
    pub(super) fn precision(self) -> Option<Precision> {
        match self {
            Self::Bare | Self::Direct => None,
            Self::Table => Some(Precision::Table),
            Self::RowWithoutColumns => Some(Precision::RowWithoutColumns),
            Self::Row => Some(Precision::Row),
        }
    }

    /// Opens the database as this mode has it.
    pub(super) async fn open(self, place: &Place<'_>, learning: Learning) -> Result<Manager> {
        let database = DatabaseConfig {
            key_learning: learning.into(),
            invalidation: self.precision().unwrap_or_default(),
            ..DatabaseConfig::from_url("chat", place.url.as_str())
        };
        let config = Config::builder()
            .database(database)
            .enable_query_cache(self.precision().is_some())
            .l1_bytes_max(L1_BYTES_MAX)
            .build()?;
        Manager::from_config(config)
            .await
            .with_context(|| format!("cannot open the database of the mode '{}'", self.name()))
    }
}
