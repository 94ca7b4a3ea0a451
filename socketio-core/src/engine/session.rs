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

/// The Engine.IO session of one client. It turns input from the client's transports into messages, and sent packets
/// into output for the current transport.
///
/// The methods form the same four groups as those of [`Connection`](crate::Connection), which contains a session. The
/// type is public so that Engine.IO can be used and tested alone. The same rule applies: after any call that takes
/// `&mut self`, call [`poll`](Self::poll) until it returns `None`, then [`poll_transmit`](Self::poll_transmit) until
/// it returns `None`, then [`poll_timeout`](Self::poll_timeout). Bodies are decoded during `poll`. While
/// [`is_behind`](Self::is_behind) returns `true`, do not hand over further messages.
#[derive(Debug)]
pub struct Session {
    config: Arc<Config>,
    revision: Revision,
    state: State,
    heartbeat: Heartbeat,
    /// The packets that are queued for a transport.
    outbox: Outbox,
    /// The actions that have been decided and are yet to be executed by the driver.
    transmits: VecDeque<Transmit>,
    events: VecDeque<SessionEvent>,
    /// The POST that has not been answered.
    posting: Option<Posting>,
    /// The GET whose response carries packets and has not been delivered. If it is lost, the packets are lost.
    undelivered: Option<LinkId>,
    /// Set if the client requires base64 on its message stream.
    base64: bool,
    /// Set once a GET has arrived. The first one opened the session.
    polled: bool,
    /// Set if packets are about to be sent for which a parked GET should wait.
    answering: bool,
}

/// ```text
///   open(polling) ──▶ Polling ◀──▶ Polling + candidate ──`5`──▶ Streaming
///   open(websocket) ──▶ Opening ──attach──────────────────────▶ Streaming
///
///   Polling, no GET parked ──close, `1`──▶ Lingering ──GET, or time──▶ Closed
///   any ──close, fault, time-out, loss of the link───────────────▶ Closed
/// ```
#[derive(Debug)]
enum State {
    /// A session that was opened on a message stream which is not attached yet.
    Opening {
        transport: Transport,
    },
    Polling {
        /// The GET that waits for packets.
        parked: Option<LinkId>,
        /// A message stream that may take over.
        candidate: Option<Box<Candidate>>,
        /// The time by which the client that opened the session must have sent another request; `None` once it has.
        return_by: Option<Instant>,
    },
    Streaming {
        link: LinkId,
        transport: Transport,
        /// The time by which the message that is being received must be complete.
        whole_by: Option<Instant>,
    },
    /// Closed. The next GET fetches the last packets or the end of the session.
    Lingering {
        until: Instant,
        end: Control,
    },
    Closed,
}

/// Getters.
impl Session {
    /// Returns the revision that the client requested.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns the transport that carries the packets.
    pub fn transport(&self) -> Transport {
        match self.state {
            State::Opening { transport } | State::Streaming { transport, .. } => transport,
            State::Polling { .. } | State::Lingering { .. } | State::Closed => Transport::Polling,
        }
    }

    /// Returns `true` if [`send`](Self::send) accepts packets.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Lingering { .. } | State::Closed)
    }

    /// Returns `true` if the session uses requests and may move to a message stream.
    #[inline]
    pub(crate) fn is_polling(&self) -> bool {
        matches!(self.state, State::Polling { .. })
    }

    /// Returns the maximum capacity of an empty list that is kept. A session on a stream, which is usually idle, keeps
    /// none. The requests of a polling session use its lists all the time.
    #[inline]
    pub(crate) fn kept_capacity(&self) -> usize {
        if self.is_polling() { KEPT_BY_POLLING } else { 0 }
    }

    /// Returns `true` if the session has ended. Only what [`poll_transmit`](Self::poll_transmit) and
    /// [`poll`](Self::poll) still hold remains.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Returns `true` if a packet sent now could leave at once: there is a message stream or a parked GET.
    pub fn is_writable(&self) -> bool {
        matches!(self.state, State::Streaming { .. } | State::Polling { parked: Some(_), .. })
    }

    /// Returns the GET whose response carries packets and has not been [delivered](Self::handle_delivered) yet.
    #[inline]
    pub fn undelivered(&self) -> Option<LinkId> {
        self.undelivered
    }

    /// Returns the number of bytes that are queued for the transport.
    pub fn queued_bytes(&self) -> usize {
        self.outbox.size()
    }

    /// Returns `true` if received input is waiting for [`poll`](Self::poll).
    #[inline]
    pub fn is_behind(&self) -> bool {
        !self.events.is_empty() || self.is_reading()
    }

    /// Returns `true` if a body has arrived and has not been decoded completely.
    #[inline]
    pub(crate) fn is_reading(&self) -> bool {
        self.posting.as_ref().is_some_and(Posting::is_reading)
    }

    /// Returns the number of bytes of a received body that have not been decoded.
    #[inline]
    pub fn unread_bytes(&self) -> usize {
        self.posting.as_ref().map_or(0, Posting::unread_bytes)
    }
}

/// Input from the network and the clock.
impl Session {
    /// Creates the session of a client that requested it with `open`. Its OPEN packet is sent with the first
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

    /// Handles a message that was received over a stream.
    pub fn handle_message(&mut self, link: LinkId, message: Message, now: Instant) {
        if let Some(received) = self.read_message(link, message, now) {
            self.events.push_back(SessionEvent::Message(received.into_message()));
        }
    }

    /// Handles the passage of time. Calls at other times than the one returned by
    /// [`poll_timeout`](Self::poll_timeout) are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Lingering { until, .. } if now >= *until => return self.handle_linger_timeout(now),
            State::Lingering { .. } => return,
            State::Closed => return,
            State::Polling { parked, candidate: Some(candidate), .. } => {
                if now >= candidate.deadline {
                    self.drop_candidate();
                } else if self.outbox.is_empty()
                    && candidate.release().is_some_and(|release| now >= release)
                    && let Some(link) = parked.take()
                {
                    self.transmits.push_back(respond(link, Control::Noop, self.revision));
                }
            }
            State::Opening { .. } | State::Polling { .. } | State::Streaming { .. } => {}
        }
        // A client whose input is still unread is not silent.
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
            Beat::Idle => {}
            // The client pings by itself, so nothing has to be sent first.
            Beat::Ping if self.revision.traits().client_pings => self.heartbeat.handed(),
            Beat::Ping => self.outbox.push(self.revision.ping()),
            Beat::TimedOut => self.fail(DisconnectReason::PingTimeout, None),
        }
    }
}

/// Commands of the application.
impl Session {
    /// Queues a packet. Returns `false` if the session no longer accepts packets.
    pub fn send(&mut self, packet: Encoded) -> bool {
        let open = self.is_open();
        if open {
            self.outbox.push(packet);
        }
        open
    }
}

/// The direct way of a packet, for the connection.
impl Session {
    /// Sends a packet. Returns the action if the packet can leave over a stream with nothing queued before it.
    #[inline]
    pub(crate) fn send_at_once(&mut self, packet: Encoded) -> Option<Transmit> {
        match self.state {
            State::Streaming { link, .. } if self.transmits.is_empty() && self.outbox.is_empty() => {
                Some(self.message(link, packet))
            }
            _ => {
                self.send(packet);
                None
            }
        }
    }
}

/// Output to the driver.
impl Session {
    /// Returns the next action on a link. Call this after every `&mut` call, until it returns `None`.
    #[must_use = "a link that is not served leaves its client waiting"]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Some(transmit) = self.transmits.pop_front() {
            return Some(transmit);
        }
        let kept_capacity = self.kept_capacity();
        if self.transmits.capacity() > kept_capacity {
            self.transmits = VecDeque::new();
        }
        match &mut self.state {
            State::Streaming { link, .. } => {
                let (link, Some(packet)) = (*link, self.outbox.pop()) else {
                    self.outbox.shrink(kept_capacity);
                    return None;
                };
                Some(self.message(link, packet))
            }
            State::Polling { parked, .. } if !self.outbox.is_empty() => {
                let link = parked.take()?;
                Some(self.respond_packets(link))
            }
            _ => None,
        }
    }

    /// Returns the next event. Call this after every `&mut` call, until it returns `None`.
    #[must_use = "an event that is discarded is lost"]
    pub fn poll(&mut self, now: Instant) -> Option<SessionEvent> {
        loop {
            match self.take_event() {
                None if self.read_body(now) => {}
                event => return event,
            }
        }
    }

    /// Returns the next event that is already queued, without decoding more of a body.
    pub(crate) fn take_event(&mut self) -> Option<SessionEvent> {
        let event = self.events.pop_front();
        if event.is_none() && self.events.capacity() > self.kept_capacity() {
            self.events = VecDeque::new();
        }
        event
    }

    /// Returns the time at which [`handle_timeout`](Self::handle_timeout) must be called. May change with any `&mut`
    /// call.
    #[must_use = "without its timer a session neither pings nor times out"]
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
    /// Records a sign of life, which any byte from the client is.
    pub(crate) fn heard(&mut self) {
        self.heartbeat.heard();
    }

    /// Sets whether packets are about to be sent. If so, an upgrade releases a parked GET as late as possible.
    pub(crate) fn set_answering(&mut self, answering: bool) {
        self.answering = answering;
    }

    /// Records that the client that opened the session has sent another request.
    fn record_return(&mut self) {
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

    /// Returns the time by which the message or the body that is being received must be complete.
    fn whole_by(&self) -> Option<Instant> {
        let message = match self.state {
            State::Streaming { whole_by, .. } => whole_by,
            State::Opening { .. } | State::Polling { .. } | State::Lingering { .. } | State::Closed => None,
        };
        earlier(message, self.posting.as_ref().and_then(Posting::until))
    }

    /// Completes the upgrade: the candidate takes over.
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

/// The maximum capacity of an empty list of a polling session: enough for the packets of most requests.
const KEPT_BY_POLLING: usize = 16;

/// The time within which a client that has opened its session by long polling must send its next request. Clients
/// send it as soon as they have the response: this leaves time for three retransmissions, and a client that is later
/// opens another session by itself.
const RETURN_TIMEOUT: Duration = Duration::from_secs(10);
