//! The names of a record's keys and of its channel.
//!
//! Invariant: all have one hash tag, so that Redis Cluster keeps them together; another namespace, database or number of a Redis database has
//! other names.

use crate::store::Namespace;

/// The names of a record's keys and of its channel.
#[derive(Debug)]
pub(super) struct Keys {
    record: String,
    versions: String,
    intents: String,
    members: String,
    channel: String,
}

impl Keys {
    /// Channels are common to all numbered databases of a server, so that their name has to hold the number.
    pub(super) fn new(namespace: &Namespace, database: &str, number: u32) -> Self {
        let key = |part: &str| format!("{{{namespace}/{database}}}:{part}");
        Self {
            record: key("record"),
            versions: key("versions"),
            intents: key("intents"),
            members: key("members"),
            channel: key(&format!("messages:{number}")),
        }
    }

    /// In the order in which scripts take them.
    pub(super) fn all(&self) -> [&[u8]; 4] {
        [&self.record, &self.versions, &self.intents, &self.members].map(String::as_bytes)
    }

    /// The arguments of a script: the channel, and those of the call.
    pub(super) fn arguments<'a>(&'a self, of_call: &[&'a [u8]]) -> Vec<&'a [u8]> {
        std::iter::once(self.channel.as_bytes())
            .chain(of_call.iter().copied())
            .collect()
    }

    pub(super) fn channel(&self) -> &str {
        &self.channel
    }
}
