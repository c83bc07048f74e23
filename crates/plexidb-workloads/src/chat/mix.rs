//! How often each operation comes.

use crate::random::Random;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A channel's last 50 messages with their authors: a join.
    ChannelHistory,
    /// A user's profile by id.
    Profile,
    /// The channels of a user: a join.
    UserChannels,
    /// How many messages of a channel a user has not read.
    UnreadCount,
    /// Whether a user is in a channel.
    MembershipCheck,
    /// The reactions of a message, counted.
    ReactionCounts,
    /// A user is here: `last_seen` moves.
    Heartbeat,
    /// A new message.
    Post,
    /// A reaction to a message.
    React,
    /// A channel is read up to its end.
    MarkRead,
    /// A message gets another text.
    Edit,
    /// A user joins or leaves a channel.
    JoinLeave,
}

/// Reads with their percentage of all reads.
const READS: [(Kind, u64); 6] = [
    (Kind::ChannelHistory, 30),
    (Kind::Profile, 25),
    (Kind::UserChannels, 15),
    (Kind::UnreadCount, 15),
    (Kind::MembershipCheck, 10),
    (Kind::ReactionCounts, 5),
];

/// Writes with their percentage of all writes.
const WRITES: [(Kind, u64); 6] = [
    (Kind::Heartbeat, 45),
    (Kind::Post, 25),
    (Kind::React, 15),
    (Kind::MarkRead, 8),
    (Kind::Edit, 5),
    (Kind::JoinLeave, 2),
];

impl Kind {
    /// All kinds, reads first, each group with the most frequent first.
    pub const ALL: [Self; 12] = [
        Self::ChannelHistory,
        Self::Profile,
        Self::UserChannels,
        Self::UnreadCount,
        Self::MembershipCheck,
        Self::ReactionCounts,
        Self::Heartbeat,
        Self::Post,
        Self::React,
        Self::MarkRead,
        Self::Edit,
        Self::JoinLeave,
    ];

    /// The position in [`ALL`](Self::ALL).
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// A short name for tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ChannelHistory => "channel history",
            Self::Profile => "profile",
            Self::UserChannels => "user's channels",
            Self::UnreadCount => "unread count",
            Self::MembershipCheck => "membership check",
            Self::ReactionCounts => "reaction counts",
            Self::Heartbeat => "heartbeat",
            Self::Post => "post",
            Self::React => "react",
            Self::MarkRead => "mark read",
            Self::Edit => "edit",
            Self::JoinLeave => "join/leave",
        }
    }

    /// Whether it only reads.
    #[must_use]
    pub fn is_read(self) -> bool {
        self.index() < READS.len()
    }
}

/// The share of reads among all operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    reads_percent: u8,
}

/// A percentage above 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no percentage: give 0 to 100")]
pub struct MixError(pub u8);

impl Mix {
    /// The mixes that the project is measured by: 99, 90, 70 and 50 percent reads.
    pub const STANDARD: [Self; 4] = [
        Self { reads_percent: 99 },
        Self { reads_percent: 90 },
        Self { reads_percent: 70 },
        Self { reads_percent: 50 },
    ];

    /// A mix with this percentage of reads.
    ///
    /// # Errors
    ///
    /// [`MixError`] above 100.
    pub fn new(reads_percent: u8) -> Result<Self, MixError> {
        if reads_percent > 100 {
            Err(MixError(reads_percent))
        } else {
            Ok(Self { reads_percent })
        }
    }

    /// The percentage of reads.
    #[must_use]
    pub fn reads_percent(self) -> u8 {
        self.reads_percent
    }

    pub(super) fn draw(self, random: &mut Random) -> Kind {
        let is_read = random.below(100) < u64::from(self.reads_percent);
        let kinds = if is_read { &READS } else { &WRITES };
        let mut rest = random.below(100);
        for (kind, percent) in kinds {
            if rest < *percent {
                return *kind;
            }
            rest -= percent;
        }
        // The percentages add up to 100.
        kinds[0].0
    }
}
