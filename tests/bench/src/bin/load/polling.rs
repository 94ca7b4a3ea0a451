//! Echo over long polling: one waiting GET, and POSTs with everything that is due.

use std::time::Instant;

use socketio_bench::{Event, Exchange, figure};

use crate::clients::{PATIENCE, PAUSE};
use crate::connection::Reach;
use crate::failure::Failure;
use crate::frame::Frame;
use crate::http::{self, Response};
use crate::message::{Answer, Messages};
use crate::run::{Outcome, Run, Tally};
use crate::session::{self, Session};
use crate::sockets::{Receiver, Sockets};

struct Pollers {
    clients: Vec<Poller>,
    messages: Messages,
    connected: usize,
    tally: Tally,
    /// Set if each reply is followed by the same request again.
    repeat: bool,
}

/// A client with two connections: its token is twice its number for GETs, and one more for POSTs.
struct Poller {
    session: Session,
    /// Packets for the next POST, and the numbers of those that are requests.
    due: Vec<u8>,
    numbers: Vec<usize>,
    posting: bool,
    /// By number: the time it was posted, if its reply is pending.
    sent: Vec<Option<Instant>>,
}

pub(crate) fn echo(run: &Run, exchange: Exchange) -> Result<Outcome, Failure> {
    let Exchange { event, connections, outstanding, size } = exchange;
    if event != Event::Echo {
        return Err(Failure::Arguments("polling is measured with echoes only".into()));
    }
    let connections = run.affordable(connections, 2);
    let mut pollers = Pollers {
        clients: (0..connections).map(|_| Poller::new(outstanding)).collect(),
        messages: Messages::new(event, outstanding, size),
        connected: 0,
        tally: Tally::new(),
        repeat: true,
    };
    let mut sockets = Sockets::new(&run.target)?;
    let open = http::get(&run.target, None);
    for client in 0..connections {
        sockets.dial(2 * client, &open, Reach::Near)?;
        // Connects at once: a server may send a ping with the first packets.
        sockets.dial(2 * client + 1, &[], Reach::Near)?;
    }
    pollers.run_until("all to connect", &mut sockets, |pollers| pollers.connected == connections)?;
    for client in 0..connections {
        for number in 0..outstanding {
            pollers.add(client, number);
        }
        pollers.post(&mut sockets, client, Instant::now())?;
    }
    let spent = run.measure(
        &mut pollers,
        |pollers| &mut pollers.tally,
        |pollers| sockets.turn(Some(PAUSE), pollers),
    )?;
    pollers.repeat = false;
    pollers.run_until("the last answers", &mut sockets, |pollers| {
        pollers.clients.iter().all(|client| client.sent.iter().all(Option::is_none))
    })?;
    let tally = &pollers.tally;
    Ok(tally
        .outcome(spent)
        .figure(figure::CONNECTIONS, connections as f64)
        .figure(figure::BYTES, tally.bytes_per_operation()))
}

impl Pollers {
    fn run_until(
        &mut self,
        what: &str,
        sockets: &mut Sockets,
        done: impl Fn(&Self) -> bool,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        while !done(self) {
            sockets.turn(Some(PAUSE), self)?;
            if start.elapsed() > PATIENCE {
                return Err(Failure::Timeout(what.to_owned(), PATIENCE));
            }
        }
        Ok(())
    }

    /// Makes a request due.
    fn add(&mut self, client: usize, number: usize) {
        let poller = &mut self.clients[client];
        session::add_packet(&mut poller.due, self.messages.packet(number));
        poller.numbers.push(number);
    }

    /// Posts everything that is due, unless a POST is in flight: only one is allowed.
    fn post(&mut self, sockets: &mut Sockets, client: usize, at: Instant) -> Result<(), Failure> {
        let poller = &mut self.clients[client];
        if poller.posting || poller.due.is_empty() {
            return Ok(());
        }
        for number in poller.numbers.drain(..) {
            poller.sent[number] = Some(at);
        }
        sockets.send(2 * client + 1, &poller.session.post(&poller.due))?;
        poller.due.clear();
        poller.posting = true;
        Ok(())
    }

    /// Handles the payload of a GET.
    fn payload(&mut self, client: usize, payload: &[u8], at: Instant) {
        for packet in session::packets(payload) {
            if packet == b"2" {
                session::add_packet(&mut self.clients[client].due, b"3");
                continue;
            }
            let Answer::To(number) = self.messages.answer(Frame::Text(packet)) else {
                self.tally.wrong(client, packet);
                continue;
            };
            let Some(sent) = self.clients[client].sent[number].take() else {
                self.tally.wrong(client, "an answer twice");
                continue;
            };
            self.tally.done(sent, at);
            if self.repeat {
                self.add(client, number);
            }
        }
    }
}

impl Receiver for Pollers {
    fn received(
        &mut self,
        sockets: &mut Sockets,
        token: usize,
        bytes: &[u8],
        at: Instant,
    ) -> Result<usize, Failure> {
        let client = token / 2;
        let mut used = 0;
        while let Some((response, length)) = Response::parse(&bytes[used..])? {
            used += length;
            let poller = &mut self.clients[client];
            if token % 2 == 1 {
                response.ok()?;
                poller.posting = false;
            } else if poller.session.is_connected() {
                let payload = response.ok()?;
                sockets.send(token, poller.session.get())?;
                self.payload(client, payload, at);
            } else {
                let next = poller.session.advance(sockets.target(), &response)?;
                self.connected += usize::from(poller.session.is_connected());
                sockets.send(token, &next)?;
            }
            self.post(sockets, client, at)?;
        }
        self.tally.received(used);
        Ok(used)
    }
}

impl Poller {
    fn new(outstanding: usize) -> Self {
        Self {
            session: Session::new(),
            due: Vec::new(),
            numbers: Vec::new(),
            posting: false,
            sent: vec![None; outstanding],
        }
    }
}
