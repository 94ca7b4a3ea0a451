use std::time::Duration;

use serde::Deserialize;

use crate::client::{ConnectError, Handshake};
use crate::packet::{Encoder, RawJson};
use crate::{Encoded, SocketId, Transport};

pub(in crate::codec) fn probe() -> Encoded {
    Encoded::text_only("2probe")
}

pub(in crate::codec) fn upgrade() -> Encoded {
    Encoded::text_only("5")
}

pub(in crate::codec) fn close() -> Encoded {
    Encoded::text_only("1")
}

pub(in crate::codec) fn read_open(json: &str) -> Option<Handshake> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Open {
        sid: String,
        #[serde(default)]
        upgrades: Vec<String>,
        ping_interval: u64,
        ping_timeout: u64,
        // Missing from servers before engine.io 6.1.
        max_payload: Option<usize>,
    }

    let open: Open = serde_json::from_str(json).ok()?;
    Some(Handshake {
        sid: open.sid.parse().ok()?,
        upgrades: open.upgrades.iter().filter_map(|name| Transport::from_name(name)).collect(),
        ping_interval: Duration::from_millis(open.ping_interval),
        ping_timeout: Duration::from_millis(open.ping_timeout),
        max_payload: open.max_payload,
    })
}

pub(in crate::codec) fn connect_request(namespace: &str, auth: Option<&RawJson>) -> Encoded {
    Encoder::default().connect_request(namespace, auth)
}

pub(in crate::codec) fn read_connected(json: Option<&str>) -> Option<SocketId> {
    #[derive(Deserialize)]
    struct Connected {
        sid: String,
    }

    let connected: Connected = serde_json::from_str(json?).ok()?;
    connected.sid.parse().ok()
}

pub(in crate::codec) fn read_connect_error(json: &str) -> Option<ConnectError> {
    #[derive(Deserialize)]
    struct Payload {
        message: String,
        data: Option<RawJson>,
    }

    let Payload { message, data } = serde_json::from_str(json).ok()?;
    Some(ConnectError { message, data })
}

#[cfg(test)]
mod tests {
    use super::super::{connect, connect_error, open};
    use super::*;
    use crate::{Config, Sid};

    fn json(packet: &Encoded, head: usize) -> &str {
        std::str::from_utf8(&packet.text()[head..]).unwrap()
    }

    #[test]
    fn what_a_server_writes_can_be_read() {
        let (sid, config) = (Sid::from_entropy([7; 15]), Config::default());
        let handshake = read_open(json(&open(&sid, Transport::Polling, &config), 1)).unwrap();
        assert_eq!((handshake.sid, &handshake.upgrades[..]), (sid, &[Transport::WebSocket][..]));
        assert_eq!(handshake.ping_interval, config.ping_interval);
        assert_eq!(handshake.ping_timeout, config.ping_timeout);
        assert_eq!(handshake.max_payload, Some(config.max_payload));

        let id = SocketId::from_entropy([7; 15]);
        assert_eq!(read_connected(Some(json(&connect("/", &id), 2))), Some(id));

        let data = RawJson::of(&[1]).unwrap();
        for data in [None, Some(data)] {
            let error = read_connect_error(json(&connect_error("/", "no", data.as_ref()), 2));
            assert_eq!(error, Some(ConnectError { message: "no".to_owned(), data }));
        }
    }

    #[test]
    fn what_no_server_writes() {
        for json in ["", "{}", "[]", r#"{"sid":"short","pingInterval":1,"pingTimeout":1}"#, r#"{"sid":1}"#] {
            assert_eq!(read_open(json), None, "{json}");
            assert_eq!(read_connected(Some(json)), None, "{json}");
            assert_eq!(read_connect_error(json), None, "{json}");
        }
        assert_eq!(read_connected(None), None);
    }
}
