use socketio_core::client::{Action, Session, SessionEvent};
use socketio_core::{Encoded, Message, Revision, Transport};

use super::server::render;

/// A peer that behaves like the official clients and records the messages it receives.
#[derive(Debug)]
pub struct Client {
    session: Session,
    received: Vec<String>,
}

impl Client {
    /// Creates a client that starts with polling.
    pub fn new() -> Self {
        Self { session: Session::open(Revision::V4, Transport::Polling), received: Vec::new() }
    }

    /// Sends a packet over the current transport.
    pub fn send(&mut self, packet: &str) {
        self.session.send(Encoded::text_only(packet));
    }

    /// Starts an upgrade.
    pub fn upgrade(&mut self) {
        self.session.upgrade(Transport::WebSocket);
    }

    /// Returns `true` if the client has upgraded to a stream.
    pub fn is_upgraded(&self) -> bool {
        self.session.transport() == Some(Transport::WebSocket)
    }

    /// Returns `true` if the client's session is closed.
    pub fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// Returns the messages received so far, such as `42["n",1]` or `<0102>`, without packets of the Engine.IO layer.
    pub fn received(&self) -> &[String] {
        &self.received
    }

    /// Takes the client's actions for the network.
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

    /// Returns the session, as the receiver of input from the network.
    pub(super) fn session(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}
