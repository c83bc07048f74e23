//! A connection of its own that listens on one channel.

use futures_util::StreamExt as _;
use redis::aio::PubSubStream;

/// Messages of one channel, in the order in which the server sent them. Dropping it ends the connection.
///
/// What has arrived and is not yet taken waits in memory: whoever subscribes must keep taking.
pub struct RedisSubscription {
    stream: PubSubStream,
}

impl std::fmt::Debug for RedisSubscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisSubscription").finish_non_exhaustive()
    }
}

impl RedisSubscription {
    pub(super) fn new(stream: PubSubStream) -> Self {
        Self { stream }
    }

    /// The next message; `None` once the connection is lost, after which messages may have been missed.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        let message = self.stream.next().await?;
        Some(message.get_payload_bytes().to_vec())
    }
}
