use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

mod closing;
use closing::respond;

mod links;

mod posting;
use posting::Posting;

mod requests;

mod received;
pub(crate) use received::Received;

use super::heartbeat::{Beat, Heartbeat};
use super::outbox::Outbox;
use super::upgrade::Candidate;
use super::{Control, Open, SessionEvent, Transmit};
use crate::time::{after, earlier};
use crate::{Config, DisconnectReason, Encoded, LinkId, Message, Revision, Sid, Transport};

/// The Engine.IO session of one client: what it said over its transports becomes messages, what is sent
/// to it becomes packets on whichever transport it has.
///
/// The methods come in the four families of [`Connection`](crate::Connection), which contains a session;
/// it is public so that Engine.IO can be used and tested alone. The same rule holds: after any call that
/// takes `&mut self`, [`poll`](Self::poll) until `None`, [`poll_transmit`](Self::poll_transmit) until
/// `None`, then [`poll_timeout`](Self::poll_timeout). A body is decoded as it is polled; while
/// [`is_behind`](Self::is_behind), hand over no further message.
#[derive(Debug)]
pub struct Session {
    config: Arc<Config>,
    revision: Revision,
    state: State,
    heartbeat: Heartbeat,
    /// Packets that wait for a transport.
    outbox: Outbox,
    /// What is decided and only has to be done.
    transmits: VecDeque<Transmit>,
    events: VecDeque<SessionEvent>,
    /// A POST that has not been answered.
    posting: Option<Posting>,
    /// The GET whose packets have been handed out and are not delivered: they are lost if it is.
    undelivered: Option<LinkId>,
    /// Whether the client wants base64 on its message stream.
    base64: bool,
    /// Whether a GET has come: the first one opened the session.
    polled: bool,
    /// Whether packets are about to be sent that a parked GET had better wait for.
    answering: bool,
}

/// ```text
///   open(polling) ──▶ Polling ◀──▶ Polling + candidate ──`5`──▶ Streaming
///   open(websocket) ──▶ Opening ──attach──────────────────────▶ Streaming
///
///   Polling, no GET parked ──close, `1`──▶ Lingering ──GET, or time──▶ Closed
///   any ──close, fault, death, loss of the link──────────────────▶ Closed
/// ```
#[derive(Debug)]
enum State {
    /// A session born on a message stream that is not attached yet.
    Opening {
        transport: Transport,
    },
    Polling {
        /// The GET that waits for packets.
        parked: Option<LinkId>,
        /// A message stream that may take over.
        candidate: Option<Box<Candidate>>,
        /// When the client must have come back that has opened the session; none once it has.
        return_by: Option<Instant>,
    },
    Streaming {
        link: LinkId,
        transport: Transport,
        /// When the message must be whole that has begun to come.
        whole_by: Option<Instant>,
    },
    /// Closed; the next GET fetches the last packets, or the one that is its end.
    Lingering {
        until: Instant,
        end: Control,
    },
    Closed,
}

/// Getters.
impl Session {
    /// The revision that the client asked for.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The transport packets go to.
    pub fn transport(&self) -> Transport {
        match self.state {
            State::Opening { transport } | State::Streaming { transport, .. } => transport,
            State::Polling { .. } | State::Lingering { .. } | State::Closed => Transport::Polling,
        }
    }

    /// Whether [`send`](Self::send) still takes packets.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Lingering { .. } | State::Closed)
    }

    /// Whether the session is on requests, and may move to a message stream.
    #[inline]
    pub(crate) fn is_polling(&self) -> bool {
        matches!(self.state, State::Polling { .. })
    }

    /// Whether nothing will ever happen again, apart from what [`poll_transmit`](Self::poll_transmit)
    /// and [`poll`](Self::poll) still hold.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether a packet that is sent now could leave at once: over a message stream, or with the answer to a GET that
    /// waits.
    pub fn is_writable(&self) -> bool {
        matches!(self.state, State::Streaming { .. } | State::Polling { parked: Some(_), .. })
    }

    /// The GET whose answer has packets and has not been [delivered](Self::handle_delivered).
    #[inline]
    pub fn undelivered(&self) -> Option<LinkId> {
        self.undelivered
    }

    /// How many bytes wait for the transport.
    pub fn queued_bytes(&self) -> usize {
        self.outbox.size()
    }

    /// Whether received input waits to be taken by [`poll`](Self::poll).
    #[inline]
    pub fn is_behind(&self) -> bool {
        !self.events.is_empty() || self.is_reading()
    }

    /// Whether a body has arrived and is not decoded to its end.
    #[inline]
    pub(crate) fn is_reading(&self) -> bool {
        self.posting.as_ref().is_some_and(Posting::is_reading)
    }

    /// Returns how many bytes of a received body have not been decoded.
    #[inline]
    pub fn unread_bytes(&self) -> usize {
        self.posting.as_ref().map_or(0, Posting::unread_bytes)
    }
}

/// From the network.
impl Session {
    /// A session whose client asked for it with `open`. Its OPEN packet leaves with the first
    /// [`handle_poll`](Self::handle_poll) or [`handle_attach`](Self::handle_attach).
    pub fn open(config: Arc<Config>, sid: &Sid, open: &Open, now: Instant) -> Self {
        let state = if open.transport.is_stream() {
            State::Opening { transport: open.transport }
        } else {
            State::Polling { parked: None, candidate: None, return_by: Some(after(now, RETURN_TIMEOUT)) }
        };
        let mut outbox = Outbox::default();
        outbox.push(open.revision.open(sid, open.transport, &config));
        let phase = sid.expose().bytes().fold(0, u8::wrapping_add);
        Self {
            heartbeat: Heartbeat::new(&config, phase, now),
            config,
            revision: open.revision,
            state,
            outbox,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            posting: None,
            undelivered: None,
            base64: open.base64,
            polled: false,
            answering: false,
        }
    }

    /// A message came over a stream.
    pub fn handle_message(&mut self, link: LinkId, message: &Message, now: Instant) {
        if let Some(received) = self.read_message(link, message, now) {
            self.events.push_back(SessionEvent::Message(received.into_message()));
        }
    }

    /// Time has passed. Calls at any other moment than [`poll_timeout`](Self::poll_timeout) named do
    /// nothing wrong.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Lingering { until, .. } if now >= *until => return self.linger_out(now),
            State::Lingering { .. } => return,
            State::Closed => return,
            State::Polling { parked, candidate: Some(candidate), .. } => {
                if now >= candidate.deadline {
                    self.abandon();
                } else if self.outbox.is_empty()
                    && candidate.release().is_some_and(|release| now >= release)
                    && let Some(link) = parked.take()
                {
                    self.transmits.push_back(respond(link, Control::Noop, self.revision));
                }
            }
            State::Opening { .. } | State::Polling { .. } | State::Streaming { .. } => {}
        }
        // A client whose input waits to be read is not silent.
        if self.is_behind() {
            self.heard();
        }
        if self.return_by().is_some_and(|return_by| now >= return_by) {
            self.fail(DisconnectReason::PingTimeout, None);
            return;
        }
        if self.whole_by().is_some_and(|whole_by| now >= whole_by) {
            // RFC 6455 §7.4.1: 1008 is for a message that violates the policy of the receiver.
            self.fail(DisconnectReason::TransportError, Some(1008));
            return;
        }
        match self.heartbeat.beat(&self.config, now) {
            Beat::Rest => {}
            // Nothing has to leave before the client can ping.
            Beat::Ping if self.revision.traits().client_pings => self.heartbeat.handed(),
            Beat::Ping => self.outbox.push(self.revision.ping()),
            Beat::Dead => self.fail(DisconnectReason::PingTimeout, None),
        }
    }
}

/// From the application.
impl Session {
    /// Queues a packet. False if the session no longer takes any.
    pub fn send(&mut self, packet: Encoded) -> bool {
        let open = self.is_open();
        if open {
            self.outbox.push(packet);
        }
        open
    }
}

/// To the driver.
impl Session {
    /// The next thing to be done on a link. To be called after every `&mut` call, until `None`.
    #[must_use = "a link that is not served leaves its client waiting"]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Some(transmit) = self.transmits.pop_front() {
            return Some(transmit);
        }
        match &mut self.state {
            State::Streaming { link, .. } => {
                let (link, packet) = (*link, self.outbox.pop()?);
                Some(self.message(link, packet))
            }
            State::Polling { parked, .. } if !self.outbox.is_empty() => {
                let link = parked.take()?;
                Some(self.respond_packets(link))
            }
            _ => None,
        }
    }

    /// The next event. To be called after every `&mut` call, until `None`.
    #[must_use = "an event that is not looked at is lost"]
    pub fn poll(&mut self, now: Instant) -> Option<SessionEvent> {
        loop {
            match self.take_event() {
                None if self.read_body(now) => {}
                event => return event,
            }
        }
    }

    /// Takes an event that has happened, without reading on in a body.
    pub(crate) fn take_event(&mut self) -> Option<SessionEvent> {
        let event = self.events.pop_front();
        if event.is_none() && self.events.capacity() > KEPT_EVENTS {
            self.events = VecDeque::new();
        }
        event
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called. May change with any `&mut` call.
    #[must_use = "without its timer a session neither pings nor dies"]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadline = match &self.state {
            State::Opening { .. } => None,
            State::Streaming { whole_by, .. } => *whole_by,
            State::Polling { candidate: None, return_by, .. } => *return_by,
            State::Polling { candidate: Some(candidate), return_by, parked } => {
                let release = candidate.release().filter(|_| parked.is_some() && self.outbox.is_empty());
                earlier(earlier(Some(candidate.deadline), release), *return_by)
            }
            State::Lingering { until, .. } => return Some(*until),
            State::Closed => return None,
        };
        let body = self.posting.as_ref().and_then(Posting::until);
        earlier(Some(self.heartbeat.timeout()), earlier(deadline, body))
    }
}

impl Session {
    /// Any byte is a sign of life.
    pub(crate) fn heard(&mut self) {
        self.heartbeat.heard();
    }

    /// Tells whether packets are about to be sent: then an upgrade releases a GET as late as it may.
    pub(crate) fn set_answering(&mut self, answering: bool) {
        self.answering = answering;
    }

    /// The client that has opened the session speaks of it again.
    fn came_back(&mut self) {
        if let State::Polling { return_by, .. } = &mut self.state {
            *return_by = None;
        }
    }

    fn return_by(&self) -> Option<Instant> {
        match self.state {
            State::Polling { return_by, .. } => return_by,
            State::Opening { .. } | State::Streaming { .. } | State::Lingering { .. } | State::Closed => None,
        }
    }

    /// When the message or the body must be whole that has begun to come.
    fn whole_by(&self) -> Option<Instant> {
        let message = match self.state {
            State::Streaming { whole_by, .. } => whole_by,
            State::Opening { .. } | State::Polling { .. } | State::Lingering { .. } | State::Closed => None,
        };
        earlier(message, self.posting.as_ref().and_then(Posting::until))
    }

    /// The candidate takes over.
    fn commit(&mut self) {
        let Some(Candidate { link, transport, base64, .. }) = self.take_candidate() else { return };
        self.base64 = base64;
        if let Some(parked) = self.take_parked() {
            self.transmits.push_back(respond(parked, Control::Noop, self.revision));
        }
        self.state = State::Streaming { link, transport, whole_by: None };
        self.heard();
        self.events.push_back(SessionEvent::Upgraded);
    }

    fn message(&mut self, link: LinkId, packet: Encoded) -> Transmit {
        let packet = self.revision.for_stream(packet, self.base64);
        if self.heartbeat.awaits_transport() && self.revision.is_ping(&packet) {
            self.heartbeat.handed();
        } else {
            self.heartbeat.followed(packet.websocket().len());
        }
        Transmit::Message { link, packet }
    }
}

/// How long a client that has opened its session by long polling may take to its next request. Clients make it as soon as
/// they have the answer: this is time to send it anew three times, and one that is later opens another session by itself.
const RETURN_TIMEOUT: Duration = Duration::from_secs(10);

/// Room for more events than this is given back once they are taken.
const KEPT_EVENTS: usize = 16;
