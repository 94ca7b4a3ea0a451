//! Broadcasts that a server makes in batches, without a request for each.

use std::time::Instant;

use socketio_bench::figure;

use crate::clients::{Clients, Script};
use crate::failure::Failure;
use crate::fetch;
use crate::frame::{self, Frame};
use crate::message;
use crate::rooms::{self, Rooms};
use crate::run::{Outcome, Run, Tally};

/// One batch after the other, of the first client.
struct Batches {
    request: Vec<u8>,
    /// The event that all members of the room receive for each broadcast.
    event: Vec<u8>,
    /// The event that ends a batch, which all clients receive.
    done: Vec<u8>,
    /// The number of broadcasts of a batch.
    batch: usize,
    /// Set if the second client is in the room.
    heard: bool,
    /// The number of events of this batch that the second client has received.
    received: usize,
    /// The number of clients that have received the end of the batch.
    ended: usize,
    tally: Tally,
}

/// The clients: the first sends, the second is that of the other server, if there are two.
const CLIENTS: usize = 2;
const SIZE: usize = 64;
/// The number of batches before the measurement, in addition to its time to warm up: Node compiles meanwhile.
const WARM_UP: usize = 20;
const ROOM: usize = 0;

/// Makes the first server broadcast, one batch after the other; a batch ends when all clients have received its last
/// event. Events of one server reach another in order, so the ones before it have been processed.
pub(crate) fn batches(run: &Run, batch: usize, heard: bool) -> Result<Outcome, Failure> {
    let payload = message::payload(0, SIZE);
    let request = frame::text(format!("42[\"publish\",\"{}\",{batch},\"{payload}\"]", Rooms::name(ROOM)));
    let mut batches = Batches {
        request,
        event: format!("42[\"room\",\"{payload}\"]").into_bytes(),
        done: format!("42[\"done\",\"{payload}\"]").into_bytes(),
        batch,
        heard,
        received: 0,
        ended: 0,
        tally: Tally::new(),
    };
    let mut clients = run.clients()?;
    clients.connect(CLIENTS, &mut batches)?;
    if heard {
        rooms::enter(&mut clients, CLIENTS - 1, ROOM)?;
    }
    fetch::until_together(run, &mut clients, CLIENTS)?;
    for _ in 0..WARM_UP {
        batches.once(&mut clients)?;
    }
    let spent =
        run.measure(&mut batches, |batches| &mut batches.tally, |batches| batches.once(&mut clients))?;
    Ok(batches.tally.outcome(spent).each().figure(figure::CONNECTIONS, CLIENTS as f64))
}

impl Batches {
    /// Requests a batch, and waits for its end.
    fn once(&mut self, clients: &mut Clients) -> Result<(), Failure> {
        (self.received, self.ended) = (0, 0);
        clients.send(0, &self.request)?;
        clients.run_until("the end of a batch", self, |batches| batches.ended == CLIENTS)?;
        self.tally.count(self.batch as u64);
        Ok(())
    }
}

impl Script for Batches {
    fn receive(&mut self, client: usize, message: Frame<'_>, _at: Instant, _reply: &mut Vec<u8>) {
        let is_member = self.heard && client == CLIENTS - 1;
        match message.payload() {
            event if event == self.event && is_member => self.received += 1,
            done if done == self.done => {
                self.ended += 1;
                if is_member && self.received != self.batch {
                    let lost = format!("{} events of a batch of {}", self.received, self.batch);
                    self.tally.wrong(client, lost);
                }
            }
            other => self.tally.wrong(client, other),
        }
    }
}
