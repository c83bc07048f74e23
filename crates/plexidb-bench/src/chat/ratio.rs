//! A ratio of reads to writes, as `90:10`.

use std::fmt;
use std::str::FromStr;

use plexidb_workloads::chat::Mix;

#[cfg(test)]
mod tests;

/// Reads and writes in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio(Mix);

impl Ratio {
    pub(super) fn of(mix: Mix) -> Self {
        Self(mix)
    }

    pub(super) fn mix(self) -> Mix {
        self.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reads = self.0.reads_percent();
        write!(f, "{reads}:{}", 100 - reads)
    }
}

impl FromStr for Ratio {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refusal =
            || format!("'{text}' is no ratio of reads to writes: give two percentages such as 90:10");
        let (reads, writes) = text.split_once(':').ok_or_else(refusal)?;
        let reads: u8 = reads.parse().map_err(|_| refusal())?;
        let writes: u8 = writes.parse().map_err(|_| refusal())?;
        if u16::from(reads) + u16::from(writes) != 100 {
            return Err(format!("{reads} and {writes} do not add up to 100"));
        }
        Mix::new(reads).map(Self).map_err(|error| error.to_string())
    }
}
