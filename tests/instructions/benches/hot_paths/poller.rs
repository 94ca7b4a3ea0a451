use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use socketio_core::engine::{Head, Poll, Post, Request, Response, Session, Transmit};
use socketio_core::packet::Encoder;
use socketio_core::{Config, LinkId, Sid};

/// The Engine.IO session of a polling client.
pub(crate) struct Poller {
    session: Session,
    poll: Poll,
    post: Post,
    body: Bytes,
    now: Instant,
    link: LinkId,
}

impl Poller {
    fn new() -> Self {
        let config = Arc::new(Config::default());
        let now = Instant::now();
        let sid = Sid::from_entropy([1; 15]);
        let head = Head::new("GET", "/socket.io/", "EIO=4&transport=polling");
        let Ok(Request::Open(open)) = Request::parse(&head, &config) else { panic!("a handshake") };
        let query = format!("EIO=4&transport=polling&sid={}", sid.expose());
        let head = Head::new("POST", "/socket.io/", &query);
        let Ok(Request::Post(post)) = Request::parse(&head, &config) else { panic!("a POST") };
        let session = Session::open(config, &sid, &open, now);
        let poll = open.first_poll(&sid);
        let mut poller = Self { session, poll, post, body: Bytes::new(), now, link: LinkId::new(0) };
        assert!(poller.get().starts_with(b"0{"));
        poller
    }

    /// Prepares a POST with `packets` events of 64 bytes of text each.
    pub(crate) fn about_to_post(packets: usize) -> Self {
        let mut poller = Self::new();
        let packet = format!(r#"42["message","{}"]"#, "x".repeat(64));
        let body = Bytes::from(vec![packet; packets].join("\x1e"));
        poller.body = body.clone();
        poller.post();
        poller.body = body;
        poller
    }

    /// Prepares a GET with `packets` events queued, of 64 bytes of text each.
    pub(crate) fn about_to_get(packets: usize) -> Self {
        let mut poller = Self::new();
        for _ in 0..2 {
            poller.get_if_any();
            let mut encoder = Encoder::default();
            for _ in 0..packets {
                poller.session.send(encoder.event("/", "message", &"x".repeat(64), None).expect("an event"));
            }
        }
        poller
    }

    pub(crate) fn post(&mut self) {
        self.link = self.link.next();
        self.session.handle_post(self.link, &self.post, self.now).expect("it is taken");
        self.session.handle_body(self.link, std::mem::take(&mut self.body), self.now);
        while let Some(event) = self.session.poll(self.now) {
            black_box(event);
        }
        let answer = self.session.poll_transmit();
        assert!(matches!(answer, Some(Transmit::Respond { response: Response::Accepted { .. }, .. })));
    }

    pub(crate) fn get(&mut self) -> Vec<u8> {
        self.link = self.link.next();
        self.session.handle_poll(self.link, &self.poll, self.now).expect("it is taken");
        let answer = self.session.poll_transmit();
        self.session.handle_delivered(self.link, self.now);
        match answer {
            Some(Transmit::Respond { response: Response::Payload(body), .. }) => body,
            other => panic!("no answer: {other:?}"),
        }
    }

    fn get_if_any(&mut self) {
        if self.session.queued_bytes() > 0 {
            self.get();
        }
    }
}
