//! What the sequences promise, without a database.

use std::collections::{HashMap, HashSet};

use super::Sequence;
use crate::chat::{Kind, Mix, MixError, Operation, Scale};

const SAMPLES: usize = 200_000;

fn operations(mix: Mix, worker: u32) -> impl Iterator<Item = Operation> {
    Sequence::for_worker(11, mix, Scale::full(), worker).take(SAMPLES)
}

#[test]
fn kinds_come_as_often_as_the_mix_says() {
    let percents = [30, 25, 15, 15, 10, 5, 45, 25, 15, 8, 5, 2];
    for mix in Mix::STANDARD {
        let mut counts: HashMap<Kind, f64> = HashMap::new();
        for operation in operations(mix, 0) {
            *counts.entry(operation.kind()).or_default() += 1.0;
        }
        let reads = f64::from(mix.reads_percent()) / 100.0;
        for (kind, percent) in Kind::ALL.into_iter().zip(percents) {
            let share = if kind.is_read() { reads } else { 1.0 - reads };
            let expected = SAMPLES as f64 * share * f64::from(percent) / 100.0;
            let found = counts.get(&kind).copied().unwrap_or_default();
            assert!(
                (found - expected).abs() < 5.0 * expected.sqrt(),
                "{}: {found}, {expected}",
                kind.name()
            );
        }
    }
}

#[test]
fn a_seed_and_a_worker_mean_the_same_operations() {
    let mix = Mix::new(70).unwrap();
    assert!(operations(mix, 3).eq(operations(mix, 3)));
    assert!(!operations(mix, 3).take(100).eq(operations(mix, 4).take(100)));
}

#[test]
fn ids_are_those_of_generated_rows() {
    let scale = Scale {
        users: 30,
        channels: 4,
        messages: 20,
    };
    let (mut users, mut channels, mut messages) = (vec![], vec![], vec![]);
    for operation in Sequence::new(1, Mix::new(50).unwrap(), scale).take(20_000) {
        match operation {
            Operation::Profile { user } => users.push(user),
            Operation::ChannelHistory { channel } => channels.push(channel),
            Operation::Edit { message, .. } => messages.push(message),
            _ => {}
        }
    }
    for (ids, most) in [(users, 30), (channels, 4), (messages, 20)] {
        assert_eq!((ids.iter().min(), ids.iter().max()), (Some(&1), Some(&most)));
    }
}

#[test]
fn a_few_channels_are_read_most() {
    let mut reads = vec![0_usize; 1_001];
    for operation in operations(Mix::new(100).unwrap(), 0) {
        if let Operation::ChannelHistory { channel } = operation {
            reads[channel as usize] += 1;
        }
    }
    let total: usize = reads.iter().sum();
    reads.sort_unstable_by(|left, right| right.cmp(left));
    // Zipf's formula for n = 1,000 and s = 0.99 gives the first rank 13 % and the first ten 38 %.
    let share = |ranks: usize| reads.iter().take(ranks).sum::<usize>() as f64 / total as f64;
    assert!((0.11..0.15).contains(&share(1)), "{}", share(1));
    assert!((0.35..0.41).contains(&share(10)), "{}", share(10));
}

#[test]
fn nobody_counts_reads_or_posts_where_he_may_have_left() {
    let mut left = HashSet::new();
    let mut stayed = HashSet::new();
    for operation in operations(Mix::new(50).unwrap(), 0) {
        match operation {
            Operation::Join { user, channel } | Operation::Leave { user, channel } => {
                left.insert((user, channel));
            }
            Operation::UnreadCount { user, channel }
            | Operation::Post { user, channel, .. }
            | Operation::MarkRead { user, channel } => {
                stayed.insert((user, channel));
            }
            _ => {}
        }
    }
    assert!(left.len() > 500 && stayed.len() > 5_000);
    let both = left.intersection(&stayed).count();
    // Some users have one channel alone.
    assert!(both * 50 < left.len(), "{both} of {}", left.len());
}

#[test]
fn a_percentage_above_100_is_refused() {
    assert_eq!(Mix::new(101), Err(MixError(101)));
}
