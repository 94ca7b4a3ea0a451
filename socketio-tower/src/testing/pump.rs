use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use bytestring::ByteString;
use socketio_core::engine::{Packet, decode_payload};
use socketio_core::packet::{AckId, Event, RawArgs};
use socketio_core::{Encoded, SocketId, Transport};
use tokio::sync::{mpsc, oneshot, watch};

use super::error::Refused;
use super::link::{Link, Received};
use super::packets::{Decoder, Incoming, Kind};
use super::socket::Disconnected;
use super::websocket::WebSocket;

/// The task of a client: it reads, writes and answers pings, whatever the test awaits.
///
/// It ends when the client has no handle left, after what was emitted has been written.
pub(super) struct Pump {
    commands: mpsc::UnboundedReceiver<Command>,
    link: Link,
    decoder: Decoder,
    namespaces: HashMap<String, Place>,
    /// What it speaks over; none when the connection has ended.
    transport: watch::Sender<Option<Transport>>,
    stalled: bool,
    mute: bool,
}

/// What a client is asked to do.
pub(super) enum Command {
    /// Send a packet.
    Send { packet: Encoded },
    /// Send an event and bring the answer back.
    Ask { namespace: String, id: AckId, packet: Encoded, answer: oneshot::Sender<RawArgs> },
    /// Connect to a namespace.
    Connect { namespace: String, packet: Encoded, answer: oneshot::Sender<Answer>, ends: Ends },
    /// Leave a namespace.
    Leave { namespace: String, packet: Encoded },
    /// Try a WebSocket out.
    Upgrade { candidate: Box<WebSocket>, done: oneshot::Sender<()> },
    /// Read no more, or again.
    Stall(bool),
    /// Answer no pings, or do so again.
    Mute(bool),
    /// End the connection in order.
    Close,
    /// Drop it.
    Lose,
}

pub(super) type Answer = Result<SocketId, Refused>;

/// Where the events of a socket go, and how it ended.
pub(super) struct Ends {
    pub(super) events: mpsc::UnboundedSender<(Event, Option<AckId>)>,
    pub(super) ended: watch::Sender<Option<Disconnected>>,
}

/// A namespace that the client is connected to, or asks for.
struct Place {
    asked: Option<oneshot::Sender<Answer>>,
    ends: Ends,
    acks: HashMap<AckId, oneshot::Sender<RawArgs>>,
}

impl Pump {
    pub(super) fn new(
        link: Link,
        commands: mpsc::UnboundedReceiver<Command>,
        transport: watch::Sender<Option<Transport>>,
    ) -> Self {
        transport.send_replace(link.transport());
        Self {
            commands,
            link,
            decoder: Decoder::new(),
            namespaces: HashMap::new(),
            transport,
            stalled: false,
            mute: false,
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Send { packet } => self.link.push(packet),
            Command::Ask { namespace, id, packet, answer } => {
                if let Some(place) = self.namespaces.get_mut(&namespace) {
                    place.acks.insert(id, answer);
                    self.link.push(packet);
                }
            }
            Command::Connect { namespace, packet, answer, ends } => {
                if self.link.transport().is_some() {
                    let place = Place { asked: Some(answer), ends, acks: HashMap::new() };
                    self.namespaces.insert(namespace, place);
                    self.link.push(packet);
                }
            }
            Command::Leave { namespace, packet } => {
                if let Some(place) = self.namespaces.remove(&namespace) {
                    place.end(Disconnected::ByClient);
                    self.link.push(packet);
                }
            }
            Command::Upgrade { candidate, done } => self.link.upgrade(*candidate, done),
            Command::Stall(stalled) => self.stalled = stalled,
            Command::Mute(mute) => self.mute = mute,
            Command::Close => self.link.close(),
            Command::Lose => self.end(),
        }
    }

    fn take(&mut self, received: Received) {
        match received {
            Received::Payload(body) => {
                for packet in decode_payload(&body) {
                    self.take_packet(&body, packet.expect("the server writes valid payloads"));
                }
            }
            Received::Text(text) => {
                let packet = Packet::decode(&text).expect("the server writes valid packets");
                self.take_packet(&text, packet);
            }
            Received::Binary(bytes) => self.take_binary(bytes),
            Received::End => self.end(),
        }
    }

    fn take_packet(&mut self, whole: &ByteString, packet: Packet<'_>) {
        match packet {
            Packet::Text(text) => {
                if let Some(incoming) = self.decoder.take_text(whole, text) {
                    self.deliver(incoming);
                }
            }
            Packet::Binary(bytes) => self.take_binary(bytes),
            Packet::Ping { .. } if !self.mute => self.link.push(Encoded::text_only("3")),
            Packet::Close => self.end(),
            _ => {}
        }
    }

    fn take_binary(&mut self, bytes: Bytes) {
        if let Some(incoming) = self.decoder.take_binary(bytes) {
            self.deliver(incoming);
        }
    }

    /// Hands a packet to its socket; who does not listen any more misses it.
    fn deliver(&mut self, Incoming { namespace, kind }: Incoming) {
        let Some(place) = self.namespaces.get_mut(&namespace) else { return };
        match kind {
            Kind::Connected(id) => {
                if let Some(asked) = place.asked.take() {
                    asked.send(Ok(id)).ok();
                }
            }
            Kind::Refused { message, data } => {
                if let Some(Place { asked: Some(asked), .. }) = self.namespaces.remove(&namespace) {
                    asked.send(Err(Refused::Namespace { message, data })).ok();
                }
            }
            Kind::Disconnected => {
                if let Some(place) = self.namespaces.remove(&namespace) {
                    place.end(Disconnected::ByServer);
                }
            }
            Kind::Event { event, ack } => {
                place.ends.events.send((event, ack)).ok();
            }
            Kind::Ack { id, args } => {
                if let Some(answer) = place.acks.remove(&id) {
                    answer.send(args).ok();
                }
            }
        }
    }

    /// The connection is over, and with it every socket.
    fn end(&mut self) {
        self.link = Link::Ended;
        for (_, place) in self.namespaces.drain() {
            place.end(Disconnected::WithConnection);
        }
    }
}

impl Future for Pump {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let left = loop {
            let left = match this.commands.poll_recv(cx) {
                Poll::Ready(Some(command)) => {
                    this.obey(command);
                    continue;
                }
                Poll::Ready(None) => true,
                Poll::Pending => false,
            };
            let written = this.link.poll_write(cx).is_ready();
            let ended = this.link.transport().is_none();
            if ended || left {
                break left && (written || ended);
            }
            if this.stalled {
                break false;
            }
            if let Poll::Ready(received) = this.link.poll_read(cx) {
                this.take(received);
                continue;
            }
            if this.link.poll_upgrade(cx).is_pending() {
                break false;
            }
        };
        let transport = this.link.transport();
        if transport.is_none() {
            this.end();
        }
        this.transport.send_if_modified(|known| std::mem::replace(known, transport) != transport);
        if left { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Place {
    fn end(self, how: Disconnected) {
        self.ends.ended.send_replace(Some(how));
    }
}
