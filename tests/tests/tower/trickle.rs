//! Peers that send a few bytes at a time.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use socketio_tower::{Data, DisconnectReason, SocketIo, SocketIoBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

use crate::client::{Log, soon, until};

fn reporting(builder: SocketIoBuilder) -> (SocketIo, Arc<Log>) {
    let (io, log) = (builder.build(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on("length", async |Data(text): Data<String>| text.len());
        ns.on_disconnect(async move |reason: DisconnectReason| sink.add(reason.as_str()));
    });
    (io, log)
}

/// Returns a frame masked with zeroes.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ ..126 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

const TEXT: u8 = 0x81;
const FRAGMENT_OF_TEXT: u8 = 0x01;
const PING: u8 = 0x89;

/// Returns an event of 900 kB that requests an ack.
fn long_event() -> Vec<u8> {
    format!(r#"420["length","{}"]"#, "x".repeat(900_000)).into_bytes()
}

struct Peer(DuplexStream);

impl Peer {
    /// Connects to `/` over a pipe.
    async fn connect(io: &SocketIo) -> Self {
        let (ours, theirs) = duplex(64 * 1024);
        let open = Request::get("/socket.io/?EIO=4&transport=websocket").body(()).expect("a request");
        io.attach(open.into_parts().0, theirs).await.expect("it is taken in");
        let mut peer = Self(ours);
        peer.send(&frame(TEXT, b"40")).await;
        peer.until(b"40{").await;
        peer
    }

    async fn send(&mut self, bytes: &[u8]) {
        soon(self.0.write_all(bytes)).await.expect("it is sent");
    }

    /// Reads until `end` has arrived.
    async fn until(&mut self, end: &[u8]) {
        let mut read = Vec::new();
        while !read.windows(end.len()).any(|window| window == end) {
            read.push(soon(self.0.read_u8()).await.expect("more"));
        }
    }

    /// Sends a byte every five seconds until the server closes; returns the time that took. The last bytes received
    /// must be a close frame with 1008.
    async fn trickle(mut self, bytes: &[u8]) -> Duration {
        let start = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_secs(5));
        let (mut bytes, mut answers, mut read) = (bytes.iter(), Vec::new(), [0; 64]);
        loop {
            tokio::select! {
                _ = pace.tick() => {
                    let byte = bytes.next().expect("the server closes before");
                    self.0.write_all(&[*byte]).await.ok();
                }
                count = self.0.read(&mut read) => match count.expect("a pipe does not fail") {
                    0 => break,
                    count => answers.extend_from_slice(&read[..count]),
                },
            }
        }
        assert!(answers.ends_with(&[0x88, 2, 0x03, 0xf0]), "{answers:x?}");
        start.elapsed()
    }
}

/// Half a message, continued by a byte now and then, was held for as long as the peer liked.
#[tokio::test(start_paused = true)]
async fn a_message_that_does_not_become_whole_ends_its_session() {
    let whole = frame(TEXT, &long_event());
    let (half, rest) = whole.split_at(450_000);
    // Control frames may come between fragments, and do not complete the message.
    let (fragment, pings) = (frame(FRAGMENT_OF_TEXT, &long_event()), frame(PING, b"").repeat(100));
    for (begin, rest) in [(half, rest), (&fragment, &pings), (b"", &whole)] {
        let (io, log) = reporting(SocketIo::builder());
        let mut peer = Peer::connect(&io).await;
        peer.send(begin).await;
        let held = peer.trickle(rest).await;
        assert!((94..96).contains(&held.as_secs()), "it was held for {held:?}");
        log.expect(&["transport error"]).await;
        until("its session ends", || io.sessions() == 0).await;
    }
}

/// A phone with a bad signal is slow, not hostile, whatever the heartbeat.
#[tokio::test(start_paused = true)]
async fn a_slow_line_is_waited_for() {
    let impatient = Duration::from_millis(400);
    let impatient = SocketIo::builder().ping_interval(impatient).ping_timeout(impatient);
    for (builder, bytes_a_second) in
        [(SocketIo::builder(), 50_000), (SocketIo::builder(), 10_000), (impatient, 50_000)]
    {
        let (io, log) = reporting(builder);
        let mut peer = Peer::connect(&io).await;
        for chunk in frame(TEXT, &long_event()).chunks(bytes_a_second / 10) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            peer.send(chunk).await;
        }
        peer.until(b"430[900000]").await;
        assert!(log.lines().is_empty());
    }
}
