use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;

use super::state::{Phase, Polling, State, Stream};
use super::{Action, Closed, ProtocolViolation};
use crate::engine::{Malformed, Outbox, Packet, read_payload, request_query, take_body};
use crate::{Encoded, LinkId, Message, Revision, Sid, Transport};

/// The Engine.IO session of a client: what is sent becomes requests or messages of a stream, what is received becomes events.
///
/// While it polls, one GET is always under way, and one POST at a time carries what waits. An upgrade takes place as the stock
/// clients do it: the stream is probed, then no request begins any more, and when the last has ended, the stream takes over.
/// Pings are answered.
///
/// The [module](super) has the rule by which it is driven.
#[derive(Debug)]
pub struct Session {
    revision: Revision,
    state: State,
    handshake: Option<Handshake>,
    /// Packets that wait for a transport.
    outbox: Outbox,
    /// What is decided and only has to be done.
    actions: VecDeque<Action>,
    events: VecDeque<SessionEvent>,
    next_link: LinkId,
    answers_pings: bool,
}

/// What a server says when it opens a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handshake {
    /// The secret name of the session.
    pub sid: Sid,
    /// The transports that the client may upgrade to.
    pub upgrades: Vec<Transport>,
    /// How often the server pings.
    pub ping_interval: Duration,
    /// How late a ping may be.
    pub ping_timeout: Duration,
    /// The bytes that a POST may have; none if the server does not say.
    pub max_payload: Option<usize>,
}

/// What happened in a [`Session`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The server has opened the session.
    Opened(Handshake),
    /// A message has come.
    Message(Message),
    /// The session moved from polling to a message stream.
    Upgraded,
    /// The stream was no success: the session goes on by polling.
    UpgradeFailed,
    /// The session has ended. Nothing follows; whatever request or stream there is can be given up.
    Closed(Closed),
}

/// Getters.
impl Session {
    /// The revision that it speaks.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns what the server said when it opened the session; none before that.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.handshake.as_ref()
    }

    /// Returns the transport that packets go to; none if the session has ended.
    pub fn transport(&self) -> Option<Transport> {
        match self.state {
            State::Opening { transport, .. } => Some(transport),
            State::Polling(_) => Some(Transport::Polling),
            State::Streaming(stream) | State::Closing(stream) => Some(stream.transport),
            State::Closed => None,
        }
    }

    /// Whether [`send`](Self::send) still takes packets.
    pub fn is_open(&self) -> bool {
        match &self.state {
            State::Opening { .. } | State::Streaming(_) => true,
            State::Polling(polling) => !matches!(polling.phase, Phase::Leaving),
            State::Closing(_) | State::Closed => false,
        }
    }

    /// Whether the session has ended.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Returns the query of the next request over this transport. It names the session, once there is one: whoever reads it
    /// can post as the client.
    pub fn query(&self, transport: Transport) -> String {
        request_query(self.revision, transport, self.handshake.as_ref().map(|handshake| &handshake.sid))
    }
}

/// From the network.
impl Session {
    /// A session that is to be opened over this transport. What is sent before the server has opened it waits.
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

    /// A request was answered with the status 200 and this body.
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
        self.rest();
    }

    /// A message came over a stream.
    pub fn handle_message(&mut self, link: LinkId, message: &Message) {
        let received = match message {
            Message::Text(text) => self.revision.read_text(text).map(|packet| (packet, text.clone())),
            Message::Binary(bytes) => {
                self.revision.read_binary(bytes).map(|bytes| (Packet::Binary(bytes), ByteString::new()))
            }
        };
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
                    self.rest();
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

    /// A request was refused, was answered with another status than 200, or has failed; or a stream has ended.
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

/// From the application.
impl Session {
    /// Sends a packet over whatever transport there is; false if the session has ended or is about to.
    pub fn send(&mut self, packet: Encoded) -> bool {
        let open = self.is_open();
        if open {
            self.outbox.push(packet);
        }
        open
    }

    /// Tries a message stream of this transport out, to move there. False if the transport is none of streams, the session
    /// does not speak by polling, or it has begun to upgrade already. Otherwise [`Upgraded`](SessionEvent::Upgraded) or
    /// [`UpgradeFailed`](SessionEvent::UpgradeFailed) follows, or the end.
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

    /// Ends the session in order, after what was sent: a stream is closed, and a server that is polled is told so. The session
    /// has ended when the server has taken notice.
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

    /// Ends the session at once, as when the network is lost: what waits is dropped.
    pub fn abort(&mut self) {
        self.end(Closed::ByClient);
    }

    /// Sets whether pings are answered, as they are by default. A server gives up a client that answers none.
    pub fn answer_pings(&mut self, answer: bool) {
        self.answers_pings = answer;
    }
}

/// What has to be done.
impl Session {
    /// Returns what has happened.
    pub fn poll(&mut self) -> Option<SessionEvent> {
        self.events.pop_front()
    }

    /// Returns what the driver has to do.
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
    /// Takes the packets of the answer to a GET.
    fn take_payload(&mut self, body: Bytes) {
        let Ok(body) = ByteString::try_from(body) else { return self.violated(ProtocolViolation::Malformed) };
        for packet in read_payload(&body, self.revision) {
            match packet {
                Ok(packet) => self.take_packet(&body, packet),
                Err(malformed) => self.violated(malformed.into()),
            }
        }
    }

    /// Takes a message of the stream that the session speaks over.
    fn take_received(&mut self, received: Result<(Packet<'_>, ByteString), Malformed>) {
        match received {
            Ok((packet, text)) => self.take_packet(&text, packet),
            Err(malformed) => self.violated(malformed.into()),
        }
    }

    /// Takes a packet, whose text is a part of `whole`.
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

    /// The stream is gone that was to take over.
    fn fail_upgrade(&mut self) {
        if let State::Polling(polling) = &mut self.state {
            polling.phase = Phase::Steady;
            self.events.push_back(SessionEvent::UpgradeFailed);
        }
    }

    /// Does what waited for the end of the last request.
    fn rest(&mut self) {
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

    /// Ends the session for a message that was taken from [`poll`](Self::poll). What came behind it does not count.
    pub(super) fn refuse(&mut self, violation: ProtocolViolation) {
        self.events.retain(|event| matches!(event, SessionEvent::Closed(_)));
        self.violated(violation);
    }

    /// There is no way on after a broken rule: decoder and state would be guesses.
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
