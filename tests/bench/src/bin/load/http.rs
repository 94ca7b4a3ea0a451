//! HTTP/1.1 from a client's side: just enough for long polling and the WebSocket handshake.

use std::borrow::Cow;
use std::fmt::Write;

use crate::arguments::Target;
use crate::failure::Failure;

/// A whole response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response<'a> {
    pub(crate) status: u16,
    pub(crate) body: Cow<'a, [u8]>,
}

impl<'a> Response<'a> {
    /// Returns the first response of these bytes and its length, or `None` if it is incomplete.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Failure> {
        let Some(start) = head(bytes) else { return Ok(None) };
        let malformed = || Failure::Contract(format!("not HTTP: {:?}", first_line(bytes)));
        let head = std::str::from_utf8(&bytes[..start]).map_err(|_| malformed())?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let status = status.ok_or_else(malformed)?;
        let (mut length, mut chunked) = (0, false);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| malformed())?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.trim().eq_ignore_ascii_case("chunked");
            }
        }
        let whole = if chunked {
            chunks(&bytes[start..])?.map(|(body, used)| (Cow::Owned(body), used))
        } else {
            bytes[start..].get(..length).map(|body| (Cow::Borrowed(body), length))
        };
        Ok(whole.map(|(body, used)| (Self { status, body }, start + used)))
    }

    /// Returns the body of a response, which must have status 200.
    pub(crate) fn ok(&self) -> Result<&[u8], Failure> {
        match self.status {
            200 => Ok(&self.body),
            status => {
                let body = String::from_utf8_lossy(&self.body);
                Err(Failure::Contract(format!("a request is answered with {status}: {body}")))
            }
        }
    }
}

/// Returns a polling GET, for a session or for a new one.
pub(crate) fn get(target: &Target, sid: Option<&str>) -> Vec<u8> {
    let path = path("polling", sid);
    format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", target.host).into_bytes()
}

/// Returns a polling POST up to the place where its length and body are [added](add_body).
pub(crate) fn post(target: &Target, sid: &str) -> Vec<u8> {
    let path = path("polling", Some(sid));
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nContent-Type: text/plain;charset=UTF-8\r\n\
         Content-Length: ",
        target.host
    );
    request.into_bytes()
}

/// Completes a [`post`].
pub(crate) fn add_body(request: &mut Vec<u8>, body: &[u8]) {
    request.extend_from_slice(body.len().to_string().as_bytes());
    request.extend_from_slice(b"\r\n\r\n");
    request.extend_from_slice(body);
}

/// Returns the request that opens a WebSocket, for a new session or for an upgrade.
pub(crate) fn upgrade(target: &Target, sid: Option<&str>) -> Vec<u8> {
    let path = path("websocket", sid);
    // The example key of RFC 6455 section 1.3; the reply to it is not checked.
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        target.host
    );
    request.into_bytes()
}

/// Returns the end of the response to [`upgrade`], or `None` if it is incomplete.
pub(crate) fn accepted(bytes: &[u8]) -> Result<Option<usize>, Failure> {
    let Some(end) = head(bytes) else { return Ok(None) };
    if bytes.starts_with(b"HTTP/1.1 101") {
        return Ok(Some(end));
    }
    Err(Failure::Contract(format!("a WebSocket handshake is answered with {:?}", first_line(bytes))))
}

fn path(transport: &str, sid: Option<&str>) -> String {
    let mut path = format!("/socket.io/?EIO=4&transport={transport}");
    if let Some(sid) = sid {
        let _ = write!(path, "&sid={sid}");
    }
    path
}

/// Returns the length of a head, including the empty line.
fn head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|position| position + 4)
}

fn first_line(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.split(|byte| *byte == b'\r').next().unwrap_or_default())
}

/// Returns the body of these chunks and their length, or `None` if they are incomplete.
fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Failure> {
    let malformed = || Failure::Contract("a chunked body that is none".into());
    let (mut body, mut used) = (Vec::new(), 0);
    loop {
        let rest = &bytes[used..];
        let Some(line) = rest.windows(2).position(|window| window == b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&rest[..line]).ok().and_then(|line| line.split(';').next());
        let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()).ok_or_else(malformed)?;
        let start = line + 2;
        let end = start.checked_add(size).ok_or_else(malformed)?;
        match (rest.get(start..end), rest.get(end..).and_then(|rest| rest.get(..2))) {
            (Some(chunk), Some(b"\r\n")) => body.extend_from_slice(chunk),
            (Some(_), Some(_)) => return Err(malformed()),
            _ => return Ok(None),
        }
        used += end + 2;
        if size == 0 {
            return Ok(Some((body, used)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &str) -> Option<(u16, String, usize)> {
        let response = Response::parse(bytes.as_bytes()).unwrap();
        response.map(|(it, used)| (it.status, String::from_utf8(it.body.into_owned()).unwrap(), used))
    }

    #[test]
    fn a_body_has_its_length_or_chunks() {
        for (whole, body) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n4ok", "4ok"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n4o\r\n1;x\r\nk\r\n0\r\n\r\n", "4ok"),
            ("HTTP/1.1 200 OK\r\n\r\n", ""),
        ] {
            for length in 0..whole.len() {
                assert_eq!(parsed(&whole[..length]), None, "{:?}", &whole[..length]);
            }
            let next = format!("{whole}HTTP/1.1");
            assert_eq!(parsed(&next), Some((200, body.into(), whole.len())));
        }
    }

    #[test]
    fn what_is_no_http_is_refused() {
        for bytes in [
            "ICY 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        ] {
            assert!(Response::parse(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn requests_name_the_session() {
        let target = Target::http("--url", "http://127.0.0.1:4500").unwrap();
        let mut request = post(&target, "abc");
        add_body(&mut request, b"42[]");
        let request = String::from_utf8(request).unwrap();
        assert!(request.starts_with("POST /socket.io/?EIO=4&transport=polling&sid=abc HTTP/1.1\r\n"));
        assert!(request.ends_with("\r\nContent-Length: 4\r\n\r\n42[]"));
        assert!(get(&target, None).starts_with(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n"));
    }

    #[test]
    fn only_101_opens_a_websocket() {
        assert_eq!(accepted(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81").unwrap(), Some(36));
        assert_eq!(accepted(b"HTTP/1.1 101 Switching").unwrap(), None);
        assert!(accepted(b"HTTP/1.1 400 Bad Request\r\n\r\n").is_err());
    }
}
