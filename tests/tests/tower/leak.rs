//! Ten thousand sessions that end in every possible way and leave nothing behind.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use socketio_tower::extract::State;
use socketio_tower::{AckError, DisconnectReason, EmitWithAck, Overflow, Socket, SocketIo};

use crate::client::{Poller, Server, Ws, soon, text, until};
use crate::network::Connect;

/// The number of waves of clients. The last wave ends with the server.
const WAVES: usize = 5;

/// A value held by everything that belongs to a session; its references are counted.
type Held = Arc<()>;

fn server(held: &Held) -> SocketIo {
    let io = SocketIo::builder()
        .state(Arc::clone(held))
        // Many times the duration of a wave over TCP: only silent clients must time out.
        .ping_interval(Duration::from_secs(7))
        .ping_timeout(Duration::from_secs(2))
        .ack_timeout(Duration::from_secs(3600))
        .handler_grace(Duration::from_millis(100))
        .max_queued_bytes(100_000)
        .overflow(Overflow::Close)
        .build();
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket, State(held): State<Held>| {
            socket.extensions().insert(held);
            socket.join("all");
            socket.join(format!("room {}", socket.id()));
        });
        ns.on("leave", async |socket: Socket| socket.disconnect());
        ns.on("close", async |socket: Socket| socket.disconnect_client());
        ns.on("panic", async |_: State<Held>| -> () { panic!("a handler's fault") });
        ns.on("wait", async |_held: State<Held>| std::future::pending::<()>().await);
        ns.on("ask", async |socket: Socket, _held: State<Held>| {
            let answer = socket.emit_with_ack::<_, ()>("question", "").await;
            assert!(matches!(answer, Err(AckError::Disconnected)));
        });
        ns.on("flood", async |socket: Socket| while socket.emit("flood", &"x".repeat(90_000)).is_queued() {});
        ns.on_disconnect(async |socket: Socket, State(_held): State<Held>, _: DisconnectReason| {
            tokio::task::yield_now().await;
            socket.broadcast().to("nobody").emit("gone", "");
        });
    });
    io.of("/hanging", |ns| {
        ns.on_connect(async |socket: Socket, _held: State<Held>| {
            socket.join("all");
            std::future::pending::<()>().await;
        });
    });
    io.of("/door", |ns| {
        ns.middleware(async |_held: State<Held>| std::future::pending::<()>().await);
    });
    io
}

enum Client<A: Connect> {
    Ws(Box<Ws<A::Stream>>),
    Poller(Box<Poller<A>>),
}

/// Connects client `n`; every third one polls.
async fn connect<A: Connect>(address: &A, n: usize) -> Client<A> {
    match n % 3 {
        0 => Client::Poller(Box::new(Poller::connect(address).await)),
        _ => Client::Ws(Box::new(Ws::connect(address).await)),
    }
}

/// Ends client `n` in its own way, or returns it if it is to fall silent with its connection open. `reset` breaks a
/// connection.
async fn end<A: Connect>(client: Client<A>, n: usize, reset: fn(Ws<A::Stream>)) -> Option<Client<A>> {
    match client {
        Client::Poller(mut poller) => match n / 3 % 7 {
            0 => poller.abort().await,
            1 => drop(poller.post("1").await),
            2 => drop(poller.post("41").await),
            3 => drop(poller.post("no packet").await),
            4 => {
                // An upgrade that is never completed.
                let mut ws = poller.upgrade().await;
                ws.send("2probe").await;
                ws.expect("3probe").await;
            }
            5 => {
                poller.post(r#"42["close"]"#).await;
                assert!(poller.get().await.contains("41"));
            }
            _ => return Some(Client::Poller(poller)),
        },
        Client::Ws(mut ws) => match n / 3 % 14 {
            0 => ws.send("41").await,
            1 => ws.close().await,
            2 => reset(*ws),
            3 => ws.send(r#"42["leave"]"#).await,
            4 => ws.send(r#"42["close"]"#).await,
            5 => ws.send(r#"42["panic"]"#).await,
            6 => ws.send(r#"42["wait"]"#).await,
            7 => ws.send(r#"42["ask"]"#).await,
            8 => ws.send("no packet").await,
            9 => ws.send("4no packet either").await,
            10 => ws.send("40/hanging,").await,
            11 => ws.send("40/door,").await,
            12 => ws.send(r#"42["flood"]"#).await,
            _ => return Some(Client::Ws(ws)),
        },
    }
    None
}

fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_sessions_leave_nothing_behind() {
    let held = Held::default();
    let io = server(&held);
    come_and_go(&Server::start(&io), &io, &held, 2000, drop).await;
}

/// Connections that are reset, and sessions that end on two threads.
///
/// On the wall clock: TCP and threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_over_tcp_leave_nothing_behind() {
    let held = Held::default();
    let io = server(&held);
    come_and_go(&Server::on_tcp(&io).await, &io, &held, 300, Ws::reset).await;
}

/// Runs waves of clients, and checks that the server is back in its initial state.
async fn come_and_go<A: Connect>(
    server: &Server<A>,
    io: &SocketIo,
    held: &Held,
    wave: usize,
    reset: fn(Ws<A::Stream>),
) {
    let (tasks, holders) = (alive_tasks(), Arc::strong_count(held));
    let all = io.namespace("/").expect("it exists");
    let mut silent = Vec::new();
    let mut answers: Vec<EmitWithAck<()>> = Vec::new();
    let mut sessions = 0;
    for n in 1..=WAVES {
        if n == WAVES {
            until("those who are silent have died", || io.sessions() == 0).await;
        }
        let clients = stream::iter(0..wave).map(async |n| (n, connect(&server.address, n).await));
        let clients: Vec<_> = clients.buffer_unordered(64).collect().await;
        assert_eq!(io.to("all").sockets().len(), all.all().count());
        sessions += clients.len();
        for socket in io.to("all").sockets().iter().step_by(10) {
            answers.push(socket.emit_with_ack("question", ""));
        }
        if n < WAVES {
            let ended = stream::iter(clients).map(async |(n, client)| end(client, n, reset).await);
            silent.extend(
                ended.buffer_unordered(64).filter_map(async |client| client).collect::<Vec<_>>().await,
            );
        } else {
            // The last wave ends with the server.
            let ended = stream::iter(clients).for_each_concurrent(64, async |(_, client)| match client {
                Client::Poller(mut poller) => loop {
                    let answer = poller.get_response().await;
                    assert!(answer.status().is_success(), "{}", text(&answer));
                    if text(&answer).ends_with('1') {
                        break;
                    }
                },
                Client::Ws(mut ws) => drop(ws.closed().await),
            });
            let (all, ()) = tokio::join!(io.close(Duration::from_secs(30)), ended);
            assert!(all);
        }
    }
    assert_eq!(sessions, WAVES * wave);
    until("all sessions have ended", || io.sessions() == 0).await;
    for path in ["/", "/hanging", "/door"] {
        assert_eq!(io.namespace(path).map(|ns| ns.all().count()), Some(0), "{path}");
        assert_eq!(io.namespace(path).map(|ns| ns.to("all").count()), Some(0), "{path}");
    }
    for answer in answers {
        assert!(matches!(soon(answer).await, Err(AckError::Disconnected)));
    }
    drop(silent);
    until("all tasks have ended", || alive_tasks() <= tasks).await;
    until("all that was held is dropped", || Arc::strong_count(held) <= holders).await;
    assert_eq!((alive_tasks(), Arc::strong_count(held)), (tasks, holders));
}
