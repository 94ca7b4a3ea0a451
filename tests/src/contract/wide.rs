use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use socketio_tower::{Args, Data, NamespaceBuilder, Reply, RoomEvent, Socket};

/// Defines the namespace `/wide`: broadcasts, and operations on many sockets.
pub(super) fn define(ns: &mut NamespaceBuilder) {
    #[derive(Serialize)]
    struct Seen {
        id: String,
        rooms: Vec<String>,
        data: Option<Value>,
    }

    ns.middleware(async |socket: Socket| assert!(socket.join("early")));
    ns.on("join", async |socket: Socket, Data(room): Data<String>| {
        socket.join(room);
    });
    ns.on("set-data", async |socket: Socket, Data(value): Data<Value>| socket.set_data(value));
    ns.on("ask-all", async |socket: Socket, Args((room, millis)): Args<(String, u64)>| {
        let asked = socket.all().to(room).timeout(Duration::from_millis(millis));
        let answers = asked.emit_with_ack::<_, Value>("question", "?").await;
        let mut answers: Vec<_> = answers.into_iter().flatten().collect();
        answers.sort_by_key(Value::to_string);
        Reply(answers)
    });
    ns.on("fetch", async |socket: Socket, Data(room): Data<String>| {
        let fetched = socket.all().to(room).fetch_sockets().await;
        let seen = fetched.iter().map(|socket| {
            let mut rooms = socket.rooms()[1..].to_vec();
            rooms.sort();
            Seen { id: socket.id().to_owned(), rooms, data: socket.data() }
        });
        let mut seen: Vec<_> = seen.collect();
        seen.sort_by(|a, b| a.id.cmp(&b.id));
        Reply(seen)
    });
    ns.on("gather", async |socket: Socket, Args((from, to)): Args<(String, String)>| {
        socket.all().to(from).sockets_join(to).await;
    });
    ns.on("scatter", async |socket: Socket, Args((from, room)): Args<(String, String)>| {
        socket.all().to(from).sockets_leave(room).await;
    });
    ns.on("kick", async |socket: Socket, Args((room, close)): Args<(String, bool)>| {
        socket.all().to(room).disconnect_sockets(close).await;
    });
    ns.on("volatile-burst", async |socket: Socket, Data(count): Data<u32>| {
        for n in 0..count {
            socket.volatile().emit("volatile", &n);
        }
        socket.emit("burst-ended", &count);
    });
    ns.on("message", async |socket: Socket, Data(value): Data<Value>| socket.send(&value));
    ns.on("everybody", async |socket: Socket, Args((room, text)): Args<(String, Value)>| {
        socket.all().to(room).emit("everybody", &text)
    });
    room_log(ns);
}

/// Registers the event `rooms-log`, which returns the history of a room.
fn room_log(ns: &mut NamespaceBuilder) {
    let log = Arc::new(Mutex::new(Vec::<(String, &str)>::new()));
    let written = Arc::clone(&log);
    ns.on_room(move |event| {
        let (room, what) = match event {
            RoomEvent::Created { room } => (room, "create"),
            RoomEvent::Joined { room, .. } => (room, "join"),
            RoomEvent::Left { room, .. } => (room, "leave"),
            RoomEvent::Deleted { room } => (room, "delete"),
            _ => return,
        };
        written.lock().unwrap_or_else(PoisonError::into_inner).push((room.to_string(), what));
    });
    ns.on("rooms-log", async move |Data(room): Data<String>| {
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        Reply(log.iter().filter(|(other, _)| *other == room).map(|(_, what)| *what).collect::<Vec<_>>())
    });
}
