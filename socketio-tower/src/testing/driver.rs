use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use socketio_core::client::{
    Action, Closed, ConnectError, Connection, ConnectionEvent, Disconnected, SocketKey,
};
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::{AckId, Event, RawArgs, RawJson};
use socketio_core::{Encoded, LinkId, Revision, SocketId, Transport};
use tokio::sync::{mpsc, oneshot, watch};

use super::error::ClientError;
use super::exchange::Exchange;
use super::template::Template;
use super::websocket::WebSocket;

/// The task of a client, which reads and writes independently of the test.
///
/// It ends when the last handle of the client is dropped, after all emitted packets are written.
pub(super) struct Driver {
    template: Template,
    commands: mpsc::UnboundedReceiver<Command>,
    connection: Connection<oneshot::Sender<RawArgs>>,
    get: Option<(LinkId, Exchange)>,
    post: Option<(LinkId, Exchange)>,
    /// The open `WebSocket`s: one, and a second one during an upgrade or while one is closing.
    streams: Vec<(LinkId, WebSocket)>,
    sockets: HashMap<SocketKey, SocketEntry>,
    upgrade: Option<oneshot::Sender<Result<(), ClientError>>>,
    /// The error of the link that was lost last.
    lost: Option<ClientError>,
    /// The current transport, or `None` if the connection has ended.
    transport: watch::Sender<Option<Transport>>,
    stalled: bool,
}

/// A command of the test.
pub(super) enum Command {
    /// Sends a packet.
    Send { socket: SocketKey, packet: Encoded },
    /// Sends an event and returns its ack.
    SendWithAck { socket: SocketKey, id: AckId, packet: Encoded, ack: oneshot::Sender<RawArgs> },
    /// Connects to a namespace.
    Connect {
        namespace: NamespacePath,
        auth: Option<RawJson>,
        reply: oneshot::Sender<ConnectReply>,
        ends: Ends,
    },
    /// Disconnects from a namespace.
    Leave { socket: SocketKey },
    /// Upgrades to WebSocket.
    Upgrade { done: oneshot::Sender<Result<(), ClientError>> },
    /// Stops reading, or continues.
    Stall(bool),
    /// Enables or disables replies to pings.
    AnswerPings(bool),
    /// Closes the connection.
    Close,
    /// Drops the connection.
    Lose,
}

/// The server's reply to a connection request.
pub(super) type ConnectReply = Result<(SocketKey, SocketId), ClientError>;

/// The channels for the events of a socket and for its end.
pub(super) struct Ends {
    pub(super) events: mpsc::UnboundedSender<(Event, Option<AckId>)>,
    pub(super) ended: watch::Sender<Option<Disconnected>>,
}

/// A socket that is connected or connecting.
struct SocketEntry {
    connecting: Option<oneshot::Sender<ConnectReply>>,
    ends: Ends,
}

impl Driver {
    /// Opens a session.
    ///
    /// # Errors
    ///
    /// Returns an error if the server rejects the request.
    pub(super) async fn open(
        template: Template,
        transport: Transport,
        commands: mpsc::UnboundedReceiver<Command>,
        publish: watch::Sender<Option<Transport>>,
    ) -> Result<Self, ClientError> {
        let mut driver = Self {
            template,
            commands,
            connection: Connection::open(Revision::V4, transport),
            get: None,
            post: None,
            streams: Vec::new(),
            sockets: HashMap::new(),
            upgrade: None,
            lost: None,
            transport: publish,
            stalled: false,
        };
        std::future::poll_fn(|cx| driver.poll_opened(cx)).await?;
        driver.publish();
        Ok(driver)
    }

    fn poll_opened(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        loop {
            self.drain();
            if self.connection.transport().is_none() {
                return Poll::Ready(Err(self.lost.take().unwrap_or(ClientError::Ended)));
            }
            if self.connection.handshake().is_some() {
                return Poll::Ready(Ok(()));
            }
            // There is nothing to write before the session is open.
            ready!(self.poll_read(cx));
        }
    }

    /// Executes a command of the test.
    fn execute(&mut self, command: Command) {
        match command {
            Command::Send { socket, packet } => _ = self.connection.send(socket, packet),
            Command::SendWithAck { socket, id, packet, ack } => {
                self.connection.ask(socket, packet, id, ack);
            }
            Command::Connect { namespace, auth, reply, ends } => {
                if let Some(socket) = self.connection.connect(&namespace, auth.as_ref()) {
                    self.sockets.insert(socket, SocketEntry { connecting: Some(reply), ends });
                }
            }
            Command::Leave { socket } => _ = self.connection.disconnect(socket),
            Command::Upgrade { done } => {
                if self.connection.upgrade(Transport::WebSocket) {
                    self.upgrade = Some(done);
                }
            }
            Command::Stall(stalled) => self.stalled = stalled,
            Command::AnswerPings(answer) => self.connection.answer_pings(answer),
            Command::Close => self.connection.close(),
            Command::Lose => self.connection.abort(),
        }
    }

    /// Processes all pending events and actions of the connection.
    fn drain(&mut self) {
        while let Some(event) = self.connection.poll() {
            self.deliver(event);
        }
        while let Some(action) = self.connection.poll_action() {
            self.perform(action);
        }
    }

    /// Delivers an event to its socket. It is discarded if the test has dropped the socket.
    fn deliver(&mut self, event: ConnectionEvent<oneshot::Sender<RawArgs>>) {
        match event {
            ConnectionEvent::Connected { socket, id } => {
                let connecting = self.sockets.get_mut(&socket).and_then(|entry| entry.connecting.take());
                connecting.map(|reply| reply.send(Ok((socket, id))).ok());
            }
            ConnectionEvent::Rejected { socket, error: ConnectError { message, data, .. } } => {
                let data = data.and_then(|data| data.read().ok()).unwrap_or(Value::Null);
                let connecting = self.sockets.remove(&socket).and_then(|entry| entry.connecting);
                connecting.map(|reply| reply.send(Err(ClientError::Namespace { message, data })).ok());
            }
            ConnectionEvent::Received { socket, event, ack } => {
                let entry = self.sockets.get(&socket);
                entry.map(|entry| entry.ends.events.send((event, ack)).ok());
            }
            ConnectionEvent::Acknowledged { token, args } => _ = token.send(args).ok(),
            ConnectionEvent::Disconnected { socket, how } => {
                let entry = self.sockets.remove(&socket);
                entry.map(|entry| entry.ends.ended.send_replace(Some(how)));
            }
            ConnectionEvent::Upgraded => {
                self.publish();
                self.upgrade.take().map(|done| done.send(Ok(())).ok());
            }
            ConnectionEvent::UpgradeFailed => {
                let error = self.lost.take().unwrap_or(ClientError::Ended);
                self.upgrade.take().map(|done| done.send(Err(error)).ok());
            }
            ConnectionEvent::Closed(closed) => {
                (self.get, self.post, self.upgrade) = (None, None, None);
                self.streams.clear();
                self.publish();
                if let Closed::Violated(violation) = closed {
                    panic!("the server broke the protocol: {violation}");
                }
            }
            _ => {}
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Get { link } => self.get = Some((link, self.exchange(Method::GET, Bytes::new()))),
            Action::Post { link, body } => {
                self.post = Some((link, self.exchange(Method::POST, body.into())));
            }
            Action::Open { link, transport } => {
                let query = self.connection.query(transport);
                self.streams.push((link, WebSocket::open(&self.template, &query)));
            }
            Action::Send { link, packet } => _ = self.stream(link).map(|stream| stream.push(&packet)),
            Action::Close { link } => _ = self.stream(link).map(WebSocket::close),
            other => unreachable!("a client does not perform {other:?}"),
        }
    }

    fn exchange(&self, method: Method, body: Bytes) -> Exchange {
        Exchange::new(&self.template, method, &self.connection.query(Transport::Polling), body)
    }

    fn stream(&mut self, link: LinkId) -> Option<&mut WebSocket> {
        self.streams.iter_mut().find(|(stream, _)| *stream == link).map(|(_, websocket)| websocket)
    }

    /// Ready when the response to a POST has arrived.
    fn poll_post(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((link, post)) = &mut self.post else { return Poll::Pending };
        let (response, link) = (ready!(post.poll(cx)), *link);
        self.post = None;
        self.responded(link, response);
        Poll::Ready(())
    }

    /// Writes to the streams. Returns `true` if everything is written and no POST is pending.
    fn write_all(&mut self, cx: &mut Context<'_>) -> bool {
        let streams = self.streams.iter_mut();
        streams.fold(self.post.is_none(), |written, (_, stream)| stream.poll_write(cx).is_ready() && written)
    }

    /// Ready when something was received.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some((link, get)) = &mut self.get
            && let Poll::Ready(response) = get.poll(cx)
        {
            let link = *link;
            self.get = None;
            self.responded(link, response);
            return Poll::Ready(());
        }
        for at in 0..self.streams.len() {
            let (link, stream) = &mut self.streams[at];
            if let Poll::Ready(message) = stream.poll_read(cx) {
                let link = *link;
                match message {
                    Ok(message) => self.connection.handle_message(link, message),
                    Err(error) => {
                        drop(self.streams.remove(at));
                        self.lose(link, error);
                    }
                }
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    fn responded(&mut self, link: LinkId, response: Result<Bytes, ClientError>) {
        match response {
            Ok(body) => self.connection.handle_answer(link, body),
            Err(error) => self.lose(link, error),
        }
    }

    fn lose(&mut self, link: LinkId, error: ClientError) {
        self.lost = Some(error);
        self.connection.handle_lost(link);
    }

    /// Publishes the current transport to the handles.
    fn publish(&self) {
        let transport = self.connection.transport();
        self.transport.send_if_modified(|current| std::mem::replace(current, transport) != transport);
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            // All commands first, so that packets that are emitted together are sent together.
            let abandoned = loop {
                match this.commands.poll_recv(cx) {
                    Poll::Ready(Some(command)) => this.execute(command),
                    Poll::Ready(None) => break true,
                    Poll::Pending => break false,
                }
            };
            this.drain();
            if this.poll_post(cx).is_ready() {
                continue;
            }
            let written = this.write_all(cx);
            let ended = this.connection.transport().is_none();
            if abandoned && (written || ended) {
                return Poll::Ready(());
            }
            if abandoned || ended || this.stalled || this.poll_read(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
