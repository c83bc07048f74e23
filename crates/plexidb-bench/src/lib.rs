//! What the benchmarks and their tests share: the databases that they run on, and the checker of the cache's promise.

mod coherence;
mod fleet;
mod product;

pub use coherence::{CoherenceOptions, Findings, coherence};
#[cfg(feature = "planted-faults")]
pub use coherence::{PlantedFault, find_planted};
pub use fleet::Fleet;
pub use product::{Host, Place, Product};
