use bytes::Bytes;
use bytestring::ByteString;
use serde_json::Value;
use socketio_core::packet::{AckId, Assembler, Encoder, Event, PacketKind, RawArgs, decode};
use socketio_core::{Config, SocketId};

/// A packet from the server, for one namespace.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) namespace: String,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Connected(SocketId),
    Refused { message: String, data: Value },
    Disconnected,
    Event { event: Event, ack: Option<AckId> },
    Ack { id: AckId, args: RawArgs },
}

/// Makes packets whole.
#[derive(Debug)]
pub(super) struct Decoder(Assembler<Incoming>);

impl Decoder {
    pub(super) fn new() -> Self {
        let mut config = Config::default();
        config.max_payload = usize::MAX;
        Self(Assembler::new(&config))
    }

    /// Takes a packet's text, a part of `whole`; gives the packet unless attachments follow.
    pub(super) fn take_text(&mut self, whole: &ByteString, text: &str) -> Option<Incoming> {
        self.0.text_arrived().expect(VALID);
        let packet = decode(text, Encoder::MAX_ATTACHMENTS as usize).expect(VALID);
        let (kind, attachments) = match packet.kind {
            PacketKind::Connect { auth } => (Kind::Connected(socket_id(auth.expect(VALID))), 0),
            PacketKind::ConnectError { data } => (refusal(data), 0),
            PacketKind::Disconnect => (Kind::Disconnected, 0),
            PacketKind::Event(head) => {
                let (ack, attachments) = (head.id, head.attachments);
                (Kind::Event { event: Event::new(whole, head), ack }, attachments)
            }
            PacketKind::Ack { id, attachments, args } => {
                (Kind::Ack { id, args: RawArgs::of_ack(whole, args) }, attachments)
            }
            other => unreachable!("no server sends {other:?}"),
        };
        let incoming = Incoming { namespace: packet.namespace.to_owned(), kind };
        if attachments == 0 {
            return Some(incoming);
        }
        self.0.start(incoming, attachments);
        None
    }

    /// Takes an attachment; gives the packet if it was the last.
    pub(super) fn take_binary(&mut self, bytes: Bytes) -> Option<Incoming> {
        let (mut incoming, attachments) = self.0.push(bytes).expect(VALID)?;
        incoming.kind = match incoming.kind {
            Kind::Event { event, ack } => Kind::Event { event: event.with_attachments(attachments), ack },
            Kind::Ack { id, args } => Kind::Ack { id, args: args.with_attachments(attachments) },
            other => other,
        };
        Some(incoming)
    }
}

/// The text of an OPEN packet names the session.
pub(super) fn session_id(open: &str) -> String {
    field(open, "sid")
}

fn socket_id(connected: &str) -> SocketId {
    field(connected, "sid").parse().expect(VALID)
}

fn field(object: &str, name: &str) -> String {
    let object: Value = serde_json::from_str(object).expect(VALID);
    object[name].as_str().expect(VALID).to_owned()
}

fn refusal(json: &str) -> Kind {
    let mut refusal: Value = serde_json::from_str(json).expect(VALID);
    let message = refusal["message"].as_str().unwrap_or_default().to_owned();
    Kind::Refused { message, data: refusal["data"].take() }
}

const VALID: &str = "the server writes valid packets";
