use bytes::Bytes;

use crate::codec::Control;
use crate::engine::RequestError;
use crate::{Encoded, LinkId, Revision};

/// What the driver has to do, named by the link it concerns.
#[derive(Debug, Clone)]
#[must_use = "a link that is not served leaves its client waiting"]
#[non_exhaustive]
pub enum Transmit {
    /// Write a packet to a message stream.
    Message {
        /// The stream.
        link: LinkId,
        /// The text and its attachments, which must stay together.
        packet: Encoded,
    },
    /// Answer a request. Nothing more will be asked of this link.
    Respond {
        /// The request.
        link: LinkId,
        /// The answer.
        response: Response,
    },
    /// Close a message stream after what was written to it. Nothing more will be asked of this link.
    Close {
        /// The stream.
        link: LinkId,
        /// The status code of the close frame; none for an empty frame.
        code: Option<u16>,
    },
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response {
    /// 200 with packets: `text/plain; charset=UTF-8`, not to be stored. Until it is
    /// [delivered](crate::Connection::handle_delivered), it is the only one of its session, and the client may ask for no
    /// other.
    Payload(Vec<u8>),
    /// The same with one packet that carries nothing, and that may be lost.
    #[non_exhaustive]
    Control {
        /// The packet.
        control: Control,
        /// The revision in which it is written.
        revision: Revision,
    },
    /// 200 to a POST: a word or a digit as `text/html`.
    #[non_exhaustive]
    Accepted {
        /// The revision of the client.
        revision: Revision,
    },
    /// A refusal.
    Refused(RequestError),
}

impl Response {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Payload(_) | Self::Control { .. } | Self::Accepted { .. } => 200,
            Self::Refused(error) => error.status(),
        }
    }

    /// The value of `Content-Type`; none if there is no body.
    pub const fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Payload(_) | Self::Control { .. } => Some("text/plain; charset=UTF-8"),
            Self::Accepted { .. } => Some("text/html"),
            Self::Refused(error) if error.body().is_empty() => None,
            Self::Refused(_) => Some("application/json"),
        }
    }

    /// The value of `Cache-Control`, if it matters.
    pub const fn cache_control(&self) -> Option<&'static str> {
        match self {
            Self::Payload(_) | Self::Control { .. } | Self::Accepted { .. } => Some("no-store"),
            Self::Refused(_) => None,
        }
    }

    /// The headers: [`Content-Type`](Self::content_type) and [`Cache-Control`](Self::cache_control), as far as there are.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [("content-type", self.content_type()), ("cache-control", self.cache_control())]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }

    /// The body.
    pub fn into_body(self) -> Bytes {
        match self {
            Self::Payload(body) => body.into(),
            Self::Control { control, revision } => Bytes::from_static(revision.control(control)),
            Self::Accepted { revision } => Bytes::from_static(revision.accepted()),
            Self::Refused(error) => Bytes::from_static(error.body().as_bytes()),
        }
    }
}
