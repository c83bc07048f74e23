//! What the benchmarks and their tests share: the databases that they run on, and the checkers of the promises: the cache's, and those
//! that stand while servers fail.

mod chaos;
mod coherence;
mod fleet;
mod nodes;
mod product;

#[cfg(feature = "planted-faults")]
pub use chaos::find_planted_in_chaos;
pub use chaos::{ChaosFindings, ChaosOptions, chaos};
pub use coherence::{CoherenceOptions, Findings, coherence};
#[cfg(feature = "planted-faults")]
pub use coherence::{PlantedFault, find_planted};
pub use fleet::Fleet;
pub use nodes::{NodesCoherence, NodesFindings, NodesOptions, node, nodes};
pub use product::{Host, Place, Product};
