use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;

use super::state::{Phase, Polling, State, Stream};
use super::{Action, Closed, ProtocolViolation};
use crate::engine::{Malformed, Outbox, Packet, read_payload, request_query, take_body};
use crate::{Encoded, LinkId, Message, Revision, Sid, Transport};

/// The Engine.IO session of a client. Packets to send become requests or messages of a stream; received packets become
/// events.
///
/// While polling, one GET is always in flight, and queued packets are sent by one POST at a time. An upgrade follows
/// the stock clients: the session probes the stream, starts no further requests, and switches to the stream when the
/// last request has completed. Pings are replied to.
///
/// See the [module documentation](super) for the drain rule.
#[derive(Debug)]
pub struct Session {
    revision: Revision,
    state: State,
    handshake: Option<Handshake>,
    /// Packets waiting to be sent.
    outbox: Outbox,
    /// Actions that `poll_action` has not returned yet.
    actions: VecDeque<Action>,
    events: VecDeque<SessionEvent>,
    next_link: LinkId,
    answers_pings: bool,
}

/// The data sent by a server when it opens a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handshake {
    /// The secret id of the session.
    pub sid: Sid,
    /// The transports the client may upgrade to.
    pub upgrades: Vec<Transport>,
    /// The interval between pings of the server.
    pub ping_interval: Duration,
    /// The time a ping may be overdue before the connection counts as lost.
    pub ping_timeout: Duration,
    /// The maximum size of a POST body in bytes, or `None` if the server did not announce one.
    pub max_payload: Option<usize>,
}

/// An event of a [`Session`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The server has opened the session.
    Opened(Handshake),
    /// The server sent a message.
    Message(Message),
    /// The session moved from polling to a message stream.
    Upgraded,
    /// The upgrade failed. The session continues by polling.
    UpgradeFailed,
    /// The session has ended. This is the last event. The driver can abandon any remaining request or stream.
    Closed(Closed),
}

/// State of the session.
impl Session {
    /// Returns the protocol revision of the session.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns the data that the server sent when it opened the session, or `None` before that.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.handshake.as_ref()
    }

    /// Returns the transport that packets are sent over, or `None` if the session has ended.
    pub fn transport(&self) -> Option<Transport> {
        match self.state {
            State::Opening { transport, .. } => Some(transport),
            State::Polling(_) => Some(Transport::Polling),
            State::Streaming(stream) | State::Closing(stream) => Some(stream.transport),
            State::Closed => None,
        }
    }

    /// Returns `true` if [`send`](Self::send) still accepts packets.
    pub fn is_open(&self) -> bool {
        match &self.state {
            State::Opening { .. } | State::Streaming(_) => true,
            State::Polling(polling) => !matches!(polling.phase, Phase::Leaving),
            State::Closing(_) | State::Closed => false,
        }
    }

    /// Returns `true` if the session has ended.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Returns the query of the next request over `transport`. Once the session is open, the query contains the session
    /// id, which is enough to post as this client.
    pub fn query(&self, transport: Transport) -> String {
        request_query(self.revision, transport, self.handshake.as_ref().map(|handshake| &handshake.sid))
    }
}

/// Input from the network.
impl Session {
    /// Creates a session to be opened over `transport`. Packets sent before the server has opened it are queued.
    pub fn open(revision: Revision, transport: Transport) -> Self {
        let link = LinkId::new(1);
        let first = match transport.is_stream() {
            true => Action::Open { link, transport },
            false => Action::Get { link },
        };
        Self {
            revision,
            state: State::Opening { link, transport },
            handshake: None,
            outbox: Outbox::default(),
            actions: VecDeque::from([first]),
            events: VecDeque::new(),
            next_link: link.next(),
            answers_pings: true,
        }
    }

    /// Handles the body of a response with status 200.
    pub fn handle_answer(&mut self, link: LinkId, body: Bytes) {
        match &mut self.state {
            State::Opening { link: opening, transport } if *opening == link && !transport.is_stream() => {
                self.take_payload(body);
            }
            State::Polling(polling) if polling.get == Some(link) => {
                polling.get = None;
                self.take_payload(body);
            }
            // Nothing hangs on the body.
            State::Polling(polling) if polling.post == Some(link) => polling.post = None,
            _ => {}
        }
        self.finish_if_quiet();
    }

    /// Handles a message received over a stream.
    pub fn handle_message(&mut self, link: LinkId, message: Message) {
        let (received, text) = match message {
            Message::Text(text) => (None, text),
            Message::Binary(bytes) => (Some(self.revision.read_binary(bytes)), ByteString::new()),
        };
        let received = match received {
            Some(bytes) => bytes.map(Packet::Binary),
            None => self.revision.read_text(&text),
        };
        let received = received.map(|packet| (packet, &text));
        match &mut self.state {
            State::Opening { link: opened, transport } if *opened == link && transport.is_stream() => {
                self.take_received(received);
            }
            State::Streaming(stream) | State::Closing(stream) if stream.link == link => {
                self.take_received(received);
            }
            State::Polling(polling) => match (&polling.phase, received) {
                (Phase::Probing(stream), Ok((Packet::Pong { probe: true }, _))) if stream.link == link => {
                    polling.phase = Phase::Pausing(*stream);
                    self.finish_if_quiet();
                }
                (Phase::Probing(stream) | Phase::Pausing(stream), _) if stream.link == link => {
                    self.actions.push_back(Action::Close { link });
                    self.fail_upgrade();
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Handles the end of a stream, or a request that failed or got a status other than 200.
    pub fn handle_lost(&mut self, link: LinkId) {
        match &self.state {
            State::Opening { link: lost, .. } | State::Streaming(Stream { link: lost, .. })
                if *lost == link =>
            {
                self.end(Closed::Lost);
            }
            State::Closing(stream) if stream.link == link => self.end(Closed::ByClient),
            State::Polling(polling) if polling.candidate() == Some(link) => self.fail_upgrade(),
            State::Polling(polling) if [polling.get, polling.post].contains(&Some(link)) => {
                let left = matches!(polling.phase, Phase::Leaving);
                self.end(if left { Closed::ByClient } else { Closed::Lost });
            }
            _ => {}
        }
    }
}

/// Requests of the application.
impl Session {
    /// Queues a packet for the current transport. Returns `false` if the session has ended or is closing.
    pub fn send(&mut self, packet: Encoded) -> bool {
        let open = self.is_open();
        if open {
            self.outbox.push(packet);
        }
        open
    }

    /// Starts an upgrade to a message stream of this transport. Returns `false` if `transport` is not a stream, if the
    /// session is not polling, or if an upgrade has already started. Otherwise [`Upgraded`](SessionEvent::Upgraded),
    /// [`UpgradeFailed`](SessionEvent::UpgradeFailed) or the end of the session follows.
    pub fn upgrade(&mut self, transport: Transport) -> bool {
        let State::Polling(polling @ Polling { phase: Phase::Steady, .. }) = &mut self.state else {
            return false;
        };
        if !transport.is_stream() {
            return false;
        }
        let link = take_link(&mut self.next_link);
        polling.phase = Phase::Probing(Stream { link, transport });
        self.actions.push_back(Action::Open { link, transport });
        self.actions.push_back(Action::Send { link, packet: self.revision.probe() });
        true
    }

    /// Closes the session after the packets already queued: closes the stream, or sends a CLOSE packet when polling.
    /// The session ends when the server has responded.
    pub fn close(&mut self) {
        match &mut self.state {
            State::Opening { .. } => self.end(Closed::ByClient),
            State::Polling(Polling { phase: Phase::Leaving, .. }) => {}
            State::Polling(polling) => {
                let candidate = polling.candidate();
                self.outbox.push(self.revision.close());
                if let Some(link) = candidate {
                    self.actions.push_back(Action::Close { link });
                    self.fail_upgrade();
                }
                if let State::Polling(polling) = &mut self.state {
                    polling.phase = Phase::Leaving;
                }
            }
            State::Streaming(stream) => {
                let (stream, link) = (*stream, stream.link);
                while let Some(packet) = self.outbox.pop() {
                    let packet = self.revision.for_stream(packet, false);
                    self.actions.push_back(Action::Send { link, packet });
                }
                self.actions.push_back(Action::Close { link });
                self.state = State::Closing(stream);
            }
            State::Closing(_) | State::Closed => {}
        }
    }

    /// Ends the session immediately, as if the network had failed. Queued packets are dropped.
    pub fn abort(&mut self) {
        self.end(Closed::ByClient);
    }

    /// Enables replies to pings. Default: `true`. A server closes the session of a client that does not reply.
    pub fn answer_pings(&mut self, answer: bool) {
        self.answers_pings = answer;
    }
}

/// Output.
impl Session {
    /// Returns the next event.
    pub fn poll(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// Returns the next action for the driver.
    pub fn poll_action(&mut self) -> Option<Action> {
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        match &mut self.state {
            State::Polling(polling) if polling.polls() => {
                let link = take_link(&mut self.next_link);
                polling.get = Some(link);
                Some(Action::Get { link })
            }
            State::Polling(polling) if polling.posts() && !self.outbox.is_empty() => {
                let link = take_link(&mut self.next_link);
                polling.post = Some(link);
                let max = self.handshake.as_ref().and_then(|handshake| handshake.max_payload);
                let body = take_body(&mut self.outbox, self.revision, max.unwrap_or(usize::MAX));
                Some(Action::Post { link, body })
            }
            State::Streaming(stream) => {
                let packet = self.outbox.pop()?;
                Some(Action::Send { link: stream.link, packet: self.revision.for_stream(packet, false) })
            }
            State::Opening { .. } | State::Polling(_) | State::Closing(_) | State::Closed => None,
        }
    }
}

impl Session {
    /// Handles the packets in the response to a GET.
    fn take_payload(&mut self, body: Bytes) {
        let Ok(body) = ByteString::try_from(body) else { return self.violated(ProtocolViolation::Malformed) };
        for packet in read_payload(&body, self.revision) {
            match packet {
                Ok(packet) => self.take_packet(&body, packet),
                Err(malformed) => self.violated(malformed.into()),
            }
        }
    }

    /// Handles a message of the stream the session uses.
    fn take_received(&mut self, received: Result<(Packet<'_>, &ByteString), Malformed>) {
        match received {
            Ok((packet, text)) => self.take_packet(text, packet),
            Err(malformed) => self.violated(malformed.into()),
        }
    }

    /// Handles a packet whose text is part of `whole`.
    fn take_packet(&mut self, whole: &ByteString, packet: Packet<'_>) {
        match (packet, &self.state) {
            (_, State::Closed) => {}
            (Packet::Open(json), State::Opening { link, transport }) => {
                let state = match transport.is_stream() {
                    true => State::Streaming(Stream { link: *link, transport: *transport }),
                    false => State::Polling(Polling::default()),
                };
                match self.revision.read_open(json) {
                    Some(handshake) => {
                        self.state = state;
                        self.handshake = Some(handshake.clone());
                        self.events.push_back(SessionEvent::Opened(handshake));
                    }
                    None => self.violated(ProtocolViolation::Handshake),
                }
            }
            (_, State::Opening { .. }) => self.violated(ProtocolViolation::Handshake),
            (Packet::Text(text), _) => {
                let text = Message::Text(whole.slice_ref(text));
                self.events.push_back(SessionEvent::Message(text));
            }
            (Packet::Binary(bytes), _) => {
                self.events.push_back(SessionEvent::Message(Message::Binary(bytes)));
            }
            (Packet::Close, _) => self.end(Closed::ByServer),
            (Packet::Ping { .. }, _) => {
                if self.answers_pings {
                    self.send(self.revision.pong());
                }
            }
            (Packet::Open(_) | Packet::Pong { .. } | Packet::Upgrade | Packet::Noop, _) => {}
        }
    }

    /// Abandons the upgrade after the loss of its stream.
    fn fail_upgrade(&mut self) {
        if let State::Polling(polling) = &mut self.state {
            polling.phase = Phase::Steady;
            self.events.push_back(SessionEvent::UpgradeFailed);
        }
    }

    /// Completes a pending upgrade or close once no request is in flight.
    fn finish_if_quiet(&mut self) {
        let State::Polling(polling) = &self.state else { return };
        match polling.phase {
            Phase::Pausing(stream) if polling.is_quiet() => {
                self.state = State::Streaming(stream);
                self.actions.push_back(Action::Send { link: stream.link, packet: self.revision.upgrade() });
                self.events.push_back(SessionEvent::Upgraded);
            }
            Phase::Leaving if polling.is_quiet() && self.outbox.is_empty() => self.end(Closed::ByClient),
            _ => {}
        }
    }

    /// Ends the session because of a message already returned by [`poll`](Self::poll). Events after that message are
    /// dropped.
    pub(super) fn fail(&mut self, violation: ProtocolViolation) {
        self.events.retain(|event| matches!(event, SessionEvent::Closed(_)));
        self.violated(violation);
    }

    /// Ends the session: after a violation, the state of the decoder is unknown.
    fn violated(&mut self, violation: ProtocolViolation) {
        self.end(Closed::Violated(violation));
    }

    fn end(&mut self, closed: Closed) {
        if !self.is_closed() {
            self.state = State::Closed;
            self.outbox.clear();
            self.actions.clear();
            self.events.push_back(SessionEvent::Closed(closed));
        }
    }
}

fn take_link(next: &mut LinkId) -> LinkId {
    let link = *next;
    *next = link.next();
    link
}
