//! A client that sends as fast as the server reads, and another one beside it that echoes now and then.

use std::time::{Duration, Instant};

use socketio_bench::{Event, Inbound, figure};

use crate::clients::{Clients, PATIENCE, PAUSE, Script};
use crate::connection::Reach;
use crate::failure::Failure;
use crate::frame::{self, Frame};
use crate::histogram::Histogram;
use crate::http::{self, Response};
use crate::message::{Answer, Messages};
use crate::process::Spent;
use crate::run::{Outcome, Run, Tally};
use crate::session::{self, Session};
use crate::sockets::{Receiver, Sockets};

/// A block of events to send repeatedly: the last event of a block, or each, requests an ack.
struct Flood {
    block: Vec<u8>,
    messages: Messages,
    /// The number of acks that a block requests, and the number of events that each ack confirms.
    acks: usize,
    events: u64,
    /// The number of pending acks.
    awaited: usize,
    tally: Tally,
}

/// The client beside: each of its echoes has its own number.
struct Beside {
    messages: Messages,
    /// By number: the time the echo was due, if it is pending.
    due: Vec<Option<Instant>>,
    begin: Instant,
    sent: u32,
    awaited: usize,
    times: Histogram,
    late: Histogram,
    wrong: u64,
}

/// Both clients over WebSocket.
struct Frames {
    flood: Flood,
    beside: Beside,
}

/// Both over long polling, with one connection for GETs and one for POSTs.
struct Bodies {
    session: Session,
    flood: Flood,
    /// Set while a POST is in flight.
    posting: bool,
    pinged: bool,
}

/// Clients over WebSocket.
const BESIDE: usize = 0;
const FLOOD: usize = 1;
/// Connections of long polling.
const GET: usize = 0;
const POST: usize = 1;

/// The time between two echoes of the client beside.
const PERIOD: Duration = Duration::from_millis(10);
const ECHO_SIZE: usize = 64;
/// A server that is this many echoes, ten seconds, behind does not work.
const ECHOES: usize = 1000;
/// The event that requests an ack once per block: its payload is the number 0.
const QUESTION: &str = r#"420["ack","0000"]"#;
/// The number of events in a block of frames.
const BLOCK: usize = 4096;
/// The number of different requests in a block in which all are acknowledged.
const ACKS: usize = 1000;
/// The size of the header of a masked frame of less than 126 bytes.
const HEAD: usize = 6;

/// Measures from the first event until the last echo of the client beside is back. Events of the flood that the server
/// still has to handle then are not waited for: some servers buffer seconds of it.
pub(crate) fn measure(run: &Run, inbound: Inbound) -> Result<Outcome, Failure> {
    let mut clients = run.clients()?;
    let (flood, spent, beside) = match inbound {
        Inbound::Events { frame } => over_websocket(run, &mut clients, Flood::events(frame))?,
        Inbound::Acks { size } => over_websocket(run, &mut clients, Flood::acks(size))?,
        Inbound::Bodies { events } => over_polling(run, &mut clients, Flood::body(events))?,
    };
    let times = beside.times.latency().ok_or_else(|| Failure::Contract("no echo came back".to_owned()))?;
    Ok(flood
        .tally
        .outcome(spent)
        .wrong(beside.wrong)
        .figure(figure::BESIDE_P99, times.p99)
        .figure(figure::BESIDE_LONGEST, times.max)
        .figure(figure::LATE_P99, beside.late.latency().map_or(0.0, |late| late.p99))
        .figure(figure::RSS_PEAK, run.process.peak_memory()?))
}

fn over_websocket(run: &Run, clients: &mut Clients, flood: Flood) -> Result<(Flood, Spent, Beside), Failure> {
    let mut frames = Frames { flood, beside: Beside::new() };
    clients.connect(2, &mut frames)?;
    frames.beside.begin = Instant::now();
    let spent = run.measure(
        &mut frames,
        |frames| &mut frames.flood.tally,
        |frames| {
            frames.beside.send(clients)?;
            let mut wait = frames.beside.until_next().min(PAUSE);
            if clients.is_flushed(FLOOD) {
                clients.send(FLOOD, frames.flood.send())?;
                // The kernel may have accepted all of it, and then reports nothing.
                wait = Duration::ZERO;
            }
            clients.turn(wait, frames)
        },
    )?;
    clients.run_until("the last echoes", &mut frames, |frames| frames.beside.awaited == 0)?;
    Ok((frames.flood, spent, frames.beside))
}

/// Turns without waiting, as there are two kinds of connections to poll: the CPU time of the load generator is
/// meaningless.
fn over_polling(run: &Run, clients: &mut Clients, flood: Flood) -> Result<(Flood, Spent, Beside), Failure> {
    let mut beside = Beside::new();
    clients.connect(1, &mut beside)?;
    let mut sockets = Sockets::new(&run.target)?;
    let mut bodies = Bodies { session: Session::new(), flood, posting: false, pinged: false };
    sockets.dial(GET, &http::get(&run.target, None), Reach::Near)?;
    sockets.dial(POST, &[], Reach::Near)?;
    let start = Instant::now();
    while !bodies.session.is_connected() {
        sockets.turn(Some(PAUSE), &mut bodies)?;
        if start.elapsed() > PATIENCE {
            return Err(Failure::Timeout("a session".to_owned(), PATIENCE));
        }
    }
    beside.begin = Instant::now();
    bodies.post(&mut sockets)?;
    let spent = run.measure(
        &mut bodies,
        |bodies| &mut bodies.flood.tally,
        |bodies| {
            beside.send(clients)?;
            clients.turn(Duration::ZERO, &mut beside)?;
            sockets.turn(Some(Duration::ZERO), bodies)
        },
    )?;
    clients.run_until("the last echoes", &mut beside, |beside| beside.awaited == 0)?;
    Ok((bodies.flood, spent, beside))
}

impl Flood {
    fn events(size: usize) -> Self {
        let event = event(size - HEAD);
        let mut block = frame::text(&event).repeat(BLOCK - 1);
        block.extend(frame::text(QUESTION));
        Self::new(block, Messages::new(Event::Ack, 1, 4), 1, BLOCK as u64)
    }

    fn acks(size: usize) -> Self {
        let messages = Messages::new(Event::Ack, ACKS, size);
        let block = (0..ACKS).flat_map(|number| messages.request(number)).copied().collect();
        Self::new(block, messages, ACKS, 1)
    }

    fn body(events: usize) -> Self {
        let mut block = Vec::new();
        for _ in 1..events {
            session::add_packet(&mut block, event(0).as_bytes());
        }
        session::add_packet(&mut block, QUESTION.as_bytes());
        Self::new(block, Messages::new(Event::Ack, 1, 4), 1, events as u64)
    }

    fn new(block: Vec<u8>, messages: Messages, acks: usize, events: u64) -> Self {
        Self { block, messages, acks, events, awaited: 0, tally: Tally::new() }
    }

    /// Returns the bytes to send now.
    fn send(&mut self) -> &[u8] {
        self.awaited += self.acks;
        &self.block
    }

    fn receive(&mut self, message: Frame<'_>) {
        match self.messages.answer(message) {
            Answer::To(_) if self.awaited > 0 => {
                self.awaited -= 1;
                self.tally.count(self.events);
            }
            _ => self.tally.wrong(FLOOD, message.payload()),
        }
    }
}

impl Beside {
    fn new() -> Self {
        Self {
            messages: Messages::new(Event::Echo, ECHOES, ECHO_SIZE),
            due: vec![None; ECHOES],
            begin: Instant::now(),
            sent: 0,
            awaited: 0,
            times: Histogram::new(),
            late: Histogram::new(),
            wrong: 0,
        }
    }

    fn next(&self) -> Instant {
        self.begin + self.sent * PERIOD
    }

    fn until_next(&self) -> Duration {
        self.next().saturating_duration_since(Instant::now())
    }

    /// Sends the echo that is due.
    fn send(&mut self, clients: &mut Clients) -> Result<(), Failure> {
        loop {
            let (now, due) = (Instant::now(), self.next());
            if due > now {
                return Ok(());
            }
            let number = self.sent as usize % ECHOES;
            if self.due[number].replace(due).is_some() {
                let what = format!("a client waits for {ECHOES} echoes: the server does not keep up");
                return Err(Failure::Contract(what));
            }
            clients.send(BESIDE, self.messages.request(number))?;
            self.late.record(now - due);
            self.awaited += 1;
            self.sent += 1;
        }
    }
}

impl Script for Beside {
    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, _reply: &mut Vec<u8>) {
        let due = match self.messages.answer(message) {
            Answer::To(number) => self.due[number].take(),
            _ => None,
        };
        match due {
            Some(due) => {
                self.times.record(at.saturating_duration_since(due));
                self.awaited -= 1;
            }
            None => {
                let shown = String::from_utf8_lossy(message.payload());
                eprintln!("load: client {client} got {shown} instead of an echo");
                self.wrong += 1;
            }
        }
    }
}

impl Script for Frames {
    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, reply: &mut Vec<u8>) {
        match client {
            BESIDE => self.beside.receive(client, message, at, reply),
            _ => self.flood.receive(message),
        }
    }
}

impl Bodies {
    /// Posts everything that is due, unless a POST is in flight: only one is allowed.
    fn post(&mut self, sockets: &mut Sockets) -> Result<(), Failure> {
        if self.posting {
            return Ok(());
        }
        let request = match std::mem::take(&mut self.pinged) {
            true => self.session.post(b"3"),
            false => self.session.post(self.flood.send()),
        };
        self.posting = true;
        sockets.send(POST, &request)
    }
}

impl Receiver for Bodies {
    fn received(
        &mut self,
        sockets: &mut Sockets,
        token: usize,
        bytes: &[u8],
        _at: Instant,
    ) -> Result<usize, Failure> {
        let mut used = 0;
        while let Some((response, length)) = Response::parse(&bytes[used..])? {
            used += length;
            if token == POST {
                response.ok()?;
                self.posting = false;
                self.post(sockets)?;
            } else if self.session.is_connected() {
                let payload = response.ok()?;
                sockets.send(GET, self.session.get())?;
                for packet in session::packets(payload) {
                    match packet {
                        b"2" => self.pinged = true,
                        packet => self.flood.receive(Frame::Text(packet)),
                    }
                }
                self.post(sockets)?;
            } else {
                let next = self.session.advance(sockets.target(), &response)?;
                sockets.send(GET, &next)?;
            }
        }
        Ok(used)
    }
}

/// Returns an event without an ack, of at least 7 bytes.
fn event(size: usize) -> String {
    match size.checked_sub(r#"42["a",""]"#.len()) {
        None => r#"42["a"]"#.to_owned(),
        Some(filler) => format!(r#"42["a","{}"]"#, "x".repeat(filler)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_their_size() {
        for size in [13, 64] {
            let flood = Flood::events(size);
            let question = frame::text(QUESTION).len();
            assert_eq!(flood.block.len(), (BLOCK - 1) * size + question, "{size}");
        }
    }

    #[test]
    fn an_answer_tells_of_all_before_it() {
        for (mut flood, answer, events) in [
            (Flood::events(13), &br#"430["0000"]"#[..], BLOCK as u64),
            (Flood::acks(6), br#"437["0007ab"]"#, 1),
            (Flood::body(100), br#"430["0000"]"#, 100),
        ] {
            flood.send();
            let before = flood.awaited;
            flood.receive(Frame::Text(answer));
            assert_eq!((flood.events, flood.awaited), (events, before - 1));
        }
        let body = Flood::body(100_000);
        assert_eq!(session::packets(&body.block).count(), 100_000);
        assert!(body.block.len() < 1_000_000, "servers take bodies of a megabyte");
    }
}
