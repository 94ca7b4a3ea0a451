use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use socketio_core::client::{Action, Closed, Connection, ConnectionEvent, Disconnected, Refusal, SocketKey};
use socketio_core::namespace::NamespacePath;
use socketio_core::packet::{AckId, Event, RawArgs, RawJson};
use socketio_core::{Encoded, LinkId, Revision, SocketId, Transport};
use tokio::sync::{mpsc, oneshot, watch};

use super::error::ClientError;
use super::exchange::Exchange;
use super::template::Template;
use super::websocket::WebSocket;

/// The task of a client: it reads and writes, whatever the test awaits.
///
/// It ends when the client has no handle left, after what was emitted has been written.
pub(super) struct Driver {
    template: Template,
    commands: mpsc::UnboundedReceiver<Command>,
    connection: Connection<oneshot::Sender<RawArgs>>,
    get: Option<(LinkId, Exchange)>,
    post: Option<(LinkId, Exchange)>,
    /// One, and another one during an upgrade or while it is closed.
    streams: Vec<(LinkId, WebSocket)>,
    sockets: HashMap<SocketKey, Place>,
    upgrade: Option<oneshot::Sender<Result<(), ClientError>>>,
    /// How the last link came to its end that did.
    lost: Option<ClientError>,
    /// What it speaks over; none when the connection has ended.
    transport: watch::Sender<Option<Transport>>,
    stalled: bool,
}

/// What a client is asked to do.
pub(super) enum Command {
    /// Send a packet.
    Send { socket: SocketKey, packet: Encoded },
    /// Send an event and bring the answer back.
    Ask { socket: SocketKey, id: AckId, packet: Encoded, answer: oneshot::Sender<RawArgs> },
    /// Connect to a namespace.
    Connect { namespace: NamespacePath, auth: Option<RawJson>, answer: oneshot::Sender<Answer>, ends: Ends },
    /// Leave a namespace.
    Leave { socket: SocketKey },
    /// Move to a WebSocket.
    Upgrade { done: oneshot::Sender<Result<(), ClientError>> },
    /// Read no more, or again.
    Stall(bool),
    /// Answer pings, or do not.
    AnswerPings(bool),
    /// End the connection in order.
    Close,
    /// Drop it.
    Lose,
}

pub(super) type Answer = Result<(SocketKey, SocketId), ClientError>;

/// Where the events of a socket go, and how it ended.
pub(super) struct Ends {
    pub(super) events: mpsc::UnboundedSender<(Event, Option<AckId>)>,
    pub(super) ended: watch::Sender<Option<Disconnected>>,
}

/// A namespace that the client is connected to, or asks for.
struct Place {
    asked: Option<oneshot::Sender<Answer>>,
    ends: Ends,
}

impl Driver {
    /// Opens a session.
    ///
    /// # Errors
    ///
    /// The server refuses the handshake.
    pub(super) async fn open(
        template: Template,
        transport: Transport,
        commands: mpsc::UnboundedReceiver<Command>,
        told: watch::Sender<Option<Transport>>,
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
            transport: told,
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
            // What there is to write is none before the session is open.
            ready!(self.poll_read(cx));
        }
    }

    /// Takes what the test wants.
    fn take(&mut self, command: Command) {
        match command {
            Command::Send { socket, packet } => _ = self.connection.send(socket, packet),
            Command::Ask { socket, id, packet, answer } => {
                self.connection.ask(socket, packet, id, answer);
            }
            Command::Connect { namespace, auth, answer, ends } => {
                if let Some(socket) = self.connection.connect(&namespace, auth.as_ref()) {
                    self.sockets.insert(socket, Place { asked: Some(answer), ends });
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

    /// Does what the connection wants.
    fn drain(&mut self) {
        while let Some(event) = self.connection.poll() {
            self.deliver(event);
        }
        while let Some(action) = self.connection.poll_action() {
            self.act(action);
        }
    }

    /// Hands an event to its socket; who does not listen any more misses it.
    fn deliver(&mut self, event: ConnectionEvent<oneshot::Sender<RawArgs>>) {
        match event {
            ConnectionEvent::Connected { socket, id } => {
                let asked = self.sockets.get_mut(&socket).and_then(|place| place.asked.take());
                asked.map(|asked| asked.send(Ok((socket, id))).ok());
            }
            ConnectionEvent::Refused { socket, refusal: Refusal { message, data, .. } } => {
                let data = data.and_then(|data| data.read().ok()).unwrap_or(Value::Null);
                let asked = self.sockets.remove(&socket).and_then(|place| place.asked);
                asked.map(|asked| asked.send(Err(ClientError::Namespace { message, data })).ok());
            }
            ConnectionEvent::Received { socket, event, ack } => {
                let place = self.sockets.get(&socket);
                place.map(|place| place.ends.events.send((event, ack)).ok());
            }
            ConnectionEvent::Acknowledged { token, args } => _ = token.send(args).ok(),
            ConnectionEvent::Disconnected { socket, how } => {
                let place = self.sockets.remove(&socket);
                place.map(|place| place.ends.ended.send_replace(Some(how)));
            }
            ConnectionEvent::Upgraded => {
                self.publish();
                self.upgrade.take().map(|done| done.send(Ok(())).ok());
            }
            ConnectionEvent::UpgradeFailed => {
                let refused = self.lost.take().unwrap_or(ClientError::Ended);
                self.upgrade.take().map(|done| done.send(Err(refused)).ok());
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

    fn act(&mut self, action: Action) {
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
            other => unreachable!("no client does {other:?}"),
        }
    }

    fn exchange(&self, method: Method, body: Bytes) -> Exchange {
        Exchange::new(&self.template, method, &self.connection.query(Transport::Polling), body)
    }

    fn stream(&mut self, link: LinkId) -> Option<&mut WebSocket> {
        self.streams.iter_mut().find(|(stream, _)| *stream == link).map(|(_, websocket)| websocket)
    }

    /// Ready when a POST has been answered.
    fn poll_post(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((link, post)) = &mut self.post else { return Poll::Pending };
        let (answer, link) = (ready!(post.poll(cx)), *link);
        self.post = None;
        self.answered(link, answer);
        Poll::Ready(())
    }

    /// Writes what the streams take; true if nothing is left to be written or to be answered.
    fn is_written(&mut self, cx: &mut Context<'_>) -> bool {
        let streams = self.streams.iter_mut();
        streams.fold(self.post.is_none(), |written, (_, stream)| stream.poll_write(cx).is_ready() && written)
    }

    /// Ready when something has come.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some((link, get)) = &mut self.get
            && let Poll::Ready(answer) = get.poll(cx)
        {
            let link = *link;
            self.get = None;
            self.answered(link, answer);
            return Poll::Ready(());
        }
        for at in 0..self.streams.len() {
            let (link, stream) = &mut self.streams[at];
            if let Poll::Ready(message) = stream.poll_read(cx) {
                let link = *link;
                match message {
                    Ok(message) => self.connection.handle_message(link, &message),
                    Err(refused) => {
                        drop(self.streams.remove(at));
                        self.lose(link, refused);
                    }
                }
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    fn answered(&mut self, link: LinkId, answer: Result<Bytes, ClientError>) {
        match answer {
            Ok(body) => self.connection.handle_answer(link, body),
            Err(refused) => self.lose(link, refused),
        }
    }

    fn lose(&mut self, link: LinkId, refused: ClientError) {
        self.lost = Some(refused);
        self.connection.handle_lost(link);
    }

    /// Tells the handles what the client speaks over.
    fn publish(&self) {
        let transport = self.connection.transport();
        self.transport.send_if_modified(|known| std::mem::replace(known, transport) != transport);
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            // All commands first: what is emitted together leaves together.
            let left = loop {
                match this.commands.poll_recv(cx) {
                    Poll::Ready(Some(command)) => this.take(command),
                    Poll::Ready(None) => break true,
                    Poll::Pending => break false,
                }
            };
            this.drain();
            if this.poll_post(cx).is_ready() {
                continue;
            }
            let written = this.is_written(cx);
            let ended = this.connection.transport().is_none();
            if left && (written || ended) {
                return Poll::Ready(());
            }
            if left || ended || this.stalled || this.poll_read(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
