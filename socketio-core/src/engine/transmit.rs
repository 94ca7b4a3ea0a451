use crate::engine::RequestError;
use crate::{Encoded, Link};

/// What the driver has to do, named by the link it concerns.
#[derive(Debug, Clone)]
#[must_use = "a link that is not served leaves its client waiting"]
#[non_exhaustive]
pub enum Transmit {
    /// Write a packet to a message stream.
    Message {
        /// The stream.
        link: Link,
        /// The text and its attachments, which must stay together.
        packet: Encoded,
    },
    /// Answer a request. Nothing more will be asked of this link.
    Respond {
        /// The request.
        link: Link,
        /// The answer.
        response: Response,
    },
    /// Close a message stream after what was written to it. Nothing more will be asked of this link.
    Close {
        /// The stream.
        link: Link,
        /// The status code of the close frame; none for an empty frame.
        code: Option<u16>,
    },
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response {
    /// 200 with packets: `text/plain; charset=UTF-8`, not to be stored.
    Payload(Vec<u8>),
    /// 200 to a POST: `ok` as `text/html`.
    Accepted,
    /// A refusal.
    Refused(RequestError),
}
