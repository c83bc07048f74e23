//! Carries the bytes of one connection both ways, later or not at all where the traffic says so, until it ends or is reset.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::Traffic;
use super::control::{Allowance, Control};

/// Bytes read at once.
const CHUNK_BYTES_MAX: usize = 16 * 1024;
/// Chunks on their way in one direction; more make the sender wait, as a full network would.
const CHUNKS_IN_FLIGHT_MAX: usize = 256;

/// Bytes and the moment from which they may be seen on the other side.
type Chunk = (Instant, Vec<u8>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

/// Carries one connection to its end. An end by error or by order is a reset on both sides.
pub(super) async fn carry(
    client: TcpStream,
    upstream: &str,
    control: &Control,
    mut resets: watch::Receiver<u64>,
) {
    let mut client = client;
    let mut server = tokio::select! {
        server = connect(upstream, control) => server.ok(),
        _ = resets.changed() => None,
    };
    let orderly = match server.as_mut() {
        None => false,
        Some(server) => {
            let ((client_read, client_write), (server_read, server_write)) = (client.split(), server.split());
            let both = async {
                tokio::try_join!(
                    pump(client_read, server_write, Direction::ToServer, control),
                    pump(server_read, client_write, Direction::ToClient, control),
                )
            };
            tokio::select! {
                result = both => result.is_ok(),
                _ = resets.changed() => false,
            }
        }
    };
    if !orderly {
        // Closing a socket that must not linger sends RST. Where that fails, the close itself has to do.
        for stream in [Some(&client), server.as_ref()].into_iter().flatten() {
            let _ = stream.set_zero_linger();
        }
    }
}

async fn connect(upstream: &str, control: &Control) -> io::Result<TcpStream> {
    control.flowing().await;
    let server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    Ok(server)
}

/// Reading goes on while chunks wait for their moment, so that a delay does not narrow the line.
async fn pump(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    direction: Direction,
    control: &Control,
) -> io::Result<()> {
    let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT_MAX);
    tokio::try_join!(
        read(from, sender, control),
        write(to, receiver, direction, control)
    )
    .map(drop)
}

async fn read(mut from: ReadHalf<'_>, chunks: mpsc::Sender<Chunk>, control: &Control) -> io::Result<()> {
    loop {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES_MAX);
        if from.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        let due = match control.traffic() {
            Traffic::Delay(delay) => Instant::now() + delay,
            Traffic::Pass | Traffic::Hold | Traffic::Refuse => Instant::now(),
        };
        if chunks.send((due, bytes)).await.is_err() {
            return Ok(());
        }
    }
}

async fn write(
    mut to: WriteHalf<'_>,
    mut chunks: mpsc::Receiver<Chunk>,
    direction: Direction,
    control: &Control,
) -> io::Result<()> {
    while let Some((due, bytes)) = chunks.recv().await {
        sleep_until(due).await;
        control.flowing().await;
        let allowance = match direction {
            Direction::ToServer => Allowance::All,
            Direction::ToClient => control.allow_server_bytes(bytes.len()),
        };
        match allowance {
            Allowance::All => to.write_all(&bytes).await?,
            Allowance::Then(count) => {
                to.write_all(&bytes[..count]).await?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }
    // The end of one direction also waits for its moment.
    control.flowing().await;
    to.shutdown().await
}
