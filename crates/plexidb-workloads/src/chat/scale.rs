//! How large the generated database is.

/// The number of rows of the tables that are given; memberships are about 6 a user, reactions 1 in 5 messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Users.
    pub users: u32,
    /// Channels.
    pub channels: u32,
    /// Messages.
    pub messages: u32,
}

impl Scale {
    /// 50,000 users, 1,000 channels, 1,000,000 messages.
    #[must_use]
    pub const fn full() -> Self {
        Self {
            users: 50_000,
            channels: 1_000,
            messages: 1_000_000,
        }
    }

    /// 5,000 users, 100 channels, 50,000 messages.
    #[must_use]
    pub const fn small() -> Self {
        Self {
            users: 5_000,
            channels: 100,
            messages: 50_000,
        }
    }
}
