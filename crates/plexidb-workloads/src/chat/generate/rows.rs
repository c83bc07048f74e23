//! The rows of every table, computed and inserted in an order that keeps foreign keys.

use std::collections::VecDeque;

use plexidb::{Database, Error, Value};

use crate::bulk::{Bulk, ColumnType, Target};
use crate::chat::population::{FIRST_MESSAGE_MS, MessagePlace, Population, Stream};
use crate::chat::words;

use ColumnType::{Integer, Text};

const USERS: Target = Target {
    table: "users",
    columns: &[
        ("id", Integer),
        ("name", Text),
        ("email", Text),
        ("avatar", Text),
        ("bio", Text),
        ("created_at", Integer),
        ("last_seen", Integer),
    ],
};

const CHANNELS: Target = Target {
    table: "channels",
    columns: &[("id", Integer), ("name", Text), ("topic", Text)],
};

const MESSAGES: Target = Target {
    table: "messages",
    columns: &[
        ("id", Integer),
        ("channel_id", Integer),
        ("user_id", Integer),
        ("body", Text),
        ("created_at", Integer),
        ("edited_at", Integer),
    ],
};

const MEMBERSHIPS: Target = Target {
    table: "memberships",
    columns: &[
        ("user_id", Integer),
        ("channel_id", Integer),
        ("last_read", Integer),
    ],
};

const REACTIONS: Target = Target {
    table: "reactions",
    columns: &[("message_id", Integer), ("user_id", Integer), ("emoji", Text)],
};

/// A user has left at most this many messages of a channel unread.
const UNREAD_MAX: u64 = 200;

/// What has been inserted so far, over all tables.
struct Meter<'a> {
    rows_done: u64,
    report: &'a mut (dyn FnMut(u64) + Send),
}

impl Meter<'_> {
    fn add(&mut self, rows: usize) {
        if rows > 0 {
            self.rows_done += rows as u64;
            (self.report)(self.rows_done);
        }
    }
}

/// The number of rows of all tables.
pub(super) fn total(population: &Population) -> u64 {
    let scale = population.scale();
    let memberships: usize = (1..=i64::from(scale.users))
        .map(|user| population.channels_of(user).len())
        .sum();
    let reactions: u64 = (1..=i64::from(scale.messages))
        .map(|message| population.reactions(&mut population.random(Stream::Reaction, message)))
        .sum();
    u64::from(scale.users)
        + u64::from(scale.channels)
        + u64::from(scale.messages)
        + memberships as u64
        + reactions
}

/// Inserts all rows.
pub(super) async fn fill(
    database: &Database,
    population: &Population,
    report: &mut (dyn FnMut(u64) + Send),
) -> Result<(), Error> {
    let mut meter = Meter { rows_done: 0, report };
    users(database, population, &mut meter).await?;
    channels(database, population, &mut meter).await?;
    let latest = messages(database, population, &mut meter).await?;
    memberships(database, population, &latest, &mut meter).await?;
    reactions(database, population, &mut meter).await
}

async fn users(database: &Database, population: &Population, meter: &mut Meter<'_>) -> Result<(), Error> {
    let mut bulk = Bulk::new(database, USERS);
    for id in 1..=i64::from(population.scale().users) {
        let mut random = population.random(Stream::User, id);
        let created_ms = FIRST_MESSAGE_MS - random.below(365 * 86_400_000) as i64;
        let row = [
            Value::Int(id),
            Value::Text(words::user_name(&mut random, id)),
            Value::Text(format!("user{id}@example.org")),
            Value::Text(format!(
                "https://cdn.example.org/avatars/{:016x}.webp",
                random.next_u64()
            )),
            Value::Text(words::sentence(&mut random, 4, 30)),
            Value::Int(created_ms),
            Value::Int(created_ms),
        ];
        meter.add(bulk.push(row).await?);
    }
    meter.add(bulk.finish().await?);
    Ok(())
}

async fn channels(database: &Database, population: &Population, meter: &mut Meter<'_>) -> Result<(), Error> {
    let mut bulk = Bulk::new(database, CHANNELS);
    for id in 1..=i64::from(population.scale().channels) {
        let mut random = population.random(Stream::Channel, id);
        let name = Value::Text(words::channel_name(&mut random, id));
        let topic = Value::Text(words::sentence(&mut random, 3, 12));
        meter.add(bulk.push([Value::Int(id), name, topic]).await?);
    }
    meter.add(bulk.finish().await?);
    Ok(())
}

/// The ids of a channel's last messages, the latest in front.
type Latest = Vec<VecDeque<i64>>;

async fn messages(
    database: &Database,
    population: &Population,
    meter: &mut Meter<'_>,
) -> Result<Latest, Error> {
    let mut bulk = Bulk::new(database, MESSAGES);
    let mut latest: Latest = vec![VecDeque::new(); population.scale().channels as usize + 1];
    for id in 1..=i64::from(population.scale().messages) {
        let mut random = population.random(Stream::Message, id);
        let MessagePlace { channel, user } = population.message_place(&mut random);
        let row = [
            Value::Int(id),
            Value::Int(channel),
            Value::Int(user),
            Value::Text(words::sentence(&mut random, 3, 24)),
            Value::Int(population.message_at_ms(id)),
            Value::Null,
        ];
        meter.add(bulk.push(row).await?);
        let latest = &mut latest[channel as usize];
        latest.push_front(id);
        latest.truncate(UNREAD_MAX as usize + 1);
    }
    meter.add(bulk.finish().await?);
    Ok(latest)
}

async fn memberships(
    database: &Database,
    population: &Population,
    latest: &Latest,
    meter: &mut Meter<'_>,
) -> Result<(), Error> {
    let mut bulk = Bulk::new(database, MEMBERSHIPS);
    for user in 1..=i64::from(population.scale().users) {
        let mut random = population.random(Stream::ReadPosition, user);
        for channel in population.channels_of(user) {
            // Half of them have read everything.
            let unread = if random.below(2) == 0 {
                0
            } else {
                random.below(UNREAD_MAX)
            };
            let latest = &latest[channel as usize];
            let last_read = latest
                .get(unread as usize)
                .or(latest.back())
                .copied()
                .unwrap_or(0);
            meter.add(
                bulk.push([Value::Int(user), Value::Int(channel), Value::Int(last_read)])
                    .await?,
            );
        }
    }
    meter.add(bulk.finish().await?);
    Ok(())
}

async fn reactions(database: &Database, population: &Population, meter: &mut Meter<'_>) -> Result<(), Error> {
    let mut bulk = Bulk::new(database, REACTIONS);
    for message in 1..=i64::from(population.scale().messages) {
        let mut random = population.random(Stream::Reaction, message);
        let count = population.reactions(&mut random);
        let first = random.next_u64() >> 8;
        for number in 0..count {
            // Different emoji keep the keys apart where one user reacts twice.
            let emoji = Value::Text(words::emoji(first + number).to_owned());
            let user = Value::Int(population.draw_user(&mut random));
            meter.add(bulk.push([Value::Int(message), user, emoji]).await?);
        }
    }
    meter.add(bulk.finish().await?);
    Ok(())
}
