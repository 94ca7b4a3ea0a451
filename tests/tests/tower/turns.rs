//! Handlers, filters and listeners that are ready, pending or panic, in every mix, for events that arrive in bursts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socketio_tower::testing::settled;
use socketio_tower::{Data, Event, Socket, SocketIo, Verdict};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{attached, until};

/// A generator of numbers (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The handlers that ran for each socket.
#[derive(Default)]
struct Record {
    sockets: Mutex<HashMap<String, SocketRecord>>,
    calls: AtomicUsize,
}

#[derive(Debug, Default)]
struct SocketRecord {
    started: Vec<u64>,
    listened: Vec<u64>,
    running: usize,
    connected: usize,
    gone: usize,
    /// Set if a handler ran beside or after the disconnect handler. A panic in a handler would be contained.
    late: bool,
}

impl Record {
    fn with<T>(&self, socket: &Socket, run: impl FnOnce(&mut SocketRecord) -> T) -> T {
        let mut sockets = self.sockets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        run(sockets.entry(socket.id().to_string()).or_default())
    }

    fn start(self: &Arc<Self>, socket: &Socket) -> Running {
        self.with(socket, |record| {
            record.late |= record.gone > 0;
            record.running += 1;
        });
        Running { record: Arc::clone(self), socket: socket.clone() }
    }

    /// Is ready, or pending for a while.
    async fn pause(&self) {
        match self.calls.fetch_add(1, Ordering::Relaxed) * 7 % 5 {
            0 | 1 => {}
            2 => tokio::task::yield_now().await,
            3 => tokio::time::sleep(Duration::from_millis(3)).await,
            _ => {
                tokio::task::yield_now().await;
                tokio::time::sleep(Duration::from_micros(10)).await;
                tokio::task::yield_now().await;
            }
        }
    }
}

struct Running {
    record: Arc<Record>,
    socket: Socket,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.record.with(&self.socket, |record| record.running -= 1);
    }
}

fn server(random: &mut Random) -> (SocketIo, Arc<Record>) {
    let record = Arc::new(Record::default());
    let concurrency = [1, 1, 2, 64][random.below(4) as usize];
    let client_concurrency = [1, 2, 3, 256][random.below(4) as usize];
    let io = SocketIo::builder().concurrency(concurrency).client_concurrency(client_concurrency).build();
    let (guarded, slow_connect, middleware) =
        (random.below(2) == 0, random.below(2) == 0, random.below(3) == 0);
    io.of("/", |_| {});
    io.of("/{name}", |ns| {
        let at = || Arc::clone(&record);
        if middleware {
            let log = at();
            ns.middleware(async move || {
                log.pause().await;
                Ok(())
            });
        }
        let log = at();
        ns.on_connect(async move |socket: Socket| {
            log.with(&socket, |record| record.connected += 1);
            let _running = log.start(&socket);
            if slow_connect {
                log.pause().await;
            }
        });
        if guarded {
            let log = at();
            ns.filter_async(async move || {
                log.pause().await;
                Verdict::Pass
            });
        }
        let log = at();
        ns.on("ready", async move |socket: Socket, Data(n): Data<u64>| {
            let _running = log.start(&socket);
            log.with(&socket, |record| record.started.push(n));
            n
        });
        let log = at();
        ns.on("pause", async move |socket: Socket, Data(n): Data<u64>| {
            let _running = log.start(&socket);
            log.with(&socket, |record| record.started.push(n));
            socket.emit("paused", &n);
            log.pause().await;
            n
        });
        let log = at();
        ns.on("panic", async move |socket: Socket, Data(n): Data<u64>| {
            let _running = log.start(&socket);
            log.with(&socket, |record| record.started.push(n));
            log.pause().await;
            if n > 0 {
                std::panic::resume_unwind(Box::new("expected"));
            }
        });
        let log = at();
        ns.on("listen", async move |socket: Socket, Data(n): Data<u64>| {
            let _running = log.start(&socket);
            log.with(&socket, |record| record.started.push(n));
            let sink = Arc::clone(&log);
            let listener = async move |socket: Socket, Data(n): Data<u64>| {
                let _running = sink.start(&socket);
                sink.with(&socket, |record| record.listened.push(n));
                sink.pause().await;
            };
            socket.on("ready", listener).expect("valid");
        });
        let log = at();
        ns.on("guard", async move |socket: Socket, Data(n): Data<u64>| {
            let _running = log.start(&socket);
            log.with(&socket, |record| record.started.push(n));
            let sink = Arc::clone(&log);
            let filter = async move || {
                sink.pause().await;
                Verdict::Pass
            };
            socket.filter_async(filter).expect("valid");
        });
        let log = at();
        ns.on("leave", async move |socket: Socket, Data(n): Data<u64>| {
            let _running = log.start(&socket);
            log.with(&socket, |record| record.started.push(n));
            socket.emit("bye", "");
            socket.disconnect();
            log.pause().await;
        });
        let log = at();
        ns.fallback(async move |socket: Socket, event: Event| {
            let _running = log.start(&socket);
            let n = event.args().first::<u64>().expect("a number");
            log.with(&socket, |record| record.started.push(n));
            log.pause().await;
        });
        let log = at();
        ns.on_disconnect(async move |socket: Socket| {
            log.with(&socket, |record| {
                record.late |= record.running > 0;
                record.gone += 1;
            });
            log.pause().await;
        });
    });
    (io, record)
}

fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short text");
    assert!(length < 126);
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

async fn live(seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (io, record) = server(&mut random);
    let leaves = random.below(2) == 0;
    let (mut output, mut input) = tokio::io::split(attached(&io, 1 << 20).await);
    let received = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&received);
    let reader = tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = output.read(&mut buffer).await {
            sink.lock().expect("no panic").push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    });
    let mut joins = 0;
    let names = ["a", "b"];
    let mut joined = [false; 2];
    let (mut n, mut sent) = (0, 0);
    for _ in 0..random.below(30) {
        let mut burst = Vec::new();
        // Sometimes more than the messages of a turn.
        let most = if random.below(8) == 0 { 600 } else { 40 };
        for _ in 0..random.below(most) {
            let at = random.below(2) as usize;
            let name = names[at];
            if !joined[at] {
                burst.extend(frame(&format!("40/{name},")));
                joined[at] = true;
                input.write_all(&std::mem::take(&mut burst)).await.expect("it is sent");
                joins += 1;
                // The client waits for the reply, as stock clients do.
                let replies = || received.lock().expect("no panic").matches(r#",{"sid""#).count();
                until("the reply", || replies() == joins).await;
                continue;
            }
            let event = match random.below(40) {
                0..15 => "ready",
                15..28 => "pause",
                28 => "panic",
                29 => "listen",
                30 => "guard",
                31 if leaves => "leave",
                32..34 => {
                    burst.extend(frame(&format!("41/{name},")));
                    joined[at] = false;
                    continue;
                }
                _ => "other",
            };
            n += 1;
            sent += 1;
            let id = if random.below(2) == 0 { n.to_string() } else { String::new() };
            burst.extend(frame(&format!(r#"42/{name},{id}["{event}",{n}]"#)));
        }
        input.write_all(&burst).await.expect("it is sent");
        match random.below(3) {
            0 => settled().await,
            1 => tokio::time::sleep(Duration::from_millis(random.below(20))).await,
            _ => {}
        }
    }
    if random.below(2) == 0 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let stats = io.stats();
        assert_eq!((stats.handlers, stats.received_bytes, stats.queued_bytes), (0, 0, 0), "at rest");
    }
    drop(input);
    reader.abort();
    let _ = reader.await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let stats = io.stats();
    assert_eq!((stats.sessions, stats.sockets, stats.handlers), (0, 0, 0), "seed {seed}");
    assert_eq!((stats.received_bytes, stats.queued_bytes), (0, 0), "seed {seed}");
    let sockets =
        std::mem::take(&mut *record.sockets.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    let mut started = 0;
    for (id, record) in &sockets {
        assert!(record.started.is_sorted_by(|a, b| a < b), "seed {seed}: {id} {record:?}");
        assert!(!record.late, "seed {seed}: {id} {record:?}");
        assert_eq!(
            (record.connected, record.gone, record.running),
            (1, 1, 0),
            "seed {seed}: {id} {record:?}"
        );
        started += record.started.len();
    }
    if leaves {
        assert!(started <= sent, "seed {seed}");
    } else {
        assert_eq!(started, sent, "seed {seed}: every event is handled once");
    }
}

#[tokio::test(start_paused = true)]
async fn every_event_is_handled_once_and_in_order() {
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(300);
    for seed in 1..=seeds {
        live(seed).await;
    }
}
