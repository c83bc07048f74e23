//! Leases that were forgotten.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument as _, Level, Metadata, Subscriber, info_span};

use super::*;

/// Remembers warnings with the name of their span.
#[derive(Clone, Default)]
struct Listener(Arc<Heard>);

#[derive(Default)]
struct Heard {
    spans: AtomicU64,
    entered: Mutex<Vec<Id>>,
    named: Mutex<Vec<(u64, &'static str)>>,
    warnings: Mutex<Vec<Option<&'static str>>>,
    open: Mutex<Vec<u64>>,
    metadata: Mutex<Vec<(u64, &'static Metadata<'static>)>>,
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.0.spans.fetch_add(1, SeqCst) + 1;
        self.0.named.lock().unwrap().push((id, span.metadata().name()));
        self.0.metadata.lock().unwrap().push((id, span.metadata()));
        self.0.open.lock().unwrap().push(id);
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if *event.metadata().level() == Level::WARN {
            let named = self.0.named.lock().unwrap();
            let name = event.parent().and_then(|parent| {
                let (_, name) = named.iter().find(|(id, _)| *id == parent.into_u64())?;
                Some(*name)
            });
            self.0.warnings.lock().unwrap().push(name);
        }
    }

    fn enter(&self, span: &Id) {
        self.0.entered.lock().unwrap().push(span.clone());
    }

    fn exit(&self, span: &Id) {
        self.0.entered.lock().unwrap().retain(|entered| entered != span);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.0.open.lock().unwrap().push(id.into_u64());
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut open = self.0.open.lock().unwrap();
        let index = open.iter().position(|open| *open == id.into_u64()).unwrap();
        open.swap_remove(index);
        !open.contains(&id.into_u64())
    }

    fn current_span(&self) -> tracing_core::span::Current {
        let entered = self.0.entered.lock().unwrap();
        let Some(id) = entered.last() else {
            return tracing_core::span::Current::none();
        };
        let metadata = self.0.metadata.lock().unwrap();
        let (_, metadata) = metadata
            .iter()
            .find(|(known, _)| *known == id.into_u64())
            .unwrap();
        tracing_core::span::Current::new(id.clone(), metadata)
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_held_for_long_is_reported_once_with_its_callers_span() {
    let listener = Listener::default();
    let heard = Arc::clone(&listener.0);
    let _listening = tracing::subscriber::set_default(listener);
    let config = PoolConfig {
        connections_max: 2,
        leak_after: Some(60 * SECOND),
        ..PoolConfig::default()
    };
    let (pool, _) = pool_with(config);
    // One that was idle, one that had to be waited for, one in time.
    drop(pool.checkout().await.unwrap());
    let first = pool.checkout().instrument(info_span!("report")).await.unwrap();
    let second = pool.checkout().instrument(info_span!("export")).await.unwrap();
    sleep(59 * SECOND).await;
    assert_eq!((pool.stats().leaks, heard.warnings.lock().unwrap().len()), (0, 0));
    sleep(120 * SECOND).await;
    let mut warnings = heard.warnings.lock().unwrap().clone();
    warnings.sort_unstable();
    assert_eq!(warnings, [Some("export"), Some("report")]);
    assert_eq!(pool.stats().leaks, 2);
    drop((first, second));
    for _ in 0..10 {
        let lease = pool.checkout().await.unwrap();
        sleep(30 * SECOND).await;
        drop(lease);
    }
    assert_eq!(pool.stats().leaks, 2);
    // The spans are not kept.
    assert_eq!(heard.open.lock().unwrap().len(), 0);
}
