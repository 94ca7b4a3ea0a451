//! Arguments of events and of CONNECT packets: any JSON from a client, as any type that a handler extracts.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use socketio_tower::testing::TestClient;
use socketio_tower::{
    Args, ArgsError, Auth, Data, EmitStatus, Event, NoArgs, RawArgs, Reply, Socket, SocketIo, Value,
};

use crate::client::{Server, Ws};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Message {
    Picture { name: String, data: Bytes },
}

async fn served(io: &SocketIo) -> (Server, Ws) {
    let server = Server::start(io);
    let ws = Ws::connect(&server.address).await;
    (server, ws)
}

#[tokio::test(start_paused = true)]
async fn binary_stands_in_tagged_enums() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("tagged", async |Data(message): Data<Message>| Reply(message));
    });
    let client = TestClient::connect(&io).await.unwrap();
    let picture = Message::Picture { name: "p".to_owned(), data: Bytes::from_static(b"pixels") };
    let echoed: Message = client.emit_with_ack("tagged", &picture).await.unwrap();
    assert_eq!(echoed, picture);
}

#[tokio::test(start_paused = true)]
async fn what_is_nested_too_deep_for_a_type_is_relayed_all_the_same() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("echo", async |event: Event| event.args().clone());
        ns.on("typed", async |Data(value): Data<serde_json::Value>| value);
        ns.on_error(|error| error.answer("refused"));
    });
    let (_server, mut ws) = served(&io).await;
    let deep = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
    let args = format!(r#"{deep},{{"_placeholder":true,"num":0}}"#);
    for (event, answer) in [("echo", format!("461-1[{args}]")), ("typed", r#"431["refused"]"#.to_owned())] {
        ws.send(&format!(r#"451-1["{event}",{args}]"#)).await;
        ws.send_binary(b"x").await;
        ws.expect(&answer).await;
        ws.send(&format!(r#"421["{event}",{deep}]"#)).await;
        let answer = if event == "echo" { format!("431[{deep}]") } else { answer };
        ws.expect(&answer).await;
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_surrogate_pair_is_text() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.middleware(async |socket: Socket, Auth(name): Auth<Option<Name>>| {
            socket.set_data(name.map(|name| name.name));
        });
        ns.on("text", async |Data(text): Data<String>| text);
        ns.on("echo", async |event: Event| event.args().clone());
        ns.on("auth", async |socket: Socket| Reply(socket.data::<Option<String>>()));
        ns.fallback(async |event: Event| event.name().to_owned());
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    ws.send(r#"40{"name":"n \udc00"}"#).await;
    assert!(ws.text().await.starts_with("40{"));
    for (event, answer) in [
        (r#"["text","hi \ud83d"]"#, "[\"hi \u{fffd}\"]"),
        (r#"["echo","hi \ud83d",1.50]"#, r#"["hi \ud83d",1.50]"#),
        (r#"["name \ud83d",1]"#, "[\"name \u{fffd}\"]"),
        (r#"["auth"]"#, "[\"n \u{fffd}\"]"),
    ] {
        ws.send(&format!("421{event}")).await;
        ws.expect(&format!("431{answer}")).await;
    }
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[tokio::test(start_paused = true)]
async fn a_whole_number_is_an_integer() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("sum", async |Args((a, b, c)): Args<(i64, u16, i8)>| a + i64::from(b) + i64::from(c));
        ns.on_error(|error| error.answer("refused"));
    });
    let (_server, mut ws) = served(&io).await;
    ws.send(r#"421["sum",5.0,1e3,-0]"#).await;
    ws.expect("431[1005]").await;
    ws.send(r#"422["sum",5.5,1,1]"#).await;
    ws.expect(r#"432["refused"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn arguments_are_sent_on_unparsed() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("to", async |socket: Socket, event: Event| {
            let room: String = event.args().first()?;
            socket.io().to(room).emit("said", &event.args().skip(1));
            socket.emit("done", &NoArgs);
            Ok::<_, ArgsError>(())
        });
        ns.on("list", async |Args(list): Args<Vec<Value>>| Args(list));
    });
    let (_server, mut ws) = served(&io).await;
    let client = TestClient::connect(&io).await.unwrap();
    let room = client.id();
    ws.send(&format!(r#"42["to","{room}", {{"a" :1.50}},"\ud83d"]"#)).await;
    let said = client.expect_event("said").await;
    assert_eq!(said.args::<RawArgs>().unwrap().json(), r#"{"a" :1.50},"\ud83d""#);
    ws.expect(r#"42["done"]"#).await;

    // A suffix of the arguments keeps exactly the attachments that it refers to, renumbered.
    let (one, two) = (Bytes::from_static(b"one"), Bytes::from_static(b"two"));
    ws.send(&format!(r#"452-["to","{room}",{{"_placeholder":true,"num":1}},7]"#)).await;
    ws.send_binary(b"one").await;
    ws.send_binary(b"two").await;
    let said: RawArgs = client.expect_event("said").await.args().unwrap();
    assert_eq!((said.json(), said.attachments()), (r#"{"_placeholder":true,"num":0},7"#, &[two.clone()][..]));
    let list: Args<(Bytes, u8, Bytes)> = client.emit_with_ack("list", &Args((&two, 5, &one))).await.unwrap();
    assert_eq!(list, Args((two, 5, one)));
}

#[tokio::test(start_paused = true)]
async fn any_json_with_binary_is_sent_on() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("any", async |Data(value): Data<Value>| value);
        ns.on("json", async |Data(value): Data<serde_json::Value>| value);
        ns.on_error(|error| {
            let why = error.cause().to_string();
            error.answer(&why);
        });
    });
    let client = TestClient::connect(&io).await.unwrap();
    let value = Value::from([
        ("z", Value::from(1.5)),
        ("a", Value::from(vec![Value::from(Bytes::from_static(b"bytes")), Value::Null])),
    ]);
    let echoed: Value = client.emit_with_ack("any", &value).await.unwrap();
    assert_eq!(echoed, value);
    let refused: String = client.emit_with_ack("json", &value).await.unwrap();
    assert!(refused.contains("as part of any JSON as `Value`"), "{refused}");
}

/// Otherwise one client could disconnect others, whose parsers find a placeholder without an attachment.
#[tokio::test(start_paused = true)]
async fn data_that_looks_like_a_placeholder_is_not_sent_beside_binary() {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("relay", async |socket: Socket, Data(value): Data<Value>| {
            let beside = socket.emit("relayed", &Args((&value, Bytes::from_static(b"stamp"))));
            assert!(socket.emit("relayed", &value).is_queued());
            matches!(beside, EmitStatus::Invalid(_))
        });
    });
    let client = TestClient::connect(&io).await.unwrap();
    let data = Value::from([("_placeholder", Value::from(true)), ("num", 9.into())]);
    assert!(client.emit_with_ack::<_, bool>("relay", &data).await.unwrap());
    assert_eq!(client.expect::<Value>("relayed").await, data);
}
