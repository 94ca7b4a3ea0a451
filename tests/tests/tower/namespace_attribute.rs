//! Everything that an `impl` block with the attribute `namespace` may contain.

use std::sync::Arc;

use serde::Deserialize;
use socketio_tower::ConnectError;
use socketio_tower::extract::Extension;
use socketio_tower::handler::{Cause, ErrorContext};
use socketio_tower::{Args, Auth, Data, DisconnectReason, Event, Rooms, Socket, SocketIo, namespace};

use crate::client::{Log, Server, Ws};

/// A namespace with every kind of method.
struct Everything<S> {
    log: Arc<Log>,
    suffix: S,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

#[namespace]
#[allow(clippy::unused_async, reason = "handlers are async")]
impl<S: AsRef<str> + Send + Sync + 'static> Everything<S>
where
    S: Clone,
{
    const REFUSED: &'static str = "nobody";

    /// Runs first.
    #[middleware]
    async fn note(&self, socket: Socket, Auth(auth): Auth<Token>) {
        socket.extensions().insert(auth.token);
    }

    /// Runs second.
    #[middleware]
    async fn refuse(&self, Extension(name): Extension<String>) -> Result<(), ConnectError> {
        self.log.add(format!("{name} knocks"));
        if name == Self::REFUSED { Err(ConnectError::new("not you")) } else { Ok(()) }
    }

    async fn connect(&self, socket: Socket, Extension(name): Extension<String>) {
        socket.join("hall");
        self.log.add(format!("{name} comes"));
    }

    pub(crate) async fn shout(&self, Data(text): Data<String>) -> String {
        text.to_uppercase() + self.suffix.as_ref()
    }

    #[on("add up")]
    async fn sum(&self, Args((a, b)): Args<(i64, i64)>) -> Args<(i64, &'static str)> {
        Args((a + b, "exactly"))
    }

    #[on("error")]
    async fn error_event(&self) -> &'static str {
        "an event like any other"
    }

    async fn r#type(&self) -> &'static str {
        "raw"
    }

    /// The handler of an event named `clone`, not the method of the `Arc` around the value.
    async fn clone(&self) -> &'static str {
        "another"
    }

    async fn divide(&self, Args((a, b)): Args<(u32, u32)>) -> Result<u32, &'static str> {
        a.checked_div(b).ok_or("by zero")
    }

    #[cfg(any())]
    async fn absent(&self, _: Nothing) {}

    #[cfg(not(any()))]
    async fn one_of_two(&self) -> u8 {
        1
    }

    #[cfg(any())]
    async fn one_of_two(&self) -> u8 {
        2
    }

    #[fallback]
    async fn unknown(&self, event: Event) -> String {
        format!("what is {}?", event.name())
    }

    async fn disconnect(&self, reason: DisconnectReason, Rooms(rooms): Rooms) {
        self.log.add(format!("{reason}, was in {}", rooms.join(" ")));
    }

    fn error(&self, error: ErrorContext<'_>) {
        self.log.add(format!("{}: {}", error.event().unwrap_or("?"), error.cause()));
        if matches!(error.cause(), Cause::Failed(_)) {
            error.answer("failed");
        }
    }
}

/// Connects to `/` with a token, and checks the reply.
async fn knock(ws: &mut Ws, token: &str, answer: &str) {
    ws.send(&format!(r#"40{{"token":"{token}"}}"#)).await;
    let packet = ws.text().await;
    assert!(packet.starts_with(answer), "{packet}");
}

#[tokio::test(start_paused = true)]
async fn everything_that_a_block_may_hold() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    io.of("/", |ns| {
        ns.handlers(Everything { log: Arc::clone(&log), suffix: String::from("!") });
    });
    let server = Server::start(&io);
    let mut ws = Ws::open(&server.address).await;
    knock(&mut ws, "nobody", r#"44{"message":"not you"}"#).await;
    knock(&mut ws, "mole", r#"40{"sid""#).await;
    for (event, ack) in [
        (r#""shout","psst""#, r#"["PSST!"]"#),
        (r#""add up",2,3"#, r#"[5,"exactly"]"#),
        (r#""error""#, r#"["an event like any other"]"#),
        (r#""type""#, r#"["raw"]"#),
        (r#""clone""#, r#"["another"]"#),
        (r#""divide",7,2"#, "[3]"),
        (r#""divide",7,0"#, r#"["failed"]"#),
        (r#""one_of_two""#, "[1]"),
        (r#""sum",2,3"#, r#"["what is sum?"]"#),
        (r#""absent""#, r#"["what is absent?"]"#),
        (r#""note""#, r#"["what is note?"]"#),
        (r#""unknown""#, r#"["what is unknown?"]"#),
    ] {
        ws.send(&format!("427[{event}]")).await;
        ws.expect(&format!("437{ack}")).await;
    }
    ws.send(r#"42["shout",1]"#).await;
    ws.send("41").await;
    log.expect(&[
        "nobody knocks",
        "mole knocks",
        "mole comes",
        "divide: the handler failed: by zero",
        "shout: an argument could not be extracted: argument 1: invalid type: integer `1`, expected a string",
        "client namespace disconnect, was in hall",
    ])
    .await;
}

/// Handlers remain ordinary methods.
#[tokio::test(start_paused = true)]
async fn a_method_can_be_called_without_a_server() {
    let all = Everything { log: Arc::default(), suffix: "?" };
    assert_eq!(all.shout(Data("what".to_owned())).await, "WHAT?");
}
