//! The start of a session over long polling, as stock clients do it.

use crate::arguments::Target;
use crate::failure::Failure;
use crate::http::{self, Response};

/// Opens a session, connects to `/`, and reads the reply, on one kept-alive connection.
#[derive(Debug)]
pub(crate) struct Session {
    step: Step,
    sid: String,
    /// The requests of this session.
    get: Vec<u8>,
    post: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Opening,
    Posting,
    Greeting,
    Connected,
}

/// The separator of the packets in a payload.
const SEPARATOR: u8 = 0x1e;

impl Session {
    pub(crate) fn new() -> Self {
        Self { step: Step::Opening, sid: String::new(), get: Vec::new(), post: Vec::new() }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.step == Step::Connected
    }

    pub(crate) fn sid(&self) -> &str {
        &self.sid
    }

    /// Returns a GET for the next packets.
    pub(crate) fn get(&self) -> &[u8] {
        &self.get
    }

    /// Returns a POST with this payload.
    pub(crate) fn post(&self, payload: &[u8]) -> Vec<u8> {
        let mut request = self.post.clone();
        http::add_body(&mut request, payload);
        request
    }

    /// Returns the request to send after this response. After the last one, it is a GET that waits at the server.
    pub(crate) fn advance(&mut self, target: &Target, response: &Response<'_>) -> Result<Vec<u8>, Failure> {
        let body = response.ok()?;
        match self.step {
            Step::Opening => {
                let sid = sid(body).ok_or_else(|| unexpected("an open packet", body))?;
                self.get = http::get(target, Some(sid));
                self.post = http::post(target, sid);
                self.sid = sid.to_owned();
                self.step = Step::Posting;
                Ok(self.post(b"40"))
            }
            Step::Posting => {
                self.step = Step::Greeting;
                Ok(self.get.clone())
            }
            Step::Greeting | Step::Connected => {
                if !packets(body).any(|packet| packet.starts_with(b"40{\"sid\":")) {
                    return Err(unexpected("the answer to CONNECT", body));
                }
                self.step = Step::Connected;
                Ok(self.get.clone())
            }
        }
    }
}

/// Returns the packets of a payload.
pub(crate) fn packets(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    payload.split(|byte| *byte == SEPARATOR)
}

/// Adds a packet to a payload.
pub(crate) fn add_packet(payload: &mut Vec<u8>, packet: &[u8]) {
    if !payload.is_empty() {
        payload.push(SEPARATOR);
    }
    payload.extend_from_slice(packet);
}

pub(crate) fn unexpected(wanted: &str, body: &[u8]) -> Failure {
    Failure::Contract(format!("{:?} instead of {wanted}", String::from_utf8_lossy(body)))
}

/// Returns the `sid` of `0{"sid":"…`.
fn sid(body: &[u8]) -> Option<&str> {
    let open = std::str::from_utf8(body).ok()?.strip_prefix('0')?;
    let (_, rest) = open.split_once("\"sid\":\"")?;
    Some(rest.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_begins_in_three_requests() {
        let target = Target::http("--url", "http://127.0.0.1:4500").unwrap();
        let response = |body: &'static str| Response { status: 200, body: body.as_bytes().into() };
        let mut session = Session::new();
        let post = session.advance(&target, &response(r#"0{"sid":"abc","upgrades":[]}"#)).unwrap();
        assert!(post.starts_with(b"POST ") && post.ends_with(b"\r\n40"));
        assert_eq!(session.sid(), "abc");
        assert!(session.advance(&target, &response("ok")).unwrap().starts_with(b"GET "));
        assert!(!session.is_connected());
        session.advance(&target, &response("2\x1e40{\"sid\":\"def\"}")).unwrap();
        assert!(session.is_connected());
    }

    #[test]
    fn another_answer_ends_it() {
        let target = Target::http("--url", "http://127.0.0.1:4500").unwrap();
        let refused = Response { status: 400, body: b"{}".as_slice().into() };
        let failure = Session::new().advance(&target, &refused).unwrap_err();
        assert_eq!(failure.to_string(), "a request is answered with 400: {}");
        let strange = Response { status: 200, body: b"hello".as_slice().into() };
        assert!(Session::new().advance(&target, &strange).is_err());
    }

    #[test]
    fn payloads_are_packets_and_separators() {
        let mut payload = Vec::new();
        add_packet(&mut payload, b"2");
        add_packet(&mut payload, b"4x");
        assert_eq!(payload, b"2\x1e4x");
        assert!(packets(&payload).eq([b"2".as_slice(), b"4x"]));
    }
}
