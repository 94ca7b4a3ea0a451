//! Socket.IO clients over WebSocket, of one server or of two in turn.

use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use crate::arguments::Target;
use crate::connection::Reach;
use crate::failure::Failure;
use crate::frame::{self, Frame};
use crate::http;
use crate::sockets::{Receiver, Sockets};

/// The behaviour of a workload's clients.
pub(crate) trait Script {
    /// Called when the client is connected to `/`.
    fn connected(&mut self, _client: usize, _at: Instant) {}

    /// Called with the number of bytes that the server wrote, after the messages in them.
    fn received(&mut self, _bytes: usize) {}

    /// Called for each message to a connected client. The contents of `reply` are sent with one write once everything
    /// that was read has been processed.
    fn receive(&mut self, client: usize, message: Frame<'_>, at: Instant, reply: &mut Vec<u8>);
}

#[derive(Debug)]
pub(crate) struct Clients {
    sockets: Sockets,
    sessions: Sessions,
    /// The address of each server, and the request that its clients begin with.
    servers: Vec<(SocketAddrV4, Vec<u8>)>,
}

#[derive(Debug)]
struct Sessions {
    states: Vec<State>,
    /// The number of clients that are upgrading.
    upgrading: usize,
    ready: usize,
    pings: u64,
    reply: Vec<u8>,
    connect: Vec<u8>,
    pong: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waiting for the HTTP response.
    Upgrading,
    /// Waiting for Engine.IO's OPEN packet.
    Opening,
    /// Waiting for Socket.IO's reply to `40`.
    Connecting,
    Ready,
    /// Not connected, or stalled.
    Gone,
}

/// The sessions, and the script that handles their messages.
struct Listener<'a, S> {
    sessions: &'a mut Sessions,
    script: &'a mut S,
}

/// The number of connects in flight: fewer than the backlog of the servers.
const UNDER_WAY: usize = 100;
/// A server that takes longer than this for anything does not work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The time to wait for events when nothing else is due.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

impl Clients {
    pub(crate) fn new(target: &Target, second: Option<&Target>) -> Result<Self, Failure> {
        let server = |target: &Target| (target.address, http::upgrade(target, None));
        Ok(Self {
            sockets: Sockets::new(target)?,
            sessions: Sessions {
                states: Vec::new(),
                upgrading: 0,
                ready: 0,
                pings: 0,
                reply: Vec::new(),
                connect: frame::text("40"),
                pong: frame::text("3"),
            },
            servers: [target].into_iter().chain(second).map(server).collect(),
        })
    }

    /// Returns the number of connected clients.
    pub(crate) fn ready(&self) -> usize {
        self.sessions.ready
    }

    /// Returns the number of handshakes that the server has not answered yet.
    pub(crate) fn unanswered(&self) -> usize {
        self.sessions.upgrading
    }

    /// Returns the number of pings answered.
    pub(crate) fn pings(&self) -> u64 {
        self.sessions.pings
    }

    /// Adds clients that are not connected.
    pub(crate) fn add(&mut self, count: usize) {
        self.sessions.states.resize(self.sessions.states.len() + count, State::Gone);
    }

    /// Adds clients and waits until all are connected.
    pub(crate) fn connect(&mut self, count: usize, script: &mut impl Script) -> Result<(), Failure> {
        self.connect_over(count, Reach::Near, script)
    }

    /// The same as [`connect`](Self::connect), over a network of the given kind.
    pub(crate) fn connect_over(
        &mut self,
        count: usize,
        reach: Reach,
        script: &mut impl Script,
    ) -> Result<(), Failure> {
        let (before, first) = (self.ready(), self.sessions.states.len());
        self.add(count);
        let mut started = 0;
        let mut progress = (before, Instant::now());
        while self.ready() < before + count {
            while started < count && started < self.ready() - before + UNDER_WAY {
                self.dial_over(first + started, reach)?;
                started += 1;
            }
            self.turn(PAUSE, script)?;
            if self.ready() > progress.0 {
                progress = (self.ready(), Instant::now());
            } else if progress.1.elapsed() > PATIENCE {
                let what = format!("connect {} of {count}", self.ready() - before + 1);
                return Err(Failure::Timeout(what, PATIENCE));
            }
        }
        Ok(())
    }

    /// Starts to connect a client that is gone.
    pub(crate) fn dial(&mut self, client: usize) -> Result<(), Failure> {
        self.dial_over(client, Reach::Near)
    }

    fn dial_over(&mut self, client: usize, reach: Reach) -> Result<(), Failure> {
        self.sessions.states[client] = State::Upgrading;
        self.sessions.upgrading += 1;
        let (address, upgrade) = &self.servers[client % self.servers.len()];
        self.sockets.dial_to(*address, client, upgrade, reach)
    }

    /// Sends at once.
    pub(crate) fn send(&mut self, client: usize, frames: &[u8]) -> Result<(), Failure> {
        self.sockets.send(client, frames)
    }

    /// Sends with the next [`flush`](Self::flush).
    pub(crate) fn queue(&mut self, client: usize, frames: &[u8]) -> Result<(), Failure> {
        self.sockets.queue(client, frames)
    }

    /// Returns `true` if the kernel has accepted everything that was sent.
    pub(crate) fn is_flushed(&self, client: usize) -> bool {
        self.sockets.is_flushed(client)
    }

    pub(crate) fn flush(&mut self, client: usize) -> Result<(), Failure> {
        self.sockets.flush(client)
    }

    /// Closes with a close frame, like a page that is closed.
    pub(crate) fn close(&mut self, client: usize) -> Result<(), Failure> {
        self.sessions.leave(client);
        self.sockets.send(client, &frame::close())?;
        self.sockets.close(client);
        Ok(())
    }

    /// Resets the connection, as a lost network would.
    pub(crate) fn cut(&mut self, client: usize) -> Result<(), Failure> {
        self.sessions.leave(client);
        self.sockets.cut(client)
    }

    /// Never reads again, and answers no pings. The connection stays open; returns its address.
    pub(crate) fn stall(&mut self, client: usize) -> Result<SocketAddrV4, Failure> {
        self.sessions.leave(client);
        self.sockets.ignore(client)
    }

    /// Waits for events for at most `wait`, and lets the script handle them.
    pub(crate) fn turn(&mut self, wait: Duration, script: &mut impl Script) -> Result<(), Failure> {
        self.sockets.turn(Some(wait), &mut Listener { sessions: &mut self.sessions, script })
    }

    /// Turns for `length`.
    pub(crate) fn run(&mut self, length: Duration, script: &mut impl Script) -> Result<(), Failure> {
        let deadline = Instant::now() + length;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.turn(left.min(PAUSE), script)?;
        }
    }

    /// Turns until `done` returns `true`, which must be within [`PATIENCE`].
    pub(crate) fn run_until<S: Script>(
        &mut self,
        what: &str,
        script: &mut S,
        done: impl Fn(&S) -> bool,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        while !done(script) {
            self.turn(PAUSE, script)?;
            if start.elapsed() > PATIENCE {
                return Err(Failure::Timeout(what.to_owned(), PATIENCE));
            }
        }
        Ok(())
    }
}

impl Sessions {
    fn leave(&mut self, client: usize) {
        match std::mem::replace(&mut self.states[client], State::Gone) {
            State::Upgrading => self.upgrading -= 1,
            State::Ready => self.ready -= 1,
            State::Opening | State::Connecting | State::Gone => {}
        }
    }
}

impl<S: Script> Listener<'_, S> {
    fn receive(&mut self, client: usize, frame: Frame<'_>, at: Instant) -> Result<(), Failure> {
        let sessions = &mut *self.sessions;
        match (sessions.states[client], frame) {
            (_, Frame::Text(b"2")) => {
                sessions.pings += 1;
                sessions.reply.extend_from_slice(&sessions.pong);
            }
            (_, Frame::Close) => return Err(Failure::Closed(client)),
            (_, Frame::Control) => {}
            (State::Ready, message) => self.script.receive(client, message, at, &mut sessions.reply),
            (State::Opening, Frame::Text([b'0', b'{', ..])) => {
                sessions.states[client] = State::Connecting;
                sessions.reply.extend_from_slice(&sessions.connect);
            }
            (State::Connecting, Frame::Text([b'4', b'0', b'{', ..])) => {
                sessions.states[client] = State::Ready;
                sessions.ready += 1;
                self.script.connected(client, at);
            }
            (state, frame) => {
                let shown = String::from_utf8_lossy(frame.payload()).into_owned();
                return Err(Failure::Contract(format!("client {client} is {state:?} and got {shown:?}")));
            }
        }
        Ok(())
    }
}

impl<S: Script> Receiver for Listener<'_, S> {
    fn received(
        &mut self,
        sockets: &mut Sockets,
        client: usize,
        bytes: &[u8],
        at: Instant,
    ) -> Result<usize, Failure> {
        let mut used = 0;
        if self.sessions.states[client] == State::Upgrading {
            let Some(head) = http::accepted(bytes)? else { return Ok(0) };
            self.sessions.states[client] = State::Opening;
            self.sessions.upgrading -= 1;
            used = head;
        }
        while let Some((frame, length)) = Frame::parse(&bytes[used..])? {
            self.receive(client, frame, at)?;
            used += length;
        }
        self.script.received(used);
        if !self.sessions.reply.is_empty() {
            sockets.send(client, &self.sessions.reply)?;
            self.sessions.reply.clear();
        }
        Ok(used)
    }
}
