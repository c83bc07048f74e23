//! Who is where: the facts of the generated database that rows and operations share, each computed on its own.
//!
//! Invariant: pure functions of seed, scale and number, so that a worker knows a user's channels without asking.

use super::scale::Scale;
use crate::random::Random;
use crate::zipf::Zipf;

const EXPONENT: f64 = 0.99;

/// 2025-01-01 00:00:00 UTC, when the first message was written, in milliseconds since 1970.
pub(super) const FIRST_MESSAGE_MS: i64 = 1_735_689_600_000;
/// One message each 30 s, so that a million of them span about a year.
const MESSAGE_INTERVAL_MS: i64 = 30_000;

/// A prime far above any count: multiplying by it spreads the ranks over the ids, so that busy rows are not neighbours.
const STRIDE: u64 = 2_147_483_647;

const CHANNELS_OF_USER_MIN: u64 = 2;
const CHANNELS_OF_USER_MAX: u64 = 10;

/// What a random number is for: numbers of different streams are independent.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    User = 1,
    Channel = 2,
    Message = 3,
    MemberCount = 4,
    Membership = 5,
    Reaction = 6,
    ReadPosition = 7,
    Operation = 8,
}

/// The people and channels of one seed and scale.
#[derive(Clone, Debug)]
pub(super) struct Population {
    seed: u64,
    scale: Scale,
    users: Zipf,
    channels: Zipf,
    recency: Zipf,
}

/// Where a message is, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessagePlace {
    pub(super) channel: i64,
    pub(super) user: i64,
}

impl Population {
    pub(super) fn new(seed: u64, scale: Scale) -> Self {
        Self {
            seed,
            scale,
            users: Zipf::new(u64::from(scale.users), EXPONENT),
            channels: Zipf::new(u64::from(scale.channels), EXPONENT),
            recency: Zipf::new(u64::from(scale.messages), EXPONENT),
        }
    }

    pub(super) fn scale(&self) -> Scale {
        self.scale
    }

    /// The numbers of one item of a stream.
    pub(super) fn random(&self, stream: Stream, item: i64) -> Random {
        Random::at(self.seed, stream as u64, item as u64)
    }

    /// A user, the busy ones more often.
    pub(super) fn draw_user(&self, random: &mut Random) -> i64 {
        spread(self.users.sample(random), self.scale.users)
    }

    /// A channel, the busy ones more often.
    pub(super) fn draw_channel(&self, random: &mut Random) -> i64 {
        spread(self.channels.sample(random), self.scale.channels)
    }

    /// A generated message, the late ones more often: people react to what they see on their screen.
    pub(super) fn draw_message(&self, random: &mut Random) -> i64 {
        i64::from(self.scale.messages) + 1 - self.recency.sample(random) as i64
    }

    /// One of the channels that the user was generated a member of.
    pub(super) fn draw_channel_of(&self, user: i64, random: &mut Random) -> i64 {
        self.channel_of(user, random.below(self.channel_draws(user)))
    }

    /// One of the channels that the user stays in: all but the [passing](Self::passing_channel_of) one, if there are others.
    pub(super) fn draw_settled_channel_of(&self, user: i64, random: &mut Random) -> i64 {
        let passing = self.passing_channel_of(user);
        let draws = self.channel_draws(user);
        let first = random.below(draws);
        (0..draws)
            .map(|step| self.channel_of(user, (first + step) % draws))
            .find(|channel| *channel != passing)
            .unwrap_or(passing)
    }

    /// The channel that the user leaves and joins again.
    pub(super) fn passing_channel_of(&self, user: i64) -> i64 {
        self.channel_of(user, self.channel_draws(user) - 1)
    }

    /// The channels that the user was generated a member of, each once.
    pub(super) fn channels_of(&self, user: i64) -> Vec<i64> {
        let mut channels: Vec<i64> = (0..self.channel_draws(user))
            .map(|draw| self.channel_of(user, draw))
            .collect();
        channels.sort_unstable();
        channels.dedup();
        channels
    }

    pub(super) fn message_place(&self, random: &mut Random) -> MessagePlace {
        MessagePlace {
            channel: self.draw_channel(random),
            user: self.draw_user(random),
        }
    }

    /// How many reactions a generated message has.
    pub(super) fn reactions(&self, random: &mut Random) -> u64 {
        if random.below(10) == 0 {
            1 + random.below(3)
        } else {
            0
        }
    }

    pub(super) fn message_at_ms(&self, message: i64) -> i64 {
        FIRST_MESSAGE_MS + message * MESSAGE_INTERVAL_MS
    }

    fn channel_draws(&self, user: i64) -> u64 {
        let spread = CHANNELS_OF_USER_MAX - CHANNELS_OF_USER_MIN + 1;
        CHANNELS_OF_USER_MIN + self.random(Stream::MemberCount, user).below(spread)
    }

    fn channel_of(&self, user: i64, draw: u64) -> i64 {
        let item = user * CHANNELS_OF_USER_MAX as i64 + draw as i64;
        self.draw_channel(&mut self.random(Stream::Membership, item))
    }
}

fn spread(rank: u64, count: u32) -> i64 {
    (rank.wrapping_mul(STRIDE) % u64::from(count)) as i64 + 1
}
