//! Messages in the classic form that are not read.

use super::*;
use crate::cluster::ReadError;

const REQUESTS: &str = "socket.io-request#/#";
const ANSWERS: &str = "socket.io-response#/#";

#[test]
fn unknown_kinds_are_told_from_malformed_ones() {
    for (channel, json) in [
        (REQUESTS, r#"{"uid":"a","type":99,"rooms":7,"opts":"?"}"#),
        (REQUESTS, r#"{"uid":"a","requestId":"q","type":2,"sid":"x","room":"r"}"#),
        (REQUESTS, r#"{"uid":"a","requestId":"q","type":4,"sid":"x","close":true}"#),
        (REQUESTS, r#"{"uid":"a","requestId":"q","type":8}"#),
        (ANSWERS, r#"{"requestId":"q"}"#),
        (ANSWERS, r#"{"requestId":"q","type":7}"#),
    ] {
        assert_eq!(classic().decode(channel.as_bytes(), &json.into()), Err(ReadError::Unknown), "{json}");
    }
    for (channel, json) in [
        (REQUESTS, ""),
        (REQUESTS, "{"),
        (REQUESTS, "{}"),
        (REQUESTS, "null"),
        (REQUESTS, r#"{"type":"5"}"#),
        (REQUESTS, r#"{"requestId":"x","uid":"y","type":5}"#),
        (REQUESTS, r#"{"requestId":"x","uid":7,"type":1}"#),
        (REQUESTS, r#"{"requestId":"","uid":"y","type":1}"#),
        (REQUESTS, r#"{"uid":"y","type":1}"#),
        (REQUESTS, r#"{"uid":"y","type":6,"data":"q"}"#),
        (REQUESTS, r#"{"uid":"y","type":6,"data":[1]}"#),
        (REQUESTS, r#"{"uid":"y","type":6,"data":[]}"#),
        (REQUESTS, r#"{"type":2,"opts":{"rooms":[null]},"rooms":["a"]}"#),
        (REQUESTS, r#"{"type":2,"opts":{"rooms":{}},"rooms":["a"]}"#),
        (REQUESTS, r#"{"type":2,"opts":{}}"#),
        (REQUESTS, "{\"type\":101}\0"),
        (REQUESTS, "{\"type\":101,\"uid\":\"\u{1}\"}"),
        (ANSWERS, r#"{"requestId":"q","sockets":7}"#),
        (ANSWERS, r#"{"requestId":"q","sockets":[{}]}"#),
        (ANSWERS, r#"{"requestId":"q","sockets":[{"id":""}]}"#),
        (ANSWERS, r#"{"type":8,"requestId":"q","clientCount":-1}"#),
        (ANSWERS, r#"{"type":8,"clientCount":1}"#),
    ] {
        let decoded = classic().decode(channel.as_bytes(), &json.into());
        assert!(matches!(decoded, Err(ReadError::Malformed(_))), "{json}: {decoded:?}");
    }
    for broadcast in [
        &b""[..],
        b"\x90",
        b"\x93\xa1a\xc0\xc0",
        b"\x93\xa1a\x81\xa4type\x02\x80",
        b"\x93\xa1a\x82\xa4type\x02\xa4data\x90\x80",
        b"\x93\xa1a\x82\xa4type\x02\xa4data\x91\x01\x80",
        b"\x93\xa1a\x82\xa4type\x02\xa4data\x91\xa1e\xc0",
        b"\x92\xa1a\x82\xa4type\x02\xa4data\x91\xa1e",
        b"\x93\xa1a\x82\xa4type\x02\xa4data\x91\xa1e\x80\x00",
        b"{\"type\":3}",
    ] {
        let decoded = classic().decode(b"socket.io#/#", &Bytes::from_static(broadcast));
        assert!(matches!(decoded, Err(ReadError::Malformed(_))), "{broadcast:x?}: {decoded:?}");
    }
    let other = Bytes::from_static(b"\x93\xa1a\x82\xa4type\x03\xa4data\x91\xa1e\x80");
    assert_eq!(classic().decode(b"socket.io#/#", &other), Err(ReadError::Unknown), "not an event");
}
