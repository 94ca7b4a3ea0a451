//! Messages of one client to one other, at another server if there are two.

use std::time::Instant;

use socketio_bench::figure;

use crate::clients::Script;
use crate::failure::Failure;
use crate::fetch;
use crate::frame::{self, Frame};
use crate::message;
use crate::redis;
use crate::rooms::{self, Rooms};
use crate::run::{Outcome, Run, Tally};

/// One message after the other, from the first client to the second.
struct Relay {
    event: Vec<u8>,
    /// The time the message was sent, until it is received.
    sent: Option<Instant>,
    tally: Tally,
}

const CLIENTS: usize = 2;
const ROOM: usize = 0;

/// Sends to the room of the second client. In a cluster, measures a bare subscriber of the same Redis afterwards.
pub(crate) fn relay(run: &Run, size: usize) -> Result<Outcome, Failure> {
    let payload = message::payload(0, size);
    let event = format!("42[\"room\",\"{payload}\"]").into_bytes();
    let mut relay = Relay { event, sent: None, tally: Tally::new() };
    let request = frame::text(format!("42[\"room\",\"{}\",\"{payload}\"]", Rooms::name(ROOM)));
    let mut clients = run.clients()?;
    clients.connect(CLIENTS, &mut relay)?;
    rooms::enter(&mut clients, CLIENTS - 1, ROOM)?;
    fetch::until_together(run, &mut clients, CLIENTS)?;
    let spent = run.measure(
        &mut relay,
        |relay| &mut relay.tally,
        |relay| {
            relay.sent = Some(Instant::now());
            clients.send(0, &request)?;
            clients.run_until("a message of the other client", relay, |relay| relay.sent.is_none())
        },
    )?;
    let outcome = relay.tally.outcome(spent).figure(figure::CONNECTIONS, CLIENTS as f64);
    Ok(match &run.redis {
        Some(redis) => {
            let bare = redis::publish(redis.target.address, &payload, run.length)
                .map_err(|error| Failure::Io("a bare subscriber of Redis", error))?;
            outcome.figure(figure::REDIS_P50, bare.map_or(0.0, |bare| bare.p50))
        }
        None => outcome,
    })
}

impl Script for Relay {
    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, _reply: &mut Vec<u8>) {
        match self.sent.take() {
            Some(sent) if client == CLIENTS - 1 && message.payload() == self.event => {
                self.tally.done(sent, at);
            }
            _ => self.tally.wrong(client, message.payload()),
        }
    }
}
