//! What users see of a node.

use std::fmt;
use std::sync::Arc;

use super::Node;
use crate::bus::BusError;
use crate::protocol::{At, MemberId, Refusal};

/// Whether the bus is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Contact {
    /// Not yet.
    Connecting,
    /// It answers.
    Connected,
    /// It answers, and refuses this process, whose configuration or version is not that of the others.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// It has not answered the last call.
    Lost {
        /// What was found.
        error: Arc<str>,
    },
}

impl Contact {
    pub(super) fn lost(error: &BusError) -> Self {
        match error {
            BusError::Refused(refusal @ (Refusal::OtherTerms(_) | Refusal::Full)) => Self::Refused {
                refusal: refusal.clone(),
            },
            _ => Self::Lost {
                error: error.to_string().into(),
            },
        }
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => f.write_str("no contact yet"),
            Self::Connected => f.write_str("connected"),
            Self::Refused { refusal } => write!(f, "refused: {refusal}"),
            Self::Lost { error } => f.write_str(error),
        }
    }
}

/// What a node is like now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NodeStatus {
    /// This member.
    pub member: MemberId,
    /// Whether the bus is reached.
    pub contact: Contact,
    /// The epoch, and the number of the last message that was applied; `None` before it has joined.
    pub at: Option<At>,
    /// Whether cached results may be served now.
    pub has_lease: bool,
    /// The other members, as far as is known.
    pub others: usize,
}

impl Node {
    /// What it is like now.
    #[must_use]
    pub fn status(&self) -> NodeStatus {
        let has_lease = self.lease().grant().is_valid_at(self.now());
        let state = self.shared.state();
        NodeStatus {
            member: state.id(),
            contact: state.contact.clone(),
            at: state.at(),
            has_lease,
            others: state.peers(),
        }
    }
}
