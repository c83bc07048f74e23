//! The proxy does to a connection what it was told, from the moment that it was told; seen by a client of a real Redis.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use plexidb_testkit::{Direction, Flow, Proxy, Traffic, redis};

use crate::{assert_silent, until};

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
fn delays_one_direction_and_not_the_other() {
    let proxy = proxy();
    let (mut asking, mut listening) = (connect(&proxy), subscriber(&proxy, "delays"));
    let delay = Duration::from_millis(100);
    proxy
        .set_one_way(Direction::ToClient, Flow::Delay(delay))
        .unwrap();
    let started = Instant::now();
    assert_answers(&mut asking);
    assert!(started.elapsed() >= delay, "{:?}", started.elapsed());

    proxy.set(Traffic::Pass).unwrap();
    let for_ever = Flow::Delay(Duration::from_secs(3600));
    proxy.set_one_way(Direction::ToServer, for_ever).unwrap();
    ask(&mut asking);
    assert_silent(&mut asking, SILENCE);
    publish("delays");
    assert_message(&mut listening, "delays");
}

#[test]
fn cuts_one_way_and_heals() {
    let proxy = proxy();
    let database = redis().fresh_database();
    let (mut asking, mut listening) = (connect(&proxy), subscriber(&proxy, "cuts"));

    proxy.set_one_way(Direction::ToServer, Flow::Hold).unwrap();
    ask(&mut asking);
    assert_silent(&mut asking, SILENCE);
    publish("cuts");
    assert_message(&mut listening, "cuts");
    proxy.set_one_way(Direction::ToServer, Flow::Pass).unwrap();
    asking.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(answer(&mut asking).unwrap(), PONG);

    proxy.set_one_way(Direction::ToClient, Flow::Hold).unwrap();
    let mut writing = connect(&proxy);
    let select = format!("SELECT {}\r\nSET k v\r\n", database.number());
    writing.write_all(select.as_bytes()).unwrap();
    until("the question arrives", || {
        database.client(&["EXISTS", "k"]) == "1"
    });
    assert_silent(&mut writing, SILENCE);
    proxy.set_one_way(Direction::ToClient, Flow::Pass).unwrap();
    writing.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = [0; 10];
    writing.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"+OK\r\n+OK\r\n");
}

/// A client that gets the messages of a channel.
fn subscriber(proxy: &Proxy, channel: &str) -> TcpStream {
    let mut stream = connect(proxy);
    write!(stream, "SUBSCRIBE {channel}\r\n").unwrap();
    let confirmation = format!(
        "*3\r\n$9\r\nsubscribe\r\n${}\r\n{channel}\r\n:1\r\n",
        channel.len()
    );
    let mut bytes = vec![0; confirmation.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), confirmation);
    stream
}

fn publish(channel: &str) {
    redis().client(&["PUBLISH", channel, "news"]);
}

fn assert_message(stream: &mut TcpStream, channel: &str) {
    let message = format!(
        "*3\r\n$7\r\nmessage\r\n${}\r\n{channel}\r\n$4\r\nnews\r\n",
        channel.len()
    );
    let mut bytes = vec![0; message.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), message);
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
fn ignores_new_connections_until_told_otherwise_and_keeps_the_open_ones() {
    let proxy = proxy();
    let address = proxy.address().parse().unwrap();
    let mut open = connect(&proxy);
    assert_answers(&mut open);
    proxy.set(Traffic::Ignore).unwrap();
    let silence = TcpStream::connect_timeout(&address, SILENCE).unwrap_err();
    assert_eq!(silence.kind(), ErrorKind::TimedOut);
    assert_answers(&mut open);
    std::thread::scope(|scope| {
        let late = scope.spawn(|| connect(&proxy));
        proxy.set(Traffic::Pass).unwrap();
        assert_answers(&mut late.join().unwrap());
    });
    assert_eq!(proxy.accepted_connections(), 2);
}

#[test]
fn closes_open_connections_in_good_order() {
    let proxy = proxy();
    let mut stream = connect(&proxy);
    assert_answers(&mut stream);
    proxy.close_connections().unwrap();
    assert_eq!(proxy.open_connections(), 0);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert_answers(&mut connect(&proxy));
}

#[test]
fn leads_new_connections_to_another_server() {
    let (first, second) = (server(), server());
    let proxy = Proxy::start(first.local_addr().unwrap().to_string()).unwrap();
    let mut open = connect(&proxy);
    let mut at_first = accept(&first);
    proxy.redirect(second.local_addr().unwrap().to_string());
    let mut new = connect(&proxy);
    let mut at_second = accept(&second);
    for (stream, server, word) in [(&mut open, &mut at_first, b"1"), (&mut new, &mut at_second, b"2")] {
        stream.write_all(word).unwrap();
        let mut byte = [0];
        server.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, word);
    }
}

/// A server that only the test itself speaks for.
fn server() -> TcpListener {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    server
}

fn accept(server: &TcpListener) -> TcpStream {
    let mut accepted = None;
    until("a client arrives", || {
        accepted = server.accept().ok();
        accepted.is_some()
    });
    let (stream, _) = accepted.unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn resets_in_the_middle_of_a_question() {
    let server = server();
    let proxy = Proxy::start(server.local_addr().unwrap().to_string()).unwrap();
    let mut stream = connect(&proxy);
    let mut at_server = accept(&server);
    proxy.reset_after_client_bytes(4);
    stream.write_all(b"PING\r\n").unwrap();
    let mut part = [0; 4];
    at_server.read_exact(&mut part).unwrap();
    assert_eq!(&part, b"PING");
    for end in [&mut at_server, &mut stream] {
        assert_eq!(
            end.read(&mut part).unwrap_err().kind(),
            ErrorKind::ConnectionReset
        );
    }
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
