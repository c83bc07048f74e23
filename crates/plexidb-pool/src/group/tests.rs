//! A group gives connections of endpoints that are fit, goes on to the next where one gives none, and counts nobody who is gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::*;
use crate::config::PoolConfig;
use crate::error::PoolError;

mod cancellation;
mod cost;
mod detours;
mod fake;
mod takeover;
mod threads;

use fake::{Door, FakeConnector, Server};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

/// A primary `a` and replicas `b`, `c`, each with at most one connection.
struct World {
    group: Group,
    servers: Vec<Arc<Server>>,
}

impl World {
    fn new(replicas: usize) -> Self {
        let names = ["a", "b", "c"];
        let servers: Vec<_> = names[..=replicas].iter().map(|name| Server::new(name)).collect();
        let endpoints = servers
            .iter()
            .zip(names)
            .enumerate()
            .map(|(index, (server, name))| {
                let role = if index == 0 { Role::Primary } else { Role::Replica };
                let config = PoolConfig {
                    connections_max: 1,
                    ..PoolConfig::default()
                };
                let connector = Arc::new(FakeConnector(Arc::clone(server)));
                Endpoint::new(name, role, Pool::new(connector, config))
            });
        let config = GroupConfig {
            seed: Some(5),
            ..GroupConfig::default()
        };
        Self {
            group: Group::new("chat", endpoints.collect(), config).unwrap(),
            servers,
        }
    }

    fn id(&self, name: &str) -> EndpointId {
        self.group.endpoint(name).unwrap()
    }

    fn see(&self, name: &str, role: Role) {
        let now = Instant::now();
        let observation = match role {
            Role::Primary => Observation::primary(now),
            Role::Replica => Observation::replica(now),
        };
        self.group.observe(self.id(name), observation);
    }

    fn stats(&self, name: &str) -> EndpointStats {
        let stats = self.group.stats();
        stats
            .endpoints
            .into_iter()
            .find(|endpoint| endpoint.name == name)
            .unwrap()
    }

    fn in_flight(&self) -> usize {
        let stats = self.group.stats();
        stats.endpoints.iter().map(|endpoint| endpoint.in_flight).sum()
    }

    /// Where a request ends up, and after how long; its connection is given back at once.
    async fn ask(&self, need: &Need) -> (Result<String, GroupError>, Duration) {
        let started = Instant::now();
        let answer = self.group.checkout(need).await;
        let name = answer.map(|lease| lease.endpoint().name().to_owned());
        (name, started.elapsed())
    }

    async fn ask_name(&self, need: &Need) -> String {
        self.ask(need).await.0.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_leads_to_its_endpoint_and_counts_while_it_lasts() {
    let world = World::new(1);
    let mut write = world.group.checkout(&Need::write()).await.unwrap();
    let read = world.group.checkout(&Need::read()).await.unwrap();
    assert_eq!((write.endpoint().name(), read.endpoint().name()), ("a", "b"));
    assert_eq!(read.endpoint().id(), world.id("b"));
    assert!(write.endpoint().is_primary() && !read.endpoint().is_primary());
    assert!(write.ping().await.is_ok());
    assert_eq!((world.stats("a").in_flight, world.stats("b").in_flight), (1, 1));
    read.note(Outcome::Answered(4 * MILLI));
    assert_eq!(world.stats("b").latency, Some(4 * MILLI));
    let (lease, guard) = write.into_parts();
    drop(lease);
    assert_eq!(world.stats("a").in_flight, 1);
    drop((guard, read));
    assert_eq!(world.in_flight(), 0);
    let stats = world.group.stats();
    assert_eq!(stats.primary.as_deref(), Some("a"));
    assert!(stats.endpoints.iter().all(|endpoint| endpoint.pool.idle == 1));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_discarded_takes_its_connection_along() {
    let world = World::new(0);
    world.group.checkout(&Need::write()).await.unwrap().discard();
    assert_eq!(world.in_flight(), 0);
    assert_eq!(world.stats("a").pool.total, 0);
}

#[test]
fn what_is_no_group_is_refused() {
    let endpoint = |name: &str| {
        let connector = Arc::new(FakeConnector(Server::new(name)));
        Endpoint::new(name, Role::Replica, Pool::new(connector, PoolConfig::default()))
    };
    let group = |endpoints| Group::new("chat", endpoints, GroupConfig::default());
    assert!(group(Vec::new()).unwrap_err().reason.contains("at least one"));
    let twice = group(vec![endpoint("x"), endpoint("y"), endpoint("x")]).unwrap_err();
    assert!(twice.to_string().contains("two are called \"x\""));
    let many = (0..=Group::ENDPOINTS_MAX).map(|index| endpoint(&index.to_string()));
    assert!(
        group(many.collect())
            .unwrap_err()
            .reason
            .contains("the bound is 64")
    );
    let most = (0..Group::ENDPOINTS_MAX).map(|index| endpoint(&index.to_string()));
    assert!(group(most.collect()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_of_a_larger_group_is_passed_over() {
    let (large, small) = (World::new(2), World::new(1));
    let stranger = large.id("c");
    assert!(
        !small
            .group
            .observe(stranger, Observation::primary(Instant::now()))
    );
    small.group.unreachable(stranger, Instant::now());
    assert_eq!(small.ask_name(&Need::write()).await, "a");
}
