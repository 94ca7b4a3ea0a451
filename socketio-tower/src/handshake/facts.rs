//! The handshake of a socket as nodes of a cluster send it to each other: the JSON object of a Node server.

use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use http::header::{self, HeaderName, HeaderValue};
use http::{Extensions, HeaderMap};
use serde_json::{Map, Value};
use socketio_core::packet::RawJson;

use super::{Handshake, position};

impl Handshake {
    /// Returns the handshake in Node's form. Only kept headers are in it; a Node server sends all, with cookies.
    pub(crate) fn to_facts(&self) -> RawJson {
        let issued = self.time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let url = match self.query() {
            "" => self.path().to_owned(),
            query => format!("{}?{query}", self.path()),
        };
        let facts = serde_json::json!({
            "headers": headers_to_json(self.headers()),
            "time": httpdate::fmt_http_date(self.time.max(SystemTime::UNIX_EPOCH)),
            "address": self.address.map(|address| address.to_string()).unwrap_or_default(),
            "xdomain": self.has_origin,
            "secure": self.secure,
            "issued": issued.as_millis() as u64,
            "url": url,
            "query": query_to_json(self.query()),
            "auth": {},
        });
        RawJson::of(&facts).expect("keys of JSON values are strings")
    }

    /// Reads a handshake in Node's form. What is missing or has another form is left out.
    pub(crate) fn from_facts(facts: &RawJson) -> Self {
        let facts: Value = serde_json::from_str(facts.as_str()).unwrap_or_default();
        let text = |name: &str| facts.get(name).and_then(Value::as_str);
        let headers =
            facts.get("headers").and_then(Value::as_object).map(headers_from_json).unwrap_or_default();
        let url = text("url").unwrap_or_default();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let encoded;
        let query = match (query, facts.get("query").and_then(Value::as_object)) {
            ("", Some(parameters)) => {
                encoded = query_from_json(parameters);
                &encoded
            }
            (query, _) => query,
        };
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let issued = facts.get("issued").and_then(Value::as_u64).unwrap_or_default();
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(issued));
        Self {
            text: [path, query, origin.unwrap_or_default()].concat().into(),
            path_end: position(path.len()),
            query_end: position(path.len() + query.len()),
            has_origin: origin.is_some(),
            headers: (!headers.is_empty()).then(|| Box::new(headers)),
            extensions: Extensions::new(),
            time: time.unwrap_or(SystemTime::UNIX_EPOCH),
            address: text("address").and_then(address_from_text),
            secure: facts.get("secure").and_then(Value::as_bool).unwrap_or_default(),
        }
    }
}

/// Returns the headers as an object. Repeated ones are joined by commas, as Node does, except `Set-Cookie`, which
/// requests do not have.
fn headers_to_json(headers: &HeaderMap) -> Map<String, Value> {
    let values = |name: &HeaderName| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.collect::<Vec<_>>().join(", ")
    };
    headers.keys().map(|name| (name.as_str().to_owned(), values(name).into())).collect()
}

fn headers_from_json(facts: &Map<String, Value>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in facts {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values.iter().filter_map(Value::as_str) {
            if let Ok(value) = HeaderValue::from_str(value) {
                // A map of headers has a maximum size; what is beyond it is left out.
                headers.try_append(&name, value).ok();
            }
        }
    }
    headers
}

fn query_to_json(query: &str) -> Map<String, Value> {
    // Of repeated parameters, the last one is kept, as `Handshake::parameter` does.
    form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect()
}

fn query_from_json(parameters: &Map<String, Value>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value.as_str() {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

/// Reads an address. IPv4 addresses that are mapped to IPv6, as Node writes them, become IPv4.
fn address_from_text(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    match address {
        IpAddr::V6(address) => {
            Some(Ipv6Addr::to_ipv4_mapped(&address).map_or(IpAddr::V6(address), IpAddr::V4))
        }
        IpAddr::V4(_) => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::HandshakeSettings;

    #[test]
    fn node_s_form_is_read() {
        let facts = RawJson::parse(
            r#"{"headers":{"host":"127.0.0.1:1","cookie":"a=b","origin":"https://a.b","x":["1","2"],"é":"no"},
            "time":"Thu Nov 26 2026 01:21:31 GMT+0000 (Coordinated Universal Time)","address":"::ffff:127.0.0.1",
            "xdomain":true,"secure":true,"issued":1795656091000,"url":"/socket.io/?EIO=4&transport=websocket&a=b%20c",
            "query":{"EIO":"4","transport":"websocket","a":"b c"},"auth":{"token":1}}"#,
        )
        .unwrap();
        let handshake = Handshake::from_facts(&facts);
        assert_eq!(
            (handshake.path(), handshake.query()),
            ("/socket.io/", "EIO=4&transport=websocket&a=b%20c")
        );
        assert_eq!(handshake.parameter("a").as_deref(), Some("b c"));
        assert_eq!((handshake.origin(), handshake.is_secure()), (Some("https://a.b"), true));
        assert_eq!(handshake.address(), Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(handshake.headers().get("cookie").unwrap(), "a=b");
        assert_eq!(handshake.headers().get_all("x").iter().count(), 2);
        let since = handshake.time().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(since.as_secs(), 1_795_656_091);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let request =
            http::Request::get("/socket.io/?EIO=4&name=ada%20l").header("x-user", "7").body(()).unwrap();
        let settings = HandshakeSettings {
            headers: vec![HeaderName::from_static("x-user")],
            ..HandshakeSettings::default()
        };
        let handshake = Handshake::new(&request.into_parts().0, &settings).unwrap();
        let read = Handshake::from_facts(&handshake.to_facts());
        assert_eq!((read.path(), read.query()), (handshake.path(), handshake.query()));
        assert_eq!((read.headers(), read.address(), read.origin()), (handshake.headers(), None, None));
        let difference = handshake.time().duration_since(read.time()).unwrap();
        assert!(difference < Duration::from_millis(1), "{difference:?}");
    }

    #[test]
    fn other_forms_are_left_out() {
        for facts in ["null", "[]", "{}", r#"{"headers":[],"url":7,"issued":-1,"address":"x","query":"q"}"#] {
            let handshake = Handshake::from_facts(&RawJson::parse(facts).unwrap());
            assert_eq!((handshake.path(), handshake.query(), handshake.address()), ("", "", None));
        }
        let facts = RawJson::parse(r#"{"query":{"a":"b c"}}"#).unwrap();
        assert_eq!(Handshake::from_facts(&facts).query(), "a=b+c");
    }
}
