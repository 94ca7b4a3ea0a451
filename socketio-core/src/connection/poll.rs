use std::collections::VecDeque;
use std::time::Instant;

use super::sockets::ParkOutcome;
use super::{Connection, ConnectionEvent, SocketKey};
use crate::engine::Transmit;
use crate::packet::{self, AckId};
use crate::{LinkId, Message};

/// Output to the driver.
impl<A> Connection<A> {
    /// Returns the next action on a link. Call this after every `&mut` call, until it returns `None`.
    ///
    /// ```
    #[doc = include_str!("opened.txt")]
    /// let Some(Transmit::Message { packet, .. }) = connection.poll_transmit() else { panic!("the OPEN packet") };
    /// assert!(packet.text().starts_with(br#"0{"sid":"#));
    /// assert!(connection.poll_transmit().is_none());
    /// ```
    #[must_use = "a link that is not served leaves its client waiting"]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.engine.poll_transmit()
    }

    /// Returns the next event. Call this after every `&mut` call, until it returns `None`.
    ///
    /// ```
    #[doc = include_str!("connected.txt")]
    /// connection.resume(socket);
    /// connection.handle_message(link, Message::Text(r#"42["greeting","hello"]"#.into()), now);
    /// while let Some(event) = connection.poll(now) {
    ///     match event {
    ///         ConnectionEvent::Received { event, .. } => assert_eq!(event.name(), "greeting"),
    ///         event => panic!("{event:?}"),
    ///     }
    /// }
    /// ```
    #[must_use = "an event that is discarded is lost"]
    pub fn poll(&mut self, now: Instant) -> Option<ConnectionEvent<A>> {
        loop {
            let event = self.next_event();
            if event.is_some() || !self.engine.is_reading() {
                return event;
            }
            self.engine.read_body(now);
            self.receive(now);
        }
    }

    /// Handles a message that was received over a stream, and returns the next event. Equivalent to
    /// [`handle_message`](Self::handle_message) followed by one [`poll`](Self::poll). An event that may be delivered
    /// while no other waits is returned without being queued.
    ///
    /// ```
    #[doc = include_str!("connected.txt")]
    /// connection.resume(socket);
    /// let event = connection.poll_message(link, Message::Text(r#"42["greeting","hello"]"#.into()), now);
    /// assert!(matches!(event, Some(ConnectionEvent::Received { event, .. }) if event.name() == "greeting"));
    /// assert!(connection.poll(now).is_none());
    /// ```
    #[must_use = "an event that is discarded is lost"]
    pub fn poll_message(
        &mut self,
        link: LinkId,
        message: Message,
        now: Instant,
    ) -> Option<ConnectionEvent<A>> {
        let event = self.receive_message(link, message, now);
        if let Some(ConnectionEvent::Received { socket, .. }) = event
            && !self.is_behind()
            && self.sockets.passes(socket, self.parked)
        {
            return event;
        }
        self.events.extend(event);
        self.receive(now);
        self.poll(now)
    }

    fn next_event(&mut self) -> Option<ConnectionEvent<A>> {
        while !self.parked
            && let Some(&socket) = self.resumed.last()
        {
            match self.sockets.unpark(socket) {
                Some((event, ack)) => {
                    self.resumed.rotate_right(1);
                    return Some(ConnectionEvent::Received { socket, event, ack });
                }
                None => self.resumed.pop(),
            };
        }
        while let Some(event) = self.events.pop_front() {
            match event {
                ConnectionEvent::Received { socket, event, ack }
                    if !self.sockets.passes(socket, self.parked) =>
                {
                    if let Some(full) = self.park_event(socket, event, ack) {
                        return Some(full);
                    }
                }
                event => {
                    if let ConnectionEvent::Disconnected { socket, .. } = event {
                        self.sockets.retire(socket);
                    }
                    return Some(event);
                }
            }
        }
        if self.events.capacity() > self.engine.kept_capacity() {
            self.events = VecDeque::new();
        }
        None
    }

    /// Parks an event that does not pass its gate. Returns the event that reports that no more can be parked.
    fn park_event(
        &mut self,
        socket: SocketKey,
        event: packet::Event,
        ack: Option<AckId>,
    ) -> Option<ConnectionEvent<A>> {
        match self.sockets.park(socket, event, ack, &self.config) {
            // Its own gate may be open; then no `resume` follows.
            ParkOutcome::Waits if self.parked => {
                if !self.resumed.contains(&socket) {
                    self.resumed.insert(0, socket);
                }
                None
            }
            ParkOutcome::Waits | ParkOutcome::Dropped => None,
            // Reported once the socket is accepted.
            ParkOutcome::Full if self.sockets.is_pending(socket) => None,
            ParkOutcome::Full => Some(ConnectionEvent::ParkingFull { socket }),
        }
    }

    /// Returns the time at which [`handle_timeout`](Self::handle_timeout) must be called. May change with any `&mut`
    /// call.
    ///
    /// ```
    #[doc = include_str!("opened.txt")]
    /// let deadline = connection.poll_timeout().expect("the next ping");
    /// assert!(deadline > now && deadline <= now + config.ping_interval);
    /// connection.handle_timeout(deadline);
    /// while connection.poll_transmit().is_some() {} // the OPEN packet and a ping
    /// ```
    #[must_use = "without its timer a connection neither pings nor times out"]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let earlier = |a: Option<Instant>, b: Option<Instant>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let deadlines = earlier(self.connect_deadline, self.attachments_deadline);
        earlier(self.engine.poll_timeout(), earlier(deadlines, self.acks.timeout()))
    }
}
