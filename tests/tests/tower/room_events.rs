//! The hook for events of rooms.

use std::sync::{Arc, Mutex};

use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{RoomEvent, Socket, SocketIo};

use crate::client::Log;

fn line(event: &RoomEvent) -> String {
    match event {
        RoomEvent::Created { room } => format!("create {room}"),
        RoomEvent::Joined { room, .. } => format!("join {room}"),
        RoomEvent::Left { room, .. } => format!("leave {room}"),
        RoomEvent::Deleted { room } => format!("delete {room}"),
        _ => unreachable!(),
    }
}

/// As on the Node server: create before join, leave before delete, and no event twice.
#[tokio::test(start_paused = true)]
async fn rooms_are_told_in_order() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_room(move |event| sink.add(line(event)));
        // A panic in one hook does not affect the others.
        ns.on_room(|_| panic!("a hook's fault"));
    });
    let (a, b) = (TestClient::connect(&io).await.unwrap(), TestClient::connect(&io).await.unwrap());
    let socket =
        |client: &socketio_tower::testing::TestSocket| io.to(client.id().as_str()).sockets().pop().unwrap();
    let (first, second) = (socket(&a), socket(&b));
    first.join("x");
    first.join("x");
    second.join("x");
    // The room of a socket's own id is not reported, neither on leaving nor on joining.
    assert!(second.leave(second.id()) && second.join(second.id()));
    first.leave("x");
    first.leave("x");
    a.disconnect();
    settled().await;
    second.join("y");
    b.disconnect();
    settled().await;
    let lines = log.lines();
    assert_eq!(lines[..4], ["create x", "join x", "join x", "leave x"]);
    assert_eq!(lines[4..6], ["create y", "join y"]);
    let mut last = lines[6..].to_vec();
    last.sort();
    assert_eq!(last, ["delete x", "delete y", "leave x", "leave y"]);
    let position = |line: &str| lines.iter().rposition(|other| other == line).unwrap();
    assert!(position("leave x") < position("delete x") && position("leave y") < position("delete y"));
}

/// However many threads join and leave, the reported order is consistent. A hook may use rooms itself.
///
/// On the wall clock: racing threads.
#[test]
fn rooms_are_told_in_order_on_every_thread() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let io = SocketIo::new();
        let members = Arc::new(Mutex::new(None::<usize>));
        let (seen, server) = (Arc::clone(&members), io.clone());
        io.of("/", |ns| {
            ns.on_room(move |event| {
                let mut members = seen.lock().unwrap();
                *members = match (event, *members) {
                    (RoomEvent::Created { .. }, None) => Some(0),
                    (RoomEvent::Joined { .. }, Some(n)) => Some(n + 1),
                    (RoomEvent::Left { .. }, Some(n)) if n > 0 => Some(n - 1),
                    (RoomEvent::Deleted { .. }, Some(0)) => None,
                    (event, members) => panic!("{event:?} after {members:?}"),
                };
                server.to("x").count();
            });
        });
        let mut clients = Vec::new();
        for _ in 0..4 {
            clients.push(TestClient::connect(&io).await.unwrap());
        }
        let sockets = io.namespace("/").unwrap().all().sockets().into_iter();
        let threads = sockets.map(|socket: Socket| {
            std::thread::spawn(move || {
                for _ in 0..2000 {
                    assert!(socket.join("x") && socket.leave("x"));
                }
            })
        });
        let threads: Vec<_> = threads.into_iter().collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*members.lock().unwrap(), None);
    });
}
