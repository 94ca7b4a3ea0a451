use bytes::Bytes;

use crate::codec::Control;
use crate::engine::RequestError;
use crate::{Encoded, LinkId, Revision};

/// An action for the driver on a link.
#[derive(Debug, Clone)]
#[must_use = "a link that is not served leaves its client waiting"]
#[non_exhaustive]
pub enum Transmit {
    /// Write a packet to a message stream.
    Message {
        /// The stream.
        link: LinkId,
        /// The text and its attachments, which must not be separated.
        packet: Encoded,
    },
    /// Respond to a request. No further action on this link follows.
    Respond {
        /// The request.
        link: LinkId,
        /// The response.
        response: Response,
    },
    /// Close a message stream after sending what was written to it. No further action on this link follows.
    Close {
        /// The stream.
        link: LinkId,
        /// The status code of the close frame, or `None` for an empty frame.
        code: Option<u16>,
    },
}

/// The response to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response {
    /// 200 with packets, as `text/plain; charset=UTF-8` that must not be cached. Until it is
    /// [delivered](crate::Connection::handle_delivered), the session sends no other payload, and the client must not
    /// send another GET.
    Payload(Vec<u8>),
    /// 200 with one packet that carries no data and may be lost, with the same headers.
    #[non_exhaustive]
    Control {
        /// The packet.
        control: Control,
        /// The revision that determines the encoding.
        revision: Revision,
    },
    /// 200 to a POST: a word or a digit as `text/html`.
    #[non_exhaustive]
    Accepted {
        /// The revision of the client.
        revision: Revision,
    },
    /// An error.
    Rejected(RequestError),
}

impl Response {
    /// Returns the HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Payload(_) | Self::Control { .. } | Self::Accepted { .. } => 200,
            Self::Rejected(error) => error.status(),
        }
    }

    /// Returns the value of `Content-Type`, or `None` if there is no body.
    pub const fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Payload(_) | Self::Control { .. } => Some("text/plain; charset=UTF-8"),
            Self::Accepted { .. } => Some("text/html"),
            Self::Rejected(error) if error.body().is_empty() => None,
            Self::Rejected(_) => Some("application/json"),
        }
    }

    /// Returns the value of `Cache-Control`, or `None` if the header is not needed.
    pub const fn cache_control(&self) -> Option<&'static str> {
        match self {
            Self::Payload(_) | Self::Control { .. } | Self::Accepted { .. } => Some("no-store"),
            Self::Rejected(_) => None,
        }
    }

    /// Returns the headers that are present: [`Content-Type`](Self::content_type) and
    /// [`Cache-Control`](Self::cache_control).
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [("content-type", self.content_type()), ("cache-control", self.cache_control())]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }

    /// Returns the body.
    pub fn into_body(self) -> Bytes {
        match self {
            Self::Payload(body) => body.into(),
            Self::Control { control, revision } => Bytes::from_static(revision.control(control)),
            Self::Accepted { revision } => Bytes::from_static(revision.accepted()),
            Self::Rejected(error) => Bytes::from_static(error.body().as_bytes()),
        }
    }
}
