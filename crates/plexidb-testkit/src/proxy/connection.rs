//! Carries the bytes of one connection both ways, later or not at all where the traffic says so, until it ends or is reset.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::control::{Allowance, Control, End};
use super::{Direction, Flow};

/// Bytes read at once.
const CHUNK_BYTES_MAX: usize = 16 * 1024;
/// Chunks on their way in one direction; more make the sender wait, as a full network would.
const CHUNKS_IN_FLIGHT_MAX: usize = 256;

/// Bytes (none: the end) and the moment from which they may be seen on the other side.
type Chunk = (Instant, Vec<u8>);

/// Carries one connection to its end. An end by error or by order is a reset on both sides.
pub(super) async fn carry(client: TcpStream, control: &Control, mut ends: watch::Receiver<End>) {
    let mut client = client;
    let mut server = tokio::select! {
        server = connect(control) => server.ok(),
        end = ended(&mut ends) => {
            finish(end, &client, None);
            return;
        }
    };
    let end = match server.as_mut() {
        None => End::Reset,
        Some(server) => {
            let ((client_read, client_write), (server_read, server_write)) = (client.split(), server.split());
            let both = async {
                tokio::try_join!(
                    pump(client_read, server_write, Direction::ToServer, control),
                    pump(server_read, client_write, Direction::ToClient, control),
                )
            };
            tokio::select! {
                result = both => if result.is_ok() { End::Close } else { End::Reset },
                end = ended(&mut ends) => end,
            }
        }
    };
    finish(end, &client, server.as_ref());
}

async fn ended(ends: &mut watch::Receiver<End>) -> End {
    // Without a sender there is no proxy any more.
    if ends.changed().await.is_err() {
        return End::Reset;
    }
    *ends.borrow_and_update()
}

/// Prepares what the close of the sockets will send.
fn finish(end: End, client: &TcpStream, server: Option<&TcpStream>) {
    if end == End::Reset {
        // Closing a socket that must not linger sends RST. Where that fails, the close itself has to do.
        for stream in [Some(client), server].into_iter().flatten() {
            let _ = stream.set_zero_linger();
        }
    }
}

async fn connect(control: &Control) -> io::Result<TcpStream> {
    control.flowing(Direction::ToServer).await;
    let server = TcpStream::connect(control.upstream()).await?;
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
        read(from, sender, direction, control),
        write(to, receiver, direction, control)
    )
    .map(drop)
}

async fn read(
    mut from: ReadHalf<'_>,
    chunks: mpsc::Sender<Chunk>,
    direction: Direction,
    control: &Control,
) -> io::Result<()> {
    loop {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES_MAX);
        let count = from.read_buf(&mut bytes).await?;
        let due = match control.flow(direction) {
            Flow::Delay(delay) => Instant::now() + delay,
            Flow::Pass | Flow::Hold => Instant::now(),
        };
        if chunks.send((due, bytes)).await.is_err() || count == 0 {
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
        if bytes.is_empty() {
            break;
        }
        control.flowing(direction).await;
        match control.allow_bytes(direction, bytes.len()) {
            Allowance::All => write_while_flowing(&mut to, &bytes, direction, control).await?,
            Allowance::Then(count) => {
                write_while_flowing(&mut to, &bytes[..count], direction, control).await?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }
    // The end of one direction also waits for its moment.
    control.flowing(direction).await;
    to.shutdown().await
}

/// Writes all, with a break while the flow is held: a receiver that reads slowly must not draw bytes through a cut cable.
async fn write_while_flowing(
    to: &mut WriteHalf<'_>,
    bytes: &[u8],
    direction: Direction,
    control: &Control,
) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        control.flowing(direction).await;
        tokio::select! {
            biased;
            () = control.held(direction) => {}
            count = to.write(rest) => rest = &rest[count?..],
        }
    }
    Ok(())
}
