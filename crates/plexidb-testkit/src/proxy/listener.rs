//! The proxy's only task that accepts: it takes connections and orders in turn, so that an order is in force when answered.

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::connection;
use super::control::{Control, End};
use super::door::Door;
use super::{Direction, Flow, Traffic};

/// A switch and the place for its answer.
pub(super) enum Order {
    Set(Traffic, oneshot::Sender<Result<()>>),
    SetOneWay(Direction, Flow, oneshot::Sender<Result<()>>),
    End(End, oneshot::Sender<Result<()>>),
}

/// Serves until nobody can give orders any more.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    control: Control,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    // Both succeed for a bound listener that does not block, which is what we are given.
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let Ok(address) = listener.local_addr() else {
        return;
    };
    let mut door = Door::Open(listener);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => {
                let (done, result) = match order {
                    None => return,
                    Some(Order::Set(traffic, done)) => {
                        control.set_flows(flow_of_open_connections(traffic));
                        (done, door.turn(address, traffic).await)
                    }
                    Some(Order::SetOneWay(direction, flow, done)) => {
                        control.set_flow(direction, flow);
                        (done, Ok(()))
                    }
                    Some(Order::End(end, done)) => {
                        control.end_all(end);
                        while connections.join_next().await.is_some() {}
                        (done, Ok(()))
                    }
                };
                // The test that gave the order may have gone.
                let _ = done.send(result);
            }
            client = door.next_client() => {
                let (guard, control) = (control.connection_opened(), control.clone());
                let ends = control.end_signal();
                connections.spawn(async move {
                    connection::carry(client, &control, ends).await;
                    drop(guard);
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

fn flow_of_open_connections(traffic: Traffic) -> Flow {
    match traffic {
        Traffic::Pass | Traffic::Refuse | Traffic::Ignore => Flow::Pass,
        Traffic::Delay(delay) => Flow::Delay(delay),
        Traffic::Hold => Flow::Hold,
    }
}
