use std::collections::VecDeque;

use socketio_core::Message;

use super::server::render;

/// A peer that behaves as the stock clients do: it always has a GET under way while it polls, sends one
/// POST at a time, answers pings, and upgrades by probe, pause and `5`.
#[derive(Debug)]
pub struct Client {
    state: State,
    get: Option<Call>,
    post: Option<Call>,
    next_call: u32,
    outgoing: VecDeque<Message>,
    received: Vec<String>,
}

/// A request or a stream, as the client counts them.
pub(super) type Call = u32;

/// What the client wants from the network.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    Get(Call),
    Post(Call, String),
    OpenStream(Call),
    Message(Call, Message),
    CloseStream(Call),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Polling,
    /// Wants a stream.
    Wishing,
    Probing(Call),
    /// The probe was answered; requests that are under way are waited for.
    Pausing(Call),
    Streaming(Call),
    Closed,
}

impl Client {
    /// A client that begins by polling.
    pub fn new() -> Self {
        Self {
            state: State::Polling,
            get: None,
            post: None,
            next_call: 0,
            outgoing: VecDeque::new(),
            received: Vec::new(),
        }
    }

    /// Sends a packet over whatever transport there is.
    pub fn send(&mut self, packet: &str) {
        self.outgoing.push_back(Message::Text(packet.into()));
    }

    /// Begins to upgrade.
    pub fn upgrade(&mut self) {
        if self.state == State::Polling {
            self.state = State::Wishing;
        }
    }

    /// Whether the client moved to a stream.
    pub fn is_upgraded(&self) -> bool {
        matches!(self.state, State::Streaming(_))
    }

    /// Whether the client believes that it is over.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// The messages received so far, without the packets of the Engine.IO layer: `42["n",1]`, `<0102>`.
    pub fn received(&self) -> &[String] {
        &self.received
    }

    /// What the client wants to do now.
    pub(super) fn wishes(&mut self) -> Vec<Wish> {
        let mut wishes = Vec::new();
        if let State::Wishing = self.state {
            let stream = self.new_call();
            self.state = State::Probing(stream);
            wishes.push(Wish::OpenStream(stream));
            wishes.push(Wish::Message(stream, Message::Text("2probe".into())));
        }
        if let State::Pausing(stream) = self.state
            && self.get.is_none()
            && self.post.is_none()
        {
            self.state = State::Streaming(stream);
            wishes.push(Wish::Message(stream, Message::Text("5".into())));
        }
        match self.state {
            State::Polling | State::Probing(_) => {
                if self.get.is_none() {
                    let get = self.new_call();
                    self.get = Some(get);
                    wishes.push(Wish::Get(get));
                }
                if self.post.is_none() && !self.outgoing.is_empty() {
                    let post = self.new_call();
                    self.post = Some(post);
                    let packets: Vec<_> = self.outgoing.drain(..).map(|packet| render(&packet)).collect();
                    wishes.push(Wish::Post(post, packets.join("\x1e")));
                }
            }
            State::Streaming(stream) => {
                wishes.extend(self.outgoing.drain(..).map(|message| Wish::Message(stream, message)));
            }
            State::Wishing | State::Pausing(_) | State::Closed => {}
        }
        wishes
    }

    /// A request is answered with packets; none if it failed or was refused.
    pub(super) fn answered(&mut self, call: Call, packets: Option<Vec<Message>>) {
        let ours = [&mut self.get, &mut self.post].into_iter().find(|slot| **slot == Some(call));
        let Some(slot) = ours else { return };
        *slot = None;
        match packets {
            Some(packets) => packets.iter().for_each(|packet| self.take(packet)),
            None => self.close(),
        }
    }

    /// A message comes over a stream.
    pub(super) fn message(&mut self, call: Call, message: &Message) {
        match self.state {
            State::Streaming(stream) if stream == call => self.take(message),
            State::Probing(stream) if stream == call && *message == Message::Text("3probe".into()) => {
                self.state = State::Pausing(stream);
            }
            _ => {}
        }
    }

    /// A stream is closed or broken.
    pub(super) fn stream_ended(&mut self, call: Call) -> Option<Wish> {
        match self.state {
            State::Streaming(stream) if stream == call => self.close(),
            State::Probing(stream) | State::Pausing(stream) if stream == call => {
                self.state = State::Polling;
                return Some(Wish::CloseStream(stream));
            }
            _ => {}
        }
        None
    }

    fn take(&mut self, packet: &Message) {
        let text = match packet {
            Message::Text(text) => text,
            binary @ Message::Binary(_) => return self.received.push(render(binary)),
        };
        match &**text.as_bytes() {
            [b'1'] => self.close(),
            [b'2'] => self.send("3"),
            [b'4', ..] => self.received.push(text.to_string()),
            _ => {}
        }
    }

    fn close(&mut self) {
        self.state = State::Closed;
    }

    fn new_call(&mut self) -> Call {
        self.next_call += 1;
        self.next_call
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}
