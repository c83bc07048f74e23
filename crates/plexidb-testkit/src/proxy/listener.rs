//! The proxy's only task that accepts: it takes connections and orders in turn, so that an order is in force when answered.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::Traffic;
use super::connection;
use super::control::Control;

/// Attempts to open the port again, which somebody else may hold for a moment.
const REOPEN_ATTEMPTS: u32 = 100;
/// Pause between two such attempts.
const REOPEN_INTERVAL: Duration = Duration::from_millis(20);

/// A switch and the place for its answer.
pub(super) enum Order {
    Set(Traffic, oneshot::Sender<Result<()>>),
    Reset(oneshot::Sender<Result<()>>),
}

/// Serves until nobody can give orders any more.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    upstream: String,
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
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                None => return,
                Some(Order::Set(traffic, done)) => {
                    control.set_traffic(traffic);
                    // The test that gave the order may have gone.
                    let _ = done.send(open_or_close(&mut listener, address, traffic).await);
                }
                Some(Order::Reset(done)) => {
                    control.reset_all();
                    while connections.join_next().await.is_some() {}
                    let _ = done.send(Ok(()));
                }
            },
            Some(client) = accept(listener.as_ref()) => {
                let guard = control.connection_opened();
                let (upstream, control) = (upstream.clone(), control.clone());
                let resets = control.reset_signal();
                connections.spawn(async move {
                    connection::carry(client, &upstream, &control, resets).await;
                    drop(guard);
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The next client; `None` at once where no new connections are taken.
async fn accept(listener: Option<&TcpListener>) -> Option<TcpStream> {
    loop {
        // A client that has gone again before it was accepted is no reason to stop.
        if let Ok((client, _)) = listener?.accept().await {
            return Some(client);
        }
    }
}

/// A closed port is what makes the kernel refuse.
async fn open_or_close(
    listener: &mut Option<TcpListener>,
    address: SocketAddr,
    traffic: Traffic,
) -> Result<()> {
    if traffic == Traffic::Refuse {
        *listener = None;
        return Ok(());
    }
    for attempt in 1..=REOPEN_ATTEMPTS {
        if listener.is_some() {
            break;
        }
        match TcpListener::bind(address).await {
            Ok(opened) => *listener = Some(opened),
            Err(error) if attempt == REOPEN_ATTEMPTS => {
                return Err(error).with_context(|| format!("cannot open the proxy's port {address} again"));
            }
            Err(_) => tokio::time::sleep(REOPEN_INTERVAL).await,
        }
    }
    Ok(())
}
