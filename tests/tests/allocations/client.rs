use crate::heap::uncounted;
use crate::pipe::{ClientEnd, ServerEnd, pipe};

/// A client on a WebSocket that is connected to `/`. Its own allocations are not counted.
pub(crate) struct Client {
    connection: ClientEnd,
}

impl Client {
    /// Returns a client, and the connection that a server has to serve.
    pub(crate) fn new() -> (Self, ServerEnd) {
        let (connection, server) = pipe();
        (Self { connection }, server)
    }

    /// Opens a session and connects to `/`.
    pub(crate) async fn connect(&self) {
        self.connection.write(HANDSHAKE);
        self.connection.read(|bytes| find(bytes, b"\r\n\r\n").map(|length| (length, ()))).await;
        self.packet(b"0{").await;
        self.connection.write(CONNECT);
        self.packet(b"40{").await;
    }

    /// Opens a session by long polling and never polls it.
    pub(crate) async fn open_by_polling(&self, query: &str) {
        self.connection.write(&opening(query));
        self.connection
            .read(|bytes| find(bytes, b"\"maxPayload\":1000000}").map(|length| (length, ())))
            .await;
    }

    /// Sends one or more whole frames.
    pub(crate) fn send(&self, frames: &[u8]) {
        self.connection.write(frames);
    }

    /// Waits for exactly these bytes.
    pub(crate) async fn expect(&self, frames: &[u8]) {
        let take =
            |bytes: &[u8]| (bytes.len() >= frames.len()).then(|| (frames.len(), bytes.starts_with(frames)));
        assert!(self.connection.read(take).await, "other bytes came");
    }

    /// Waits for a short packet that begins with these bytes.
    async fn packet(&self, begins: &[u8]) {
        let take = |bytes: &[u8]| {
            let (start, length) = match *bytes.get(1)? {
                126 => (4, usize::from(*bytes.get(2)?) << 8 | usize::from(*bytes.get(3)?)),
                length => (2, usize::from(length)),
            };
            Some((start + length, bytes.get(start..start + length)?.starts_with(begins)))
        };
        assert!(self.connection.read(take).await, "another packet came");
    }
}

/// Returns a masked text frame, as a client sends it.
pub(crate) fn text(payload: &str) -> Vec<u8> {
    frame(TEXT, payload.as_bytes(), MASK)
}

/// Returns a masked binary frame, as a client sends it.
pub(crate) fn binary(payload: &[u8]) -> Vec<u8> {
    frame(BINARY, payload, MASK)
}

/// Returns a text frame, as the server sends it.
pub(crate) fn answer(payload: &str) -> Vec<u8> {
    frame(TEXT, payload.as_bytes(), &[])
}

/// Returns a binary frame, as the server sends it.
pub(crate) fn binary_answer(payload: &[u8]) -> Vec<u8> {
    frame(BINARY, payload, &[])
}

/// Returns a whole message in one frame (RFC 6455 §5.2).
fn frame(opcode: u8, payload: &[u8], mask: &[u8]) -> Vec<u8> {
    let masked = if mask.is_empty() { 0 } else { 0x80 };
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        length @ 0..126 => frame.push(masked | length as u8),
        length @ 126..0x1_0000 => {
            frame.push(masked | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(masked | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(mask);
    // Without a mask, the cycle is empty.
    let key = mask.iter().copied().cycle().chain(std::iter::repeat(0));
    frame.extend(payload.iter().zip(key).map(|(byte, key)| byte ^ key));
    frame
}

fn find(bytes: &[u8], end: &[u8]) -> Option<usize> {
    bytes.windows(end.len()).position(|window| window == end).map(|start| start + end.len())
}

/// Returns the request that opens a session by long polling.
fn opening(query: &str) -> Vec<u8> {
    uncounted(|| {
        let target = format!("/socket.io/?EIO=4&transport=polling{query}");
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
    })
}

const TEXT: u8 = 1;
const BINARY: u8 = 2;
/// The text `40`, masked with zeroes.
const CONNECT: &[u8] = &[0x80 | TEXT, 0x80 | 2, 0, 0, 0, 0, b'4', b'0'];
const MASK: &[u8] = &[0x12, 0x34, 0x56, 0x78];

/// The request of a browser, without the headers that change nothing.
const HANDSHAKE: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
    Host: localhost\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept-Language: en-US,en;q=0.5\r\n\
    Origin: http://localhost\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef\r\n\
    Connection: keep-alive, Upgrade\r\n\
    Upgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
