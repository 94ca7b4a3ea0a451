//! Messages of one client to many: to all, or to a room.

use std::collections::HashSet;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use socketio_bench::figure;

use crate::clients::{Clients, PAUSE, Script};
use crate::connection::Reach;
use crate::failure::Failure;
use crate::fetch;
use crate::frame::{self, Frame};
use crate::message;
use crate::peers;
use crate::process::Spent;
use crate::rooms::Rooms;
use crate::run::{Outcome, Run, Tally};

/// Keeps messages outstanding until all of the audience have received them.
struct Fanout {
    /// By number, as sent.
    frames: Vec<Vec<u8>>,
    /// By number, as received.
    expected: Vec<Vec<u8>>,
    /// The position of the number in it.
    prefix: usize,
    audience: Audience,
    /// By number: the time it was sent, the times it was sent so far, and the number of clients still to receive it.
    sent: Vec<(Instant, u32)>,
    missing: Vec<usize>,
    /// By client and number: the times it was received.
    received: Vec<u32>,
    next: usize,
    under_way: usize,
    /// The number of clients that send in turn, from the first.
    senders: usize,
    tally: Tally,
}

#[derive(Debug, Clone, Copy)]
enum Audience {
    /// All clients, and their number.
    All(usize),
    /// A room: the number of the message, modulo the number of rooms.
    Rooms(Rooms),
}

/// The number of outstanding messages to rooms, of all senders together.
const ROOMS_OUTSTANDING: usize = 16;
const ROOMS_SIZE: usize = 64;
/// The time a server gets to drop clients that do not read: longer than the write deadline of 20 s of ours. Other servers
/// drop none of them within a minute either, although pings are not answered.
const STALLED_PATIENCE: Duration = Duration::from_secs(25);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Broadcasts to all; `stalled` percent of them do not read.
pub(crate) fn broadcast(
    run: &Run,
    connections: usize,
    outstanding: usize,
    size: usize,
    stalled: usize,
) -> Result<Outcome, Failure> {
    let connections = run.affordable(connections, 1);
    let stalled = (connections * stalled / 100).min(connections - 1);
    let readers = connections - stalled;
    let mut fanout = Fanout::new(Audience::All(readers), readers, 1, outstanding, |number| {
        let packet = format!("42[\"bcast\",\"{}\"]", message::payload(number, size));
        (packet.clone(), packet)
    });
    let mut clients = run.clients()?;
    clients.connect(readers, &mut fanout)?;
    clients.connect_over(stalled, Reach::Far, &mut fanout)?;
    let addresses = (readers..connections).map(|client| clients.stall(client));
    let addresses: HashSet<SocketAddrV4> = addresses.collect::<Result<_, _>>()?;

    fetch::until_together(run, &mut clients, connections)?;
    let spent = fanout.measure(run, &mut clients, outstanding)?;
    let mut figures =
        vec![(figure::CONNECTIONS, connections as f64), (figure::BYTES, fanout.tally.bytes_per_operation())];
    if stalled > 0 {
        let end = Instant::now();
        let closed = loop {
            let closed = stalled - peers::open(run.target.address.port(), &addresses)?;
            if closed == stalled || end.elapsed() > STALLED_PATIENCE {
                break closed;
            }
            // Broadcasts continue meanwhile.
            let again = Instant::now() + LOOK_EVERY;
            while Instant::now() < again {
                fanout.turn(&mut clients, outstanding)?;
            }
        };
        figures.extend([
            (figure::STALLED, stalled as f64),
            (figure::STALLED_CLOSED, closed as f64),
            (figure::STALLED_SECONDS, end.elapsed().as_secs_f64()),
            (figure::RSS_PEAK, run.process.peak_memory()?),
        ]);
    }
    clients.run_until("the last deliveries", &mut fanout, |fanout| fanout.under_way == 0)?;
    let outcome = fanout.tally.outcome(spent);
    Ok(figures.into_iter().fold(outcome, |outcome, (name, value)| outcome.figure(name, value)))
}

/// Emits to one room after another, from the first `senders` clients in turn.
pub(crate) fn rooms(
    run: &Run,
    connections: usize,
    rooms: usize,
    members: usize,
    senders: usize,
) -> Result<Outcome, Failure> {
    let connections = run.affordable(connections, 1);
    let senders = senders.min(connections);
    let rooms = Rooms::new(connections, rooms, members);
    // With several senders, more numbers than are outstanding: one sender need not wait for the other.
    let numbers = rooms.count() * (senders * ROOMS_OUTSTANDING).div_ceil(rooms.count());
    let mut fanout = Fanout::new(Audience::Rooms(rooms), connections, senders, numbers, |number| {
        let payload = message::payload(number, ROOMS_SIZE);
        let name = Rooms::name(number % rooms.count());
        (format!("42[\"room\",\"{name}\",\"{payload}\"]"), format!("42[\"room\",\"{payload}\"]"))
    });
    let mut clients = run.clients()?;
    clients.connect(connections, &mut fanout)?;
    rooms.join(&mut clients)?;
    let spent = fanout.measure(run, &mut clients, ROOMS_OUTSTANDING)?;
    clients.run_until("the last deliveries", &mut fanout, |fanout| fanout.under_way == 0)?;
    let tally = &fanout.tally;
    Ok(tally
        .outcome(spent)
        .figure(figure::CONNECTIONS, connections as f64)
        .figure(figure::BYTES, tally.bytes_per_operation()))
}

impl Fanout {
    /// `packets` returns the packets to send and to expect for a number.
    fn new(
        audience: Audience,
        clients: usize,
        senders: usize,
        numbers: usize,
        packets: impl Fn(usize) -> (String, String),
    ) -> Self {
        let (frames, expected): (Vec<_>, Vec<_>) = (0..numbers)
            .map(packets)
            .map(|(sent, received)| (frame::text(sent), received.into_bytes()))
            .unzip();
        Self {
            prefix: expected.first().map_or(0, |packet| prefix(packet)),
            frames,
            expected,
            audience,
            sent: vec![(Instant::now(), 0); numbers],
            missing: vec![0; numbers],
            received: vec![0; clients * numbers],
            next: 0,
            under_way: 0,
            senders,
            tally: Tally::new(),
        }
    }

    fn measure(&mut self, run: &Run, clients: &mut Clients, outstanding: usize) -> Result<Spent, Failure> {
        run.measure(self, |fanout| &mut fanout.tally, |fanout| fanout.turn(clients, outstanding))
    }

    /// Sends until `outstanding` messages are outstanding, and waits.
    fn turn(&mut self, clients: &mut Clients, outstanding: usize) -> Result<(), Failure> {
        let mut sends = false;
        while self.under_way < outstanding {
            let sender = self.next % self.senders;
            let Some(frame) = self.send(Instant::now()) else { break };
            clients.queue(sender, frame)?;
            sends = true;
        }
        if sends {
            (0..self.senders).try_for_each(|sender| clients.flush(sender))?;
        }
        clients.turn(PAUSE, self)
    }

    /// Returns the next message, unless it is still outstanding.
    fn send(&mut self, at: Instant) -> Option<&[u8]> {
        let number = self.next;
        if self.missing[number] > 0 {
            return None;
        }
        self.next = (number + 1) % self.frames.len();
        self.missing[number] = self.audience.size();
        self.under_way += 1;
        self.sent[number] = (at, self.sent[number].1 + 1);
        Some(&self.frames[number])
    }
}

impl Script for Fanout {
    fn received(&mut self, bytes: usize) {
        self.tally.received(bytes);
    }

    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, _reply: &mut Vec<u8>) {
        let text = message.payload();
        let number = message::number(text, self.prefix);
        let Some(number) =
            number.filter(|number| self.expected.get(*number).is_some_and(|expected| expected == text))
        else {
            return self.tally.wrong(client, text);
        };
        let (sent, times) = self.sent[number];
        let received = &mut self.received[client * self.frames.len() + number];
        *received += 1;
        if *received != times || !self.audience.contains(number, client) {
            return self.tally.wrong(client, "what it has already got, or is not for it");
        }
        self.tally.count(1);
        self.missing[number] -= 1;
        if self.missing[number] == 0 {
            self.under_way -= 1;
            self.tally.time(sent, at);
        }
    }
}

impl Audience {
    fn size(self) -> usize {
        match self {
            Self::All(size) => size,
            Self::Rooms(rooms) => rooms.members(),
        }
    }

    fn contains(self, number: usize, client: usize) -> bool {
        match self {
            Self::All(size) => client < size,
            Self::Rooms(rooms) => rooms.contains(number % rooms.count(), client),
        }
    }
}

/// Returns the position of the payload in `42["event","payload"]`.
fn prefix(packet: &[u8]) -> usize {
    packet.windows(2).position(|window| window == b",\"").map_or(0, |comma| comma + 2)
}
