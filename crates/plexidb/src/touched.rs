//! What several writes touch together, within bounds.
//!
//! Invariant: every tag that was added is kept, or the tags of the whole tables of its statement, on which each result
//! that depends on it depends as well.

use plexidb_core::Tag;

use crate::schema::Statement;

#[cfg(test)]
mod tests;

/// Most tags that are told apart, 80 KiB; beyond them whole tables count as touched.
const TAGS_MAX: usize = 10_000;

/// Tags of writes that take effect together.
#[derive(Debug, Default)]
pub(crate) struct TouchedTags {
    tags: Vec<Tag>,
    /// `T.all` of each table that was written, or the whole database.
    tables: Vec<Tag>,
    is_coarse: bool,
}

impl TouchedTags {
    /// Adds what one execution of a statement touches.
    pub(crate) fn add(&mut self, tags: impl IntoIterator<Item = Tag>, statement: &Statement) {
        self.add_tables(statement.coarse_tags());
        self.extend(tags);
    }

    /// The whole database: what is added besides does not matter.
    pub(crate) fn add_database(&mut self) {
        self.add_tables([Tag::DATABASE]);
        self.extend([Tag::DATABASE]);
    }

    /// All tags.
    pub(crate) fn into_tags(self) -> Vec<Tag> {
        if self.is_coarse { self.tables } else { self.tags }
    }

    fn add_tables(&mut self, tables: impl IntoIterator<Item = Tag>) {
        for table in tables {
            if !self.tables.contains(&table) {
                self.tables.push(table);
            }
        }
    }

    fn extend(&mut self, tags: impl IntoIterator<Item = Tag>) {
        if self.is_coarse {
            return;
        }
        self.tags.extend(tags);
        // Twice the bound, so that tags which are named again and again are not sorted each time.
        if self.tags.len() > 2 * TAGS_MAX {
            self.tags.sort_unstable();
            self.tags.dedup();
            self.is_coarse = self.tags.len() > TAGS_MAX;
            if self.is_coarse {
                self.tags = Vec::new();
            }
        }
    }
}
