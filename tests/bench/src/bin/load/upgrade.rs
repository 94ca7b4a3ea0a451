//! Connects as stock clients do: over polling, then on to WebSocket.

use std::time::Instant;

use socketio_bench::figure;

use crate::clients::PAUSE;
use crate::connection::Reach;
use crate::failure::Failure;
use crate::frame::{self, Frame};
use crate::http::{self, Response};
use crate::run::{Outcome, Run, Tally};
use crate::session::{self, Session};
use crate::sockets::{Receiver, Sockets};

struct Upgrades {
    clients: Vec<Upgrade>,
    open: Vec<u8>,
    probe: Vec<u8>,
    pong: Vec<u8>,
    /// `5`, and an echo that proves that the server has received it.
    upgrade: Vec<u8>,
    tally: Tally,
}

/// A client with two connections: its token is twice its number for HTTP, and one more for WebSocket.
struct Upgrade {
    session: Session,
    started: Instant,
    websocket: WebSocket,
    /// Pings received over polling, to be answered over WebSocket.
    pings: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WebSocket {
    /// Waiting for the HTTP response.
    Handshaking,
    /// Waiting for `3probe`. Each GET that is answered is followed by the next.
    Probing,
    /// Waiting for the response to the last GET.
    Pausing,
    /// Waiting for the echo.
    Upgraded,
}

const ECHO: &str = "42[\"echo\",\"upgraded\"]";

/// Every client connects, upgrades, exchanges an echo, closes, and connects again.
pub(crate) fn connect(run: &Run, parallel: usize) -> Result<Outcome, Failure> {
    // Closed connections may still be open when the next ones are opened.
    let parallel = run.affordable(parallel, 4);
    let mut sockets = Sockets::new(&run.target)?;
    let mut upgrades = Upgrades {
        clients: (0..parallel).map(|_| Upgrade::new(Instant::now())).collect(),
        open: http::get(&run.target, None),
        probe: frame::text("2probe"),
        pong: frame::text("3"),
        upgrade: [frame::text("5"), frame::text(ECHO)].concat(),
        tally: Tally::new(),
    };
    for client in 0..parallel {
        upgrades.start(&mut sockets, client)?;
    }
    let spent = run.measure(
        &mut upgrades,
        |upgrades| &mut upgrades.tally,
        |upgrades| sockets.turn(Some(PAUSE), upgrades),
    )?;
    Ok(upgrades.tally.outcome(spent).figure(figure::CONNECTIONS, parallel as f64))
}

impl Upgrades {
    fn start(&mut self, sockets: &mut Sockets, client: usize) -> Result<(), Failure> {
        self.clients[client] = Upgrade::new(Instant::now());
        sockets.dial(2 * client, &self.open, Reach::Near)
    }

    fn response(
        &mut self,
        sockets: &mut Sockets,
        client: usize,
        response: &Response<'_>,
    ) -> Result<(), Failure> {
        let upgrade = &mut self.clients[client];
        if upgrade.session.is_connected() {
            for packet in session::packets(response.ok()?) {
                match packet {
                    b"2" => upgrade.pings += 1,
                    b"6" => {}
                    _ => self.tally.wrong(client, packet),
                }
            }
            if upgrade.websocket != WebSocket::Pausing {
                return sockets.send(2 * client, upgrade.session.get());
            }
            upgrade.websocket = WebSocket::Upgraded;
            let mut frames = self.upgrade.clone();
            frames.extend(self.pong.repeat(upgrade.pings));
            return sockets.send(2 * client + 1, &frames);
        }
        let next = upgrade.session.advance(sockets.target(), response)?;
        sockets.send(2 * client, &next)?;
        if upgrade.session.is_connected() {
            let request = http::upgrade(sockets.target(), Some(upgrade.session.sid()));
            sockets.dial(2 * client + 1, &request, Reach::Near)?;
        }
        Ok(())
    }

    fn frame(
        &mut self,
        sockets: &mut Sockets,
        client: usize,
        frame: Frame<'_>,
        at: Instant,
    ) -> Result<(), Failure> {
        let upgrade = &mut self.clients[client];
        match (upgrade.websocket, frame) {
            (_, Frame::Text(b"2")) => sockets.send(2 * client + 1, &self.pong),
            (_, Frame::Control) => Ok(()),
            (WebSocket::Probing, Frame::Text(b"3probe")) => {
                upgrade.websocket = WebSocket::Pausing;
                Ok(())
            }
            (WebSocket::Upgraded, Frame::Text(text)) if text == ECHO.as_bytes() => {
                self.tally.done(upgrade.started, at);
                sockets.send(2 * client + 1, &frame::close())?;
                sockets.close(2 * client + 1);
                sockets.close(2 * client);
                self.start(sockets, client)
            }
            (_, frame) => Err(session::unexpected("what belongs to an upgrade", frame.payload())),
        }
    }
}

impl Receiver for Upgrades {
    fn received(
        &mut self,
        sockets: &mut Sockets,
        token: usize,
        bytes: &[u8],
        at: Instant,
    ) -> Result<usize, Failure> {
        let client = token / 2;
        let mut used = 0;
        if token.is_multiple_of(2) {
            while let Some((response, length)) = Response::parse(&bytes[used..])? {
                used += length;
                self.response(sockets, client, &response)?;
            }
            return Ok(used);
        }
        if self.clients[client].websocket == WebSocket::Handshaking {
            let Some(head) = http::accepted(bytes)? else { return Ok(0) };
            used = head;
            self.clients[client].websocket = WebSocket::Probing;
            sockets.send(token, &self.probe)?;
        }
        while let Some((frame, length)) = Frame::parse(&bytes[used..])? {
            used += length;
            self.frame(sockets, client, frame, at)?;
            // The next connect has begun; the rest of the input belongs to the last one.
            if self.clients[client].websocket == WebSocket::Handshaking {
                return Ok(bytes.len());
            }
        }
        Ok(used)
    }

    /// A server may close the HTTP connection once it is no longer needed.
    fn closed(&mut self, sockets: &mut Sockets, token: usize) -> Result<(), Failure> {
        let upgraded = self.clients[token / 2].websocket == WebSocket::Upgraded;
        if token.is_multiple_of(2) && upgraded {
            sockets.close(token);
            return Ok(());
        }
        Err(Failure::Closed(token / 2))
    }
}

impl Upgrade {
    fn new(started: Instant) -> Self {
        Self { session: Session::new(), started, websocket: WebSocket::Handshaking, pings: 0 }
    }
}
