use std::sync::Arc;

use socketio_core::cluster::{Address, Answer, NoAck, RawArray, RequestId};

use super::Joined;

/// The right to answer a server event of another node.
#[derive(Debug)]
pub(crate) struct NodeAnswer {
    pub(crate) joined: Arc<Joined>,
    pub(crate) to: Address,
    pub(crate) namespace: String,
    pub(crate) request: RequestId,
    /// Whether the asking node understands that there will be no answer.
    pub(crate) extended: bool,
}

impl NodeAnswer {
    /// Returns the path of the namespace.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Sends the return value of the handler.
    pub(crate) fn send(&self, args: RawArray) {
        let answer = Answer::ServerEvent(args);
        self.joined.answer(&self.to, &self.namespace, self.request.clone(), answer);
    }

    /// Answers that no handler will answer, if the asking node understands that.
    pub(crate) fn refuse(self) {
        let Self { joined, to, namespace, request, extended } = self;
        if extended {
            joined.answer(&to, &namespace, request, Answer::Unanswered(NoAck::NoHandler));
        }
    }
}
