use crate::{Encoded, LinkId, Transport};

/// What the driver has to do, named by the link it concerns.
///
/// A request or a stream begins with the action that names its link first; the query of the request is
/// [`Session::query`](super::Session::query).
#[derive(Debug, Clone)]
#[must_use = "a link that is not served leaves the client waiting"]
#[non_exhaustive]
pub enum Action {
    /// Send a GET. Its answer is [told](super::Session::handle_answer) with its body if its status is 200; otherwise the link
    /// is [lost](super::Session::handle_lost).
    Get {
        /// The request.
        link: LinkId,
    },
    /// Send a POST, whose answer is told in the same way.
    Post {
        /// The request.
        link: LinkId,
        /// Its body, as `text/plain;charset=UTF-8`.
        body: Vec<u8>,
    },
    /// Open a message stream. What is sent before it stands waits for it; if it does not come to stand, it is
    /// [lost](super::Session::handle_lost).
    Open {
        /// The stream.
        link: LinkId,
        /// Its transport.
        transport: Transport,
    },
    /// Send a packet over a stream, as the messages that [`Encoded::messages`] returns.
    Send {
        /// The stream.
        link: LinkId,
        /// The text and its attachments, which must stay together.
        packet: Encoded,
    },
    /// Close a stream after what was sent over it. Its end is told as its [loss](super::Session::handle_lost).
    Close {
        /// The stream.
        link: LinkId,
    },
}
