//! The proxy's port: open, closed, or open in name only, so that nobody who knocks gets an answer.

use std::future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use super::Traffic;

/// Attempts to open the port again, which somebody else may hold for a moment.
const REOPEN_ATTEMPTS: u32 = 100;
/// Pause between two such attempts.
const REOPEN_INTERVAL: Duration = Duration::from_millis(20);
/// Connections that fill the shortest queue of a listener on any system.
const FILLERS_MAX: usize = 64;
/// A connection to this machine that takes longer than this finds the queue full.
const FULL_AFTER: Duration = Duration::from_millis(250);

/// The state of the port.
pub(super) enum Door {
    /// Clients are taken in.
    Open(TcpListener),
    /// The kernel refuses clients.
    Closed,
    /// The queue of the listener, which nobody serves, is full of our own connections: the kernel drops those of others.
    Full {
        _listener: TcpListener,
        _fillers: Vec<TcpStream>,
    },
}

impl Door {
    /// The next client; never one where the door is not open.
    pub(super) async fn next_client(&self) -> TcpStream {
        let Self::Open(listener) = self else {
            return future::pending().await;
        };
        loop {
            // A client that has gone again before it was accepted is no reason to stop.
            if let Ok((client, _)) = listener.accept().await {
                return client;
            }
        }
    }

    /// Makes the door what `traffic` asks for.
    pub(super) async fn turn(&mut self, address: SocketAddr, traffic: Traffic) -> Result<()> {
        match (traffic, &*self) {
            (Traffic::Refuse, _) => *self = Self::Closed,
            (Traffic::Ignore, Self::Full { .. }) => {}
            (Traffic::Ignore, _) => {
                *self = Self::Closed;
                *self = full(listen(address, 1).await?, address).await?;
            }
            (Traffic::Pass | Traffic::Delay(_) | Traffic::Hold, Self::Open(_)) => {}
            (Traffic::Pass | Traffic::Delay(_) | Traffic::Hold, _) => {
                *self = Self::Closed;
                *self = Self::Open(listen(address, 1024).await?);
            }
        }
        Ok(())
    }
}

/// Opens the port with a queue for so many clients that wait to be taken in.
async fn listen(address: SocketAddr, queue: u32) -> Result<TcpListener> {
    let open = || {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(queue)
    };
    for _ in 1..REOPEN_ATTEMPTS {
        if let Ok(listener) = open() {
            return Ok(listener);
        }
        tokio::time::sleep(REOPEN_INTERVAL).await;
    }
    open().with_context(|| format!("cannot open the proxy's port {address} again"))
}

async fn full(listener: TcpListener, address: SocketAddr) -> Result<Door> {
    let mut fillers = Vec::new();
    while fillers.len() < FILLERS_MAX {
        match timeout(FULL_AFTER, TcpStream::connect(address)).await {
            Ok(filler) => fillers.push(filler.context("cannot fill the proxy's queue")?),
            Err(_) => {
                return Ok(Door::Full {
                    _listener: listener,
                    _fillers: fillers,
                });
            }
        }
    }
    bail!("this system queues more than {FILLERS_MAX} connections, so the proxy cannot ignore any")
}
