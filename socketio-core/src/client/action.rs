use crate::{Encoded, LinkId, Transport};

/// Work for the driver, identified by the link it concerns.
///
/// A request or a stream starts with the first action that names its link. [`Session::query`](super::Session::query)
/// returns the query of the request.
#[derive(Debug, Clone)]
#[must_use = "a link that is not served leaves the client waiting"]
#[non_exhaustive]
pub enum Action {
    /// Send a GET request. Pass the body of a response with status 200 to
    /// [`handle_answer`](super::Session::handle_answer); in any other case call
    /// [`handle_lost`](super::Session::handle_lost).
    Get {
        /// The request.
        link: LinkId,
    },
    /// Send a POST request. The response is reported in the same way as for [`Get`](Self::Get).
    Post {
        /// The request.
        link: LinkId,
        /// The body, sent as `text/plain;charset=UTF-8`.
        body: Vec<u8>,
    },
    /// Open a message stream. Packets sent before the stream is established wait for it. If it cannot be established,
    /// call [`handle_lost`](super::Session::handle_lost).
    Open {
        /// The stream.
        link: LinkId,
        /// The transport of the stream.
        transport: Transport,
    },
    /// Send a packet over a stream, as the messages that [`Encoded::messages`] returns.
    Send {
        /// The stream.
        link: LinkId,
        /// The text and its attachments, which must stay together.
        packet: Encoded,
    },
    /// Close a stream after the packets already sent over it. Report its end with
    /// [`handle_lost`](super::Session::handle_lost).
    Close {
        /// The stream.
        link: LinkId,
    },
}
