use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use socketio_core::engine::{Head, Request};
use socketio_core::packet::{self, AckId, Encoder};
use socketio_core::{Accept, Config, Connection, ConnectionEvent, LinkId, Message, Sid, SocketId, SocketKey};

/// A client on a WebSocket that is connected to `/`, and an application that echoes its messages.
pub(crate) struct Chat {
    connection: Connection<()>,
    encoder: Encoder,
    socket: SocketKey,
    now: Instant,
    /// The messages that arrive next.
    arriving: Vec<Message>,
}

/// Returns an event with a text of `length` bytes.
pub(crate) fn text_event(length: usize) -> Vec<Message> {
    vec![Message::Text(format!(r#"42["message","{}"]"#, "x".repeat(length)).into())]
}

/// Returns an event with `length` bytes of binary.
pub(crate) fn binary_event(length: usize) -> Vec<Message> {
    let text = r#"451-["message",{"_placeholder":true,"num":0}]"#;
    vec![Message::Text(text.into()), Message::Binary(vec![7; length].into())]
}

/// Returns an event that requests an ack.
pub(crate) fn question(length: usize) -> Vec<Message> {
    vec![Message::Text(format!(r#"427["message","{}"]"#, "x".repeat(length)).into())]
}

impl Chat {
    /// Prepares to receive the same event `times` times. It has been received before, so that all buffers have grown.
    pub(crate) fn about_to_receive(event: Vec<Message>, times: usize) -> Self {
        let handshake = handshake();
        let (mut connection, socket) = handshake.open();
        connection.resume(socket);
        let arriving: Vec<_> = std::iter::repeat_n(event, times).flatten().collect();
        let mut chat = Self { connection, encoder: Encoder::default(), socket, now: handshake.now, arriving };
        let again = chat.arriving.clone();
        chat.receive();
        chat.arriving = again;
        chat
    }

    /// Receives everything, then sends everything, like a turn of the driver.
    pub(crate) fn receive(&mut self) {
        for message in self.arriving.drain(..) {
            let Some(event) = self.connection.poll_message(LINK, message, self.now) else { continue };
            let ConnectionEvent::Received { event, ack, .. } = event else { panic!("an event") };
            let packet = echo(&mut self.encoder, &event, ack);
            let transmit = self.connection.send_at_once(self.socket, packet);
            drop(black_box(transmit));
        }
        while let Some(transmit) = self.connection.poll_transmit() {
            drop(black_box(transmit));
        }
        black_box(self.connection.poll_timeout());
    }
}

fn echo(encoder: &mut Encoder, event: &packet::Event, ack: Option<AckId>) -> socketio_core::Encoded {
    let encoded = match ack {
        Some(id) => encoder.ack("/", id, &event.args().first::<String>().expect("a text")),
        None if event.args().attachments().is_empty() => {
            encoder.event("/", event.name(), &event.args().first::<String>().expect("a text"), None)
        }
        None => encoder.event("/", event.name(), &event.args().first::<Bytes>().expect("bytes"), None),
    };
    encoded.expect("it can be written")
}

/// The parts of a session that is about to be opened.
pub(crate) struct Handshake {
    config: Arc<Config>,
    now: Instant,
}

pub(crate) fn handshake() -> Handshake {
    Handshake { config: Arc::default(), now: Instant::now() }
}

impl Handshake {
    /// Returns a client that is connected to `/`, with its gate still closed.
    fn open(&self) -> (Connection<()>, SocketKey) {
        let query = "EIO=4&transport=websocket";
        let head = Head::new("GET", "/socket.io/", query).with_websocket(true);
        let Ok(Request::Open(open)) = Request::parse(black_box(&head), &self.config) else {
            panic!("a handshake")
        };
        let sid = Sid::from_entropy([1; 15]);
        let mut connection = Connection::open(Arc::clone(&self.config), &sid, &open, self.now);
        connection.handle_attach(LINK, self.now);
        connection.handle_message(LINK, Message::Text("40".into()), self.now);
        let Some(ConnectionEvent::Connect(pending)) = connection.poll(self.now) else {
            panic!("a wish to connect")
        };
        let socket =
            connection.accept(pending, Accept::new(SocketId::from_entropy([2; 15]))).expect("it is there");
        while let Some(transmit) = connection.poll_transmit() {
            drop(black_box(transmit));
        }
        (connection, socket)
    }

    pub(crate) fn open_and_close(&self) {
        let (mut connection, _) = self.open();
        connection.disconnect_client(self.now);
        while let Some(event) = connection.poll(self.now) {
            black_box::<ConnectionEvent<()>>(event);
        }
        while let Some(transmit) = connection.poll_transmit() {
            drop(black_box(transmit));
        }
        assert!(connection.is_finished());
    }
}

const LINK: LinkId = LinkId::new(0);
