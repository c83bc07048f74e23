//! The tests that hold for a cluster of either kind, in the words of the module that asks for them: `cluster_with_table`, `insert`,
//! `rows`, `follow_through`, `has_sent` and `FOR_EVER` are its own.

/// A lag, servers that were down, and a cable that is cut.
macro_rules! tests_of_each_cluster {
    () => {
        #[test]
        fn a_lagging_replica_has_the_log_and_does_not_show_it() {
            let cluster = cluster_with_table(1);
            let replica = &cluster.replicas[0];

            replica.set_replay_delay(FOR_EVER).unwrap();
            let position = insert(&cluster.primary, 1);
            replica.wait_until_received(&position).unwrap();
            assert!(!replica.has_replayed(&position).unwrap());
            assert_eq!(rows(replica), "none");
            replica.set_replay_delay(std::time::Duration::ZERO).unwrap();
            replica.wait_until_replayed(&position).unwrap();
            assert_eq!(rows(replica), "1");

            replica.pause_replay().unwrap();
            let position = insert(&cluster.primary, 2);
            replica.wait_until_received(&position).unwrap();
            assert_eq!(rows(replica), "1");
            replica.resume_replay().unwrap();
            replica.wait_until_replayed(&position).unwrap();
            assert_eq!(rows(replica), "1,2");
        }

        #[test]
        fn servers_that_were_down_come_back_with_what_they_had_and_catch_up() {
            let cluster = cluster_with_table(1);
            let (primary, replica) = (&cluster.primary, &cluster.replicas[0]);
            replica.kill().unwrap();
            insert(primary, 1);
            primary.kill().unwrap();
            primary.start_again().unwrap();
            assert_eq!(rows(primary), "1");
            replica.start_again().unwrap();
            let position = insert(primary, 2);
            replica.wait_until_replayed(&position).unwrap();
            assert_eq!(rows(replica), "1,2");
        }

        #[test]
        fn replication_through_a_proxy_stops_when_the_cable_is_cut() {
            let cluster = cluster_with_table(1);
            let (primary, replica) = (&cluster.primary, &cluster.replicas[0]);
            let proxy = plexidb_testkit::Proxy::start(format!("127.0.0.1:{}", primary.port())).unwrap();
            follow_through(replica, &proxy, primary);
            proxy.set(plexidb_testkit::Traffic::Hold).unwrap();
            let position = insert(primary, 1);
            crate::until("the primary has sent the row", || {
                has_sent(primary, &position)
            });
            assert!(!replica.has_received(&position).unwrap());
            proxy.set(plexidb_testkit::Traffic::Pass).unwrap();
            replica.wait_until_replayed(&position).unwrap();
        }
    };
}

pub(crate) use tests_of_each_cluster;
