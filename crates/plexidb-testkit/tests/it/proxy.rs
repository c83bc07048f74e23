//! The proxy does to a connection what it was told, from the moment that it was told; seen by a client of a real Redis.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use plexidb_testkit::{Proxy, Traffic, redis};

use crate::assert_silent;

/// Long enough for any answer on this machine; only held bytes let it pass.
const SILENCE: Duration = Duration::from_millis(200);
/// A limit for answers that must come, so that a defect fails the test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);
const PONG: &[u8] = b"+PONG\r\n";

fn proxy() -> Proxy {
    Proxy::start(format!("{}:{}", redis().host(), redis().port())).unwrap()
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn ask(stream: &mut TcpStream) {
    stream.write_all(b"PING\r\n").unwrap();
}

fn answer(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; PONG.len()];
    stream.read_exact(&mut bytes).map(|()| bytes)
}

fn assert_answers(stream: &mut TcpStream) {
    ask(stream);
    assert_eq!(answer(stream).unwrap(), PONG);
}

#[test]
fn passes_bytes_and_counts_connections() {
    let proxy = proxy();
    let (mut one, mut two) = (connect(&proxy), connect(&proxy));
    assert_answers(&mut one);
    assert_answers(&mut two);
    assert_eq!((proxy.open_connections(), proxy.accepted_connections()), (2, 2));
    assert!(
        proxy
            .through(&redis().url())
            .contains(&format!("127.0.0.1:{}/", proxy.port()))
    );
}

#[test]
fn delays_in_both_directions() {
    let proxy = proxy();
    let mut stream = connect(&proxy);
    assert_answers(&mut stream);
    proxy.set(Traffic::Delay(Duration::from_millis(100))).unwrap();
    let started = Instant::now();
    assert_answers(&mut stream);
    assert!(
        started.elapsed() >= Duration::from_millis(200),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn holds_bytes_of_open_and_new_connections_until_told_otherwise() {
    let proxy = proxy();
    let mut open = connect(&proxy);
    assert_answers(&mut open);
    proxy.set(Traffic::Hold).unwrap();
    let mut new = connect(&proxy);
    for stream in [&mut open, &mut new] {
        ask(stream);
        assert_silent(stream, SILENCE);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    proxy.set(Traffic::Pass).unwrap();
    assert_eq!(answer(&mut open).unwrap(), PONG);
    assert_eq!(answer(&mut new).unwrap(), PONG);
}

#[test]
fn refuses_new_connections_and_keeps_the_open_ones() {
    let proxy = proxy();
    let mut open = connect(&proxy);
    assert_answers(&mut open);
    proxy.set(Traffic::Refuse).unwrap();
    let refusal = TcpStream::connect(proxy.address()).unwrap_err();
    assert_eq!(refusal.kind(), ErrorKind::ConnectionRefused);
    assert_answers(&mut open);
    proxy.set(Traffic::Pass).unwrap();
    assert_answers(&mut connect(&proxy));
}

#[test]
fn resets_open_connections_and_serves_new_ones() {
    let proxy = proxy();
    let mut stream = connect(&proxy);
    assert_answers(&mut stream);
    proxy.reset_connections().unwrap();
    assert_eq!(proxy.open_connections(), 0);
    assert_eq!(
        answer(&mut stream).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert_answers(&mut connect(&proxy));
}

#[test]
fn resets_held_connections_too() {
    let proxy = proxy();
    proxy.set(Traffic::Hold).unwrap();
    let mut stream = connect(&proxy);
    ask(&mut stream);
    // The proxy may see the reset before the connection, which it then has to serve: ask until it has seen both.
    while proxy.accepted_connections() == 0 {
        std::thread::yield_now();
    }
    proxy.reset_connections().unwrap();
    assert_eq!(
        answer(&mut stream).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[test]
fn resets_in_the_middle_of_an_answer() {
    let proxy = proxy();
    let mut stream = connect(&proxy);
    assert_answers(&mut stream);
    proxy.reset_after_server_bytes(PONG.len() as u64 + 3);
    assert_answers(&mut stream);
    ask(&mut stream);
    let mut part = [0; 3];
    stream.read_exact(&mut part).unwrap();
    assert_eq!(&part, b"+PO");
    assert_eq!(
        stream.read(&mut part).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert_answers(&mut connect(&proxy));
}

#[test]
fn can_be_switched_from_within_an_async_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let proxy = proxy();
        proxy.set(Traffic::Refuse).unwrap();
        assert!(tokio::net::TcpStream::connect(proxy.address()).await.is_err());
    });
}

#[test]
fn a_server_that_is_not_there_looks_like_one_that_crashed() {
    // Nothing listens on port 1, which only root could open.
    let proxy = Proxy::start("127.0.0.1:1").unwrap();
    let mut stream = connect(&proxy);
    assert_eq!(
        stream.read_exact(&mut [0]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}
