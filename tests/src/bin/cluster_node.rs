//! A server of the clusters in `tests/cluster`, whose README has the contract.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::HeaderName;
use http::request::Parts;
use serde_json::{Value as Json, json};
use socketio_tests::control::{self, Command, Failure, name_of, say, to_json};
use socketio_tower::cluster::Redis;
use socketio_tower::extract::State;
use socketio_tower::{
    AckError, Args, BroadcastOperator, Data, Event, NamespaceBuilder, NamespaceHandle, RemoteSocket, Socket,
    SocketId, SocketIo, Value,
};

#[derive(Clone)]
struct Name(Arc<str>);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let control::Options { name, redis } = control::Options::read()?;
    let io = SocketIo::builder()
        .state(Name(name.into()))
        .keep_headers(["host", "x-from"].map(HeaderName::from_static))
        .peer_address(|request: &Parts| Some(request.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip()))
        .build();
    for path in ["/", "/chat", "/orders/{id}"] {
        io.of(path, define);
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let app = Router::new().layer(io.layer()).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    io.join_cluster(Redis::classic(&redis)?).await?;
    say(&json!({ "ready": true, "port": port }));
    let mut commands = control::commands();
    while let Some(command) = commands.next().await? {
        if command.name() == "stop" {
            io.close(Duration::from_secs(5)).await;
            command.answer(Ok(Json::Null));
            break;
        }
        let io = io.clone();
        let mut running = Box::pin(async move {
            let result = run(&io, &command).await;
            command.answer(result);
        });
        // A command takes effect before the next one begins, even if it then waits.
        if std::future::poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await.is_pending() {
            tokio::spawn(running);
        }
    }
    Ok(())
}

fn define(ns: &mut NamespaceBuilder) {
    ns.on("join", async |socket: Socket, Data(room): Data<Json>| _ = socket.join(name_of(&room)));
    ns.on("leave", async |socket: Socket, Data(room): Data<Json>| _ = socket.leave(name_of(&room)));
    ns.on("data", async |socket: Socket, Data(data): Data<Json>| socket.set_data(data));
    ns.on_server_event("news", async |ns: NamespaceHandle, event: Event| told(&ns, &event));
    ns.on_server_event(
        "load?",
        async |ns: NamespaceHandle,
               event: Event,
               State(name): State<Name>,
               Data(silent): Data<Option<String>>| {
            told(&ns, &event);
            if silent.as_deref() == Some(&*name.0) {
                // Longer than anybody waits for the ack.
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
            name.0.to_string()
        },
    );
}

/// Reports an event of another server.
fn told(ns: &NamespaceHandle, event: &Event) {
    let args: Vec<Value> = event.args().all().expect("values");
    let args: Vec<_> = args.iter().map(to_json).collect();
    say(&json!({ "event": "server", "nsp": ns.path(), "name": event.name(), "args": args }));
}

async fn run(io: &SocketIo, command: &Command) -> Result<Json, Failure> {
    let ns = io.namespace(command.namespace()).ok_or_else(|| failure("no such namespace"))?;
    let (event, args) = (command.text("event"), Args(command.args()));
    match command.name() {
        "emit" => drop(target(&ns, command).emit(event, &args)),
        "emitWithAck" => {
            let acks = target(&ns, command).timeout(timeout(command)).emit_with_ack(event, &args);
            return acks_of(acks.await);
        }
        "socketsJoin" => {
            for room in command.names("names") {
                target(&ns, command).sockets_join(room).await;
            }
        }
        "socketsLeave" => {
            for room in command.names("names") {
                target(&ns, command).sockets_leave(room).await;
            }
        }
        "disconnectSockets" => target(&ns, command).disconnect_sockets(command.field("close") == true).await,
        "fetchSockets" => {
            let fetched = target(&ns, command).try_fetch_sockets().await;
            let sockets = fetched.map_err(|error| failure(error.to_string()))?;
            return Ok(sockets.iter().map(facts).collect());
        }
        "serverSideEmit" => drop(ns.server_side_emit(event, &args)),
        "serverSideEmitWithAck" => return acks_of(ns.server_side_emit_with_ack(event, &args).await),
        "remoteEmit" => {
            let socket = remote(&ns, command).await?;
            if command.field("timeout").is_null() {
                socket.emit(event, &args);
            } else {
                let ack = socket.timeout(timeout(command)).emit_with_ack::<_, Value>(event, &args).await;
                return ack.map(|ack| to_json(&ack)).map_err(|error| failure(error.to_string()));
            }
        }
        "remoteJoin" => {
            let socket = remote(&ns, command).await?;
            for room in command.names("names") {
                socket.join(room).await;
            }
        }
        "remoteLeave" => {
            let socket = remote(&ns, command).await?;
            for room in command.names("names") {
                socket.leave(room).await;
            }
        }
        "remoteDisconnect" => remote(&ns, command).await?.disconnect(command.field("close") == true).await,
        "setData" => {
            let id: SocketId = command.text("socket").parse().map_err(|_| failure("no id"))?;
            let sockets = ns.to(id).sockets();
            sockets.first().ok_or_else(|| failure("no such socket"))?.set_data(command.field("data").clone());
        }
        other => return Err(failure(format!("unknown command: {other}"))),
    }
    Ok(Json::Null)
}

/// Returns the sockets of a command.
fn target(ns: &NamespaceHandle, command: &Command) -> BroadcastOperator {
    let mut operator = ns.all();
    for room in command.names("rooms") {
        operator = operator.to(room);
    }
    for room in command.names("except") {
        operator = operator.except(room);
    }
    if command.flag("volatile") {
        operator = operator.volatile();
    }
    if command.flag("local") {
        operator = operator.local();
    }
    operator
}

async fn remote(ns: &NamespaceHandle, command: &Command) -> Result<RemoteSocket, Failure> {
    let id = command.text("socket");
    let socket = ns.to(id).fetch_sockets().await.pop();
    socket.ok_or_else(|| failure(format!("no socket {id}")))
}

fn facts(socket: &RemoteSocket) -> Json {
    let handshake = socket.handshake();
    let headers: serde_json::Map<_, _> = handshake
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let query: serde_json::Map<_, _> = form_urlencoded::parse(handshake.query().as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    json!({
        "id": socket.id(),
        "rooms": socket.rooms(),
        "data": socket.data::<Json>().unwrap_or_else(|| json!({})),
        "handshake": { "address": handshake.address(), "headers": headers, "query": query },
    })
}

/// Returns the acks, or an error with those that came.
fn acks_of(acks: Vec<Result<Value, AckError>>) -> Result<Json, Failure> {
    let error = acks.iter().find_map(|ack| ack.as_ref().err().map(ToString::to_string));
    let acks: Vec<_> = acks.into_iter().flatten().collect();
    match error {
        None => Ok(acks.iter().map(to_json).collect()),
        Some(message) => Err(Failure { message, acks: Some(acks) }),
    }
}

fn timeout(command: &Command) -> Duration {
    Duration::from_millis(command.field("timeout").as_u64().unwrap_or(1000))
}

fn failure(message: impl Into<String>) -> Failure {
    Failure { message: message.into(), acks: None }
}
