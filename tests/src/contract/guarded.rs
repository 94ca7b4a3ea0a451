use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use socketio_tower::extract::Extension;
use socketio_tower::handler::Cause;
use socketio_tower::{Data, EventPolicy, NamespaceBuilder, NoArgs, SetupError, Socket};

/// The number of events sent to a socket.
type Count = Arc<AtomicU64>;

/// Defines the namespace `/guarded`: policy, error hook, listeners and tasks of a socket.
pub(super) fn define(ns: &mut NamespaceBuilder) {
    ns.policy(EventPolicy::only(["login"]));
    ns.on_error(|error| {
        let said = match error.cause() {
            Cause::Denied(_) => "denied",
            Cause::UnknownEvent => "unknown",
            Cause::BadArgs(_) => "bad arguments",
            Cause::Failed(_) => "failed",
            _ => "internal error",
        };
        error.answer(&json!({ "error": said }));
    });
    ns.on_any_outgoing(|socket, _| {
        socket.extensions().update(|count: &mut Count| count.fetch_add(1, Ordering::Relaxed));
    });
    ns.on_connect(async |socket: Socket| drop(socket.extensions().insert(Count::default())));
    ns.on("login", async |socket: Socket| {
        socket.policy().allow_all();
        "welcome"
    });
    ns.on("number", async |Data(number): Data<u8>| number);
    ns.on("fail", async || Err::<(), _>("as asked"));
    ns.on("panic", async || -> () { panic!("as asked") });
    ns.on("listen-once", async |socket: Socket| -> Result<(), SetupError> {
        socket.once("next", async || "once").map(drop)
    });
    ns.on("tick", async |socket: Socket| ticks(&socket));
    ns.on("sent", async |Extension(count): Extension<Count>| count.load(Ordering::Relaxed));
}

/// Emits ticks until the socket is gone, then notifies the other sockets.
fn ticks(socket: &Socket) {
    struct Ended(Socket);
    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.broadcast().emit("ticks ended", &self.0.id());
        }
    }

    socket.spawn(async |socket| {
        let ended = Ended(socket);
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        loop {
            ticks.tick().await;
            ended.0.emit("tick", &NoArgs);
        }
    });
}
