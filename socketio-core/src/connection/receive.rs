use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

use super::sockets::State;
use super::{Connection, ConnectionEvent, Pending, ProtocolViolation, SocketKey};
use crate::DisconnectReason;
use crate::packet::{self, AckId, EventHead, PacketKind, RawArgs};
use crate::time::after;

/// A packet whose attachments have not all arrived.
#[derive(Debug)]
pub(super) enum Incomplete {
    ConnectionEvent {
        socket: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
    },
    Ack {
        socket: SocketKey,
        id: AckId,
        args: RawArgs,
    },
    /// For a socket that is gone.
    Ignored,
}

/// What Socket.IO makes of the session's messages.
impl<A> Connection<A> {
    /// A packet's text, a part of `whole`.
    pub(super) fn receive_text(&mut self, whole: &ByteString, text: &str, now: Instant) {
        if let Err(violation) = self.take_text(whole, text, now) {
            self.violated(violation, now);
        }
    }

    pub(super) fn receive_binary(&mut self, bytes: Bytes, now: Instant) {
        match self.assembler.push(bytes) {
            Ok(None) => {}
            Ok(Some((incomplete, attachments))) => {
                if let Err(violation) = self.complete(incomplete, attachments) {
                    self.violated(violation, now);
                }
            }
            Err(error) => self.violated(error.into(), now),
        }
    }

    /// There is no way on after a broken rule: decoder and state would be guesses.
    fn violated(&mut self, violation: ProtocolViolation, now: Instant) {
        self.events.push_back(ConnectionEvent::ProtocolViolation(violation));
        self.refused = true;
        self.assembler.clear();
        self.engine.close(DisconnectReason::ForcedClose, now);
    }

    fn take_text(&mut self, whole: &ByteString, text: &str, now: Instant) -> Result<(), ProtocolViolation> {
        self.assembler.text_arrived()?;
        let packet = self.engine.revision().decode(text, self.config.max_attachments)?;
        match packet.kind {
            PacketKind::Connect { auth } => self.take_connect(packet.namespace, auth),
            PacketKind::Disconnect => self.take_disconnect(packet.namespace),
            PacketKind::Event(head) => self.take_event(whole, packet.namespace, head, now),
            PacketKind::Ack { id, attachments, args } => {
                let incomplete = match self.listener(packet.namespace)? {
                    Some(socket) => Incomplete::Ack { socket, id, args: RawArgs::of_ack(whole, args) },
                    None => Incomplete::Ignored,
                };
                self.begin(incomplete, attachments, now)
            }
            PacketKind::ConnectError { .. } => Err(ProtocolViolation::Unexpected),
        }
    }

    /// A client that gave up a socket before the answer to its CONNECT came says nothing of it, and asks anew: what there was
    /// is left. If there was an answer, the client may have read it, and take itself for connected.
    fn take_connect(&mut self, namespace: &str, auth: Option<&str>) -> Result<(), ProtocolViolation> {
        let (before, again) = match self.sockets.find(namespace) {
            Some((_, State::Left)) => (None, true),
            Some((socket, state)) => (Some(socket), !matches!(state, State::Pending(None))),
            None => (None, false),
        };
        if let Some(socket) = before {
            self.remove(socket, DisconnectReason::ClientNamespaceDisconnect);
        }
        // What the client has withdrawn counts until the application has answered it: its middlewares run.
        if self.unanswered >= self.config.max_namespaces {
            return Err(ProtocolViolation::TooManyConnects);
        }
        // Copied, as is the payload, so that a socket does not keep the message alive that it came from.
        let namespace =
            if namespace == "/" { ByteString::from_static("/") } else { ByteString::from(namespace) };
        let size = auth.map_or(0, str::len);
        let waiting = self.unanswered_bytes;
        // One is taken however long it is.
        if size > 0 && waiting > 0 && waiting + size > self.config.max_parked_bytes {
            self.refuse(&namespace, "Too much waits", None);
            return Ok(());
        }
        match self.sockets.insert(namespace.clone(), again, &self.config) {
            Some(socket) => {
                self.unanswered += 1;
                self.unanswered_bytes += size;
                let auth = auth.map(ByteString::from);
                self.events.push_back(ConnectionEvent::Connect(Pending { socket, namespace, auth, size }));
            }
            None => self.refuse(&namespace, "Too many namespaces", None),
        }
        Ok(())
    }

    fn take_disconnect(&mut self, namespace: &str) -> Result<(), ProtocolViolation> {
        let (socket, _) = self.sockets.find(namespace).ok_or(ProtocolViolation::NotConnected)?;
        self.remove(socket, DisconnectReason::ClientNamespaceDisconnect);
        Ok(())
    }

    fn take_event(
        &mut self,
        whole: &ByteString,
        namespace: &str,
        head: EventHead<'_>,
        now: Instant,
    ) -> Result<(), ProtocolViolation> {
        let (ack, attachments) = (head.id, head.attachments);
        let incomplete = match self.listener(namespace)? {
            Some(socket) => {
                Incomplete::ConnectionEvent { socket, event: packet::Event::new(whole, head), ack }
            }
            None => Incomplete::Ignored,
        };
        self.begin(incomplete, attachments, now)
    }

    /// Returns the socket that an event or an ack is for. None if the server has disconnected it, perhaps before the client
    /// knew: then what comes for it is ignored.
    fn listener(&self, namespace: &str) -> Result<Option<SocketKey>, ProtocolViolation> {
        match self.sockets.find(namespace) {
            Some((socket, State::Connected(_) | State::Pending(Some(_)))) => Ok(Some(socket)),
            Some((_, State::Left)) => Ok(None),
            Some((_, State::Pending(None) | State::Ended(_))) | None => Err(ProtocolViolation::NotConnected),
        }
    }

    /// Waits for the attachments of a packet, if it has any.
    #[inline]
    fn begin(
        &mut self,
        incomplete: Incomplete,
        attachments: usize,
        now: Instant,
    ) -> Result<(), ProtocolViolation> {
        if attachments == 0 {
            return self.complete(incomplete, Vec::new());
        }
        self.assembler.start(incomplete, attachments);
        self.attachments_deadline = Some(after(now, self.config.message_timeout()));
        Ok(())
    }

    fn complete(&mut self, incomplete: Incomplete, attachments: Vec<Bytes>) -> Result<(), ProtocolViolation> {
        self.attachments_deadline = None;
        match incomplete {
            // Disconnected before its last attachment came.
            Incomplete::ConnectionEvent { socket, .. } if !self.sockets.is_listening(socket) => {}
            Incomplete::ConnectionEvent { socket, event, ack } => {
                let event = event.with_attachments(attachments);
                if !event.args().is_consistent() {
                    return Err(ProtocolViolation::Placeholder);
                }
                self.events.push_back(ConnectionEvent::Received { socket, event, ack });
            }
            Incomplete::Ack { socket, id, args } => {
                let args = args.with_attachments(attachments);
                if !args.is_consistent() {
                    return Err(ProtocolViolation::Placeholder);
                }
                if let Some(token) = self.acks.take(socket, id) {
                    self.events.push_back(ConnectionEvent::Acknowledged { token, args });
                }
            }
            Incomplete::Ignored => {}
        }
        Ok(())
    }
}
