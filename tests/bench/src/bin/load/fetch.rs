//! Requests for the sockets of all servers.

use std::time::Instant;

use socketio_bench::figure;

use crate::clients::{Clients, PATIENCE, Script};
use crate::failure::Failure;
use crate::frame::{self, Frame};
use crate::run::{Outcome, Run, Tally};

/// One request after the other, of the first client.
struct Fetches {
    request: Vec<u8>,
    /// The ack of the pending request, once it is there: the number of sockets.
    count: Option<usize>,
    sent: Instant,
    tally: Tally,
}

/// The ack's id, which is that of other requests as well.
const ACK: &str = "431[";

/// Fetches all sockets, one time after the other; every ack must have their number.
pub(crate) fn fetch(run: &Run, connections: usize) -> Result<Outcome, Failure> {
    let connections = run.affordable(connections, 1);
    let mut fetches = Fetches::new();
    let mut clients = run.clients()?;
    clients.connect(connections, &mut fetches)?;
    until_together(run, &mut clients, connections)?;
    let spent = run.measure(
        &mut fetches,
        |fetches| &mut fetches.tally,
        |fetches| {
            let count = fetches.once(&mut clients)?;
            if count != connections {
                fetches.tally.wrong(0, format!("{count} sockets of {connections}"));
            }
            Ok(())
        },
    )?;
    Ok(fetches.tally.outcome(spent).figure(figure::CONNECTIONS, connections as f64))
}

/// Waits until the servers of a cluster know each other, with all sockets. Does nothing without a second server.
pub(crate) fn until_together(run: &Run, clients: &mut Clients, connections: usize) -> Result<(), Failure> {
    if run.second.is_none() {
        return Ok(());
    }
    let mut fetches = Fetches::new();
    let start = Instant::now();
    loop {
        let count = fetches.once(clients)?;
        if count == connections {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(Failure::Timeout(format!("{connections} sockets, not {count}"), PATIENCE));
        }
    }
}

impl Fetches {
    fn new() -> Self {
        let request = frame::text("421[\"fetch\"]");
        Self { request, count: None, sent: Instant::now(), tally: Tally::new() }
    }

    /// Fetches once, and returns the number of sockets.
    fn once(&mut self, clients: &mut Clients) -> Result<usize, Failure> {
        (self.count, self.sent) = (None, Instant::now());
        clients.send(0, &self.request)?;
        clients.run_until("the sockets of all servers", self, |fetches| fetches.count.is_some())?;
        Ok(self.count.unwrap_or_default())
    }
}

impl Script for Fetches {
    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, _reply: &mut Vec<u8>) {
        match acked(message) {
            Some(count) if self.count.is_none() => {
                self.count = Some(count);
                self.tally.done(self.sent, at);
            }
            _ => self.tally.wrong(client, message.payload()),
        }
    }
}

/// Returns the number of an ack: `431[2]`.
fn acked(message: Frame<'_>) -> Option<usize> {
    let text = std::str::from_utf8(message.payload()).ok()?;
    text.strip_prefix(ACK)?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ack_has_a_number() {
        assert_eq!(acked(Frame::Text(b"431[10000]")), Some(10_000));
        for other in ["431[]", "431[\"1\"]", "432[1]", "42[\"done\",\"1\"]"] {
            assert_eq!(acked(Frame::Text(other.as_bytes())), None, "{other}");
        }
    }
}
