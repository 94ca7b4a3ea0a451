//! Events for many sockets, of one server and of a cluster.

use socketio_tower::testing::{TestSocket, settled};
use socketio_tower::{Args, Data, EmitStatus, Socket, SocketIo};

use crate::fleet::{Fleet, alone_and_clustered};

fn server() -> SocketIo {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("join", async |socket: Socket, Args(rooms): Args<Vec<String>>| {
            assert!(rooms.iter().all(|room| socket.join(room)));
        });
        ns.on("shout", async |socket: Socket, Data(text): Data<String>| {
            socket.broadcast().emit("shout", &text);
        });
        ns.on("tell", async |socket: Socket, Args((room, text)): Args<(String, String)>| {
            socket.to(room).emit("shout", &text);
        });
        ns.on("hide", async |socket: Socket| {
            socket.join("lobby");
            (socket.leave(socket.id()), socket.leave(socket.id())) == (true, false)
                && socket.rooms() == ["lobby"]
        });
        ns.on("show", async |socket: Socket| socket.join(socket.id()) && socket.rooms().len() == 2);
        ns.on("whisper", async |socket: Socket| {
            socket.broadcast().emit("shout", "");
            socket.to("lobby").to(socket.id()).emit("shout", "");
        });
        ns.on_any_outgoing(|socket, event| {
            if event.name() == "enter" {
                socket.join("entered");
            }
        });
    });
    io
}

async fn client(io: &Fleet, rooms: &[&str]) -> TestSocket {
    let client = io.connect().await;
    client.emit_with_ack::<_, ()>("join", &Args(rooms)).await.expect("an ack");
    client
}

async fn texts(client: &TestSocket, expected: &[&str]) {
    for text in expected {
        assert_eq!(client.expect::<String>("shout").await, *text);
    }
    client.expect_nothing().await;
}

alone_and_clustered! {
    async fn they_reach_the_chosen_once(io: Fleet) {
        let one = client(&io, &["a"]).await;
        let two = client(&io, &["a", "b"]).await;
        let three = client(&io, &["b", "muted"]).await;
        assert_eq!(io.to("a").to("b").emit("shout", "both"), EmitStatus::Queued);
        io.to("a").to("b").except("muted").emit("shout", "heard");
        io.except("a").emit("shout", "others");
        io.to("b").to("muted").emit("shout", "list");
        io.to("nobody").emit("shout", "lost");
        io.to(two.id().as_str()).emit("shout", "one");
        settled().await;
        one.emit_with_ack::<_, ()>("shout", "by one").await.unwrap();
        one.emit_with_ack::<_, ()>("tell", &Args(("a", "to a"))).await.unwrap();
        texts(&one, &["both", "heard"]).await;
        texts(&two, &["both", "heard", "list", "one", "by one", "to a"]).await;
        texts(&three, &["both", "others", "list", "by one"]).await;
    }

    async fn volatile_ones_reach_those_who_are_free(io: Fleet) {
        let (free, busy) = (client(&io, &[]).await, client(&io, &[]).await);
        io.to(busy.id().as_str()).emit("shout", "before");
        io.volatile().emit("shout", "tick");
        free.expect::<String>("shout").await;
        texts(&busy, &["before"]).await;
        free.expect_nothing().await;
    }

    /// fault 30: the table of rooms was locked during the whole loop of a broadcast.
    async fn rooms_may_change_while_one_is_delivered(io: Fleet) {
        let (ada, bob) = (client(&io, &[]).await, client(&io, &[]).await);
        io.emit("enter", "");
        ada.expect_event("enter").await;
        bob.expect_event("enter").await;
        assert_eq!(io.count("entered"), 2);
    }

    /// As on the Node server, a socket may leave the room of its own id. It is then unreachable by its id, and its own
    /// broadcasts still exclude it.
    async fn a_socket_may_leave_its_own_room(io: Fleet) {
        let client = client(&io, &[]).await;
        let reached = async || {
            io.to(client.id().as_str()).emit("by id", "");
            io.emit("by all", "");
            client.next_event().await.unwrap().name().to_owned()
        };
        assert!(client.emit_with_ack::<_, bool>("hide", "").await.unwrap());
        assert_eq!(reached().await, "by all");
        client.emit_with_ack::<_, ()>("whisper", "").await.unwrap();
        client.expect_nothing().await;
        assert!(client.emit_with_ack::<_, bool>("show", "").await.unwrap());
        assert_eq!(reached().await, "by id");
        client.expect_event("by all").await;
    }

    async fn sockets_are_moved_and_disconnected_together(io: Fleet) {
        let one = client(&io, &["a"]).await;
        let two = client(&io, &["a", "b"]).await;
        let three = client(&io, &["c"]).await;
        io.to("a").except("b").sockets_join("x").await;
        io.to("x").emit("shout", "x");
        io.to("a").sockets_join("z").await;
        io.to("x").sockets_leave("z").await;
        io.to("z").emit("shout", "z");
        texts(&one, &["x"]).await;
        texts(&two, &["z"]).await;
        texts(&three, &[]).await;
        assert_eq!((io.count("x"), io.count("z")), (1, 1));
        io.to("b").to("c").disconnect_sockets(false).await;
        two.disconnected().await;
        three.disconnected().await;
        settled().await;
        assert_eq!(io.fetch_sockets().await.len(), 1);
    }
}
