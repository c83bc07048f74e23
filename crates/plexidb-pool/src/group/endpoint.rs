//! One server of a group, as it is configured.

use super::member::Traits;
use super::role::Role;
use crate::pool::Pool;

/// The most endpoints of a group.
pub(crate) const ENDPOINTS_MAX: usize = 64;

/// One server of a group: a pool of connections, and what is configured of it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(crate) traits: Traits,
    pub(crate) pool: Pool,
}

impl Endpoint {
    /// A server that is expected to have this role; what is observed later counts more.
    #[must_use]
    pub fn new(name: impl Into<String>, role: Role, pool: Pool) -> Self {
        Self {
            traits: Traits {
                name: name.into(),
                role,
                weight: 1,
                tags: Vec::new(),
                is_reserved: false,
            },
            pool,
        }
    }

    /// Its share of the reads compared with the other replicas; default 1. With 0 it serves none as a replica; as a primary it
    /// serves writes, and reads that no replica can serve.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.traits.weight = weight;
        self
    }

    /// Adds a tag (as `analytics`) that reads can ask for.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.traits.tags.push(tag.into());
        self
    }

    /// As a replica it serves only reads that ask for one of its tags, so that they do not disturb others.
    #[must_use]
    pub fn reserved(mut self) -> Self {
        self.traits.is_reserved = true;
        self
    }
}

/// The place of an endpoint in its group; see [`Group::endpoint`](crate::Group::endpoint).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EndpointId(pub(crate) usize);
