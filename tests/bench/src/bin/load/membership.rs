//! The cost of joining and leaving rooms.

use std::ops::Range;
use std::time::{Duration, Instant};

use socketio_bench::figure;

use crate::clients::{Clients, PAUSE, Script};
use crate::failure::Failure;
use crate::frame::Frame;
use crate::rooms;
use crate::run::{Outcome, Run, Tally};

/// Joins and leaves with an ack, and waits for it.
struct Members {
    /// The pending step of each client, and the time it started.
    states: Vec<(Step, Instant)>,
    join: Vec<u8>,
    leave: Vec<u8>,
    awaited: usize,
    /// Set if each ack is followed by the next step.
    repeat: bool,
    tally: Tally,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Out,
    Joining,
    In,
    Leaving,
}

/// The number of times that all clients join, to measure the cost of a join alone.
const PASSES: u32 = 50;
/// The time a server gets to clean up after clients that have left.
const SETTLE: Duration = Duration::from_millis(200);

/// Some clients keep joining and leaving rooms, while others stay in these rooms.
pub(crate) fn join_and_leave(
    run: &Run,
    connections: usize,
    members: usize,
    rooms: usize,
) -> Result<Outcome, Failure> {
    let all = run.affordable(connections + members, 1).max(2);
    let active = connections.min(all / 2);
    let mut clients = run.clients()?;
    let mut script = Members::new(all, rooms);
    clients.connect(all, &mut script)?;
    // The active clients are the first.
    script.everybody(&mut clients, active..all, Step::Out)?;

    script.repeat = true;
    script.begin(&mut clients, 0..active, Step::Out)?;
    let spent = run.measure(&mut script, |script| &mut script.tally, |script| clients.turn(PAUSE, script))?;
    script.repeat = false;
    clients.run_until("the last acks", &mut script, Members::settled)?;

    let (mut joins, mut leaves, mut disconnects) = (Cost::default(), Cost::default(), Cost::default());
    for _ in 0..PASSES {
        for (step, cost) in [(Step::Out, &mut joins), (Step::In, &mut leaves)] {
            let meter = run.process.meter()?;
            let count = script.everybody(&mut clients, 0..active, step)?;
            // The CPU time of a thread is exact when it sleeps.
            clients.run(Duration::from_millis(2), &mut script)?;
            cost.add(meter.read()?.server_cpu, count);
        }
    }
    script.everybody(&mut clients, 0..active, Step::Out)?;
    clients.run(SETTLE, &mut script)?;
    let meter = run.process.meter()?;
    for client in 0..active {
        clients.close(client)?;
    }
    clients.run(SETTLE, &mut script)?;
    disconnects.add(meter.read()?.server_cpu, active);
    let outcome = script.tally.outcome(spent);
    Ok(outcome
        .figure(figure::CONNECTIONS, all as f64)
        .figure(figure::JOIN_US, joins.microseconds())
        .figure(figure::LEAVE_US, leaves.microseconds())
        .figure(figure::DISCONNECT_US, disconnects.microseconds()))
}

/// CPU time of the server, and the number of operations it was spent on.
#[derive(Debug, Default)]
struct Cost {
    seconds: f64,
    operations: usize,
}

impl Cost {
    fn add(&mut self, seconds: f64, operations: usize) {
        self.seconds += seconds;
        self.operations += operations;
    }

    fn microseconds(&self) -> f64 {
        self.seconds * 1e6 / self.operations.max(1) as f64
    }
}

impl Members {
    fn new(clients: usize, rooms: usize) -> Self {
        Self {
            states: vec![(Step::Out, Instant::now()); clients],
            join: rooms::join(0..rooms),
            leave: rooms::leave(0..rooms),
            awaited: 0,
            repeat: false,
            tally: Tally::new(),
        }
    }

    fn settled(&self) -> bool {
        self.awaited == 0
    }

    /// Advances all clients that are at `step`, and waits for them. Returns their number.
    fn everybody(
        &mut self,
        clients: &mut Clients,
        those: Range<usize>,
        there: Step,
    ) -> Result<usize, Failure> {
        let count = self.begin(clients, those, there)?;
        clients.run_until("everybody's ack", self, Self::settled)?;
        Ok(count)
    }

    fn begin(&mut self, clients: &mut Clients, those: Range<usize>, there: Step) -> Result<usize, Failure> {
        let mut frame = Vec::new();
        let mut count = 0;
        for client in those {
            if self.states[client].0 == there {
                frame.clear();
                self.advance(client, Instant::now(), &mut frame);
                clients.send(client, &frame)?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Joins if the client is out, leaves if it is in.
    fn advance(&mut self, client: usize, at: Instant, out: &mut Vec<u8>) {
        let (step, frame) = match self.states[client].0 {
            Step::Out | Step::Leaving => (Step::Joining, &self.join),
            Step::In | Step::Joining => (Step::Leaving, &self.leave),
        };
        out.extend_from_slice(frame);
        self.states[client] = (step, at);
        self.awaited += 1;
    }
}

impl Script for Members {
    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, reply: &mut Vec<u8>) {
        let (step, since) = self.states[client];
        let now = match step {
            Step::Joining if rooms::is_joined(message) => Step::In,
            Step::Leaving if rooms::has_left(message) => Step::Out,
            _ => return self.tally.wrong(client, message.payload()),
        };
        self.states[client].0 = now;
        self.awaited -= 1;
        self.tally.done(since, at);
        if self.repeat {
            self.advance(client, at, reply);
        }
    }
}
