//! Random sequences of calls, late repeats and losses, carried out by the record of the protocol and by the scripts: answers, refusals and
//! published messages must be equal one by one.

use plexidb_shared::bus::{Bus, BusError, Notice, RedisBus, Subscription};
use plexidb_shared::protocol::{
    Acknowledgement, EpochId, Fingerprint, Intent, IntentId, Joined, Joining, MEMBERS_MAX, MemberId, Message,
    Opening, Record, Refusal, RunId, SLOTS_MAX, Terms,
};
use plexidb_testkit::redis;
use proptest::prelude::*;

use super::call::Call;
use super::scenery::{A, EPOCH, at, bus, joining, key, life, opening, terms};
use crate::scenery::{config, connected, namespace};

/// What happens, before it is known what the record holds then.
#[derive(Clone, Debug)]
enum Step {
    Open {
        replaced: Option<Epoch>,
        epoch: u128,
        terms: u8,
        generation: u64,
    },
    Join {
        member: usize,
        terms: u8,
        catalog: usize,
        known: Option<Epoch>,
        intents: Vec<Draft>,
    },
    Renew {
        epoch: Epoch,
        applied: Applied,
        member: usize,
    },
    Begin {
        epoch: Epoch,
        applied: Applied,
        draft: Draft,
    },
    End {
        epoch: Epoch,
        member: usize,
        number: usize,
        touched: Vec<u32>,
    },
    Touch {
        epoch: Epoch,
        slots: Vec<u32>,
    },
    Declare {
        epoch: Epoch,
        catalog: usize,
    },
    Expel {
        epoch: Epoch,
        member: usize,
        renewals: Applied,
        is_leaving: bool,
    },
    Settle {
        epoch: Epoch,
    },
    /// An earlier call comes again.
    Repeat(usize),
    Flush,
    RunAnew,
}

#[derive(Clone, Copy, Debug)]
enum Epoch {
    Current,
    Other(u128),
}

/// A number against the one that the record has.
#[derive(Clone, Copy, Debug)]
enum Applied {
    Current,
    Next,
    Fixed(u64),
}

#[derive(Clone, Debug)]
struct Draft {
    member: usize,
    number: usize,
    catalog: usize,
    slots: Vec<u32>,
}

const MEMBERS: [MemberId; 3] = [MemberId(0), MemberId(1 << 64), MemberId(u128::MAX)];
const CATALOGS: [Fingerprint; 3] = [Fingerprint(0), Fingerprint(1), Fingerprint(u128::MAX)];
const NUMBERS: [u64; 4] = [0, 1, (1 << 53) + 1, u64::MAX];

/// Few slots with that of the whole database in the middle; many; none.
fn terms_of(variant: u8) -> Terms {
    match variant {
        0..=7 => terms(),
        8 => Terms {
            slots: 5000,
            whole: 4999,
            ..terms()
        },
        _ => Terms {
            slots: 0,
            whole: 0,
            lease: (1 << 53) + 1,
            is_strict: false,
            has_marker: true,
            ..terms()
        },
    }
}

fn epoch() -> impl Strategy<Value = Epoch> {
    prop_oneof![9 => Just(Epoch::Current), 1 => (0..3_u128).prop_map(Epoch::Other)]
}

fn applied() -> impl Strategy<Value = Applied> {
    prop_oneof![
        6 => Just(Applied::Current),
        1 => Just(Applied::Next),
        2 => prop::sample::select(vec![0, 1, 1 << 53, u64::MAX]).prop_map(Applied::Fixed),
    ]
}

/// As a caller may name them: more than once, in any order, out of range, too many.
fn slots() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![
        16 => prop::collection::vec(0..8_u32, 0..5),
        2 => prop::collection::vec(prop_oneof![0..9_u32, Just(u32::MAX), 4995..5001_u32], 0..3),
        1 => (SLOTS_MAX as u32 - 1..SLOTS_MAX as u32 + 3).prop_map(|count| (0..count).collect()),
        1 => (SLOTS_MAX..SLOTS_MAX + 3).prop_map(|count| vec![2; count]),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    (
        0..3_usize,
        0..4_usize,
        prop::sample::select(vec![0, 0, 0, 1, 2]),
        slots(),
    )
        .prop_map(|(member, number, catalog, mut slots)| {
            slots.sort_unstable();
            slots.dedup();
            Draft {
                member,
                number,
                catalog,
                slots,
            }
        })
}

fn step() -> impl Strategy<Value = Step> {
    let member = || 0..3_usize;
    let catalog = || prop::sample::select(vec![0, 0, 0, 0, 1, 2]);
    prop_oneof![
        2 => (prop::option::of(epoch()), 0..3_u128, 0..10_u8, prop::sample::select(NUMBERS.to_vec()))
            .prop_map(|(replaced, epoch, terms, generation)| Step::Open { replaced, epoch, terms, generation }),
        5 => (member(), 0..40_u8, catalog(), prop::option::of(epoch()), prop::collection::vec(draft(), 0..3))
            .prop_map(|(member, terms, catalog, known, intents)| Step::Join { member, terms, catalog, known, intents }),
        4 => (epoch(), applied(), member()).prop_map(|(epoch, applied, member)| Step::Renew { epoch, applied, member }),
        8 => (epoch(), applied(), draft()).prop_map(|(epoch, applied, draft)| Step::Begin { epoch, applied, draft }),
        7 => (epoch(), member(), 0..4_usize, slots())
            .prop_map(|(epoch, member, number, touched)| Step::End { epoch, member, number, touched }),
        2 => (epoch(), slots()).prop_map(|(epoch, slots)| Step::Touch { epoch, slots }),
        1 => (epoch(), catalog()).prop_map(|(epoch, catalog)| Step::Declare { epoch, catalog }),
        2 => (epoch(), member(), applied(), any::<bool>())
            .prop_map(|(epoch, member, renewals, is_leaving)| Step::Expel { epoch, member, renewals, is_leaving }),
        3 => epoch().prop_map(|epoch| Step::Settle { epoch }),
        6 => any::<prop::sample::Index>().prop_map(|index| Step::Repeat(index.index(1 << 20))),
        1 => prop_oneof![Just(Step::Flush), Just(Step::RunAnew)],
    ]
}

/// The record as somebody with its terms would read it, without changing it.
fn read(record: &Record) -> Option<Joined> {
    (0..10).find_map(|variant| {
        let reader = Joining {
            terms: terms_of(variant),
            fingerprint: CATALOGS[0],
            ..joining(MEMBERS[0])
        };
        record.clone().join(&reader).ok().map(|joined| joined.answer)
    })
}

/// What the record holds, as far as calls refer to it.
struct Known {
    epoch: EpochId,
    terms: Terms,
    seq: u64,
    members: Vec<(MemberId, u64)>,
}

impl Known {
    fn of(record: &Record, terms: Terms) -> Self {
        let joined = read(record);
        Self {
            epoch: joined.as_ref().map_or(EpochId(0), |joined| joined.epoch),
            terms,
            seq: joined.as_ref().map_or(0, |joined| joined.seq),
            members: joined.map_or_else(Vec::new, |joined| {
                joined
                    .members
                    .iter()
                    .map(|(id, entry)| (*id, entry.renewals))
                    .collect()
            }),
        }
    }

    fn epoch(&self, epoch: Epoch) -> EpochId {
        match epoch {
            Epoch::Current => self.epoch,
            Epoch::Other(id) => EpochId(id),
        }
    }

    fn seq(&self, applied: Applied) -> u64 {
        number(applied, self.seq)
    }

    /// That of its last renewal.
    fn renewals(&self, of: MemberId, renewals: Applied) -> u64 {
        let last = self
            .members
            .iter()
            .find(|(id, _)| *id == of)
            .map_or(0, |(_, last)| *last);
        number(renewals, last)
    }

    fn call(&self, step: &Step, earlier: &[Call]) -> Option<Call> {
        Some(match step.clone() {
            Step::Open {
                replaced,
                epoch,
                terms,
                generation,
            } => Call::Open(
                replaced.map(|epoch| self.epoch(epoch)),
                Opening {
                    epoch: EpochId(epoch),
                    terms: terms_of(terms),
                    generation,
                    fingerprint: CATALOGS[0],
                },
            ),
            Step::Join {
                member,
                terms,
                catalog,
                known,
                intents,
            } => Call::Join(Joining {
                member: MEMBERS[member],
                terms: if terms < 36 {
                    self.terms
                } else {
                    terms_of(terms - 30)
                },
                fingerprint: CATALOGS[catalog],
                known: known.map(|epoch| self.epoch(epoch)),
                intents: intents.iter().map(intent).collect(),
            }),
            Step::Renew {
                epoch,
                applied,
                member,
            } => Call::Renew(at(self.epoch(epoch), self.seq(applied)), MEMBERS[member]),
            Step::Begin {
                epoch,
                applied,
                draft,
            } => Call::Begin(at(self.epoch(epoch), self.seq(applied)), intent(&draft)),
            Step::End {
                epoch,
                member,
                number,
                touched,
            } => {
                let id = IntentId {
                    member: MEMBERS[member],
                    number: NUMBERS[number],
                };
                Call::End(self.epoch(epoch), id, touched)
            }
            Step::Touch { epoch, slots } => Call::Touch(self.epoch(epoch), slots),
            Step::Declare { epoch, catalog } => Call::Declare(self.epoch(epoch), CATALOGS[catalog]),
            Step::Expel {
                epoch,
                member,
                renewals,
                is_leaving,
            } => {
                let renewals = (!is_leaving).then(|| self.renewals(MEMBERS[member], renewals));
                Call::Expel(self.epoch(epoch), MEMBERS[member], renewals)
            }
            Step::Settle { epoch } => Call::Settle(self.epoch(epoch)),
            Step::Repeat(index) => earlier.get(index % earlier.len().max(1))?.clone(),
            Step::Flush | Step::RunAnew => return None,
        })
    }
}

fn number(applied: Applied, current: u64) -> u64 {
    match applied {
        Applied::Current => current,
        Applied::Next => current + 1,
        Applied::Fixed(number) => number,
    }
}

fn intent(draft: &Draft) -> Intent {
    Intent {
        fingerprint: CATALOGS[draft.catalog],
        ..super::scenery::intent(MEMBERS[draft.member], NUMBERS[draft.number], &draft.slots)
    }
}

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
    let server = plexidb_testkit::Redis::start_private_with(&["--cluster-enabled", "yes"]).unwrap();
    server.client(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    crate::scenery::until("the cluster is up", async || {
        server.client(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
    })
    .await;
    let url = format!("redis+cluster://{}:{}", server.host(), server.port());
    let connection = plexidb_shared::redis_connection::RedisConnection::new(config(&url)).unwrap();
    crate::scenery::until_connected(&connection).await;
    let mut pair = Pair::new(RedisBus::new(connection, &namespace(), "chat")).await;
    for call in life() {
        pair.check(&call).await;
    }
}
