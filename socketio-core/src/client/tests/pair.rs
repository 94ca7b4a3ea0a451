use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::{Action, Connection, ConnectionEvent, SocketKey};
use crate::engine::{Head, Open, Request, Transmit};
use crate::namespace::NamespacePath;
use crate::packet::{AckId, Encoder, RawArgs, RawJson, ToArgs};
use crate::{Accept, Config, ConnectionEvent as ServerEvent, LinkError, Revision, Sid, SocketId, Transport};

/// A client and a server, connected by a network without latency.
pub(super) struct Pair {
    pub(super) client: Connection<&'static str>,
    server: Option<crate::Connection<&'static str>>,
    config: Arc<Config>,
    pub(super) now: Instant,
    /// The sockets of the server by namespace.
    pub(super) sockets: BTreeMap<String, crate::SocketKey>,
    /// The log of the client's events.
    client_log: Vec<String>,
    /// The log of the server's events.
    server_log: Vec<String>,
    /// The bodies of the POSTs.
    pub(super) posts: Vec<String>,
    /// Set if streams break before they are used.
    pub(super) breaks_streams: bool,
}

impl Pair {
    pub(super) fn new(transport: Transport, config: Config) -> Self {
        let mut pair = Self {
            client: Connection::open(Revision::V4, transport),
            server: None,
            config: Arc::new(config),
            now: crate::time::start(),
            sockets: BTreeMap::new(),
            client_log: Vec::new(),
            server_log: Vec::new(),
            posts: Vec::new(),
            breaks_streams: false,
        };
        pair.run();
        pair.client_log.clear();
        pair
    }

    /// Returns a pair with a socket on `/` and empty logs.
    pub(super) fn joined(transport: Transport) -> (Self, SocketKey) {
        let mut pair = Self::new(transport, Config::default());
        let socket = pair.client.connect(&NamespacePath::root(), None).unwrap();
        pair.run();
        assert_eq!(pair.take_logs(), (vec!["connected".to_owned()], vec!["connect / -".to_owned()]));
        (pair, socket)
    }

    pub(super) fn server(&mut self) -> &mut crate::Connection<&'static str> {
        self.server.as_mut().expect("a session")
    }

    /// Takes the logs of the client and of the server.
    pub(super) fn take_logs(&mut self) -> (Vec<String>, Vec<String>) {
        (std::mem::take(&mut self.client_log), std::mem::take(&mut self.server_log))
    }

    /// Emits an event to `/` from the server.
    pub(super) fn emit<T: ToArgs + ?Sized>(&mut self, name: &str, args: &T) {
        let packet = Encoder::default().event("/", name, args, None).unwrap();
        let socket = self.sockets["/"];
        assert!(self.server().send(socket, packet, None));
    }

    /// Runs both sides until neither makes progress.
    pub(super) fn run(&mut self) {
        while self.run_client() || self.run_server() {}
    }

    pub(super) fn advance(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.server().poll_timeout().filter(|due| *due <= until) {
            self.now = due;
            self.server().handle_timeout(due);
            self.run();
        }
        self.now = until;
    }

    fn run_client(&mut self) -> bool {
        let mut moved = false;
        while let Some(event) = self.client.poll() {
            moved = true;
            self.client_log.push(match event {
                ConnectionEvent::Opened(_) => "opened".to_owned(),
                ConnectionEvent::Connected { .. } => "connected".to_owned(),
                ConnectionEvent::Rejected { error, .. } => {
                    format!("rejected: {}, {:?}", error.message, error.data)
                }
                ConnectionEvent::Received { event, ack, .. } => described(event.name(), event.args(), ack),
                ConnectionEvent::Acknowledged { token, args } => described(token, &args, None),
                ConnectionEvent::Disconnected { how, .. } => format!("{how:?}"),
                ConnectionEvent::Upgraded => "upgraded".to_owned(),
                ConnectionEvent::UpgradeFailed => "not upgraded".to_owned(),
                ConnectionEvent::Closed(closed) => format!("closed: {closed:?}"),
            });
        }
        while let Some(action) = self.client.poll_action() {
            moved = true;
            self.act(action);
        }
        moved
    }

    fn act(&mut self, action: Action) {
        let now = self.now;
        match action {
            Action::Get { link } => {
                let refused = match self.parse("GET", Transport::Polling) {
                    Request::Open(open) => {
                        self.open(&open);
                        self.server().handle_poll(link, &open.first_poll(&sid()), now)
                    }
                    Request::Poll(poll) => self.server().handle_poll(link, &poll, now),
                    other => panic!("not a GET: {other:?}"),
                };
                if refused.is_err() {
                    self.client.handle_lost(link);
                }
            }
            Action::Post { link, body } => {
                self.posts.push(String::from_utf8(body.clone()).unwrap());
                let Request::Post(post) = self.parse("POST", Transport::Polling) else {
                    panic!("not a POST")
                };
                match self.server().handle_post(link, &post, now) {
                    Ok(()) => self.server().handle_body(link, body.into(), now),
                    Err(_) => self.client.handle_lost(link),
                }
            }
            Action::Open { link, .. } if self.breaks_streams => self.client.handle_lost(link),
            Action::Open { link, transport } => match self.parse("GET", transport) {
                Request::Open(open) => {
                    self.open(&open);
                    self.server().handle_attach(link, now);
                }
                Request::Upgrade(upgrade) => self.server().handle_upgrade(link, &upgrade, now),
                other => panic!("not a stream: {other:?}"),
            },
            Action::Send { link, packet } => {
                for message in packet.messages() {
                    self.server().handle_message(link, message, now);
                }
            }
            Action::Close { link } => {
                self.server().handle_lost(link, LinkError::Closed, now);
                self.client.handle_lost(link);
            }
        }
    }

    fn parse(&self, method: &str, transport: Transport) -> Request {
        let query = self.client.query(transport);
        let head = Head::new(method, "/socket.io/", &query);
        let head = head.with_websocket(transport == Transport::WebSocket);
        Request::parse(&head, &self.config).unwrap()
    }

    fn open(&mut self, open: &Open) {
        self.server = Some(crate::Connection::open(Arc::clone(&self.config), &sid(), open, self.now));
    }

    fn run_server(&mut self) -> bool {
        let (mut moved, now) = (false, self.now);
        while let Some(event) = self.server().poll(now) {
            moved = true;
            self.serve(event);
        }
        while let Some(transmit) = self.server().poll_transmit() {
            moved = true;
            match transmit {
                Transmit::Message { link, packet } => {
                    packet.messages().for_each(|message| self.client.handle_message(link, message));
                }
                Transmit::Respond { link, response } if response.status() == 200 => {
                    self.client.handle_answer(link, response.into_body());
                    self.server().handle_delivered(link, now);
                }
                Transmit::Respond { link, .. } | Transmit::Close { link, .. } => {
                    self.client.handle_lost(link);
                }
            }
        }
        moved
    }

    /// Acts as the application: rejects `/no` and acknowledges every event that requests it.
    fn serve(&mut self, event: ServerEvent<&'static str>) {
        match event {
            ServerEvent::Connect(pending) => {
                let namespace = pending.namespace().to_owned();
                self.server_log.push(format!("connect {namespace} {}", pending.auth().unwrap_or("-")));
                if namespace == "/no" {
                    let data = RawJson::of(&[1]).unwrap();
                    self.server().reject(pending, "not you", Some(&data));
                } else {
                    let accept = Accept::new(SocketId::from_entropy([8; 15]));
                    let socket = self.server().accept(pending, accept).expect("it is there");
                    self.server().resume(socket);
                    self.sockets.insert(namespace, socket);
                }
            }
            ServerEvent::Received { socket, event, ack } => {
                self.server_log.push(described(event.name(), event.args(), ack));
                if let Some(id) = ack {
                    let packet = Encoder::default().ack("/", id, event.args()).unwrap();
                    self.server().send(socket, packet, None);
                }
            }
            ServerEvent::Acknowledged { token, args } => self.server_log.push(described(token, &args, None)),
            ServerEvent::Disconnected { reason, .. } => self.server_log.push(reason.as_str().to_owned()),
            ServerEvent::Upgraded => self.server_log.push("upgraded".to_owned()),
            ServerEvent::Closed(reason) => self.server_log.push(format!("closed: {reason}")),
            other => panic!("unexpected: {other:?}"),
        }
    }
}

pub(super) fn sid() -> Sid {
    Sid::from_entropy([7; 15])
}

fn described(name: &str, args: &RawArgs, ack: Option<AckId>) -> String {
    let ack = ack.map(|AckId(id)| format!(" ?{id}")).unwrap_or_default();
    let attachments = args.attachments().iter().map(|bytes| format!(" <{bytes:x}>")).collect::<String>();
    format!("{name} {}{attachments}{ack}", args.json())
}
