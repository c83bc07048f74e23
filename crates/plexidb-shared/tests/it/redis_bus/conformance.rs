//! Random sequences of calls, late repeats and losses, carried out by the record of the protocol and by the scripts: answers, refusals and
//! published messages must be equal one by one.

use plexidb_shared::bus::{Bus, BusError, Notice, RedisBus, Subscription};
use plexidb_shared::protocol::{
    Acknowledgement, EpochId, MEMBERS_MAX, MemberId, Message, Record, Refusal, RunId,
};
use plexidb_shared::redis_connection::RedisConnection;
use plexidb_testkit::{Redis, redis};
use proptest::prelude::*;

use super::call::Call;
use super::scenery::{A, EPOCH, bus, joining, key, life, opening, terms};
use super::step::{Epoch, Known, Step, read, step};
use crate::scenery::{config, connected, namespace, until, until_connected};

/// A record of the protocol beside one in Redis.
struct Pair {
    record: Record,
    bus: RedisBus,
    notices: Box<dyn Subscription>,
    calls: u64,
}

impl Pair {
    async fn new(bus: RedisBus) -> Self {
        let notices = bus.subscribe().await.unwrap();
        Self {
            record: Record::new(RunId(0)),
            bus,
            notices,
            calls: 0,
        }
    }

    /// Both carry it out; whatever a member could tell them apart by is compared.
    async fn check(&mut self, call: &Call) {
        let (expected, messages) = match call.on_record(&mut self.record) {
            Ok((answer, messages)) => (Ok(answer), messages),
            Err(refusal) => (Err(refusal), Vec::new()),
        };
        let answer = match call.on_bus(&self.bus).await {
            Ok(answer) => Ok(answer),
            Err(BusError::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{call:?}: {error}"),
        };
        assert_eq!(answer, expected, "{call:?}");
        assert_eq!(self.published().await, messages, "{call:?}");
    }

    /// What was published since it was asked last, up to an acknowledgement that is published now.
    async fn published(&mut self) -> Vec<Message> {
        self.calls += 1;
        let last = Acknowledgement {
            member: A,
            epoch: EPOCH,
            applied: self.calls,
        };
        self.bus.acknowledge(last).await.unwrap();
        let mut messages = Vec::new();
        loop {
            match self.notices.next().await.unwrap() {
                Notice::Message(message) => messages.push(message),
                Notice::Acknowledged(acknowledgement) => {
                    assert_eq!(acknowledgement, last);
                    return messages;
                }
            }
        }
    }
}

async fn run(steps: &[Step]) {
    let database = redis().fresh_database();
    let mut pair = Pair::new(bus(&database.url()).await).await;
    let mut earlier = Vec::new();
    let mut terms = terms();
    for (step, run) in steps.iter().zip(1..) {
        match step {
            Step::Flush => {
                pair.record.flush();
                database.client(&["FLUSHDB"]);
            }
            Step::RunAnew => {
                pair.record.run_anew(RunId(run));
                if database.client(&["EXISTS", &key("record")]) == "1" {
                    database.client(&["HSET", &key("record"), "run", "that of another server"]);
                }
            }
            _ => {}
        }
        if let Some(call) = Known::of(&pair.record, terms).call(step, &earlier) {
            pair.check(&call).await;
            if let Call::Open(_, opening) = &call
                && read(&pair.record).is_some_and(|joined| joined.epoch == opening.epoch)
            {
                terms = opening.terms;
            }
            earlier.push(call);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn scripts_do_what_the_record_of_the_protocol_does(steps in prop::collection::vec(step(), 1..60)) {
        // Most sequences begin with a record that is in use.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let begun = [
            Step::Open { replaced: None, epoch: 0, terms: 0, generation: 0 },
            Step::Join { member: 0, terms: 0, catalog: 0, known: None, intents: Vec::new() },
            Step::Settle { epoch: Epoch::Current },
        ];
        let steps = [&begun[..], &steps].concat();
        runtime.block_on(run(&steps));
    }
}

#[tokio::test]
async fn a_life_without_refusals_goes_as_in_the_protocol() {
    let database = redis().fresh_database();
    let mut pair = Pair::new(bus(&database.url()).await).await;
    for call in life() {
        pair.check(&call).await;
    }
}

#[tokio::test]
async fn a_record_holds_no_more_members_than_the_protocol_allows() {
    let database = redis().fresh_database();
    let bus = bus(&database.url()).await;
    bus.open(None, opening(EPOCH)).await.unwrap();
    let number = |index: usize| MemberId(index as u128);
    for index in 0..MEMBERS_MAX {
        bus.join(joining(number(index))).await.unwrap();
    }
    let refused = bus.join(joining(number(MEMBERS_MAX))).await;
    assert!(
        matches!(refused, Err(BusError::Refused(Refusal::Full))),
        "{refused:?}"
    );
    let again = bus.join(joining(number(3))).await.unwrap();
    assert_eq!(again.members.len(), MEMBERS_MAX);
    bus.expel(EPOCH, number(0), None).await.unwrap();
    assert!(bus.join(joining(number(MEMBERS_MAX))).await.is_ok());
}

#[tokio::test]
async fn records_of_other_databases_and_numbers_stay_apart() {
    let (first, second) = (redis().fresh_database(), redis().fresh_database());
    let chat = bus(&first.url()).await;
    let others = [
        bus(&second.url()).await,
        RedisBus::new(connected(&first.url()).await, &namespace(), "shop"),
    ];
    let mut heard = chat.subscribe().await.unwrap();
    chat.open(None, opening(EPOCH)).await.unwrap();
    for (other, epoch) in others.iter().zip([8, 9].map(EpochId)) {
        assert_eq!(other.open(None, opening(epoch)).await.unwrap(), epoch);
        other.touch(epoch, vec![1]).await.unwrap();
    }
    chat.touch(EPOCH, vec![2]).await.unwrap();
    let Some(Notice::Message(message)) = heard.next().await else {
        panic!("nothing was heard");
    };
    assert_eq!((message.epoch, message.seq), (EPOCH, 1));
}

#[tokio::test]
async fn redis_cluster_keeps_a_record_together() {
    let server = Redis::start_private_with(&["--cluster-enabled", "yes"]).unwrap();
    server.client(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    until("the cluster is up", async || {
        server.client(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
    })
    .await;
    let url = format!("redis+cluster://{}:{}", server.host(), server.port());
    let connection = RedisConnection::new(config(&url)).unwrap();
    until_connected(&connection).await;
    let mut pair = Pair::new(RedisBus::new(connection, &namespace(), "chat")).await;
    for call in life() {
        pair.check(&call).await;
    }
}

/// The rights that the documentation of [`RedisBus`] names, for this namespace.
const RIGHTS: &str = "~{test/* &{test/* +ping +select +info +eval +evalsha +wait +publish +subscribe \
    +del +get +setrange +strlen +bitfield +hdel +hexists +hget +hgetall +hincrby +hlen +hmget +hset +hvals";

#[tokio::test]
async fn a_user_with_the_rights_that_are_named_does_everything() {
    let server = Redis::start_private().unwrap();
    let user = ["ACL", "SETUSER", "least", "on", ">sesame"];
    let words: Vec<&str> = user.into_iter().chain(RIGHTS.split_whitespace()).collect();
    server.client(&words);
    let url = format!("redis://least:sesame@{}:{}/2", server.host(), server.port());
    let mut pair = Pair::new(bus(&url).await).await;
    for call in life() {
        pair.check(&call).await;
    }
}
