//! Connects over WebSocket: one after another, and all at once.

use std::time::Instant;

use socketio_bench::figure;

use crate::clients::{PATIENCE, PAUSE, Script};
use crate::failure::Failure;
use crate::frame::Frame;
use crate::run::{Outcome, Run, Tally};

/// Measures connects.
struct Connects {
    /// By client: the time its connect started.
    started: Vec<Instant>,
    connected: Vec<usize>,
    tally: Tally,
}

/// Some servers have a backlog of 128. The kernel drops connections beyond that, and the measurement would be of its
/// timer of a second until it tries again. Each client's time still runs from the cut.
const UNANSWERED: usize = 100;

/// Every client connects, closes, and connects again.
pub(crate) fn websocket(run: &Run, parallel: usize) -> Result<Outcome, Failure> {
    let parallel = run.affordable(parallel, 2);
    let mut clients = run.clients()?;
    let mut connects = Connects::new(parallel);
    clients.add(parallel);
    for client in 0..parallel {
        connects.started[client] = Instant::now();
        clients.dial(client)?;
    }
    let spent = run.measure(
        &mut connects,
        |connects| &mut connects.tally,
        |connects| {
            clients.turn(PAUSE, connects)?;
            while let Some(client) = connects.connected.pop() {
                clients.close(client)?;
                connects.started[client] = Instant::now();
                clients.dial(client)?;
            }
            Ok(())
        },
    )?;
    Ok(connects.tally.outcome(spent).figure(figure::CONNECTIONS, parallel as f64))
}

/// All clients are cut at once and connect again at once, until the time is over.
pub(crate) fn storm(run: &Run, connections: usize) -> Result<Outcome, Failure> {
    // Connections that are cut stay open until the server notices.
    let connections = run.affordable(connections, 2);
    let mut clients = run.clients()?;
    let mut connects = Connects::new(connections);
    clients.connect(connections, &mut connects)?;
    connects.tally.begin();
    let meter = run.process.meter()?;
    let (begin, mut storms) = (Instant::now(), 0_u32);
    while storms == 0 || begin.elapsed() < run.length {
        connects.connected.clear();
        for client in 0..connections {
            clients.cut(client)?;
        }
        connects.started.fill(Instant::now());
        let (mut dialled, mut connected) = (0, Instant::now());
        while connects.connected.len() < connections {
            while dialled < connections && clients.unanswered() < UNANSWERED {
                clients.dial(dialled)?;
                dialled += 1;
            }
            let before = connects.connected.len();
            clients.turn(PAUSE, &mut connects)?;
            if connects.connected.len() > before {
                connected = Instant::now();
            } else if connected.elapsed() > PATIENCE {
                return Err(Failure::Timeout(format!("reconnect {}", before + 1), PATIENCE));
            }
        }
        storms += 1;
    }
    let until_all = begin.elapsed().as_secs_f64() / f64::from(storms);
    let outcome = connects.tally.outcome(meter.read()?);
    Ok(outcome
        .figure(figure::CONNECTIONS, connections as f64)
        .figure(figure::STORMS, f64::from(storms))
        .figure(figure::SECONDS_UNTIL_ALL, until_all))
}

impl Connects {
    fn new(clients: usize) -> Self {
        Self { started: vec![Instant::now(); clients], connected: Vec::new(), tally: Tally::new() }
    }
}

impl Script for Connects {
    fn connected(&mut self, client: usize, at: Instant) {
        self.tally.done(self.started[client], at);
        self.connected.push(client);
    }

    fn receive(&mut self, client: usize, message: Frame<'_>, _at: Instant, _reply: &mut Vec<u8>) {
        self.tally.wrong(client, message.payload());
    }
}
