//! Requests and their replies: as fast as the replies arrive, or at a fixed rate.

use std::time::{Duration, Instant};

use socketio_bench::{Event, Exchange, figure};

use crate::clients::{PAUSE, Script};
use crate::failure::Failure;
use crate::frame::Frame;
use crate::histogram::Histogram;
use crate::message::{Answer, Messages};
use crate::run::{Outcome, Run, Tally};

/// The requests of all clients, each with the same numbers.
#[derive(Debug)]
pub(crate) struct Requests {
    messages: Messages,
    /// By client and number: the time the request was due, if its reply is pending.
    due: Vec<Option<Instant>>,
    numbers: usize,
    awaited: usize,
    /// Set if each reply is followed by the same request again.
    pub(crate) repeat: bool,
    pub(crate) tally: Tally,
}

/// The numbers of the open loop: a server that is further behind has no latency below saturation.
const NUMBERS: usize = 1000;

/// Runs with a constant number of outstanding requests per client.
pub(crate) fn closed_loop(run: &Run, exchange: Exchange) -> Result<Outcome, Failure> {
    let Exchange { event, connections, outstanding, size } = exchange;
    let connections = run.affordable(connections, 1);
    let mut requests = Requests::new(event, connections, outstanding, size);
    let mut clients = run.clients()?;
    clients.connect(connections, &mut requests)?;
    requests.repeat = true;
    let mut burst = Vec::new();
    for client in 0..connections {
        burst.clear();
        for number in 0..outstanding {
            burst.extend_from_slice(requests.send(client, number, Instant::now())?);
        }
        clients.send(client, &burst)?;
    }
    let spent =
        run.measure(&mut requests, |requests| &mut requests.tally, |requests| clients.turn(PAUSE, requests))?;
    requests.repeat = false;
    clients.run_until("the last answers", &mut requests, Requests::all_answered)?;
    let tally = &requests.tally;
    Ok(tally
        .outcome(spent)
        .figure(figure::CONNECTIONS, connections as f64)
        .figure(figure::BYTES, tally.bytes_per_operation()))
}

/// Runs with requests at a fixed rate, on one client after another. Turns without waiting, so that requests are not
/// sent late: `load_cpu` is meaningless here, but `late_p99` (microseconds) is not.
pub(crate) fn open_loop(
    run: &Run,
    connections: usize,
    per_second: u32,
    size: usize,
) -> Result<Outcome, Failure> {
    let connections = run.affordable(connections, 1);
    let mut requests = Requests::new(Event::Echo, connections, NUMBERS, size);
    let mut clients = run.clients()?;
    clients.connect(connections, &mut requests)?;
    let start = Instant::now();
    let due = |sent: usize| start + Duration::from_secs_f64(sent as f64 / f64::from(per_second));
    let mut sent = 0;
    let mut late = Histogram::new();
    let spent = run.measure(
        &mut requests,
        |requests| &mut requests.tally,
        |requests| {
            let now = Instant::now();
            let first = sent;
            while due(sent) <= now {
                let (client, number) = (sent % connections, sent / connections % NUMBERS);
                clients.queue(client, requests.send(client, number, due(sent))?)?;
                late.record(now - due(sent));
                sent += 1;
            }
            for client in first..sent.min(first + connections) {
                clients.flush(client % connections)?;
            }
            clients.turn(Duration::ZERO, requests)
        },
    )?;
    clients.run_until("the last answers", &mut requests, Requests::all_answered)?;
    let late = late.latency().map_or(0.0, |late| late.p99);
    Ok(requests
        .tally
        .outcome(spent)
        .figure(figure::CONNECTIONS, connections as f64)
        .figure(figure::LATE_P99, late))
}

impl Requests {
    pub(crate) fn new(event: Event, clients: usize, numbers: usize, size: usize) -> Self {
        Self {
            messages: Messages::new(event, numbers, size),
            due: vec![None; clients * numbers],
            numbers,
            awaited: 0,
            repeat: false,
            tally: Tally::new(),
        }
    }

    /// Returns the frames of a request that was due at `due`.
    pub(crate) fn send(&mut self, client: usize, number: usize, due: Instant) -> Result<&[u8], Failure> {
        if self.due[client * self.numbers + number].replace(due).is_some() {
            let what =
                format!("client {client} waits for {} answers: the server does not keep up", self.numbers);
            return Err(Failure::Contract(what));
        }
        self.awaited += 1;
        Ok(self.messages.request(number))
    }

    /// Returns the number of pending replies.
    pub(crate) fn awaited(&self) -> usize {
        self.awaited
    }

    pub(crate) fn all_answered(&self) -> bool {
        self.awaited == 0
    }
}

impl Script for Requests {
    fn received(&mut self, bytes: usize) {
        self.tally.received(bytes);
    }

    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, reply: &mut Vec<u8>) {
        match self.messages.answer(message) {
            Answer::To(number) => {
                let due = &mut self.due[client * self.numbers + number];
                let Some(sent) = due.take() else { return self.tally.wrong(client, "an answer twice") };
                self.tally.done(sent, at);
                if self.repeat {
                    *due = Some(at);
                    reply.extend_from_slice(self.messages.request(number));
                } else {
                    self.awaited -= 1;
                }
            }
            Answer::Header => {}
            Answer::Wrong => self.tally.wrong(client, message.payload()),
        }
    }
}
