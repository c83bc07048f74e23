//! The channel as a subscription: bytes are read to notices.
//!
//! Invariant: it ends for good with the first bytes that are no notice. They may stand for one, which the subscriber would miss.

use plexidb_core::BoxFuture;

use super::notice;
use crate::bus::{Notice, Subscription};
use crate::redis_connection::RedisSubscription;

/// Notices of a record's channel.
pub(super) struct RedisNotices {
    messages: Option<RedisSubscription>,
}

impl RedisNotices {
    pub(super) fn new(messages: RedisSubscription) -> Self {
        Self {
            messages: Some(messages),
        }
    }
}

impl Subscription for RedisNotices {
    fn next(&mut self) -> BoxFuture<'_, Option<Notice>> {
        Box::pin(async move {
            let bytes = self.messages.as_mut()?.next().await;
            let notice = bytes.and_then(|bytes| match notice::read(&bytes) {
                Ok(notice) => Some(notice),
                Err(_) => {
                    tracing::warn!(
                        bytes = bytes.len(),
                        "the channel of the shared record carries what no member has sent"
                    );
                    None
                }
            });
            if notice.is_none() {
                self.messages = None;
            }
            notice
        })
    }
}
