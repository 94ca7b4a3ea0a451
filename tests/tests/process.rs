//! The peak memory of a server process, however fast a client sends. The number of events is fixed and no time is
//! measured, so a busy machine makes no difference.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;

/// Memory, in KiB, that a flood may add to that of the process with its first client connected: one read and one batch
/// of events for each of a few threads, and memory that the allocator does not return.
const ROOM: u64 = 8 * 1024;

#[test]
fn events_over_a_websocket() {
    for (event, count) in
        [(r#"42["a"]"#.to_owned(), 1_000_000), (r#"42["noargs"]"#.to_owned(), 500_000), (sized(58), 300_000)]
    {
        let server = Server::start();
        let mut client = server.websocket();
        let before = server.peak();
        let block = text(event.as_bytes()).repeat(1000);
        for _ in 0..count / 1000 {
            client.send(&block);
        }
        client.send(&text(br#"421["sum",1,2]"#));
        client.until(b"431[3]");
        server.assert_grown(before, ROOM, &format!("{count} events of {} bytes", event.len()));
    }
}

#[test]
fn events_that_are_acknowledged() {
    const COUNT: usize = 200_000;
    let server = Server::start();
    let client = server.websocket();
    let before = server.peak();
    let block = text(br#"427["noargs"]"#).repeat(1000);
    let mut sender = client.stream.try_clone().expect("a second handle");
    let writer = thread::spawn(move || {
        for _ in 0..COUNT / 1000 {
            sender.write_all(&block).expect("the server reads");
        }
    });
    client.skip(COUNT * ANSWER.len());
    writer.join().expect("the writer");
    server.assert_grown(before, ROOM, &format!("{COUNT} events with an ack"));
}

/// The frame of an ack without arguments.
const ANSWER: &[u8] = b"\x81\x05437[]";

#[test]
fn bodies_of_many_events() {
    const EVENTS: usize = 100_000;
    let server = Server::start();
    let (mut gets, mut posts) = (server.connect(), server.connect());
    let greeting = gets.get("");
    let (_, rest) = greeting.split_once(r#""sid":""#).expect("a session");
    let sid = format!("&sid={}", &rest[..20]);
    posts.post(&sid, b"40");
    gets.poll(&sid, "welcome");
    let before = server.peak();
    let mut body = "42[\"a\"]\x1e".repeat(EVENTS - 1);
    body.push_str(r#"421["sum",1,2]"#);
    for _ in 0..10 {
        posts.post(&sid, body.as_bytes());
        gets.poll(&sid, "431[3]");
    }
    // A body is collected in a buffer that doubles as it grows.
    let room = ROOM + 2 * body.len() as u64 / 1024;
    server.assert_grown(before, room, &format!("10 bodies of {EVENTS} events"));
}

#[test]
fn an_attachment_that_is_named_many_times() {
    const SIZE: usize = 900_000;
    let server = Server::start();
    let mut client = server.websocket();
    let before = server.peak();
    let placeholders = vec![r#"{"_placeholder":true,"num":0}"#; 2000].join(",");
    let packet = format!(r#"451-["bin",{{"name":"a","data":null,"nested":[{placeholders}]}}]"#);
    client.send(&text(packet.as_bytes()));
    // The server may have closed the connection already.
    let _ = client.stream.write_all(&frame(0x82, &[7; SIZE]));
    client.until_closed();
    let room = ROOM + 2 * SIZE as u64 / 1024;
    server.assert_grown(before, room, "2000 placeholders of 900 kB");
    let mut another = server.websocket();
    another.send(&text(br#"421["sum",1,2]"#));
    another.until(b"431[3]");
}

/// A separate server process, so that its peak belongs to one test.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_e2e_axum"))
            .env("PORT", "0")
            .env("PING_INTERVAL_MS", "600000")
            .env("TOKIO_WORKER_THREADS", "2")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the server tells its address");
        let address = line.trim().trim_start_matches("listening on ").to_owned();
        Self { child, address }
    }

    /// Returns the peak resident memory, in KiB.
    fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("proc(5)");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    fn assert_grown(&self, before: u64, room: u64, what: &str) {
        let peak = self.peak();
        println!("{what}: {peak} KiB at most, {before} before");
        assert!(
            peak <= before + room,
            "{what}: {peak} KiB at most, {before} before, {room} more are allowed"
        );
    }

    fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(&self.address).expect("the server listens") }
    }

    /// Returns a client on a WebSocket that is connected to `/`.
    fn websocket(&self) -> Client {
        let mut client = self.connect();
        client.send(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\n\
              Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        client.until(b"pingTimeout");
        client.send(&text(b"40"));
        client.until(b"welcome");
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have exited already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

struct Client {
    stream: TcpStream,
}

impl Client {
    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Reads until `wanted` arrives; returns everything that was read.
    fn until(&mut self, wanted: &[u8]) -> Vec<u8> {
        let (mut received, mut buffer) = (Vec::new(), vec![0; 65_536]);
        while position(&received, wanted).is_none() {
            let read = self.stream.read(&mut buffer).expect("the connection stands");
            assert!(read > 0, "closed after {:?}", String::from_utf8_lossy(&received));
            received.extend_from_slice(&buffer[..read]);
        }
        received
    }

    /// Reads and discards `count` bytes.
    fn skip(&self, count: usize) {
        let skipped = std::io::copy(&mut (&self.stream).take(count as u64), &mut std::io::sink());
        assert_eq!(skipped.expect("the connection stands"), count as u64);
    }

    fn until_closed(&mut self) {
        // A reset ends the connection too.
        let _ = std::io::copy(&mut self.stream, &mut std::io::sink());
    }

    fn get(&mut self, query: &str) -> String {
        self.send(format!("GET {PATH}{query} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        self.response()
    }

    /// Polls until `wanted` arrives.
    fn poll(&mut self, query: &str, wanted: &str) {
        while !self.get(query).contains(wanted) {}
    }

    fn post(&mut self, query: &str, body: &[u8]) {
        let length = body.len();
        let head =
            format!("POST {PATH}{query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        self.send(head.as_bytes());
        self.send(body);
        assert_eq!(self.response(), "ok");
    }

    /// Returns the body of a response, which must have status 200.
    fn response(&mut self) -> String {
        const END: &[u8] = b"\r\n\r\n";
        let mut received = self.until(END);
        let start = position(&received, END).expect("it has come") + END.len();
        let head = String::from_utf8_lossy(&received[..start]).to_ascii_lowercase();
        let (_, length) = head.split_once("content-length: ").expect("a length");
        let length: usize = length.lines().next().and_then(|line| line.parse().ok()).expect("a number");
        let missing = (start + length - received.len()) as u64;
        (&self.stream).take(missing).read_to_end(&mut received).expect("the connection stands");
        let body = String::from_utf8_lossy(&received[start..]).into_owned();
        assert!(head.starts_with("http/1.1 200"), "{head}{body}");
        body
    }
}

const PATH: &str = "/socket.io/?EIO=4&transport=polling";

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Returns a masked text frame.
fn text(payload: &[u8]) -> Vec<u8> {
    frame(0x81, payload)
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    const KEY: [u8; 4] = [1, 2, 3, 4];
    let mut frame = vec![opcode];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Returns an event of `size` bytes.
fn sized(size: usize) -> String {
    format!(r#"42["a","{}"]"#, "x".repeat(size - 10))
}
