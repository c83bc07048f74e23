//! Two or three members over a bus in memory that loses, cuts and forgets.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize};

use super::*;
use crate::bus::MemoryBus;
use crate::protocol::{At, RunId};

mod faults;
mod terms;
mod writes;

const WHOLE: u32 = 7;
const LEASE: Duration = Duration::from_millis(400);
const FENCE: Duration = Duration::from_millis(100);
const SLOT: u32 = 3;
const SESSION: u64 = 5;

/// What a process would do, counted.
#[derive(Default)]
struct Process {
    held: Mutex<HashMap<HoldId, BTreeSet<u32>>>,
    /// Versions of words.
    words: Mutex<HashMap<u32, u64>>,
    resolved: Mutex<Vec<u64>>,
    is_quiet: AtomicBool,
    catalog: Mutex<u128>,
    catalogs_read: AtomicUsize,
}

impl Process {
    fn is_held(&self, slot: u32) -> bool {
        let held = self.held.lock().unwrap();
        held.values()
            .any(|slots| slots.contains(&slot) || slots.contains(&WHOLE))
    }

    fn word(&self, slot: u32) -> u64 {
        self.words.lock().unwrap().get(&slot).copied().unwrap_or(0)
    }
}

impl Host for Process {
    fn raise(&self, hold: HoldId, slots: &[u32]) {
        self.held.lock().unwrap().entry(hold).or_default().extend(slots);
    }

    fn end(&self, hold: HoldId, touched: &[u32]) {
        self.touch(touched);
        self.held.lock().unwrap().remove(&hold);
    }

    fn touch(&self, slots: &[u32]) {
        let mut words = self.words.lock().unwrap();
        for slot in slots {
            *words.entry(*slot).or_default() += 1;
        }
    }

    fn resolve(&self, session: u64) -> BoxFuture<'_, bool> {
        self.resolved.lock().unwrap().push(session);
        Box::pin(async { true })
    }

    fn quiesce(&self) -> BoxFuture<'_, Result<(), String>> {
        self.is_quiet.store(true, Ordering::Release);
        Box::pin(async { Ok(()) })
    }

    fn read_marker(&self) -> BoxFuture<'_, Option<Marker>> {
        Box::pin(async { None })
    }

    fn close_marker(&self) -> BoxFuture<'_, Option<Marker>> {
        Box::pin(async { None })
    }

    fn read_catalog(&self) -> BoxFuture<'_, Option<Fingerprint>> {
        self.catalogs_read.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Some(Fingerprint(*self.catalog.lock().unwrap())) })
    }
}

/// A member with its connection and its process.
struct Peer {
    node: Node,
    bus: Arc<MemoryBus>,
    process: Arc<Process>,
}

fn terms() -> Terms {
    Terms {
        slots: 8,
        whole: WHOLE,
        layout: 1,
        lease: u64::try_from(LEASE.as_nanos()).unwrap(),
        fence: u64::try_from(FENCE.as_nanos()).unwrap(),
        is_strict: true,
        has_marker: false,
    }
}

fn start_with(server: &MemoryBus, terms: Terms) -> Peer {
    let bus = Arc::new(server.connect());
    let process = Arc::new(Process::default());
    let host: Arc<dyn Host> = Arc::clone(&process) as Arc<dyn Host>;
    let node = Node::start(Arc::clone(&bus) as Arc<dyn Bus>, host, terms, Fingerprint(0));
    Peer { node, bus, process }
}

fn start(server: &MemoryBus) -> Peer {
    start_with(server, terms())
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Two members that may serve and know of each other.
async fn two() -> (MemoryBus, Peer, Peer) {
    let server = MemoryBus::default();
    let (a, b) = (start(&server), start(&server));
    until("both serve, and know of each other", || {
        let serves = |peer: &Peer| peer.node.has_lease() && peer.node.status().others == 1;
        serves(&a) && serves(&b)
    })
    .await;
    (server, a, b)
}

/// The writes that the record knows of and that have not ended.
fn intents(server: &MemoryBus) -> usize {
    let mut record = server.record();
    let joining = |epoch| crate::protocol::Joining {
        member: MemberId(99),
        terms: terms(),
        fingerprint: Fingerprint(0),
        known: epoch,
        intents: Vec::new(),
    };
    record
        .join(&joining(None))
        .map_or(0, |joined| joined.answer.intents.len())
}

impl Peer {
    async fn announced(&self) -> Announced {
        let mut announced = self.node.announce(vec![SLOT], SESSION).await.unwrap();
        announced.clear().unwrap();
        announced
    }

    fn at(&self) -> At {
        self.node.status().at.unwrap()
    }
}
