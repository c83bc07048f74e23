//! One established connection, to one server or to a cluster; shared by all calls, which it pipelines.

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, Pipeline, RedisResult, Value};

#[derive(Clone)]
pub(super) enum Link {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Link {
    pub(super) async fn call(&mut self, command: &Cmd) -> RedisResult<Value> {
        let answer = match self {
            Self::One(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        };
        answer?.extract_error()
    }

    pub(super) async fn call_all(&mut self, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        let count = pipeline.len();
        let answers = match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, 0, count).await,
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, 0, count).await,
        };
        answers?.into_iter().map(Value::extract_error).collect()
    }

    /// As [`call`](Self::call), to one node of a cluster; a single server is every node.
    pub(super) async fn call_node(&mut self, command: &Cmd, host: &str, port: u16) -> RedisResult<Value> {
        match self {
            Self::One(_) => self.call(command).await,
            Self::Cluster(connection) => {
                let node = SingleNodeRoutingInfo::ByAddress {
                    host: host.to_owned(),
                    port,
                };
                let answer = connection
                    .route_command(command.clone(), RoutingInfo::SingleNode(node))
                    .await;
                answer?.extract_error()
            }
        }
    }
}
