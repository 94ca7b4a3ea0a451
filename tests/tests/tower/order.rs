//! Ordering guarantees.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socketio_tower::testing::TestClient;
use socketio_tower::{Ack, Args, Data, DisconnectReason, EmitStatus, Event, Socket, SocketIo};
use tokio::sync::Notify;

use crate::client::{Log, Poller, Server, Ws, soon, until};

/// Fault: with one task per event, two events of one socket overtook each other.
///
/// On the wall clock: racing threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_reach_their_handlers_in_order_of_arrival() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on("n", async move |Data(n): Data<u32>| {
            sink.add(n.to_string());
            tokio::task::yield_now().await;
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    for n in 0..1000 {
        ws.send(&format!(r#"42["n",{n}]"#)).await;
    }
    until("all have come", || log.lines().len() == 1000).await;
    assert_eq!(log.lines(), (0..1000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_waits_holds_up_nobody() {
    let (io, gate) = (SocketIo::new(), Arc::new(Notify::new()));
    let opening = Arc::clone(&gate);
    io.of("/", |ns| {
        ns.on("slow", async move || {
            opening.notified().await;
            "slow"
        });
        ns.on("fast", async || "fast");
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"421["slow"]"#).await;
    ws.send(r#"422["fast"]"#).await;
    ws.expect(r#"432["fast"]"#).await;
    gate.notify_one();
    ws.expect(r#"431["slow"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_if_so_wished() {
    let (io, log) = (SocketIo::builder().concurrency(1).build(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on("n", async move |Data(n): Data<u32>| {
            sink.add(format!("{n} begins"));
            tokio::task::yield_now().await;
            sink.add(format!("{n} ends"));
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    for n in 0..100 {
        ws.send(&format!(r#"42["n",{n}]"#)).await;
    }
    until("all have come", || log.lines().len() == 200).await;
    let expected = (0..100).flat_map(|n| [format!("{n} begins"), format!("{n} ends")]);
    assert_eq!(log.lines(), expected.collect::<Vec<_>>());
}

/// At the limit, the socket's events wait; its acks, and other sockets, do not.
#[tokio::test(start_paused = true)]
async fn handlers_are_bounded_per_socket() {
    let (io, running, gate) =
        (SocketIo::builder().concurrency(3).build(), Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, opening) = (Arc::clone(&running), Arc::clone(&gate));
    io.of("/", |ns| {
        ns.on("wait", async move || {
            count.fetch_add(1, Ordering::Relaxed);
            opening.notified().await;
        });
        ns.on("ask", async |socket: Socket| {
            socket.emit_with_ack::<_, u8>("question", "").await.unwrap_or_default()
        });
        ns.on("ping", async || "pong");
    });
    io.of("/other", |ns| {
        ns.on("ping", async || "pong");
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.join("/other").await;
    ws.send(r#"420["ask"]"#).await;
    ws.expect(r#"420["question",""]"#).await;
    for _ in 0..4 {
        ws.send(r#"42["wait"]"#).await;
    }
    ws.send(r#"421["ping"]"#).await;
    ws.send(r#"42/other,0["ping"]"#).await;
    ws.expect(r#"43/other,0["pong"]"#).await;
    assert_eq!(running.load(Ordering::Relaxed), 2, "beside the one that asks");
    ws.send("430[9]").await;
    ws.expect("430[9]").await;
    until("one more runs", || running.load(Ordering::Relaxed) == 3).await;
    gate.notify_waiters();
    until("the last runs", || running.load(Ordering::Relaxed) == 4).await;
    ws.expect(r#"431["pong"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_sends_leaves_in_the_order_of_its_calls() {
    let (io, finished) = (SocketIo::new(), Arc::new(Notify::new()));
    let done = Arc::clone(&finished);
    io.of("/", |ns| {
        ns.on("talk", async move |socket: Socket, ack: Ack| {
            socket.emit("one", &1);
            ack.send(&2);
            socket.emit("three", &Args((3, "three")));
            socket.io().emit("four", &4);
            socket.disconnect();
            assert!(!socket.is_connected());
            // An event that cannot arrive is not reported as queued.
            assert!(matches!(socket.emit("five", &5), EmitStatus::Gone));
            done.notify_one();
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"420["talk"]"#).await;
    for packet in [r#"42["one",1]"#, "430[2]", r#"42["three",3,"three"]"#, r#"42["four",4]"#, "41"] {
        ws.expect(packet).await;
    }
    soon(finished.notified()).await;
}

/// Fault: leaving and rejoining in one segment was taken for a duplicate.
#[tokio::test(start_paused = true)]
async fn a_namespace_may_be_left_and_joined_in_one_breath() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("ping", async || "pong");
    });
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    poller.post("420[\"ping\"]\u{1e}41\u{1e}40").await;
    let answer = poller.get().await;
    // The ack belongs to a socket that was gone when the client sent it.
    assert!(answer.starts_with("40{") && !answer.contains('\u{1e}'), "{answer}");
    poller.post(r#"421["ping"]"#).await;
    assert_eq!(poller.get().await, r#"431["pong"]"#);
    assert_eq!(io.namespace("/").map(|ns| ns.all().count()), Some(1));
}

/// Fault: a client that left before its CONNECT was answered, and sent another one, lost its connection.
#[tokio::test(start_paused = true)]
async fn a_namespace_may_be_asked_for_twice() {
    let (io, log, gate) = (SocketIo::new(), Arc::new(Log::default()), Arc::new(Notify::new()));
    let (sink, opening) = (Arc::clone(&log), Arc::clone(&gate));
    io.of("/news", |ns| {
        ns.on("ping", async || "news");
    });
    io.of("/chat", |ns| {
        ns.middleware(async move || {
            opening.notified().await;
        });
        ns.on_disconnect(async move |reason: DisconnectReason| sink.add(reason.as_str()));
        ns.on("ping", async || "chat");
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.join("/news").await;
    gate.notify_one();
    let first = ws.join("/chat").await;
    ws.send("40/chat,").await;
    // The reply to the first CONNECT has arrived, so the client is connected.
    ws.send(r#"42/chat,0["ping"]"#).await;
    log.expect(&["client namespace disconnect"]).await;
    ws.send(r#"42/news,0["ping"]"#).await;
    ws.expect(r#"43/news,0["news"]"#).await;
    gate.notify_one();
    let answer = ws.text().await;
    assert!(answer.starts_with("40/chat,{") && !answer.contains(&first), "{answer}");
    ws.expect(r#"43/chat,0["chat"]"#).await;
    assert_eq!((io.sessions(), io.stats().sockets, log.lines().len()), (1, 2, 1));
}

/// Fault: the header of a binary event and its attachments were not adjacent.
///
/// On the wall clock: racing threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_follow_their_header() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("echo", async |socket: Socket, event: Event, Data(bytes): Data<bytes::Bytes>| {
            socket.emit(event.name(), &bytes);
        });
    });
    let server = Server::start(&io);
    let mut poller = Poller::connect(&server.address).await;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let io = io.clone();
            std::thread::spawn(move || {
                for _ in 0..50 {
                    io.emit(
                        "b",
                        &Args((bytes::Bytes::from_static(b"one"), bytes::Bytes::from_static(b"two"))),
                    );
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    let mut packets = Vec::new();
    while packets.len() < 600 {
        packets.extend(poller.get().await.split('\u{1e}').map(str::to_owned));
    }
    let header = r#"452-["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    for event in packets.chunks(3) {
        assert_eq!(event, [header, "bb25l", "bdHdv"]);
    }
    poller.post("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bb25l").await;
    let echo = "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bb25l";
    assert_eq!(poller.get().await, echo);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"451-["echo",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(b"one").await;
    ws.expect(r#"451-["echo",{"_placeholder":true,"num":0}]"#).await;
}

/// Several listeners of one event may exceed the limit together. Events that arrived meanwhile were lost.
#[tokio::test(start_paused = true)]
async fn several_listeners_at_the_bound_lose_no_event() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.concurrency(1);
        ns.on("work", async || tokio::time::sleep(Duration::from_millis(10)).await);
        ns.on("ping", async || "pong");
        ns.on_connect(async |socket: Socket| {
            for n in 2..5 {
                socket
                    .on("work", async move || tokio::time::sleep(Duration::from_millis(10 * n)).await)
                    .expect("a name that is free");
            }
        });
    });
    let client = TestClient::connect(&io).await.unwrap();
    for _ in 0..3 {
        client.emit("work", "");
        client.emit("work", "");
        let pong: String = client.emit_with_ack("ping", "").await.expect("it is not lost");
        assert_eq!(pong, "pong");
    }
}

/// Handlers of different sockets run at the same time. Without a turn, one may list the room before another has joined
/// it, and send its list after the other has sent its own. This is the recipe "list and tell" of the book.
///
/// On the wall clock: racing threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_lists_and_tells_in_turn_leaves_nobody_a_stale_list() {
    let io = SocketIo::new();
    let turn = Arc::new(Mutex::new(()));
    io.of("/", |ns| {
        ns.on("enter", async move |socket: Socket, Data(room): Data<String>| {
            let _turn = turn.lock().expect("nobody panics in it");
            socket.join(&room);
            let members = socket.all().to(room);
            let names: Vec<_> = members.sockets().iter().map(|member| member.id().to_string()).collect();
            members.emit("members", &names);
        });
    });
    let mut clients = Vec::new();
    for _ in 0..24 {
        clients.push(TestClient::connect(&io).await.expect("it connects"));
    }
    for round in 0..20 {
        let room = format!("room {round}");
        let entered = clients.iter().map(|client| client.emit_with_ack::<_, ()>("enter", &room));
        for entered in futures_util::future::join_all(entered).await {
            entered.expect("an answer");
        }
        io.to(room).emit("all are in", "");
        for client in &clients {
            let mut last = Vec::new();
            loop {
                let event = client.next_event().await.expect("it is connected");
                if event.name() == "all are in" {
                    break;
                }
                last = event.args::<Vec<String>>().expect("a list");
            }
            assert_eq!(last.len(), clients.len(), "in round {round}");
        }
    }
}
