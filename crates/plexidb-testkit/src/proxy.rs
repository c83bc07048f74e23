//! A TCP proxy between a client and a server that a test switches live: pass, delay, hold, refuse, reset.
//! Invariant: a switch is in force when the call that made it returns.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::{mpsc, oneshot};

mod connection;
mod control;
mod listener;

use control::Control;
use listener::{Order, serve};

/// What the proxy does with connections and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Everything goes through at once.
    Pass,
    /// Every byte arrives this much later, in each direction: a question and its answer take twice as long.
    Delay(Duration),
    /// Nothing goes through, and nobody is told, as behind a cable that was cut. Held bytes go on when the traffic changes.
    Hold,
    /// New connections are refused; those already open go on.
    Refuse,
}

/// A proxy on a free port of 127.0.0.1. Dropping it closes the port and all connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    control: Control,
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy in front of `upstream`, given as `host:port`. It need not be listening yet.
    ///
    /// # Errors
    /// Where no port or thread can be had.
    pub fn start(upstream: impl Into<String>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the proxy's runtime")?;
        // Opened without tokio: the caller may be a task of an async runtime, where its blocking calls panic.
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot open a port for the proxy")?;
        listener
            .set_nonblocking(true)
            .context("cannot prepare the proxy's port")?;
        let address = listener.local_addr().context("cannot read the proxy's port")?;
        let control = Control::new();
        let (orders, inbox) = mpsc::unbounded_channel();
        let (upstream, shared) = (upstream.into(), control.clone());
        let thread = thread::Builder::new()
            .name("test-proxy".into())
            .spawn(move || runtime.block_on(serve(listener, upstream, shared, inbox)))
            .context("cannot start the proxy's thread")?;
        Ok(Self {
            address,
            control,
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// The proxy's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The proxy's address, as `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// `url` with this proxy in place of its host and port.
    pub fn through(&self, url: &str) -> String {
        let start = url.find("://").map_or(0, |at| at + 3);
        let end = url[start..]
            .find(['/', '?', '#'])
            .map_or(url.len(), |at| start + at);
        let host = url[start..end].rfind('@').map_or(start, |at| start + at + 1);
        format!("{}{}{}", &url[..host], self.address, &url[end..])
    }

    /// Changes the traffic, for open and for new connections.
    ///
    /// # Errors
    /// Where the proxy's port, closed by [`Traffic::Refuse`], cannot be opened again.
    pub fn set(&self, traffic: Traffic) -> Result<()> {
        self.order(|done| Order::Set(traffic, done))
    }

    /// Resets all open connections, towards both sides (TCP RST); new ones are served as before.
    ///
    /// # Errors
    /// Where the proxy's thread is gone.
    pub fn reset_connections(&self) -> Result<()> {
        self.order(Order::Reset)
    }

    /// Lets `bytes` more bytes from the server through, counted over all connections, then resets the connection that carries
    /// the next one, once. Zero bytes reset at the server's next answer.
    pub fn reset_after_server_bytes(&self, bytes: u64) {
        self.control.set_server_bytes_left(bytes);
    }

    /// Connections open now.
    pub fn open_connections(&self) -> usize {
        self.control.open()
    }

    /// Connections accepted since the start.
    pub fn accepted_connections(&self) -> usize {
        self.control.accepted()
    }

    fn order(&self, order: impl FnOnce(oneshot::Sender<Result<()>>) -> Order) -> Result<()> {
        let (done, answer) = oneshot::channel();
        let sent = self
            .orders
            .as_ref()
            .is_some_and(|orders| orders.send(order(done)).is_ok());
        if !sent {
            bail!("the proxy's thread is gone");
        }
        // A thread of its own waits, for the same reason.
        thread::scope(|scope| scope.spawn(|| answer.blocking_recv()).join())
            .map_err(|_| anyhow::anyhow!("waiting for the proxy panicked"))?
            .context("the proxy's thread is gone")?
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The thread ends when nobody can send it orders any more.
        self.orders.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
