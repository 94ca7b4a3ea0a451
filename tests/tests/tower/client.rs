//! Servers under test, and clients that write the wire format directly, so that a test controls exactly what is sent
//! and when a connection breaks.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use socketio_tower::SocketIo;
use socketio_tower::testing::settled;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::network::{self, Connect, Network};

/// No step of a test takes longer unless something is wrong.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
pub(crate) const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// Awaits `future`, which must complete within [`TIMEOUT`].
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(TIMEOUT, future).await.expect("it comes soon")
}

/// Waits until `condition` holds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    while !condition() {
        assert!(Instant::now() < deadline, "timed out waiting: {what}");
        tick.tick().await;
    }
}

/// The lines that handlers report, in order.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<String>>);

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().expect("no test panics inside").push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no test panics inside").clone()
    }

    /// Waits until there are as many lines as expected, and compares them.
    pub(crate) async fn expect(&self, expected: &[&str]) {
        let deadline = Instant::now() + TIMEOUT;
        let mut tick = tokio::time::interval(Duration::from_millis(2));
        while self.lines().len() < expected.len() && Instant::now() < deadline {
            tick.tick().await;
        }
        assert_eq!(self.lines(), expected);
    }
}

/// An axum server in memory or on a free port; stopped when dropped.
pub(crate) struct Server<A = Network> {
    pub(crate) address: A,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves Socket.IO alone, in memory.
    pub(crate) fn start(io: &SocketIo) -> Self {
        Self::serve(Router::new().layer(io.layer()))
    }

    /// Serves an application in memory.
    pub(crate) fn serve(app: Router) -> Self {
        let (address, listener) = network::listen();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Self { address, task }
    }
}

impl Server<SocketAddr> {
    /// Serves Socket.IO alone, over TCP.
    pub(crate) async fn on_tcp(io: &SocketIo) -> Self {
        let (listener, app) = (listen_on_tcp().await, Router::new().layer(io.layer()));
        let address = listener.local_addr().expect("it is bound");
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Self { address, task }
    }
}

impl<A> Drop for Server<A> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn listen_on_tcp() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// One HTTP/1.1 connection. Closed when dropped, even during a request.
pub(crate) struct Http {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>,
}

impl Http {
    pub(crate) async fn connect(address: &impl Connect) -> Self {
        let stream = soon(address.connect()).await.expect("a connection");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        Self { sender, connection: Box::pin(connection) }
    }

    /// Sends a request and reads the whole response.
    pub(crate) async fn request(&mut self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        soon(self.parked(request)).await
    }

    /// The same as [`request`](Self::request) but without a timeout, for a GET that waits.
    pub(crate) async fn parked(&mut self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        let sent = self.sender.send_request(request);
        let answer = async {
            let (head, body) = sent.await.expect("an answer").into_parts();
            Response::from_parts(head, body.collect().await.expect("a body").to_bytes())
        };
        tokio::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            _ = &mut self.connection => answer.await,
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response<Bytes> {
        self.request(request(Method::GET, path, "")).await
    }
}

pub(crate) fn request(method: Method, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    request.body(Full::new(body.into())).expect("a request")
}

/// A client on long polling, with one connection for everything, so at most one request is in flight.
pub(crate) struct Poller<A = Network> {
    http: Http,
    address: A,
    path: String,
}

impl<A: Connect> Poller<A> {
    /// Opens a session.
    pub(crate) async fn open(address: &A) -> Self {
        Self::open_at(address, POLLING).await
    }

    pub(crate) async fn open_at(address: &A, path: &str) -> Self {
        let mut http = Http::connect(address).await;
        let answer = http.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let packet = text(&answer);
        let open: serde_json::Value = serde_json::from_str(&packet[1..]).expect("an OPEN packet");
        let path = format!("{path}&sid={}", open["sid"].as_str().expect("a sid"));
        Self { http, address: address.clone(), path }
    }

    /// Opens a session and connects to `/`.
    pub(crate) async fn connect(address: &A) -> Self {
        let mut poller = Self::open(address).await;
        assert_eq!(poller.post("40").await, "ok");
        let packet = poller.get().await;
        assert!(packet.starts_with(r#"40{"sid":"#), "{packet}");
        poller
    }

    /// Returns the path of the client's requests, with its session id.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Sends a GET and waits for the response.
    pub(crate) async fn get(&mut self) -> String {
        text(&self.get_response().await)
    }

    pub(crate) async fn get_response(&mut self) -> Response<Bytes> {
        self.http.get(&self.path).await
    }

    pub(crate) async fn post(&mut self, body: &str) -> String {
        text(&self.post_response(body.to_owned()).await)
    }

    pub(crate) async fn post_response(&mut self, body: impl Into<Bytes>) -> Response<Bytes> {
        self.http.request(request(Method::POST, &self.path, body)).await
    }

    /// Opens a second connection of the same session, for requests beside a waiting GET.
    pub(crate) async fn beside(&self) -> Self {
        let http = Http::connect(&self.address).await;
        Self { http, address: self.address.clone(), path: self.path.clone() }
    }

    /// Opens a WebSocket to upgrade the session to.
    pub(crate) async fn upgrade(&self) -> Ws<A::Stream> {
        Ws::handshake(&self.address, &self.path.replace("polling", "websocket")).await
    }

    /// Sends a GET and closes the connection, unless the GET is answered at once.
    pub(crate) async fn abort(mut self) {
        let path = self.path.clone();
        let parked = self.http.parked(request(Method::GET, &path, ""));
        tokio::select! {
            biased;
            _ = parked => {}
            () = settled() => {}
        }
    }
}

pub(crate) fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).expect("text")
}

/// A client over WebSocket.
pub(crate) struct Ws<S = DuplexStream> {
    stream: WebSocketStream<S>,
}

impl Ws<TcpStream> {
    /// Opens a session and connects to `/`, with a receive buffer of a few kilobytes, so that the server soon notices
    /// that nothing is read.
    pub(crate) async fn connect_narrow(address: &SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("an option");
        let stream = soon(socket.connect(*address)).await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let mut ws = Self::handshake_over(stream, WEBSOCKET).await;
        ws.greeted().await;
        ws.join("").await;
        ws
    }

    /// Breaks the connection with a TCP reset.
    pub(crate) fn reset(self) {
        let stream = self.stream.into_inner();
        stream.set_zero_linger().expect("an option");
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Ws<S> {
    /// Opens a WebSocket, without reading any packet.
    pub(crate) async fn handshake(address: &impl Connect<Stream = S>, path: &str) -> Self {
        let stream = soon(address.connect()).await.expect("a connection");
        Self::handshake_over(stream, path).await
    }

    async fn handshake_over(stream: S, path: &str) -> Self {
        let url = format!("ws://localhost{path}");
        let (stream, _) = soon(tokio_tungstenite::client_async(url, stream)).await.expect("a WebSocket");
        Self { stream }
    }

    /// Opens a session.
    pub(crate) async fn open(address: &impl Connect<Stream = S>) -> Self {
        let mut ws = Self::handshake(address, WEBSOCKET).await;
        ws.greeted().await;
        ws
    }

    /// Opens a session and connects to `/`.
    pub(crate) async fn connect(address: &impl Connect<Stream = S>) -> Self {
        let mut ws = Self::open(address).await;
        ws.join("").await;
        ws
    }

    pub(crate) fn over(stream: WebSocketStream<S>) -> Self {
        Self { stream }
    }

    /// Sends bytes that are not a frame.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        soon(self.stream.get_mut().write_all(bytes)).await.expect("it is sent");
    }

    /// Ends the sending half of the connection, without a close frame.
    pub(crate) async fn half_close(&mut self) {
        soon(self.stream.get_mut().shutdown()).await.expect("it is sent");
    }

    /// Reads the OPEN packet.
    pub(crate) async fn greeted(&mut self) {
        let packet = self.text().await;
        assert!(packet.starts_with(r#"0{"sid":"#), "{packet}");
    }

    /// Connects to a namespace, `/` if it is empty. Returns the id of the socket.
    pub(crate) async fn join(&mut self, namespace: &str) -> String {
        let comma = if namespace.is_empty() { "" } else { "," };
        self.send(&format!("40{namespace}{comma}")).await;
        let packet = self.text().await;
        let json = packet.strip_prefix(&format!("40{namespace}{comma}")).expect("a CONNECT reply");
        let reply: serde_json::Value = serde_json::from_str(json).expect("JSON");
        reply["sid"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn send(&mut self, text: &str) {
        soon(self.stream.send(Message::text(text))).await.expect("it is sent");
    }

    pub(crate) async fn send_binary(&mut self, bytes: &'static [u8]) {
        soon(self.stream.send(Message::binary(bytes))).await.expect("it is sent");
    }

    /// Returns the next text; answers pings.
    pub(crate) async fn text(&mut self) -> String {
        soon(self.next()).await.expect("a message")
    }

    /// Checks the next text.
    pub(crate) async fn expect(&mut self, expected: &str) {
        assert_eq!(self.text().await, expected);
    }

    /// Waits for a ping and answers it.
    pub(crate) async fn pong(&mut self) {
        let ping = soon(self.stream.next()).await.expect("a ping").expect("no error");
        assert_eq!(ping, Message::text("2"));
        self.send("3").await;
    }

    /// Returns the next text, or `None` if the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) if text == "2" => {
                    self.stream.send(Message::text("3")).await.ok()?;
                }
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// Waits for the end of the connection; returns the code of its close frame.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        let mut code = None;
        while let Some(Ok(message)) = soon(self.stream.next()).await {
            if let Message::Close(Some(frame)) = message {
                code = Some(frame.code.into());
            }
        }
        code
    }

    /// Closes with a close frame and waits for the server's.
    pub(crate) async fn close(mut self) {
        self.stream.close(None).await.ok();
        while let Some(Ok(_)) = soon(self.stream.next()).await {}
    }
}

/// Returns a peer connected to the server by a pipe of `pipe` bytes, in place of a kernel's buffers.
pub(crate) async fn attached(io: &SocketIo, pipe: usize) -> DuplexStream {
    let request = Request::get(WEBSOCKET).body(()).expect("a request");
    let (mut peer, theirs) = tokio::io::duplex(pipe);
    io.attach(request.into_parts().0, theirs).await.expect("it is taken in");
    send_text(&mut peer, b"40").await;
    while io.stats().sockets == 0 {
        peer.read_exact(&mut [0; 8]).await.expect("the greeting");
    }
    peer
}

/// Sends a short text, masked with zeroes.
pub(crate) async fn send_text(peer: &mut DuplexStream, text: &[u8]) {
    let mut frame = vec![0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(text);
    peer.write_all(&frame).await.expect("it is read");
}
