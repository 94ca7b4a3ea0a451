//! HTTP/1.1 as a client writes and reads it: only what long polling and the WebSocket handshake need.

use std::fmt::Write;

use crate::arguments::Target;

/// The request that opens a WebSocket: of a new session, or of one that is to be upgraded.
pub(crate) fn upgrade(target: &Target, sid: Option<&str>) -> Vec<u8> {
    let mut request = String::from("GET ");
    path(&mut request, "websocket", sid);
    // RFC 6455 section 1.3's own key; the answer to it is not looked at
    let _ = write!(
        request,
        " HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        target.host
    );
    request.into_bytes()
}

/// Where the response to [`upgrade`] ends, or none when some is still to come. Any other status is an error.
pub(crate) fn accepted(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = head(bytes) else { return Ok(None) };
    if bytes.starts_with(b"HTTP/1.1 101") {
        return Ok(Some(end));
    }
    Err(String::from_utf8_lossy(bytes.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned())
}

fn path(request: &mut String, transport: &str, sid: Option<&str>) {
    let _ = write!(request, "/socket.io/?EIO=4&transport={transport}");
    if let Some(sid) = sid {
        let _ = write!(request, "&sid={sid}");
    }
}

/// The length of a head, with the empty line.
fn head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|position| position + 4)
}
