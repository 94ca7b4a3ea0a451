//! Requests and their answers: as fast as they come back, or at a fixed rate.

use std::time::Instant;

use socketio_bench::Exchange;

use crate::clients::Script;
use crate::failure::Failure;
use crate::frame::Frame;
use crate::message::{Answer, Messages};
use crate::run::{Outcome, Run, Tally};

/// Keeps requests outstanding on every client: each answer is followed by the same request again.
struct ClosedLoop {
    messages: Messages,
    /// By client and number: when the request was sent, if its answer is awaited.
    sent: Vec<Option<Instant>>,
    outstanding: usize,
    awaited: usize,
    ending: bool,
    tally: Tally,
}

/// [`Kind::Exchange`](socketio_bench::Kind::Exchange).
pub(crate) fn closed_loop(run: &Run, exchange: Exchange) -> Result<Outcome, Failure> {
    let Exchange { event, connections, outstanding, size } = exchange;
    let connections = run.affordable(connections, 1);
    let mut script = ClosedLoop {
        messages: Messages::new(event, outstanding, size),
        sent: vec![None; connections * outstanding],
        outstanding,
        awaited: 0,
        ending: false,
        tally: Tally::new(),
    };
    let mut clients = run.clients()?;
    clients.connect(connections, &mut script)?;
    let mut burst = Vec::new();
    for client in 0..connections {
        burst.clear();
        for number in 0..outstanding {
            script.send(client, number, Instant::now(), &mut burst);
        }
        clients.send(client, &burst)?;
    }
    let spent = run.measure_script(&mut clients, &mut script, |script| &mut script.tally)?;
    let outcome = script.tally.outcome(spent);
    script.ending = true;
    clients.run_until("the last answers", &mut script, |script| script.awaited == 0)?;
    Ok(outcome.figure("connections", connections as f64))
}

impl ClosedLoop {
    fn send(&mut self, client: usize, number: usize, at: Instant, out: &mut Vec<u8>) {
        out.extend_from_slice(self.messages.request(number));
        self.sent[client * self.outstanding + number] = Some(at);
        self.awaited += 1;
    }
}

impl Script for ClosedLoop {
    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, reply: &mut Vec<u8>) {
        match self.messages.answer(message) {
            Answer::To(number) => match self.sent[client * self.outstanding + number].take() {
                Some(sent) => {
                    self.tally.done(sent, at);
                    self.awaited -= 1;
                    if !self.ending {
                        self.send(client, number, at, reply);
                    }
                }
                None => self.tally.wrong(client, "an answer twice"),
            },
            Answer::Header => {}
            Answer::Wrong => self.tally.wrong(client, message.payload()),
        }
    }
}
