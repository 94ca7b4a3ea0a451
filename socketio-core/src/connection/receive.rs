use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

use super::sockets::State;
use super::{Connection, ConnectionEvent, Pending, ProtocolViolation, SocketKey};
use crate::engine::Received;
use crate::packet::{self, Incomplete, PacketKind, RawArgs};
use crate::time::after;
use crate::{DisconnectReason, LinkId, Message};

/// The messages of the session. Each function returns the event or ack that a message completes, and queues the events of
/// other packets.
impl<A> Connection<A> {
    /// Handles a message that was received over a stream.
    #[inline]
    pub(super) fn receive_message(
        &mut self,
        link: LinkId,
        message: Message,
        now: Instant,
    ) -> Option<ConnectionEvent<A>> {
        // Only an upgrade depends on this, so it is not needed once the session has moved to a stream.
        if self.engine.is_polling() {
            self.engine.set_answering(self.is_answering());
        }
        match self.engine.read_message(link, message, now)? {
            _ if self.violated => None,
            Received::Text { whole, start } => self.receive_text(whole, start, now),
            Received::Binary(bytes) => self.receive_binary(bytes, now),
        }
    }

    /// Handles the text of a packet, which begins at `start` in `whole`.
    #[inline]
    pub(super) fn receive_text(
        &mut self,
        whole: ByteString,
        start: usize,
        now: Instant,
    ) -> Option<ConnectionEvent<A>> {
        self.handle_text(whole, start, now).unwrap_or_else(|violation| self.close_for(violation, now))
    }

    pub(super) fn receive_binary(&mut self, bytes: Bytes, now: Instant) -> Option<ConnectionEvent<A>> {
        let event = match self.assembler.push(bytes) {
            Ok(None) => Ok(None),
            Ok(Some((incomplete, attachments))) => self.complete(incomplete, attachments),
            Err(error) => Err(error.into()),
        };
        event.unwrap_or_else(|violation| self.close_for(violation, now))
    }

    /// Closes the connection after a violation. It cannot continue: the state of the decoder would be a guess.
    #[cold]
    fn close_for(&mut self, violation: ProtocolViolation, now: Instant) -> Option<ConnectionEvent<A>> {
        self.events.push_back(ConnectionEvent::ProtocolViolation(violation));
        self.violated = true;
        self.assembler.clear();
        self.engine.close(DisconnectReason::ForcedClose, now);
        None
    }

    fn handle_text(
        &mut self,
        whole: ByteString,
        start: usize,
        now: Instant,
    ) -> Result<Option<ConnectionEvent<A>>, ProtocolViolation> {
        self.assembler.text_arrived()?;
        let packet = self.engine.revision().decode(&whole[start..], self.config.max_attachments)?;
        match packet.kind {
            PacketKind::Event(head) => {
                let (ack, attachments) = (head.id, head.attachments);
                let Some(socket) = self.listener(packet.namespace)? else {
                    self.begin(Incomplete::Ignored, attachments, now);
                    return Ok(None);
                };
                let parts = head.parts(&whole);
                let event = packet::Event::from_parts(whole, parts);
                if attachments == 0 {
                    return Ok(Some(ConnectionEvent::Received { socket, event, ack }));
                }
                self.begin(Incomplete::Event { socket, event, ack }, attachments, now);
                Ok(None)
            }
            PacketKind::Ack { id, attachments, args } => {
                let incomplete = match self.listener(packet.namespace)? {
                    Some(socket) => Incomplete::Ack { socket, id, args: RawArgs::of_ack(&whole, args) },
                    None => Incomplete::Ignored,
                };
                if attachments == 0 {
                    return self.complete(incomplete, Vec::new());
                }
                self.begin(incomplete, attachments, now);
                Ok(None)
            }
            PacketKind::Connect { auth } => self.handle_connect(packet.namespace, auth).map(|()| None),
            PacketKind::Disconnect => self.handle_disconnect(packet.namespace).map(|()| None),
            PacketKind::ConnectError { .. } => Err(ProtocolViolation::Unexpected),
        }
    }

    /// Handles a CONNECT packet. A client that gave up a socket before the reply to its CONNECT arrived reports
    /// nothing and sends another CONNECT, so an existing socket ends here. If a reply was sent, the client may have
    /// read it and may consider itself connected.
    fn handle_connect(&mut self, namespace: &str, auth: Option<&str>) -> Result<(), ProtocolViolation> {
        let (before, again) = match self.sockets.find(namespace) {
            Some((_, State::Left)) => (None, true),
            Some((socket, state)) => (Some(socket), !matches!(state, State::Pending(None))),
            None => (None, false),
        };
        if let Some(socket) = before {
            self.remove(socket, DisconnectReason::ClientNamespaceDisconnect);
        }
        // A withdrawn request counts until the application has responded to it: its middleware is still running.
        if self.unanswered >= self.config.max_namespaces {
            return Err(ProtocolViolation::TooManyConnects);
        }
        // Copied, like the payload, so that a socket does not keep the whole message alive.
        let namespace =
            if namespace == "/" { ByteString::from_static("/") } else { ByteString::from(namespace) };
        let size = auth.map_or(0, str::len);
        let waiting = self.unanswered_bytes;
        // A single payload is accepted whatever its size.
        if size > 0 && waiting > 0 && waiting + size > self.config.max_parked_bytes {
            self.send_connect_error(&namespace, "Too much pending data", None);
            return Ok(());
        }
        match self.sockets.insert(namespace.clone(), again, &self.config) {
            Some(socket) => {
                self.unanswered += 1;
                self.unanswered_bytes += size;
                let auth = auth.map(ByteString::from);
                self.events.push_back(ConnectionEvent::Connect(Pending { socket, namespace, auth, size }));
            }
            None => self.send_connect_error(&namespace, "Too many namespaces", None),
        }
        Ok(())
    }

    fn handle_disconnect(&mut self, namespace: &str) -> Result<(), ProtocolViolation> {
        let (socket, _) = self.sockets.find(namespace).ok_or(ProtocolViolation::NotConnected)?;
        self.remove(socket, DisconnectReason::ClientNamespaceDisconnect);
        Ok(())
    }

    /// Returns the socket that an event or an ack is for. Returns `None` if the server has disconnected it, perhaps
    /// without the client knowing yet: the packet is then ignored.
    fn listener(&self, namespace: &str) -> Result<Option<SocketKey>, ProtocolViolation> {
        match self.sockets.find(namespace) {
            Some((socket, State::Connected(_) | State::Pending(Some(_)))) => Ok(Some(socket)),
            Some((_, State::Left)) => Ok(None),
            Some((_, State::Pending(None) | State::Ended(_))) | None => Err(ProtocolViolation::NotConnected),
        }
    }

    /// Starts to wait for the attachments of a packet, if it has any.
    fn begin(&mut self, incomplete: Incomplete<SocketKey>, attachments: usize, now: Instant) {
        if attachments > 0 {
            self.assembler.start(incomplete, attachments);
            self.attachments_deadline = Some(after(now, self.config.message_timeout()));
        }
    }

    fn complete(
        &mut self,
        incomplete: Incomplete<SocketKey>,
        attachments: Vec<Bytes>,
    ) -> Result<Option<ConnectionEvent<A>>, ProtocolViolation> {
        self.attachments_deadline = None;
        match incomplete {
            // The socket was disconnected before the last attachment arrived.
            Incomplete::Event { socket, .. } if !self.sockets.is_listening(socket) => Ok(None),
            Incomplete::Event { socket, event, ack } => {
                let event = event.with_attachments(attachments);
                if !event.args().is_consistent() {
                    return Err(ProtocolViolation::Placeholder);
                }
                Ok(Some(ConnectionEvent::Received { socket, event, ack }))
            }
            Incomplete::Ack { socket, id, args } => {
                let args = args.with_attachments(attachments);
                if !args.is_consistent() {
                    return Err(ProtocolViolation::Placeholder);
                }
                let token = self.acks.take(socket, id);
                Ok(token.map(|token| ConnectionEvent::Acknowledged { token, args }))
            }
            Incomplete::Ignored => Ok(None),
        }
    }
}
