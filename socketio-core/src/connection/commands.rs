use std::time::Instant;

use bytestring::ByteString;

use super::{Accept, AckFailure, AckRequest, Connection, ConnectionEvent, Pending, SocketKey};
use crate::engine::Transmit;
use crate::packet::RawJson;
use crate::{DisconnectReason, Encoded};

/// Commands of the application.
impl<A> Connection<A> {
    /// Connects the client to the namespace and sends it the id of its socket. The events of the socket are parked
    /// until [`resume`](Self::resume). Returns `None` if the client has left meanwhile.
    ///
    /// ```
    #[doc = include_str!("opened.txt")]
    /// connection.handle_message(link, Message::Text("40".into()), now);
    /// let Some(ConnectionEvent::Connect(pending)) = connection.poll(now) else { panic!("a connection request") };
    /// let accept = Accept::new(SocketId::from_entropy([8; 15])); // use a cryptographic generator
    /// if let Some(socket) = connection.accept(pending, accept) {
    ///     connection.resume(socket);
    /// }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "`Accept` may get fields that are moved")]
    pub fn accept(&mut self, pending: Pending, accept: Accept) -> Option<SocketKey> {
        let Accept { id } = accept;
        let (socket, namespace) = self.settle(pending);
        if !self.sockets.connect(socket) {
            return None;
        }
        self.connect_deadline = None;
        self.engine.send(self.engine.revision().connect(&namespace, &id));
        if self.sockets.is_full(socket) {
            self.events.push_back(ConnectionEvent::ParkingFull { socket });
        }
        Some(socket)
    }

    /// Rejects the connection request with a `CONNECT_ERROR` packet. The client may send another request; its other
    /// sockets are not affected.
    ///
    /// ```
    #[doc = include_str!("opened.txt")]
    /// connection.handle_message(link, Message::Text("40/admin".into()), now);
    /// let Some(ConnectionEvent::Connect(pending)) = connection.poll(now) else { panic!("a connection request") };
    /// connection.reject(pending, "not allowed", None);
    /// ```
    pub fn reject(&mut self, pending: Pending, message: &str, data: Option<&RawJson>) {
        let (socket, namespace) = self.settle(pending);
        if self.sockets.reject(socket) {
            self.drop_received(socket);
            self.send_connect_error(&namespace, message, data);
        }
    }

    /// Rejects the request for a namespace that does not exist, with the message of the Node server.
    ///
    /// ```
    #[doc = include_str!("opened.txt")]
    /// while connection.poll_transmit().is_some() {}
    /// connection.handle_message(link, Message::Text("40/nowhere".into()), now);
    /// let Some(ConnectionEvent::Connect(pending)) = connection.poll(now) else { panic!("a connection request") };
    /// connection.reject_unknown(pending);
    /// let Some(Transmit::Message { packet, .. }) = connection.poll_transmit() else { panic!("a CONNECT_ERROR") };
    /// assert_eq!(packet.text(), br#"44/nowhere,{"message":"Invalid namespace"}"#);
    /// ```
    pub fn reject_unknown(&mut self, pending: Pending) {
        self.reject(pending, "Invalid namespace", None);
    }

    /// Sends a packet, which must have been encoded for the namespace of the socket. Returns `false` if the socket is
    /// not connected.
    ///
    /// If there is an ack `request`, its token is returned by [`poll`](Self::poll) exactly once: with the ack, or
    /// with the reason why there is none.
    ///
    /// ```
    #[doc = include_str!("connected.txt")]
    /// let id = AckId(0);
    /// let packet = Encoder::default().event("/", "ready?", "Ann", Some(id)).expect("valid JSON");
    /// assert!(connection.send(socket, packet, Some(AckRequest::new(id, "token", None))));
    ///
    /// connection.handle_message(link, Message::Text("430[true]".into()), now);
    /// let event = connection.poll(now);
    /// assert!(matches!(event, Some(ConnectionEvent::Acknowledged { token: "token", .. })));
    /// ```
    pub fn send(&mut self, socket: SocketKey, packet: Encoded, request: Option<AckRequest<A>>) -> bool {
        let sent = self.sockets.is_connected(socket) && self.engine.send(packet);
        if let Some(AckRequest { id, token, deadline }) = request {
            let (lost, why) = match sent {
                true => (self.acks.insert(socket, id, token, deadline), AckFailure::Replaced),
                false => (Some(token), AckFailure::Disconnected),
            };
            self.events.extend(lost.map(|token| ConnectionEvent::AckFailed { token, why }));
        }
        sent
    }

    /// Sends a packet like [`send`](Self::send), without an ack request. If nothing is queued before it and it can leave
    /// over a message stream, the action is returned; otherwise, the packet is queued for
    /// [`poll_transmit`](Self::poll_transmit). Also returns `None` if the socket is not connected; the packet is then
    /// discarded.
    ///
    /// ```
    #[doc = include_str!("connected.txt")]
    /// # while connection.poll_transmit().is_some() {}
    /// let packet = Encoder::default().event("/", "greeting", "hello", None).expect("valid JSON");
    /// let transmit = connection.send_at_once(socket, packet);
    /// assert!(matches!(transmit, Some(Transmit::Message { .. })));
    /// assert!(connection.poll_transmit().is_none());
    /// ```
    #[must_use = "a packet that is returned has not been queued"]
    pub fn send_at_once(&mut self, socket: SocketKey, packet: Encoded) -> Option<Transmit> {
        if !self.sockets.is_connected(socket) {
            return None;
        }
        self.engine.send_at_once(packet)
    }

    /// Parks the events of a socket from now on. Acks and the end of the socket are never parked.
    ///
    /// ```
    #[doc = include_str!("connected.txt")]
    /// connection.resume(socket);
    /// connection.park(socket);
    /// connection.handle_message(link, Message::Text(r#"42["greeting"]"#.into()), now);
    /// assert!(connection.poll(now).is_none());
    /// assert!(connection.holds(socket));
    ///
    /// connection.resume(socket);
    /// assert!(matches!(connection.poll(now), Some(ConnectionEvent::Received { .. })));
    /// ```
    pub fn park(&mut self, socket: SocketKey) {
        self.sockets.shut(socket);
    }

    /// Delivers the events of a socket again, starting with those that were parked.
    pub fn resume(&mut self, socket: SocketKey) {
        if self.sockets.open(socket) && !self.resumed.contains(&socket) {
            self.resumed.push(socket);
        }
    }

    /// Parks the events of all sockets from now on, in addition to sockets that are [parked](Self::park)
    /// individually. This applies back-pressure to the client as a whole. Acks, connection requests and the ends of
    /// sockets are never parked.
    pub fn park_all(&mut self) {
        self.parked = true;
    }

    /// Delivers the events of all sockets that are not parked individually. Parked events are delivered round-robin,
    /// one of each socket in turn.
    pub fn resume_all(&mut self) {
        self.parked = false;
    }

    /// Returns `true` if the events of all sockets are parked.
    pub fn is_parked(&self) -> bool {
        self.parked
    }

    /// Drops the parked events of a socket and returns their number. A disconnected socket keeps its parked events
    /// until they have been delivered or are dropped here.
    ///
    /// ```
    #[doc = include_str!("connected.txt")]
    /// connection.park(socket);
    /// connection.handle_message(link, Message::Text(r#"42["greeting"]"#.into()), now);
    /// assert!(connection.poll(now).is_none());
    /// assert_eq!(connection.forget(socket), 1);
    /// ```
    pub fn forget(&mut self, socket: SocketKey) -> usize {
        self.sockets.forget(socket)
    }

    /// Returns `true` if events of the socket are parked. They are delivered when the socket is
    /// [resumed](Self::resume), even after its end.
    pub fn holds(&self, socket: SocketKey) -> bool {
        self.sockets.holds(socket)
    }

    /// Returns `true` if the client is still waiting for the reply to its connection request.
    pub fn is_pending(&self, pending: &Pending) -> bool {
        self.sockets.is_pending(pending.socket)
    }

    /// Disconnects a socket. Packets that the client sends to it before it learns of the disconnect are ignored.
    ///
    /// Does nothing if the socket is not connected: a stale key does not affect a later socket of the same namespace.
    ///
    /// ```
    #[doc = include_str!("connected.txt")]
    /// connection.disconnect(socket);
    /// let event = connection.poll(now);
    /// assert!(matches!(event, Some(ConnectionEvent::Disconnected { socket: ended, .. }) if ended == socket));
    /// ```
    pub fn disconnect(&mut self, socket: SocketKey) {
        if self.sockets.is_connected(socket) {
            self.leave(socket);
        }
    }

    /// Disconnects all sockets and closes the connection.
    ///
    /// ```
    #[doc = include_str!("connected.txt")]
    /// while connection.poll_transmit().is_some() {}
    /// connection.disconnect_client(now);
    /// let Some(Transmit::Message { packet, .. }) = connection.poll_transmit() else { panic!("a DISCONNECT") };
    /// assert_eq!(packet.text(), b"41");
    /// assert!(matches!(connection.poll_transmit(), Some(Transmit::Close { .. })));
    /// ```
    pub fn disconnect_client(&mut self, now: Instant) {
        for socket in self.sockets.keys() {
            self.leave(socket);
        }
        self.close(DisconnectReason::ForcedServerClose, now);
    }

    /// Closes the connection after the packets that were sent before. A polling client is given time to fetch them,
    /// unless it has no socket and nothing is queued for it.
    ///
    /// ```
    #[doc = include_str!("connected.txt")]
    /// # use socketio_core::DisconnectReason;
    /// while connection.poll_transmit().is_some() {}
    /// connection.close(DisconnectReason::ServerShuttingDown, now);
    /// assert!(matches!(connection.poll_transmit(), Some(Transmit::Close { .. })));
    /// assert!(connection.is_finished());
    /// ```
    pub fn close(&mut self, reason: DisconnectReason, now: Instant) {
        let without_sockets = self.sockets.is_empty() && self.engine.is_open();
        self.engine.close(reason, now);
        if without_sockets {
            self.engine.forget();
        }
        self.receive(now);
    }

    /// Records that the application has answered a connection request.
    fn settle(&mut self, pending: Pending) -> (SocketKey, ByteString) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.unanswered_bytes = self.unanswered_bytes.saturating_sub(pending.size);
        (pending.socket, pending.namespace)
    }

    /// Ends a socket on behalf of the server: disconnects it, or gives up on a pending one.
    fn leave(&mut self, socket: SocketKey) {
        let Some(namespace) = self.sockets.namespace(socket) else { return };
        let packet = self.engine.revision().disconnect(namespace);
        let connected = self.sockets.is_connected(socket);
        self.sockets.leave(socket);
        self.drop_received(socket);
        if connected {
            self.engine.send(packet);
            self.report_end(socket, DisconnectReason::ServerNamespaceDisconnect);
        }
    }
}
