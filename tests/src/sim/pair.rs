use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use socketio_core::client::Action;
use socketio_core::engine::{Response, Transmit};
use socketio_core::{Config, LinkError, LinkId, Message};

use super::ledger;
use super::{Client, Ledger, Network, Record, Server, Weather};

/// A client and a server, connected by a network.
#[derive(Debug)]
pub struct Pair {
    /// The server and its application.
    pub server: Server,
    /// The client.
    pub client: Client,
    network: Network<Letter>,
    links: BTreeMap<Call, LinkId>,
    calls: BTreeMap<LinkId, Call>,
    /// Set once the end of the client was passed on to the network.
    close_sent: bool,
}

/// A request or stream, by the number of the client's link. The server's link has another number.
type Call = u32;

/// An input in transit.
#[derive(Debug)]
enum Letter {
    Get(Call),
    Post(Call),
    Body(Call, Vec<u8>),
    Stream(Call),
    ToServer(Call, Message),
    Lost(Call, LinkError),
    /// The body of a response, or `None` if the request failed or was rejected.
    Answer(Call, Option<Bytes>),
    ToClient(Call, Message),
    Ended(Call),
}

impl Pair {
    /// Creates a client that is about to open a session by polling.
    pub fn new(weather: Weather, seed: u64) -> Self {
        Self {
            server: Server::open("EIO=4&transport=polling", Config::default()),
            client: Client::new(),
            network: Network::new(weather, seed),
            links: BTreeMap::new(),
            calls: BTreeMap::new(),
            close_sent: false,
        }
    }

    /// Advances the clock by `millis` milliseconds.
    ///
    /// # Panics
    ///
    /// Panics if client and server never become idle at one instant.
    pub fn drive(&mut self, millis: u64) {
        let until = self.server.now() + Duration::from_millis(millis);
        let mut steps = 0;
        loop {
            let before = self.server.now();
            if !self.step_until(until) {
                break;
            }
            steps = if self.server.now() == before { steps + 1 } else { 0 };
            assert!(steps < 10_000, "livelock at {} ms", self.server.clock());
        }
    }

    /// Advances to the next input before `until`. Returns `false` if there is none.
    fn step_until(&mut self, until: std::time::Instant) -> bool {
        self.exchange();
        let next = [self.network.next_arrival(), self.server.timeout()].into_iter().flatten().min();
        let next = next.map_or(until, |next| next.min(until)).max(self.server.now());
        let millis = next.duration_since(self.server.now());
        self.server.pass(millis);
        self.exchange();
        let letter = self.network.receive(next);
        let any = letter.is_some();
        if let Some(letter) = letter {
            self.deliver(letter);
            self.exchange();
        }
        any || next < until
    }

    /// Passes the output of both sides to the network.
    fn exchange(&mut self) {
        for action in self.client.take_actions() {
            self.act(action);
        }
        loop {
            let transmitted = self.server.take_transmitted();
            if transmitted.is_empty() {
                break;
            }
            transmitted.into_iter().for_each(|transmit| self.carry(transmit));
        }
        if self.client.is_closed() && !std::mem::replace(&mut self.close_sent, true) {
            for call in self.calls.values().copied().collect::<Vec<_>>() {
                self.send_to_server(call, Letter::Lost(call, LinkError::Closed));
            }
        }
    }

    fn act(&mut self, action: Action) {
        let weather = self.network.weather();
        match action {
            Action::Get { link } => {
                let call = link.number();
                if self.aborts(call, Letter::Get(call)) {
                    return;
                }
                self.send_to_server(call, Letter::Get(call));
                if self.network.random().chance(weather.duplicate) {
                    let duplicate = call + DUPLICATE;
                    self.send_to_server(duplicate, Letter::Get(duplicate));
                }
            }
            Action::Post { link, body } => {
                let call = link.number();
                if self.aborts(call, Letter::Post(call)) {
                    return;
                }
                self.send_to_server(call, Letter::Post(call));
                self.send_to_server(call, Letter::Body(call, body));
            }
            Action::Open { link, .. } => self.send_to_server(link.number(), Letter::Stream(link.number())),
            Action::Send { link, packet } => {
                let call = link.number();
                for message in ledger::messages_of(&packet) {
                    if self.network.random().chance(weather.cut) {
                        self.send_to_server(call, Letter::Lost(call, LinkError::Failed));
                        self.send_to_client(call, Letter::Ended(call));
                    } else {
                        self.send_to_server(call, Letter::ToServer(call, message));
                    }
                }
            }
            Action::Close { link } => {
                let call = link.number();
                self.send_to_server(call, Letter::Lost(call, LinkError::Closed));
            }
            other => panic!("an action unknown to the simulator: {other:?}"),
        }
    }

    /// Returns `true` if the network aborts a request, which may have arrived before.
    fn aborts(&mut self, call: Call, request: Letter) -> bool {
        let abort = self.network.weather().abort;
        if !self.network.random().chance(abort) {
            return false;
        }
        if self.network.random().chance(50) {
            self.send_to_server(call, request);
            self.send_to_server(call, Letter::Lost(call, LinkError::Aborted));
        }
        self.send_to_client(call, Letter::Answer(call, None));
        true
    }

    fn carry(&mut self, transmit: Transmit) {
        match transmit {
            Transmit::Message { link, packet } => {
                for message in ledger::messages_of(&packet) {
                    let call = self.calls[&link];
                    self.send_to_client(call, Letter::ToClient(call, message));
                }
            }
            Transmit::Respond { link, response } => {
                let call = self.calls[&link];
                if call > DUPLICATE {
                    // The client has no such request, so the server fails to write the response.
                    self.server.lost(link, LinkError::Aborted);
                    return;
                }
                let body = match response {
                    Response::Rejected(_) => None,
                    accepted => Some(accepted.into_body()),
                };
                self.send_to_client(call, Letter::Answer(call, body));
            }
            Transmit::Close { link, .. } => {
                let call = self.calls[&link];
                self.send_to_client(call, Letter::Ended(call));
            }
            _ => {}
        }
    }

    fn deliver(&mut self, letter: Letter) {
        match letter {
            Letter::Get(call) => {
                let link = self.server.get();
                self.arrived(call, link);
            }
            Letter::Post(call) => {
                let link = self.server.post_head();
                self.arrived(call, link);
            }
            Letter::Body(call, body) => {
                if let Some(link) = self.links.get(&call) {
                    self.server.body(*link, body);
                }
            }
            Letter::Stream(call) => {
                let link = self.server.next_link();
                self.links.insert(call, link);
                self.calls.insert(link, call);
                self.server.upgrade();
            }
            Letter::ToServer(call, message) => {
                if let Some(link) = self.links.get(&call) {
                    self.server.message(*link, message);
                }
            }
            Letter::Lost(call, why) => {
                if let Some(link) = self.links.get(&call) {
                    self.server.lost(*link, why);
                }
            }
            Letter::Answer(call, Some(body)) => self.client.session().handle_answer(LinkId::new(call), body),
            Letter::ToClient(call, message) => {
                self.client.session().handle_message(LinkId::new(call), message);
            }
            Letter::Answer(call, None) | Letter::Ended(call) => {
                self.client.session().handle_lost(LinkId::new(call));
            }
        }
    }

    /// Records a request that has reached the server, and passes on its rejection if there was one.
    fn arrived(&mut self, call: Call, link: LinkId) {
        self.links.insert(call, link);
        self.calls.insert(link, call);
        let refused = |ledger: &Ledger| match ledger.record(link) {
            Some(Record::Answered(answer)) => !answer.starts_with("200"),
            _ => false,
        };
        if refused(self.server.ledger()) {
            self.send_to_client(call, Letter::Answer(call, None));
        }
    }

    fn send_to_server(&mut self, call: Call, letter: Letter) {
        self.network.send(call * 2, letter, self.server.now());
    }

    fn send_to_client(&mut self, call: Call, letter: Letter) {
        self.network.send(call * 2 + 1, letter, self.server.now());
    }
}

/// The offset of duplicate calls, whose responses are discarded.
const DUPLICATE: Call = 1 << 24;
