//! A bus in the memory of one process, on the record of the protocol: for tests, and the example of a bus.
//!
//! It can be cut off, lose messages, and start anew with less than it had, as a server can.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plexidb_core::BoxFuture;
use tokio::sync::broadcast;

use super::{Bus, BusError, Notice, Subscription};
use crate::protocol::{
    Acknowledgement, At, Begun, Ended, EpochId, Fingerprint, Intent, IntentId, Joined, Joining, MemberId,
    Message, Opening, Published, Record, Refusal, Renewed, RunId, Touched,
};

/// The most notices that a subscriber may lag behind before it is cut off.
const NOTICES_MAX: usize = 1024;

/// A connection to a record in memory. [`connect`](Self::connect) makes others to the same record, each with faults of its own.
#[derive(Debug)]
pub struct MemoryBus {
    server: Arc<Server>,
    faults: Mutex<Faults>,
}

#[derive(Debug)]
struct Server {
    record: Mutex<Record>,
    notices: broadcast::Sender<Notice>,
}

#[derive(Debug, Default)]
struct Faults {
    is_cut: bool,
    answers_lost: u32,
    acknowledgements_lost: u32,
    /// By how much the answer of a begun write is late.
    begun_late_by: Duration,
    are_renewals_lost: bool,
    notices_lost: Arc<Mutex<u32>>,
    cuts: Vec<tokio::sync::oneshot::Sender<()>>,
}

impl Default for MemoryBus {
    fn default() -> Self {
        let (notices, _) = broadcast::channel(NOTICES_MAX);
        let record = Mutex::new(Record::new(RunId(1)));
        Self {
            server: Arc::new(Server { record, notices }),
            faults: Mutex::default(),
        }
    }
}

impl MemoryBus {
    /// Another connection to the same record.
    #[must_use]
    pub fn connect(&self) -> Self {
        Self {
            server: Arc::clone(&self.server),
            faults: Mutex::default(),
        }
    }

    /// Whether this connection reaches nobody; its subscriptions end.
    pub fn cut(&self, is_cut: bool) {
        let mut faults = lock(&self.faults);
        faults.is_cut = is_cut;
        if is_cut {
            // Subscriptions see that the sender is gone.
            faults.cuts.clear();
        }
    }

    /// The next calls are carried out, and their answers lost.
    pub fn lose_answers(&self, count: u32) {
        lock(&self.faults).answers_lost = count;
    }

    /// The next acknowledgements of this connection are lost.
    pub fn lose_acknowledgements(&self, count: u32) {
        lock(&self.faults).acknowledgements_lost = count;
    }

    /// Renewals of this connection are not carried out.
    pub fn lose_renewals(&self, are_lost: bool) {
        lock(&self.faults).are_renewals_lost = are_lost;
    }

    /// Begun writes of this connection are told so much later than everybody hears of them.
    pub fn delay_begun(&self, by: Duration) {
        lock(&self.faults).begun_late_by = by;
    }

    /// The next messages do not reach the subscriptions of this connection.
    pub fn lose_messages(&self, count: u32) {
        *lock(&lock(&self.faults).notices_lost) = count;
    }

    /// The record as it is now.
    #[must_use]
    pub fn record(&self) -> Record {
        lock(&self.server.record).clone()
    }

    /// The server starts anew with this record, or with one that it had earlier.
    pub fn start_anew(&self, mut record: Record, run: RunId) {
        record.run_anew(run);
        *lock(&self.server.record) = record;
    }

    fn reach(&self) -> Result<(), BusError> {
        if lock(&self.faults).is_cut {
            return Err(BusError::Unreachable("the connection is cut".to_owned()));
        }
        Ok(())
    }

    fn answer<T>(&self, call: impl FnOnce(&mut Record) -> Result<T, Refusal>) -> Result<T, BusError> {
        self.publishing(|record| {
            call(record).map(|answer| Published {
                answer,
                messages: Vec::new(),
            })
        })
    }

    fn publishing<T>(
        &self,
        call: impl FnOnce(&mut Record) -> Result<Published<T>, Refusal>,
    ) -> Result<T, BusError> {
        self.reach()?;
        let mut record = lock(&self.server.record);
        let Published { answer, messages } = call(&mut record)?;
        // Under the lock, so that messages leave in the order of their numbers.
        for message in messages {
            self.publish(Notice::Message(message));
        }
        drop(record);
        let mut faults = lock(&self.faults);
        if faults.answers_lost > 0 {
            faults.answers_lost -= 1;
            return Err(BusError::Unreachable("the answer was lost".to_owned()));
        }
        Ok(answer)
    }

    fn publish(&self, notice: Notice) {
        // Nobody may be listening.
        let _ = self.server.notices.send(notice);
    }
}

impl Bus for MemoryBus {
    fn open(&self, expected: Option<EpochId>, opening: Opening) -> BoxFuture<'_, Result<EpochId, BusError>> {
        Box::pin(async move { self.answer(|record| Ok(record.open(expected, &opening))) })
    }

    fn join(&self, joining: Joining) -> BoxFuture<'_, Result<Joined, BusError>> {
        Box::pin(async move { self.publishing(|record| record.join(&joining)) })
    }

    fn renew(&self, at: At, member: MemberId) -> BoxFuture<'_, Result<Renewed, BusError>> {
        Box::pin(async move {
            if lock(&self.faults).are_renewals_lost {
                return Err(BusError::Unreachable("the renewal was lost".to_owned()));
            }
            self.answer(|record| record.renew(at, member))
        })
    }

    fn begin(&self, at: At, intent: Intent) -> BoxFuture<'_, Result<Begun, BusError>> {
        Box::pin(async move {
            let begun = self.publishing(|record| record.begin(at, &intent));
            let late_by = lock(&self.faults).begun_late_by;
            if !late_by.is_zero() {
                tokio::time::sleep(late_by).await;
            }
            begun
        })
    }

    fn end(&self, epoch: EpochId, id: IntentId, touched: Vec<u32>) -> BoxFuture<'_, Result<Ended, BusError>> {
        Box::pin(async move { self.publishing(|record| record.end(epoch, id, &touched)) })
    }

    fn touch(&self, epoch: EpochId, slots: Vec<u32>) -> BoxFuture<'_, Result<Touched, BusError>> {
        Box::pin(async move { self.publishing(|record| record.touch(epoch, &slots)) })
    }

    fn declare(&self, epoch: EpochId, fingerprint: Fingerprint) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(async move { self.publishing(|record| record.declare(epoch, fingerprint)) })
    }

    fn expel(
        &self,
        epoch: EpochId,
        member: MemberId,
        renewals: Option<u64>,
    ) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(async move { self.publishing(|record| record.expel(epoch, member, renewals)) })
    }

    fn settle(&self, epoch: EpochId) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(async move { self.answer(|record| record.settle(epoch)) })
    }

    fn acknowledge(&self, acknowledgement: Acknowledgement) -> BoxFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            self.reach()?;
            let mut faults = lock(&self.faults);
            if faults.acknowledgements_lost > 0 {
                faults.acknowledgements_lost -= 1;
            } else {
                self.publish(Notice::Acknowledged(acknowledgement));
            }
            Ok(())
        })
    }

    fn subscribe(&self) -> BoxFuture<'_, Result<Box<dyn Subscription>, BusError>> {
        Box::pin(async move {
            self.reach()?;
            let (cut, is_cut) = tokio::sync::oneshot::channel();
            let mut faults = lock(&self.faults);
            faults.cuts.push(cut);
            Ok(Box::new(MemorySubscription {
                notices: self.server.notices.subscribe(),
                lost: Arc::clone(&faults.notices_lost),
                is_cut,
            }) as Box<dyn Subscription>)
        })
    }
}

struct MemorySubscription {
    notices: broadcast::Receiver<Notice>,
    lost: Arc<Mutex<u32>>,
    is_cut: tokio::sync::oneshot::Receiver<()>,
}

impl Subscription for MemorySubscription {
    fn next(&mut self) -> BoxFuture<'_, Option<Notice>> {
        Box::pin(async move {
            loop {
                let notice = tokio::select! {
                    biased;
                    _ = &mut self.is_cut => return None,
                    notice = self.notices.recv() => notice.ok()?,
                };
                let is_lost = |_: &Message| {
                    let mut lost = lock(&self.lost);
                    let is_lost = *lost > 0;
                    *lost = lost.saturating_sub(1);
                    is_lost
                };
                match &notice {
                    Notice::Message(message) if is_lost(message) => {}
                    _ => return Some(notice),
                }
            }
        })
    }
}

/// A panic of another thread leaves a whole record: each change of it is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
