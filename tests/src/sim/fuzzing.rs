//! The bodies of the fuzz targets. `tests/fuzz` runs them with libFuzzer; the tests here run them with a random
//! generator, which works everywhere.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use socketio_core::engine::{Head, Open, Request, Session, parameter};
use socketio_core::packet::{self, PacketKind};
use socketio_core::{Accept, Config, DisconnectReason, LinkId, Message, Sid};

use super::cluster::{self, Cluster};
use super::{Operation, Server, Welcome};

mod messages;
pub use messages::{cluster_channels, cluster_classic};

/// Parses a query string as a request of every kind.
pub fn request(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (query, content_type) = text.split_once('\n').unwrap_or((text, ""));
    let config = Config::default();
    for (method, websocket) in
        [("GET", false), ("POST", false), ("GET", true), ("CONNECT", true), ("PUT", false)]
    {
        let head = Head::new(method, "/socket.io/", query)
            .with_content_type(Some(content_type))
            .with_websocket(websocket);
        if let Err(error) = Request::parse(&head, &config) {
            assert!((400..600).contains(&error.status()));
        }
    }
    // Parameters are parsed as the URL standard specifies, like in Node.
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    for (name, _) in &pairs {
        let last = pairs.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value);
        assert_eq!(parameter(query, name).as_ref(), last, "{name:?} in {query:?}");
    }
}

/// Decodes a Socket.IO packet and reads its arguments as several types.
pub fn packet(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(packet) = packet::decode(text, 10) else { return };
    assert!(packet.namespace.starts_with('/'));
    // The packet is received by a connection, like a real one.
    let PacketKind::Event(head) = packet.kind else { return };
    assert!(head.attachments <= 10);
    let mut connection = socketio_core::Connection::<()>::open(
        Arc::new(Config::default()),
        &sid(),
        &open("websocket"),
        Instant::now(),
    );
    let (link, now) = (LinkId::new(0), Instant::now());
    connection.handle_attach(link, now);
    connection.handle_message(link, Message::Text(format!("40{},", packet.namespace).into()), now);
    while let Some(event) = connection.poll(now) {
        let socketio_core::ConnectionEvent::Connect(pending) = event else { continue };
        let id = socketio_core::SocketId::from_entropy([1; 15]);
        if let Some(socket) = connection.accept(pending, Accept::new(id)) {
            connection.resume(socket);
        }
    }
    connection.handle_message(link, Message::Text(format!("4{text}").into()), now);
    for byte in 0..head.attachments as u8 {
        connection.handle_message(link, Message::Binary(vec![byte; ATTACHMENT].into()), now);
    }
    while let Some(event) = connection.poll(now) {
        let socketio_core::ConnectionEvent::Received { event, .. } = event else { continue };
        assert_eq!(event.name(), head.name());
        let args = event.args();
        let _ = args.first::<serde_json::Value>();
        let _ = args.first::<packet::Value>();
        let _ = args.first::<Bytes>();
        let _ = args.first::<Option<Vec<(f64, String)>>>();
        let _ = args.all::<Vec<serde_json::Value>>();
        let _ = args.all::<(u8, Option<Bytes>, String)>();
        assert!(args.iter().skip(1).eq(args.skip(1).iter()));
        relay(event.name(), args);
        assert!(args.size() <= text.len() + 10 * ATTACHMENT);
        // No more bytes are returned than were received, however often they are referenced.
        for list in [args.first::<Vec<Bytes>>(), args.all::<Vec<Bytes>>()] {
            let returned: usize = list.iter().flatten().map(Bytes::len).sum();
            assert!(returned <= args.size());
        }
    }
}

/// Checks that a received event can be relayed without a change, except for attachments that are not referenced.
fn relay(name: &str, args: &packet::RawArgs) {
    let packet = packet::Encoder::default().event("/", name, args, None).expect("a received event encodes");
    let relayed = packet::Event::from_encoded(&packet).expect("an event");
    assert_eq!((relayed.name(), relayed.args().len()), (name, args.len()));
    if let Ok(values) = args.all::<Vec<packet::Value>>() {
        assert_eq!(relayed.args().all::<Vec<packet::Value>>().expect("values as before"), values);
    }
}

/// The size of each attachment in bytes, larger than many placeholders.
const ATTACHMENT: usize = 1000;

/// Receives data as the body of a POST.
pub fn payload(data: &[u8]) {
    let now = Instant::now();
    let mut session = Session::open(Arc::new(Config::default()), &sid(), &open("polling"), now);
    let link = LinkId::new(0);
    session.handle_post(link, &Server::parse_post("text/plain"), now).expect("a session that polls");
    session.handle_body(link, Bytes::copy_from_slice(data), now);
    let mut closed = false;
    while let Some(event) = session.poll(now) {
        assert!(!closed, "{event:?} after the end");
        closed = matches!(event, socketio_core::engine::SessionEvent::Closed(_));
    }
    let mut answers = 0;
    while let Some(transmit) = session.poll_transmit() {
        let answer = matches!(transmit, socketio_core::engine::Transmit::Respond { .. });
        answers += usize::from(answer);
    }
    assert_eq!(answers, 1, "a POST is answered once");
}

/// Runs a connection with operations from data; every three bytes are one [`Operation`].
pub fn connection(data: &[u8]) {
    let (first, codes) = data.split_first().unwrap_or((&0, &[]));
    let mut server = match first % 4 {
        0 | 1 => polling(),
        2 => websocket(),
        _ => Server::open("EIO=4&transport=websocket&b64=1", config()),
    };
    let operations: Vec<_> = codes.as_chunks().0.iter().map(|code| Operation::from_code(*code)).collect();
    live(&mut server, &operations);
}

/// Runs a cluster with operations from data; every four bytes are one [`cluster::Operation`].
pub fn cluster_node(data: &[u8]) {
    let (first, codes) = data.split_first().unwrap_or((&0, &[]));
    let operation = |code: &[u8; cluster::Operation::CODE]| cluster::Operation::from_code(*code);
    let operations: Vec<_> = codes.as_chunks().0.iter().map(operation).collect();
    live_in_cluster((*first).into(), &operations);
}

/// Runs a cluster of three processes of this implementation and one of another one, lets it heal, and closes it.
pub fn live_in_cluster(seed: u64, operations: &[cluster::Operation]) {
    let mut cluster = Cluster::new(seed, [0, 1, 20, 200][seed as usize % 4]);
    cluster.populate(3, 1);
    for operation in operations {
        operation.run(&mut cluster);
    }
    cluster.heal();
    cluster.settle();
    cluster.assert_works();
    cluster.settle();
    cluster.close();
}

/// Opens a polling session with a socket on `/` and one on `/busy`, whose connect handler is running.
pub fn polling() -> Server {
    let mut server = Server::polling_with(config());
    set_welcomes(&mut server);
    server.post("40\x1e40/busy,");
    server
}

/// Like [`polling`], with a WebSocket.
pub fn websocket() -> Server {
    let (mut server, stream) = Server::websocket_with(config());
    set_welcomes(&mut server);
    server.text(stream, "40");
    server.text(stream, "40/busy,");
    server
}

/// Returns a configuration with limits that are easily reached.
pub fn config() -> Config {
    let mut config = Config::default();
    config.max_namespaces = 3;
    config.max_parked_events = 8;
    config.connect_timeout = Duration::from_secs(60);
    config
}

fn set_welcomes(server: &mut Server) {
    server.app().welcome("/later", Welcome::Wait);
    server.app().welcome("/busy", Welcome::AcceptBusy);
    server.app().welcome("/no", Welcome::Reject("no".to_owned()));
}

/// Runs the operations, then closes the connection.
pub fn live(server: &mut Server, operations: &[Operation]) {
    let mut counter = 0;
    for operation in operations {
        operation.run(server, &mut counter);
    }
    server.close(DisconnectReason::ServerShuttingDown);
    assert!(server.app().closed().is_some());
    // A polling client reads the last response. Otherwise the session waits only for a bounded time.
    server.read_answer();
    if !server.is_finished() {
        server.advance(30_000);
    }
    assert!(server.is_finished(), "every connection ends");
}

fn sid() -> Sid {
    Server::SID.parse().expect("twenty characters")
}

fn open(transport: &str) -> Open {
    let query = format!("EIO=4&transport={transport}");
    let websocket = transport == "websocket";
    let head = Head::new("GET", "/socket.io/", &query).with_websocket(websocket);
    match Request::parse(&head, &Config::default()) {
        Ok(Request::Open(open)) => open,
        other => panic!("opens no session: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Random;
    use super::*;

    /// Returns random bytes mixed with pieces of valid input, so that parsers get beyond the first byte.
    pub(super) fn mixed(random: &mut Random, pieces: &[&str]) -> Vec<u8> {
        let mut data = Vec::new();
        for _ in 0..random.below(12) {
            if random.chance(75) {
                let piece = pieces[random.below(pieces.len() as u64) as usize];
                data.extend_from_slice(piece.as_bytes());
            } else {
                data.extend((0..random.below(6)).map(|_| random.byte()));
            }
        }
        data
    }

    #[test]
    fn random_requests() {
        let pieces = [
            "EIO=",
            "4",
            "3",
            "&",
            "=",
            "transport=",
            "polling",
            "websocket",
            "sid=",
            Server::SID,
            "b64=1",
            "__proto__",
            "%00",
            "%3D",
            "%26",
            "%C3",
            "%",
            "+",
            "é",
            "\n",
            "application/octet-stream",
        ];
        let mut random = Random::new(1);
        for _ in 0..20_000 {
            request(&mixed(&mut random, &pieces));
        }
    }

    #[test]
    fn random_packets() {
        let pieces = [
            "2",
            "0",
            "5",
            "1-",
            "10-",
            "/a,",
            "7",
            "[",
            "]",
            "\"e\"",
            ",",
            "{\"_placeholder\":true,\"num\":0}",
            "null",
            "1e9",
            "\"\\ud83d\"",
            "\"\\n€\"",
            "{\"a\\\"\":[",
            "}]",
            "{",
            "}",
            "-1",
            " ",
        ];
        let mut random = Random::new(2);
        for _ in 0..20_000 {
            let mut data = mixed(&mut random, &pieces);
            packet(&data);
            data.splice(0..0, *b"2[\"e\",");
            data.push(b']');
            packet(&data);
        }
    }

    #[test]
    fn random_placeholders() {
        let values = [
            r#"{"_placeholder":true,"num":0}"#,
            r#"{"num":1,"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":2}"#,
            r#"{"_placeholder":true,"num":0,"more":1}"#,
            r#"{"_placeholder":true,"num":-0}"#,
            r#""text""#,
            "[1,2]",
            "null",
        ];
        let mut random = Random::new(5);
        for _ in 0..20_000 {
            let values: Vec<_> =
                (0..random.below(5)).map(|_| values[random.below(values.len() as u64) as usize]).collect();
            let list = values.join(",");
            packet(format!(r#"53-["e",{list}]"#).as_bytes());
            packet(format!(r#"53-["e",[{list}]]"#).as_bytes());
        }
    }

    #[test]
    fn random_payloads() {
        let pieces = ["4", "\x1e", "b", "AQID", "=", "40", "42[\"e\"]", "1", "2", "3", "5", "6", "€", "0"];
        let mut random = Random::new(3);
        for _ in 0..20_000 {
            payload(&mixed(&mut random, &pieces));
        }
    }

    #[test]
    fn random_lives() {
        let mut random = Random::new(4);
        for _ in 0..3_000 {
            let length = random.below(240);
            let data: Vec<u8> = (0..length).map(|_| random.byte()).collect();
            connection(&data);
        }
    }

    #[test]
    fn random_clusters() {
        let mut random = Random::new(6);
        for _ in 0..300 {
            let length = random.below(400);
            let data: Vec<u8> = (0..length).map(|_| random.byte()).collect();
            cluster_node(&data);
        }
    }
}
