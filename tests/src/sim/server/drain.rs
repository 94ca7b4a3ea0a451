use socketio_core::engine::{Response, Transmit};
use socketio_core::packet::{Args, Encoder};
use socketio_core::{ConnectionEvent, Message};

use super::{Server, Token};
use crate::sim::app::Reaction;
use crate::sim::ledger;

impl Server {
    /// Applies the drain rule: polls events until `None`, transmits until `None`, then the timeout.
    pub(super) fn drain(&mut self) {
        self.drain_after(None);
    }

    /// Handles an event that the last input has returned, and then follows the drain rule.
    pub(super) fn drain_after(&mut self, mut event: Option<ConnectionEvent<Token>>) {
        let was_closed = self.app.closed().is_some();
        for _ in 0..100_000 {
            let Some(event) = event.take().or_else(|| self.connection.poll(self.now)) else { break };
            match self.app.take(event) {
                Reaction::Nothing => {}
                Reaction::Disconnect(socket) => self.connection.disconnect(socket),
                Reaction::Greet(pending, welcome) => self.greet(pending, welcome),
                Reaction::Answer(socket, id) => {
                    let namespace = self.app.namespace(socket);
                    let packet =
                        Encoder::default().ack(namespace, id, &Args(("ok",))).expect("a string encodes");
                    let text = String::from_utf8_lossy(packet.text()).into_owned();
                    if self.connection.send(socket, packet, None) {
                        self.sent.push_back(text);
                    }
                }
            }
        }
        for _ in 0..100_000 {
            let Some(transmit) = self.connection.poll_transmit() else { break };
            self.ledger.transmit(&transmit);
            self.check_order(&transmit);
            self.transmitted.push(transmit);
        }
        assert!(self.connection.poll(self.now).is_none(), "no event is left after the drain rule");
        assert!(self.connection.poll_transmit().is_none(), "a bounded number of transmits");
        self.check(was_closed);
    }

    /// Checks the invariants that hold between any two inputs.
    fn check(&self, was_closed: bool) {
        let (connection, app) = (&self.connection, &self.app);
        assert_eq!(connection.awaited_acks(), app.awaited(), "every token is awaited or was returned");
        assert_eq!(
            connection.poll_timeout().is_none(),
            connection.is_finished(),
            "there is a timeout until the connection is finished"
        );
        if connection.is_finished() {
            assert!(app.closed().is_some(), "the application has received `Closed`");
            assert_eq!(self.ledger.open(), [], "no link is open at the end");
            assert_eq!(connection.queued_bytes(), 0, "no packets are queued at the end");
        }
        assert!(!was_closed || app.closed().is_some(), "a closed connection stays closed");
    }

    /// Checks that the application's events and acks leave in the order in which they were sent.
    fn check_order(&mut self, transmit: &Transmit) {
        let messages = match transmit {
            Transmit::Message { packet, .. } => ledger::messages_of(packet),
            Transmit::Respond { response: Response::Payload(body), .. } => ledger::packets_of(body),
            _ => return,
        };
        for message in messages {
            if let Message::Text(text) = message
                && matches!(&**text.as_bytes(), [b'4', b'2' | b'3' | b'5' | b'6', ..])
            {
                assert_eq!(self.sent.pop_front().as_deref(), Some(&*text), "sent in order, once");
            }
        }
    }
}
