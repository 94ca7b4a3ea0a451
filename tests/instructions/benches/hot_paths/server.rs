use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use socketio_tower::layer::NotFound;
use socketio_tower::{SocketIo, SocketIoService};
use tokio::runtime::Runtime;
use tower_service::Service;

/// A server on one thread, and polling clients.
pub(crate) struct Server {
    runtime: Runtime,
    io: SocketIo,
    service: SocketIoService<NotFound>,
}

impl Server {
    /// Returns a server with `count` idle clients, connected to `/`, that have received a broadcast before.
    pub(crate) fn with_clients(count: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let io = quiet_server();
        io.of("/", |_| {});
        let service = io.layer().service();
        let mut server = Self { runtime, io, service };
        let sids: Vec<_> = (0..count).map(|_| server.open()).collect();
        server.broadcast();
        for sid in &sids {
            assert!(server.ask(Method::GET, sid, "").starts_with("42"));
        }
        server
    }

    pub(crate) fn broadcast(&self) {
        // Inside the runtime, like a handler: it wakes tasks of its own thread, which do not run before it ends.
        self.runtime.block_on(async {
            assert!(self.io.emit("message", TEXT).is_queued());
        });
    }

    pub(crate) fn open_and_close(&mut self) {
        let sid = self.open();
        assert_eq!(self.ask(Method::POST, &sid, "1"), "ok");
    }

    /// Opens a session and connects to `/`; returns the session's part of the query.
    fn open(&mut self) -> String {
        let open = self.ask(Method::GET, "", "");
        let sid = format!("&sid={}", open.split('"').nth(3).expect("an OPEN packet"));
        assert_eq!(self.ask(Method::POST, &sid, "40"), "ok");
        assert!(self.ask(Method::GET, &sid, "").starts_with("40{"));
        sid
    }

    /// Sends a request; returns the text of the response.
    fn ask(&mut self, method: Method, sid: &str, body: &'static str) -> String {
        let uri = format!("/socket.io/?EIO=4&transport=polling{sid}");
        let request = Request::builder().method(method).uri(uri).body(Full::<Bytes>::from(body));
        self.runtime.block_on(async {
            let response = self.service.call(request.expect("a request")).await.expect("an answer");
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            String::from_utf8(body.to_vec()).expect("text")
        })
    }
}

/// Returns a server whose timers do not fire, however slow callgrind is.
pub(crate) fn quiet_server() -> SocketIo {
    let hour = Duration::from_secs(3600);
    SocketIo::builder().ping_interval(hour).ping_timeout(hour).build()
}

/// A text of 64 bytes.
pub(crate) const TEXT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
