use crate::{LinkId, Transport};

/// ```text
///   Opening ──OPEN──▶ Polling ──────upgraded──────▶ Streaming ──close──▶ Closing
///      └─────OPEN, over a stream──────────────────────▲
///
///   any ──end of a link, `1`, a violation──▶ Closed
/// ```
#[derive(Debug)]
pub(super) enum State {
    /// The request or stream that opens the session is in flight.
    Opening { link: LinkId, transport: Transport },
    /// The session uses polling.
    Polling(Polling),
    /// The session uses a stream.
    Streaming(Stream),
    /// The client has closed the stream and waits for it to end.
    Closing(Stream),
    /// The session has ended.
    Closed,
}

/// A message stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    pub(super) link: LinkId,
    pub(super) transport: Transport,
}

/// The state of polling: at most one GET and one POST in flight.
#[derive(Debug, Default)]
pub(super) struct Polling {
    pub(super) get: Option<LinkId>,
    pub(super) post: Option<LinkId>,
    pub(super) phase: Phase,
}

/// ```text
///   Steady ──upgrade──▶ Probing ──answer──▶ Pausing ──no request in flight──▶ Streaming
///      ▲                   │                   │
///      └──────failed───────┴───────────────────┘        any ──close──▶ Leaving
/// ```
#[derive(Debug, Default)]
pub(super) enum Phase {
    /// A GET is always in flight.
    #[default]
    Steady,
    /// A GET is always in flight, and the reply to the probe on this stream is pending.
    Probing(Stream),
    /// No new request starts. The stream takes over when the requests in flight have completed.
    Pausing(Stream),
    /// The client has closed the session. No new GET starts, and the last POST is in flight.
    Leaving,
}

impl Polling {
    /// Returns `true` if no request is in flight.
    pub(super) fn is_quiet(&self) -> bool {
        self.get.is_none() && self.post.is_none()
    }

    /// Returns the link of the stream the session may upgrade to.
    pub(super) fn candidate(&self) -> Option<LinkId> {
        match self.phase {
            Phase::Probing(stream) | Phase::Pausing(stream) => Some(stream.link),
            Phase::Steady | Phase::Leaving => None,
        }
    }

    /// Returns `true` if a GET may start.
    pub(super) fn polls(&self) -> bool {
        self.get.is_none() && matches!(self.phase, Phase::Steady | Phase::Probing(_))
    }

    /// Returns `true` if a POST may start.
    pub(super) fn posts(&self) -> bool {
        self.post.is_none() && !matches!(self.phase, Phase::Pausing(_))
    }
}
