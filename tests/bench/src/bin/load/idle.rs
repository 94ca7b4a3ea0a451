//! The cost of idle sessions, and the memory held after a large message.

use std::time::{Duration, Instant};

use socketio_bench::{Event, figure};

use crate::clients::Clients;
use crate::exchange::Requests;
use crate::failure::Failure;
use crate::run::{Outcome, Run};

/// The delay before memory is measured: memory freed later than this counts as held.
const SETTLE: Duration = Duration::from_secs(2);
/// The number of echoes in flight: memory that they need at the same time is not held.
const AT_A_TIME: usize = 8;

pub(crate) fn idle(run: &Run, connections: usize) -> Result<Outcome, Failure> {
    let connections = run.affordable(connections, 1);
    let mut clients = run.clients()?;
    let mut echoes = Requests::new(Event::Echo, 2 * connections, 1, 64);
    let beginning = run.process.memory()?;
    let held = |clients: &mut Clients, echoes: &mut Requests| -> Result<f64, Failure> {
        clients.run(SETTLE, echoes)?;
        Ok(run.process.memory()? - beginning)
    };

    clients.connect(connections, &mut echoes)?;
    let connected = held(&mut clients, &mut echoes)?;

    let pings = clients.pings();
    let meter = run.process.meter()?;
    clients.run(run.length, &mut echoes)?;
    let spent = meter.read()?;
    let pings = clients.pings() - pings;

    echo_once(&mut clients, 0..connections, &mut echoes)?;
    let talked = held(&mut clients, &mut echoes)?;

    for client in (0..connections).step_by(2) {
        clients.close(client)?;
    }
    let half_left = held(&mut clients, &mut echoes)?;
    for client in (1..connections).step_by(2) {
        clients.close(client)?;
    }
    let all_left = held(&mut clients, &mut echoes)?;

    clients.connect(connections, &mut echoes)?;
    let second = held(&mut clients, &mut echoes)?;

    let per_session = |bytes: f64| bytes / connections as f64;
    // The operations are heartbeats; none is timed.
    echoes.tally.begin();
    echoes.tally.count(pings);
    let outcome = echoes.tally.outcome(spent);
    let outcome = match pings {
        0 => outcome,
        _ => outcome.figure(figure::HEARTBEAT_CORES, spent.server_cpu / spent.seconds),
    };
    Ok(outcome
        .figure(figure::CONNECTIONS, connections as f64)
        .figure(figure::RSS_PER_SESSION, per_session(connected))
        .figure(figure::RSS_AFTER_ONE_MESSAGE, per_session(talked))
        .figure(figure::RSS_AFTER_HALF_LEFT, half_left)
        .figure(figure::RSS_AFTER_ALL_LEFT, all_left)
        .figure(figure::RSS_SECOND_WAVE, per_session(second)))
}

/// Measures the memory held after one large message in each direction, when all is idle again. Other sessions have
/// exchanged theirs before and stay open, so that memory which the server allocates only once is already there.
pub(crate) fn retained(run: &Run, connections: usize, size: usize) -> Result<Outcome, Failure> {
    let connections = run.affordable(connections, 1);
    let mut clients = run.clients()?;
    let mut echoes = Requests::new(Event::Echo, AT_A_TIME + connections, 1, size);
    clients.connect(AT_A_TIME, &mut echoes)?;
    for _ in 0..8 {
        echo_once(&mut clients, 0..AT_A_TIME, &mut echoes)?;
    }
    clients.connect(connections, &mut echoes)?;
    clients.run(SETTLE, &mut echoes)?;
    let before = run.process.memory()?;
    echoes.tally.begin();
    let meter = run.process.meter()?;
    echo_once(&mut clients, AT_A_TIME..AT_A_TIME + connections, &mut echoes)?;
    let spent = meter.read()?;
    clients.run(SETTLE, &mut echoes)?;
    let after = run.process.memory()?;
    Ok(echoes
        .tally
        .outcome(spent)
        .figure(figure::CONNECTIONS, connections as f64)
        .figure(figure::RSS_RETAINED_PER_SESSION, (after - before) / connections as f64))
}

/// Exchanges one echo on each of these clients.
fn echo_once(
    clients: &mut Clients,
    those: std::ops::Range<usize>,
    echoes: &mut Requests,
) -> Result<(), Failure> {
    let mut waiting = those;
    loop {
        let room = AT_A_TIME.saturating_sub(echoes.awaited());
        for client in waiting.by_ref().take(room) {
            clients.send(client, echoes.send(client, 0, Instant::now())?)?;
        }
        if waiting.is_empty() && echoes.all_answered() {
            return Ok(());
        }
        let before = echoes.awaited();
        clients.run_until("an echo", echoes, |echoes| echoes.awaited() < before)?;
    }
}
