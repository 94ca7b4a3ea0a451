//! An Engine.IO echo server with `socketio_core` only, without Socket.IO, on axum.
//!
//! A request is parsed here and passed to the task of its [`session`], which responds to it. Clients connect by long
//! polling, by WebSocket, or with an upgrade.

mod session;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{Request, State};
use axum::http::{Response, header};
use axum::routing::any;
use socketio_core::engine::{self, Head, RequestError, Session};
use socketio_core::{Config, LinkError, Sid};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use session::{Driver, INPUTS, Input};

#[derive(Default)]
struct Server {
    config: Arc<Config>,
    /// The sender to the task of each session.
    sessions: Mutex<HashMap<Sid, mpsc::Sender<Input>>>,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let app = axum::Router::new().route("/engine.io/", any(answer)).with_state(Arc::<Server>::default());
    axum::serve(TcpListener::bind(("127.0.0.1", port)).await?, app.into_make_service()).await
}

async fn answer(
    State(server): State<Arc<Server>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response<Body> {
    server
        .request(upgrade.ok(), request)
        .await
        .unwrap_or_else(|error| http(engine::Response::Rejected(error)))
}

impl Server {
    /// Passes a request to its session and waits for the response.
    async fn request(
        self: Arc<Self>,
        upgrade: Option<WebSocketUpgrade>,
        request: Request,
    ) -> Result<Response<Body>, RequestError> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let (method, uri) = (request.method().as_str(), request.uri());
        let head = Head::new(method, uri.path(), uri.query().unwrap_or_default())
            .with_content_type(content_type.and_then(|value| value.to_str().ok()))
            .with_websocket(upgrade.is_some());
        let asked = engine::Request::parse(&head, &self.config)?;
        let sid = match &asked {
            engine::Request::Open(open) => self.open(open),
            other => *other.sid().ok_or(RequestError::UnknownSession)?,
        };
        let inputs = self.sessions().get(&sid).cloned().ok_or(RequestError::UnknownSession)?;
        let limit = self.config.max_payload;
        if let Some(upgrade) = upgrade {
            return Ok(upgrade.max_message_size(limit).on_upgrade(async move |stream| {
                inputs.send(Input::Stream(asked, Box::new(stream))).await.ok();
            }));
        }
        let body = to_bytes(request.into_body(), limit).await.map_err(|_| LinkError::TooLarge);
        let (sender, response) = oneshot::channel();
        // A session that has ended drops the request.
        inputs.send(Input::Request(asked, body, sender)).await.ok();
        response.await.map(http).map_err(|_| RequestError::UnknownSession)
    }

    /// Opens a session and spawns its task.
    fn open(self: &Arc<Self>, open: &engine::Open) -> Sid {
        let mut entropy = [0; 15];
        getrandom::fill(&mut entropy).expect("the system has randomness");
        let sid = Sid::from_entropy(entropy);
        let session = Session::open(Arc::clone(&self.config), &sid, open, Instant::now());
        let (sender, inputs) = mpsc::channel(INPUTS);
        self.sessions().insert(sid, sender);
        let server = Arc::clone(self);
        tokio::spawn(async move {
            Driver::new(session).run(inputs).await;
            server.sessions().remove(&sid);
        });
        sid
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Sid, mpsc::Sender<Input>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Converts a response of a session to an HTTP response.
fn http(response: engine::Response) -> Response<Body> {
    let builder = Response::builder().status(response.status());
    let builder = response.headers().fold(builder, |builder, (name, value)| builder.header(name, value));
    builder.body(response.into_body().into()).expect("the core gives statuses and headers of HTTP")
}
