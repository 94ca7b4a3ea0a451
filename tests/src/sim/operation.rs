use socketio_core::{DisconnectReason, LinkError};

use super::{Record, Server, Welcome};

/// One random input to a [`Server`]. Links and sockets are picked from all that ever existed, so most of them are
/// stale.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Each is the method of `Server` of that name.
pub enum Operation {
    Get,
    SecondGet,
    Post(&'static str),
    PostHead,
    Body(usize, &'static str),
    Upgrade,
    Attach,
    Text(usize, &'static str),
    Binary(usize),
    Activity(usize),
    Progress(usize, usize),
    Lose(usize, LinkError),
    Advance(u64),
    Stall(u64),
    Wake,
    Emit(usize),
    Ask(usize, Option<u64>),
    Disconnect(usize, bool),
    Hold(usize, bool),
    Decide(bool),
    Close,
}

impl Operation {
    /// Returns the operation of a code. Every code is valid, and common operations have many codes.
    pub fn from_code([kind, a, b]: [u8; 3]) -> Self {
        let packets = if kind % 16 == 15 { HARMFUL } else { PACKETS };
        let (index, packet) = (usize::from(b) % 6, packets[usize::from(a) % packets.len()]);
        match kind / 4 {
            0..9 => Self::Get,
            9 if a % 8 == 0 => Self::SecondGet,
            9 => Self::Get,
            10..18 => Self::Post(packet),
            18..20 => Self::PostHead,
            20..22 => Self::Body(index, packet),
            22..25 => Self::Upgrade,
            25 => Self::Attach,
            26..38 => Self::Text(index, packet),
            38 if a % 4 == 0 => Self::Binary(index),
            38..41 => Self::Activity(index),
            41 if a >= 192 => Self::Activity(index),
            41 if a >= 128 => Self::Progress(index, usize::from(b) / 16),
            41 => Self::Lose(index, LOSSES[usize::from(a) % LOSSES.len()]),
            42..46 => Self::Advance(u64::from(a) * u64::from(b) / 4),
            46 => Self::Stall(u64::from(a) * u64::from(b) / 8),
            47 => Self::Wake,
            48..53 => Self::Emit(index),
            53..56 => Self::Ask(index, Some(u64::from(a) * 50).filter(|_| b % 2 == 0)),
            56 => Self::Disconnect(index, a % 32 == 0),
            57..60 => Self::Hold(index, a % 2 == 0),
            60..63 => Self::Decide(a % 4 != 0),
            _ if a % 16 == 0 => Self::Close,
            _ => Self::Wake,
        }
    }

    /// Runs the operation on a server. `counter` numbers the packets sent, so that their order can be checked.
    pub fn run(&self, server: &mut Server, counter: &mut u64) {
        let mut packet = |packet: &str| {
            *counter += 1;
            packet.replace('@', &counter.to_string())
        };
        let link = |server: &Server, index: &usize| server.ledger().link(*index);
        // Mostly an open stream, because input on other links is ignored.
        let stream = |server: &Server, index: &usize| {
            server
                .ledger()
                .stream()
                .filter(|_| !index.is_multiple_of(4))
                .or_else(|| server.ledger().link(*index))
        };
        let socket = |server: &mut Server, index: &usize| server.app().any_socket(*index);
        match self {
            Self::Get if server.ledger().waits(&Record::Get) => {}
            Self::Get => _ = server.get(),
            Self::SecondGet => _ = server.second_get(),
            Self::Post(_) | Self::PostHead if server.ledger().waits(&Record::Post) => {}
            Self::Post(body) => _ = server.post(packet(body)),
            Self::PostHead => _ = server.post_head(),
            Self::Body(index, body) => {
                if let Some(link) = link(server, index) {
                    server.body(link, packet(body));
                }
            }
            Self::Upgrade => _ = server.upgrade(),
            Self::Attach => _ = server.attach(),
            Self::Text(index, text) => {
                if let Some(link) = stream(server, index) {
                    packet(text).split('\x1e').for_each(|text| server.text(link, text));
                }
            }
            Self::Binary(index) => {
                if let Some(link) = stream(server, index) {
                    server.binary(link, &[1, 2, 3]);
                }
            }
            Self::Activity(index) => {
                if let Some(link) = stream(server, index) {
                    server.activity(link);
                }
            }
            Self::Progress(index, left) => {
                if let Some(link) = stream(server, index) {
                    server.progress(link, *left);
                }
            }
            Self::Lose(index, why) => {
                if let Some(link) = link(server, index) {
                    server.lost(link, *why);
                }
            }
            Self::Advance(millis) => server.advance(*millis),
            Self::Stall(millis) => server.stall(*millis),
            Self::Wake => server.wake(),
            Self::Emit(index) => {
                if let Some(socket) = socket(server, index) {
                    *counter += 1;
                    server.emit_to(socket, "n", counter);
                }
            }
            Self::Ask(index, timeout) => {
                if let Some(socket) = socket(server, index) {
                    server.ask_socket(socket, "ask", *timeout);
                }
            }
            Self::Disconnect(index, close) => {
                if let Some(socket) = socket(server, index) {
                    server.disconnect_socket(socket, *close);
                }
            }
            Self::Hold(index, held) => {
                if let Some(socket) = socket(server, index) {
                    server.hold(socket, *held);
                }
            }
            Self::Decide(accept) => {
                let refusal = Welcome::Reject("no".to_owned());
                server.decide(if *accept { Welcome::Accept } else { refusal });
            }
            Self::Close => server.close(DisconnectReason::ServerShuttingDown),
        }
    }
}

/// Packets sent by clients; `@` is replaced by a counter.
const PACKETS: &[&str] = &[
    "40",
    "40/later,",
    "40/busy,{\"token\":1}",
    "40/no,",
    "41\x1e40",
    "40\x1e42[\"n\",@]",
    "42[\"n\",@]",
    "42[\"n\",@]",
    "42[\"n\",@]\x1e42[\"x\"]\x1e421[\"y\"]",
    "42/busy,[\"n\",@]",
    "42/busy,@[\"n\",@]",
    "42@[\"ask\",1]",
    "430[]",
    "431[\"yes\"]",
    "432[]\x1e433[1,2]",
    "451-[\"b\",{\"_placeholder\":true,\"num\":0}]\x1ebAQID",
    "461-0[{\"_placeholder\":true,\"num\":0}]\x1ebAQID",
    "2probe",
    "2probe",
    "5",
    "5",
    "3",
    "3",
    "6",
];

/// Packets that end a session or socket in most states.
const HARMFUL: &[&str] = &[
    "41",
    "41/busy,",
    "41/busy,\x1e40/busy,",
    "42/later,[\"n\",@]",
    "451-[\"b\",{\"_placeholder\":true,\"num\":0}]",
    "452-/busy,[\"n\",@,{\"_placeholder\":true,\"num\":1}]",
    "bAQID",
    "2",
    "1",
    "",
    "x",
    "44{}",
    "40\x1e40",
    "42[]",
    "450-[\"x\"]",
    "40\x1e1\x1e40",
];

const LOSSES: [LinkError; 5] =
    [LinkError::Closed, LinkError::Aborted, LinkError::Failed, LinkError::TooLarge, LinkError::Stalled];
