//! Frames over a socket: one write for all that is queued, reads into one reusable buffer.
//!
//! Invariant: the calling task does the IO itself; after an IO error the wire is of no use. Must not know SQL.

use std::future::poll_fn;
use std::io;
use std::ops::{Deref, DerefMut};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use plexidb_core::{DriverError, SqlError};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::failure::ServerError;
use super::message::{Fields, Frame, Malformed, tag};
use super::socket::Socket;

/// Capacity of a fresh receive buffer, and the least free space before a read.
const READ_BYTES_MIN: usize = 16 * 1024;
/// Free space before a read once the server fills the buffer faster than we empty it.
const READ_BYTES_LARGE: usize = 128 * 1024;
/// Both buffers give their memory back after an exchange that has made them larger than this.
const KEPT_BYTES_MAX: usize = 1024 * 1024;
/// The most that is received while we are still sending, so that a server which answers before it has read
/// everything and we do not wait for each other.
const BACKLOG_BYTES_MAX: usize = 16 * 1024 * 1024;
/// PostgreSQL builds messages in buffers of at most 1 GiB.
const FRAME_BYTES_MAX: usize = 1 << 30;
const HEADER_BYTES: usize = 5;

/// A connection's buffers and socket.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    inbound: BytesMut,
    /// What the next [`flush`](Self::flush) sends.
    pub(super) outbound: BytesMut,
    /// Length of the frame that was returned last, which the next read consumes.
    frame_bytes: usize,
    read_bytes: usize,
    /// Rows whose frame is larger are discarded as they arrive.
    pub(super) row_bytes_max: usize,
    /// Whether a loss of the connection now leaves open if a statement took effect.
    pub(super) may_have_run: bool,
    /// What the server said where it has committed without waiting for its synchronous replicas, since it was told to cancel.
    unconfirmed: Option<String>,
    server_version: String,
    target: Arc<str>,
}

impl Wire {
    pub(super) fn new(socket: Socket, target: Arc<str>) -> Self {
        Self {
            socket,
            inbound: BytesMut::with_capacity(READ_BYTES_MIN),
            outbound: BytesMut::with_capacity(1024),
            frame_bytes: 0,
            read_bytes: READ_BYTES_MIN,
            row_bytes_max: usize::MAX,
            may_have_run: false,
            unconfirmed: None,
            server_version: String::new(),
            target,
        }
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Takes what the server said of a commit that its synchronous replicas have not confirmed.
    pub(super) fn take_unconfirmed(&mut self) -> Option<String> {
        self.unconfirmed.take()
    }

    pub(super) fn server_version(&self) -> &str {
        &self.server_version
    }

    pub(super) fn lost(&self, reason: impl Into<String>) -> DriverError {
        DriverError::ConnectionLost {
            target: self.target.to_string(),
            reason: reason.into(),
            may_have_run: self.may_have_run,
            last_words: None,
        }
    }

    /// The server ended the session with this error.
    pub(super) fn ended_by(&self, error: SqlError) -> DriverError {
        DriverError::ConnectionLost {
            target: self.target.to_string(),
            reason: error.message.clone(),
            may_have_run: self.may_have_run,
            last_words: Some(Box::new(error)),
        }
    }

    pub(super) fn protocol_error(&self, message: impl Into<String>) -> DriverError {
        DriverError::Protocol {
            target: self.target.to_string(),
            message: message.into(),
        }
    }

    pub(super) fn malformed(&self, tag: u8) -> DriverError {
        self.protocol_error(format!("malformed message of type \"{}\"", tag.escape_ascii()))
    }

    /// Sends what is queued.
    pub(super) async fn flush(&mut self) -> Result<(), DriverError> {
        self.consume();
        let Self {
            socket,
            inbound,
            outbound,
            ..
        } = self;
        poll_fn(|cx| poll_send(cx, socket, inbound, outbound))
            .await
            .map_err(|error| self.lost(error.to_string()))
    }

    /// The next message that is not about the session in general.
    pub(super) async fn next(&mut self) -> Result<Frame<'_>, DriverError> {
        loop {
            self.consume();
            self.fill(HEADER_BYTES).await?;
            let mut header = Fields(&self.inbound);
            let (Ok(tag), Ok(len)) = (header.u8(), header.u32()) else {
                return Err(self.protocol_error("a message without a header"));
            };
            let frame_bytes = len as usize + 1;
            if !(HEADER_BYTES..=FRAME_BYTES_MAX + HEADER_BYTES).contains(&frame_bytes) {
                return Err(self.protocol_error(format!("a message of {len} bytes")));
            }
            if tag == tag::DATA_ROW && frame_bytes > self.row_bytes_max {
                self.discard(frame_bytes).await?;
                return Ok(Frame {
                    tag: tag::DISCARDED_ROW,
                    body: &[],
                });
            }
            self.fill(frame_bytes).await?;
            self.frame_bytes = frame_bytes;
            if !matches!(tag, tag::NOTICE | tag::NOTIFICATION | tag::PARAMETER_STATUS) {
                break;
            }
            self.note_session_message(tag);
        }
        let frame = &self.inbound[..self.frame_bytes];
        Ok(Frame {
            tag: frame[0],
            body: &frame[HEADER_BYTES..],
        })
    }

    /// Looks, without waiting, whether the server has ended the session meanwhile.
    pub(super) async fn check_idle(&mut self) -> Result<(), DriverError> {
        self.consume();
        self.shrink();
        loop {
            self.inbound.reserve(READ_BYTES_MIN);
            let Self { socket, inbound, .. } = self;
            let read = poll_fn(|cx| Poll::Ready(pin!(socket.read_buf(inbound)).poll(cx))).await;
            match read {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(self.lost("the server closed the connection")),
                Poll::Ready(Ok(_)) => self.take_idle_messages()?,
                Poll::Ready(Err(error)) => return Err(self.lost(error.to_string())),
            }
        }
    }

    /// Tells the server good-bye and closes the socket.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.socket.write_all(&self.outbound).await?;
        self.socket.shutdown().await
    }

    /// Waits until the server has closed the connection.
    pub(super) async fn closed(&mut self) -> io::Result<()> {
        while self.socket.read_buf(&mut self.inbound).await? > 0 {
            self.inbound.clear();
        }
        Ok(())
    }

    /// One byte that is not a message: the answer to the request for TLS.
    pub(super) async fn byte(&mut self) -> Result<u8, DriverError> {
        let read = self.socket.read_u8().await;
        read.map_err(|error| self.lost(error.to_string()))
    }

    /// Gives the socket away, to wrap it in TLS.
    pub(super) fn into_socket(self) -> Socket {
        self.socket
    }

    fn consume(&mut self) {
        self.inbound.advance(self.frame_bytes);
        self.frame_bytes = 0;
    }

    fn shrink(&mut self) {
        if self.inbound.is_empty() && self.inbound.capacity() > KEPT_BYTES_MAX {
            self.inbound = BytesMut::with_capacity(READ_BYTES_MIN);
            self.read_bytes = READ_BYTES_MIN;
        }
        if self.outbound.is_empty() && self.outbound.capacity() > KEPT_BYTES_MAX {
            self.outbound = BytesMut::new();
        }
    }

    async fn fill(&mut self, bytes: usize) -> Result<(), DriverError> {
        while self.inbound.len() < bytes {
            self.read(bytes - self.inbound.len()).await?;
        }
        Ok(())
    }

    async fn read(&mut self, bytes_min: usize) -> Result<(), DriverError> {
        self.inbound.reserve(self.read_bytes.max(bytes_min));
        match self.socket.read_buf(&mut self.inbound).await {
            Ok(0) => Err(self.lost("the server closed the connection")),
            Ok(received) => {
                if received >= self.read_bytes {
                    self.read_bytes = READ_BYTES_LARGE;
                }
                Ok(())
            }
            Err(error) => Err(self.lost(error.to_string())),
        }
    }

    async fn discard(&mut self, mut bytes: usize) -> Result<(), DriverError> {
        loop {
            let step = bytes.min(self.inbound.len());
            self.inbound.advance(step);
            bytes -= step;
            if bytes == 0 {
                return Ok(());
            }
            self.read(1).await?;
        }
    }

    fn note_session_message(&mut self, tag: u8) {
        let body = &self.inbound[HEADER_BYTES..self.frame_bytes];
        if tag == tag::NOTICE
            && let Ok(notice) = ServerError::parse(body)
            && notice.is_of_unconfirmed_commit()
        {
            self.unconfirmed = Some(notice.sql.message);
            return;
        }
        if tag != tag::PARAMETER_STATUS {
            return;
        }
        let mut fields = Fields(body);
        if let (Ok(name), Ok(value)) = (fields.text(), fields.text())
            && name == "server_version"
        {
            self.server_version = value.into_owned();
        }
    }

    /// Takes the complete messages that came without being asked for.
    fn take_idle_messages(&mut self) -> Result<(), DriverError> {
        loop {
            let mut fields = Fields(&self.inbound);
            let (Ok(tag), Ok(len)) = (fields.u8(), fields.u32()) else {
                return Ok(());
            };
            let body = match fields.bytes((len as usize).saturating_sub(4)) {
                Ok(body) if len >= 4 => body,
                // The rest of a notice comes with the answer to the next request.
                _ => return Ok(()),
            };
            match tag {
                tag::NOTICE | tag::NOTIFICATION | tag::PARAMETER_STATUS => {
                    self.frame_bytes = len as usize + 1;
                    self.note_session_message(tag);
                    self.consume();
                }
                tag::ERROR => {
                    let error = ServerError::parse(body).map_err(|Malformed| self.malformed(tag))?;
                    return Err(self.ended_by(error.sql));
                }
                _ => return Err(self.protocol_error("a message that was not asked for")),
            }
        }
    }
}

/// The wire of a connection, which can be taken out of it at its end.
#[derive(Debug)]
pub(super) struct OpenWire(Option<Wire>);

impl OpenWire {
    pub(super) fn new(wire: Wire) -> Self {
        Self(Some(wire))
    }

    /// Takes the wire; only for who drops the connection.
    pub(super) fn take(&mut self) -> Option<Wire> {
        self.0.take()
    }
}

impl Deref for OpenWire {
    type Target = Wire;

    #[expect(
        clippy::expect_used,
        reason = "the wire is taken only when the connection is dropped"
    )]
    fn deref(&self) -> &Wire {
        self.0.as_ref().expect("a connection has its wire")
    }
}

impl DerefMut for OpenWire {
    #[expect(
        clippy::expect_used,
        reason = "the wire is taken only when the connection is dropped"
    )]
    fn deref_mut(&mut self) -> &mut Wire {
        self.0.as_mut().expect("a connection has its wire")
    }
}

/// Writes until everything is sent, and receives meanwhile.
fn poll_send(
    cx: &mut Context<'_>,
    socket: &mut Socket,
    inbound: &mut BytesMut,
    outbound: &mut BytesMut,
) -> Poll<io::Result<()>> {
    while !outbound.is_empty() {
        match Pin::new(&mut *socket).poll_write(cx, outbound) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(sent)) => outbound.advance(sent),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => {
                if inbound.len() > BACKLOG_BYTES_MAX {
                    return Poll::Pending;
                }
                inbound.reserve(READ_BYTES_MIN);
                match pin!(socket.read_buf(inbound)).poll(cx) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        }
    }
    Pin::new(socket).poll_flush(cx)
}
