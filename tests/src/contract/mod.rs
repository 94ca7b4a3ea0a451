//! The server that the official clients are tested against, described in `tests/e2e/README.md`.

mod guarded;
mod relay;
mod typed;
mod wide;

use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use socketio_tower::ConnectError;
use socketio_tower::layer::{Origins, SessionCookie};
use socketio_tower::{
    Ack, AckError, Args, Auth, Data, DisconnectReason, NamespaceBuilder, NoArgs, Reply, Rooms, Socket,
    SocketIo,
};

/// Creates the server, with the settings in environment variables.
pub fn server() -> SocketIo {
    let node = std::env::var("NODE").ok();
    let io = SocketIo::builder()
        .ping_interval(Duration::from_millis(env("PING_INTERVAL_MS", 25_000)))
        .ping_timeout(Duration::from_millis(env("PING_TIMEOUT_MS", 20_000)))
        .allow_request(async |request: Parts| match refusal(&request) {
            Some(why) => Err(why.into()),
            None => Ok(()),
        })
        .origins(Origins::matching(|origin| origin != "https://evil.example"))
        .initial_headers(|_, headers| drop(headers.insert("x-contract", HeaderValue::from_static("1"))))
        .max_sessions(env("MAX_SESSIONS", 200_000))
        .cookie(match node.clone() {
            Some(node) => SessionCookie::new("io_node").value(node),
            None => SessionCookie::new("io"),
        })
        .build();
    io.of("/", |ns| {
        lifecycle(ns);
        ns.on("node", async move || Reply(node.clone()));
        messages(ns);
        rooms(ns);
    });
    io.of("/chat", |ns| {
        ns.on_connect(async |socket: Socket| socket.emit("hello", &NoArgs));
        echo(ns, "echo");
    });
    io.of("/private", |ns| {
        ns.middleware(async |Auth(auth): Auth<Value>| match auth["token"].as_str() {
            Some("secret") => Ok(()),
            _ => Err(ConnectError::new("not authorized").with_data(&serde_json::json!({ "code": 4401 }))),
        });
        echo(ns, "echo");
    });
    io.of("/slow-connect", slow_connect);
    io.of("/guarded", guarded::define);
    io.of("/wide", wide::define);
    io.of("/relay", relay::define);
    io.of("/typed/{name}", |ns| {
        ns.handlers_per_socket(|_| typed::Typed::default());
    });
    io
}

/// Returns the reason with which a client wants to be rejected, `refuse` in its query.
fn refusal(request: &Parts) -> Option<&str> {
    request.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("refuse="))
}

/// Returns the address to listen on.
pub fn address() -> std::net::SocketAddr {
    ([127, 0, 0, 1], env::<u16>("PORT", 3000)).into()
}

fn env<T: FromStr>(name: &str, default: T) -> T {
    let parse = |value: String| value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}"));
    std::env::var(name).map_or(default, parse)
}

fn lifecycle(ns: &mut NamespaceBuilder) {
    #[derive(Serialize)]
    struct Welcome {
        id: String,
        auth: Value,
    }

    #[derive(Serialize)]
    struct Left {
        id: String,
        reason: &'static str,
        rooms: Vec<String>,
    }

    ns.on_connect(async |socket: Socket, Auth(auth): Auth<Value>| {
        socket.emit("welcome", &Welcome { id: socket.id().to_string(), auth })
    });
    ns.on_disconnect(async |socket: Socket, reason: DisconnectReason, Rooms(mut rooms): Rooms| {
        rooms.sort();
        let left = Left { id: socket.id().to_string(), reason: reason.as_str(), rooms };
        socket.broadcast().emit("left", &left)
    });
    ns.on(
        "disconnect-me",
        async |socket: Socket, Data(close): Data<bool>| {
            if close { socket.disconnect_client() } else { socket.disconnect() }
        },
    );
    ns.on("transport", async |socket: Socket| socket.transport().name());
}

fn echo(ns: &mut NamespaceBuilder, event: &'static str) {
    ns.on(event, async move |socket: Socket, Data(value): Data<Value>| {
        socket.emit(event, &value);
    });
}

fn messages(ns: &mut NamespaceBuilder) {
    #[derive(Serialize, Deserialize)]
    struct Upload {
        name: String,
        data: Bytes,
        nested: Vec<Bytes>,
    }

    for event in ["echo", "say \"hi\" \\ bye", "line\nbreak", "événement ☃ 😀", "7"] {
        echo(ns, event);
    }
    ns.on("sum", async |Args((a, b)): Args<(i64, i64)>| a + b);
    ns.on("noargs", async || {});
    ns.on("fail", async || Err::<(), _>("as asked"));
    ns.on("bin", async |socket: Socket, Data(upload): Data<Upload>, ack: Ack| {
        let Upload { name, data, mut nested } = upload;
        let first = nested.swap_remove(0);
        socket.emit("bin", &Upload { name, data: first, nested: vec![data.clone()] });
        ack.send(&data);
    });
    ns.on("ask", async |socket: Socket| -> Result<(), AckError> {
        let answer: Value = socket.emit_with_ack("question", &20).await?;
        socket.emit("answered", &answer);
        Ok(())
    });
    ns.on("ask-bin", async |socket: Socket, Data(bytes): Data<Bytes>| -> Result<(), AckError> {
        let answer: Bytes = socket.emit_with_ack("question-bin", &bytes).await?;
        socket.emit("answered-bin", &answer);
        Ok(())
    });
    ns.on("ask-timeout", async |socket: Socket| {
        let question = socket.timeout(Duration::from_millis(200)).emit_with_ack::<_, Value>("question", &20);
        if let Err(AckError::TimedOut) = question.await {
            socket.emit("unanswered", &NoArgs);
        }
    });
    ns.on("burst", async |socket: Socket, Data(count): Data<u32>| {
        for i in 0..count {
            socket.emit("burst", &i);
        }
    });
    ns.on("slow", async |Data(millis): Data<u64>| tokio::time::sleep(Duration::from_millis(millis)).await);
}

fn rooms(ns: &mut NamespaceBuilder) {
    fn rooms_of(socket: &Socket) -> Reply<Vec<String>> {
        // The first is the room named by the socket's id.
        let mut rooms = socket.rooms().split_off(1);
        rooms.sort();
        Reply(rooms)
    }

    ns.on("join", async |socket: Socket, Data(room): Data<String>| {
        socket.join(room);
        rooms_of(&socket)
    });
    ns.on("leave", async |socket: Socket, Data(room): Data<String>| {
        socket.leave(room);
        rooms_of(&socket)
    });
    ns.on("to", async |socket: Socket, Args((room, text)): Args<(String, Value)>| {
        socket.to(room).emit("room", &text)
    });
    ns.on("all", async |socket: Socket, Data(text): Data<String>| socket.io().emit("all", &text));
    ns.on("broadcast", async |socket: Socket, Data(text): Data<String>| {
        socket.broadcast().emit("broadcast", &text)
    });
    ns.on("except", async |socket: Socket, Args((room, text)): Args<(String, Value)>| {
        socket.io().except(room).emit("all", &text)
    });
}

fn slow_connect(ns: &mut NamespaceBuilder) {
    #[derive(Clone, Copy, Default)]
    struct Handled(u64);

    ns.on_connect(async |socket: Socket| {
        socket.emit_with_ack::<_, Value>("are-you-there", &NoArgs).await.map(drop)
    });
    ns.on("n", async |socket: Socket| {
        socket.extensions().update(|Handled(count)| {
            *count += 1;
            *count
        })
    });
}
