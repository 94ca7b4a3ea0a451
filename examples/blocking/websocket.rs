use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use socketio_core::engine::{Head, Open, Request, RequestError};
use socketio_core::{Config, LinkError, Message};
use tungstenite::handshake::server::{ErrorResponse, Request as HttpRequest};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Bytes, Error, HandshakeError, WebSocket};

use crate::session::Input;

/// An established WebSocket and the request of its client.
pub(crate) struct Accepted {
    pub(crate) open: Open,
    pub(crate) reader: Reader,
}

/// The time for a client to send its HTTP request.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Performs the handshake with a client. Invalid requests are rejected with the response defined by the core.
pub(crate) fn accept(stream: TcpStream, config: &Config) -> io::Result<Accepted> {
    stream.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(config.max_payload))
        .max_frame_size(Some(config.max_payload));
    let mut open = None;
    #[expect(clippy::result_large_err, reason = "the type is tungstenite's")]
    let check = |request: &HttpRequest, response| match parse(request, config) {
        Ok(request) => {
            open = Some(request);
            Ok(response)
        }
        Err((status, body)) => {
            let mut response = ErrorResponse::new(Some(body.to_owned()));
            *response.status_mut() = status.try_into().expect("the core returns valid status codes");
            Err(response)
        }
    };
    let half = ReadHalf { stream, replies: None };
    let mut socket = match tungstenite::accept_hdr_with_config(half, check, Some(limits)) {
        Ok(socket) => socket,
        Err(HandshakeError::Failure(error)) => return Err(io::Error::other(error)),
        Err(HandshakeError::Interrupted(_)) => return Err(io::ErrorKind::TimedOut.into()),
    };
    // From now on, the session thread enforces the session's deadlines.
    socket.get_mut().stream.set_read_timeout(None)?;
    let open = open.expect("the callback ran before the handshake succeeded");
    Ok(Accepted { open, reader: Reader { socket } })
}

fn parse(request: &HttpRequest, config: &Config) -> Result<Open, (u16, &'static str)> {
    if !matches!(request.uri().path(), "/socket.io" | "/socket.io/") {
        return Err((404, ""));
    }
    let query = request.uri().query().unwrap_or_default();
    // tungstenite has checked that this is a GET with a valid WebSocket upgrade.
    let head = Head::new("GET", "/socket.io/", query).with_websocket(true);
    let rejection = |error: RequestError| (error.status(), error.body());
    match Request::parse(&head, config).map_err(rejection)? {
        Request::Open(open) => Ok(open),
        // All other requests belong to a polling session, which does not exist here.
        _ => Err(rejection(RequestError::UnknownSession)),
    }
}

/// The reader of a client's messages.
pub(crate) struct Reader {
    socket: WebSocket<ReadHalf>,
}

impl Reader {
    /// Sends messages to the session until the stream or the session ends.
    pub(crate) fn run(mut self, inputs: &SyncSender<Input>) {
        self.socket.get_mut().replies = Some(inputs.clone());
        let why = loop {
            let message = match self.socket.read() {
                Ok(tungstenite::Message::Text(text)) => {
                    Message::Text(Bytes::from(text).try_into().expect("tungstenite has validated the text"))
                }
                Ok(tungstenite::Message::Binary(bytes)) => Message::Binary(bytes),
                // The next read writes the reply to a control frame.
                Ok(_) => continue,
                Err(Error::ConnectionClosed) => break LinkError::Closed,
                Err(Error::Capacity(_)) => break LinkError::TooLarge,
                Err(_) => break LinkError::Failed,
            };
            if inputs.send(Input::Message(message)).is_err() {
                return;
            }
        };
        inputs.send(Input::Lost(why)).ok();
    }
}

/// The stream for tungstenite. Frames that tungstenite writes itself, pongs and close replies, are sent by the session
/// thread, so that they are never written within another frame.
#[derive(Debug)]
struct ReadHalf {
    stream: TcpStream,
    /// The sender for replies, or `None` during the handshake.
    replies: Option<SyncSender<Input>>,
}

impl Read for ReadHalf {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for ReadHalf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(replies) = &self.replies else { return self.stream.write(bytes) };
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        replies.send(Input::Control(bytes.to_vec())).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns a close frame of a server (RFC 6455 §5.5.1).
pub(crate) fn close_frame(code: Option<u16>) -> Vec<u8> {
    let code = code.map(u16::to_be_bytes);
    let payload = code.as_ref().map_or(&[][..], |code| code);
    [&[0x88, payload.len() as u8], payload].concat()
}
