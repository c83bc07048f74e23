//! The tags by which a result depends on rows whose key a writer does not know.
//!
//! Invariant: these are among what [`ReadPlan::dependencies`] tells, whatever the parameters.

use plexidb_core::{Facet, Place, Tag};

use super::ReadPlan;
use super::read::InsertNeed;

impl ReadPlan {
    /// The `=?` tags on which results depend: a write that touches one of them as a precaution makes these bypass the
    /// cache while it runs.
    pub fn unknown_tags(&self) -> impl Iterator<Item = Tag> {
        let pinned = self.tables.iter().filter_map(|table| {
            let key = table.key.as_ref()?;
            Some(tags(
                key.space.unknown(),
                &table.facets,
                table.insert != InsertNeed::Never,
            ))
        });
        let joined = self
            .joined
            .iter()
            .map(|joined| tags(joined.space.unknown(), &joined.facets, joined.needs_insert));
        pinned.flatten().chain(joined.flatten())
    }
}

fn tags(place: Place, facets: &[Facet], needs_insert: bool) -> impl Iterator<Item = Tag> {
    let insert = needs_insert.then_some(Facet::INSERT);
    facets
        .iter()
        .copied()
        .chain(insert)
        .map(move |facet| place.tag(facet))
}
