use crate::{LinkId, Transport};

/// ```text
///   Opening ──OPEN──▶ Polling ──────upgraded──────▶ Streaming ──close──▶ Closing
///      └─────OPEN, over a stream──────────────────────▲
///
///   any ──end of a link, `1`, a broken rule──▶ Closed
/// ```
#[derive(Debug)]
pub(super) enum State {
    /// The request or the stream is under way that opens the session.
    Opening { link: LinkId, transport: Transport },
    /// Speaks by polling.
    Polling(Polling),
    /// Speaks over a stream.
    Streaming(Stream),
    /// The client has closed the stream and waits for its end.
    Closing(Stream),
    /// It is over.
    Closed,
}

/// A message stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    pub(super) link: LinkId,
    pub(super) transport: Transport,
}

/// One GET and one POST at a time.
#[derive(Debug, Default)]
pub(super) struct Polling {
    pub(super) get: Option<LinkId>,
    pub(super) post: Option<LinkId>,
    pub(super) phase: Phase,
}

/// ```text
///   Steady ──upgrade──▶ Probing ──answer──▶ Pausing ──no request is under way──▶ (a stream)
///      ▲                   │                   │
///      └──────failed───────┴───────────────────┘        any ──close──▶ Leaving
/// ```
#[derive(Debug, Default)]
pub(super) enum Phase {
    /// A GET is always under way.
    #[default]
    Steady,
    /// The same, while the answer to the probe is awaited on this stream.
    Probing(Stream),
    /// No request begins any more: when those have ended that are under way, this stream takes over.
    Pausing(Stream),
    /// The client has closed the session: no GET begins, and the last POST is under way.
    Leaving,
}

impl Polling {
    /// Whether no request is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.get.is_none() && self.post.is_none()
    }

    /// Returns the stream that may take over.
    pub(super) fn candidate(&self) -> Option<LinkId> {
        match self.phase {
            Phase::Probing(stream) | Phase::Pausing(stream) => Some(stream.link),
            Phase::Steady | Phase::Leaving => None,
        }
    }

    /// Whether a GET may begin.
    pub(super) fn polls(&self) -> bool {
        self.get.is_none() && matches!(self.phase, Phase::Steady | Phase::Probing(_))
    }

    /// Whether a POST may begin.
    pub(super) fn posts(&self) -> bool {
        self.post.is_none() && !matches!(self.phase, Phase::Pausing(_))
    }
}
