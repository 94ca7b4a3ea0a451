//! Types as namespaces without the attribute.

use std::sync::Arc;

use socketio_tower::{
    Data, Instance, NamespaceBuilder, NamespaceHandlers, Rooms, SetupError, Socket, SocketIo,
};

use crate::client::{Log, Server, Ws};

/// A namespace without the attribute.
struct ByHand {
    greeting: String,
    log: Arc<Log>,
}

impl ByHand {
    fn greet(&self, name: &str) -> String {
        format!("{} {name}", self.greeting)
    }
}

impl NamespaceHandlers for ByHand {
    fn define(ns: &mut NamespaceBuilder, instance: Instance<Self>) {
        ns.middleware(instance.handler(async |this: Arc<Self>, _: Socket| this.log.add("middleware")));
        ns.on_connect(instance.handler(async |this: Arc<Self>| this.log.add("connect")));
        ns.on("greet", instance.handler(async |this: Arc<Self>, Data(name): Data<String>| this.greet(&name)));
        ns.on_disconnect(instance.handler(async |this: Arc<Self>, _: Rooms| this.log.add("disconnect")));
        ns.on_error(move |error| {
            let this = error.socket().and_then(|socket| instance.of(socket)).expect("it is there");
            this.log.add(error.cause().to_string());
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_namespace_by_hand() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.handlers(ByHand { greeting: "hello".to_owned(), log: Arc::clone(&log) });
    });
    io.of("/own", |ns| {
        ns.handlers_per_socket(move |socket| ByHand {
            greeting: socket.namespace().to_owned(),
            log: Arc::clone(&sink),
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"420["greet","mole"]"#).await;
    ws.expect(r#"430["hello mole"]"#).await;
    ws.send("41").await;
    log.expect(&["middleware", "connect", "disconnect"]).await;
    ws.join("/own").await;
    ws.send(r#"42/own,1["greet","mole"]"#).await;
    ws.expect(r#"43/own,1["/own mole"]"#).await;
    ws.send(r#"42/own,["nothing"]"#).await;
    log.expect(&["middleware", "connect", "disconnect", "middleware", "connect", "no handler for the event"])
        .await;
}

/// The attribute rejects a reserved name at compile time; without it, `layer()` does.
#[test]
fn a_reserved_name_by_hand() {
    struct Reserved;
    impl NamespaceHandlers for Reserved {
        fn define(ns: &mut NamespaceBuilder, instance: Instance<Self>) {
            ns.on("disconnecting", instance.handler(async |_: Arc<Self>| {}));
        }
    }
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.handlers(Reserved);
    });
    let errors: Vec<_> = io.try_layer().map(drop).unwrap_err().into_iter().collect();
    assert_eq!(errors, [SetupError::ReservedEvent("disconnecting".to_owned())]);
}
