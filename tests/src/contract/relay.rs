use serde::Deserialize;
use socketio_tower::{ArgsError, Auth, Data, Event, NamespaceBuilder, Socket, Value};

/// Defines the namespace `/relay`, which reads and relays events.
pub(super) fn define(ns: &mut NamespaceBuilder) {
    #[derive(Deserialize)]
    struct Login {
        name: Option<String>,
    }

    ns.on_connect(async |socket: Socket, Auth(login): Auth<Login>| socket.emit("name", &login.name));
    ns.on("text", async |Data(text): Data<String>| text);
    ns.on("exact", async |event: Event| event.args().clone());
    ns.on("any", async |socket: Socket, Data(value): Data<Value>| socket.emit("any", &value));
    ns.on("pass", async |socket: Socket, event: Event| {
        let room: String = event.args().first()?;
        socket.to(room).emit("passed", &event.args().skip(1));
        Ok::<_, ArgsError>(())
    });
    ns.fallback(async |event: Event| event.name().to_owned());
}
