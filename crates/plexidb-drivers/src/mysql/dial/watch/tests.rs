//! What is told at each step of an attempt.

use std::io;
use std::time::Duration;

use plexidb_core::{ConnectPhase, ConnectProgress};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::watch;

/// Connects and waits for a greeting, as the library does.
async fn attempt(port: u16) -> io::Result<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.read_u8().await
}

#[tokio::test]
async fn a_connected_socket_that_waits_for_the_greeting_is_in_the_login() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let progress = ConnectProgress::new();
    let mut attempt = Box::pin(watch(attempt(port), &progress));
    tokio::select! {
        _ = &mut attempt => panic!("nobody has greeted"),
        () = async {
            let _peer = listener.accept().await.unwrap();
            while progress.phase() != Some(ConnectPhase::Auth) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        } => {}
    }
}

#[tokio::test]
async fn a_refusal_is_of_the_dial() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let progress = ConnectProgress::new();
    watch(attempt(port), &progress).await.unwrap_err();
    assert_eq!(progress.phase(), Some(ConnectPhase::Dial));
}

#[tokio::test]
async fn polls_that_nobody_asked_for_tell_nothing() {
    let (_connected, socket) = oneshot::channel::<()>();
    let progress = ConnectProgress::new();
    let mut attempt = Box::pin(watch(socket, &progress));
    for _ in 0..3 {
        tokio::select! {
            biased;
            _ = &mut attempt => panic!("the socket is not connected"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(progress.phase(), Some(ConnectPhase::Dial));
}
