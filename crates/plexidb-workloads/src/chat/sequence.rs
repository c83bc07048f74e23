//! The endless sequence of operations that one worker makes.

use super::mix::{Kind, Mix};
use super::operation::Operation;
use super::population::{Population, Stream};
use super::scale::Scale;
use super::words;
use crate::random::Random;

#[cfg(test)]
mod tests;

/// The operations of one worker, in their order: an iterator that never ends.
#[derive(Clone, Debug)]
pub struct Sequence {
    population: Population,
    mix: Mix,
    random: Random,
    /// The time of the next write, after all generated messages.
    clock_ms: i64,
}

impl Sequence {
    /// The first worker's operations on a database that was generated from this seed and scale.
    #[must_use]
    pub fn new(seed: u64, mix: Mix, scale: Scale) -> Self {
        Self::for_worker(seed, mix, scale, 0)
    }

    /// The operations of one of several workers; each has its own.
    #[must_use]
    pub fn for_worker(seed: u64, mix: Mix, scale: Scale, worker: u32) -> Self {
        let population = Population::new(seed, scale);
        let random = population.random(Stream::Operation, i64::from(worker));
        let clock_ms = population.message_at_ms(i64::from(scale.messages) + 1);
        Self {
            population,
            mix,
            random,
            clock_ms,
        }
    }

    fn make(&mut self, kind: Kind) -> Operation {
        let (population, random) = (&self.population, &mut self.random);
        let at_ms = self.clock_ms;
        match kind {
            Kind::ChannelHistory => Operation::ChannelHistory {
                channel: population.draw_channel(random),
            },
            Kind::Profile => Operation::Profile {
                user: population.draw_user(random),
            },
            Kind::UserChannels => Operation::UserChannels {
                user: population.draw_user(random),
            },
            Kind::UnreadCount => {
                let (user, channel) = draw_settled_member(population, random);
                Operation::UnreadCount { user, channel }
            }
            Kind::MembershipCheck => {
                let (user, mut channel) = draw_member(population, random);
                // One check in four is of somebody who came to a channel by chance and is mostly no member.
                if random.below(4) == 0 {
                    channel = population.draw_channel(random);
                }
                Operation::MembershipCheck { user, channel }
            }
            Kind::ReactionCounts => Operation::ReactionCounts {
                message: population.draw_message(random),
            },
            Kind::Heartbeat => Operation::Heartbeat {
                user: population.draw_user(random),
                at_ms,
            },
            Kind::Post => {
                let (user, channel) = draw_settled_member(population, random);
                Operation::Post {
                    channel,
                    user,
                    body: words::sentence(random, 3, 24),
                    at_ms,
                }
            }
            Kind::React => Operation::React {
                message: population.draw_message(random),
                user: population.draw_user(random),
                emoji: words::emoji(random.next_u64()),
            },
            Kind::MarkRead => {
                let (user, channel) = draw_settled_member(population, random);
                Operation::MarkRead { user, channel }
            }
            Kind::Edit => Operation::Edit {
                message: population.draw_message(random),
                body: words::sentence(random, 3, 24),
                at_ms,
            },
            Kind::JoinLeave => {
                let user = population.draw_user(random);
                let channel = population.passing_channel_of(user);
                if random.below(2) == 0 {
                    Operation::Join { user, channel }
                } else {
                    Operation::Leave { user, channel }
                }
            }
        }
    }
}

/// A user, and one of the channels that the user stays in: nobody counts, reads or writes messages in a channel that he has
/// left.
fn draw_settled_member(population: &Population, random: &mut Random) -> (i64, i64) {
    let user = population.draw_user(random);
    (user, population.draw_settled_channel_of(user, random))
}

/// A user, and one of the channels that the user was generated a member of.
fn draw_member(population: &Population, random: &mut Random) -> (i64, i64) {
    let user = population.draw_user(random);
    (user, population.draw_channel_of(user, random))
}

impl Iterator for Sequence {
    type Item = Operation;

    fn next(&mut self) -> Option<Operation> {
        let kind = self.mix.draw(&mut self.random);
        self.clock_ms += 1;
        Some(self.make(kind))
    }
}
