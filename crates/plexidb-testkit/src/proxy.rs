//! A TCP proxy between a client and a server that a test switches live: pass, delay, hold, refuse, reset, in one direction or
//! both, and from one server to another.
//! Invariant: a switch is in force when the call that made it returns.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::{mpsc, oneshot};

mod connection;
mod control;
mod door;
mod listener;

use control::{Control, End};
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
    /// New connections get no answer, not even a refusal, as from a host that is switched off; those already open go on.
    /// A client that still tries when the traffic changes gets in.
    Ignore,
}

/// What the proxy does with the bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// They go through at once.
    Pass,
    /// Every byte arrives this much later.
    Delay(Duration),
    /// They are kept until the flow changes.
    Hold,
}

/// A direction in which bytes go through the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server: questions.
    ToServer,
    /// From the server to the client: answers.
    ToClient,
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
        let control = Control::new(upstream.into());
        let (orders, inbox) = mpsc::unbounded_channel();
        let shared = control.clone();
        let thread = thread::Builder::new()
            .name("test-proxy".into())
            .spawn(move || runtime.block_on(serve(listener, shared, inbox)))
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

    /// Changes the flow of one direction, for open and for new connections, and leaves the other as it is.
    /// [`Proxy::set`] changes both.
    ///
    /// # Errors
    /// Where the proxy's thread is gone.
    pub fn set_one_way(&self, direction: Direction, flow: Flow) -> Result<()> {
        self.order(|done| Order::SetOneWay(direction, flow, done))
    }

    /// Leads new connections to another server, given as `host:port`, as an address does that moves in a failover. Open
    /// ones stay where they are: [`Proxy::reset_connections`] ends them.
    pub fn redirect(&self, upstream: impl Into<String>) {
        self.control.set_upstream(upstream.into());
    }

    /// Resets all open connections, towards both sides (TCP RST); new ones are served as before.
    ///
    /// # Errors
    /// Where the proxy's thread is gone.
    pub fn reset_connections(&self) -> Result<()> {
        self.order(|done| Order::End(End::Reset, done))
    }

    /// Closes all open connections in good order, towards both sides (TCP FIN), whatever is under way on them; new ones are
    /// served as before.
    ///
    /// # Errors
    /// Where the proxy's thread is gone.
    pub fn close_connections(&self) -> Result<()> {
        self.order(|done| Order::End(End::Close, done))
    }

    /// Lets `bytes` more bytes from the server through, counted over all connections, then resets the connection that carries
    /// the next one, once. Zero bytes reset at the server's next answer.
    pub fn reset_after_server_bytes(&self, bytes: u64) {
        self.control.set_bytes_left(Direction::ToClient, bytes);
    }

    /// As [`Proxy::reset_after_server_bytes`], of the bytes from the clients: the server gets a part of a question.
    pub fn reset_after_client_bytes(&self, bytes: u64) {
        self.control.set_bytes_left(Direction::ToServer, bytes);
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
