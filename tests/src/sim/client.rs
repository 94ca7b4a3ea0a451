use socketio_core::client::{Action, Session, SessionEvent};
use socketio_core::{Encoded, Message, Revision, Transport};

use super::server::render;

/// A peer that behaves as the stock clients do, and a list of what it has received.
#[derive(Debug)]
pub struct Client {
    session: Session,
    received: Vec<String>,
}

impl Client {
    /// A client that begins by polling.
    pub fn new() -> Self {
        Self { session: Session::open(Revision::V4, Transport::Polling), received: Vec::new() }
    }

    /// Sends a packet over whatever transport there is.
    pub fn send(&mut self, packet: &str) {
        self.session.send(Encoded::text_only(packet));
    }

    /// Begins to upgrade.
    pub fn upgrade(&mut self) {
        self.session.upgrade(Transport::WebSocket);
    }

    /// Whether the client moved to a stream.
    pub fn is_upgraded(&self) -> bool {
        self.session.transport() == Some(Transport::WebSocket)
    }

    /// Whether the client believes that it is over.
    pub fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// The messages received so far, without the packets of the Engine.IO layer: `42["n",1]`, `<0102>`.
    pub fn received(&self) -> &[String] {
        &self.received
    }

    /// What the client wants from the network now.
    pub(super) fn take_actions(&mut self) -> Vec<Action> {
        while let Some(event) = self.session.poll() {
            match event {
                SessionEvent::Message(Message::Text(text)) => self.received.push(format!("4{text}")),
                SessionEvent::Message(binary) => self.received.push(render(&binary)),
                _ => {}
            }
        }
        std::iter::from_fn(|| self.session.poll_action()).collect()
    }

    /// What the network has to tell.
    pub(super) fn session(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}
