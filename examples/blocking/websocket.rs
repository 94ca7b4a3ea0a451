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

/// A WebSocket that stands, and what its client asked for.
pub(crate) struct Accepted {
    pub(crate) open: Open,
    pub(crate) reader: Reader,
}

/// How long a client may take for its HTTP request.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers the HTTP request of a client. One that is no Socket.IO client, or makes no sense, is refused
/// with the answer that the core has for it.
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
            *response.status_mut() = status.try_into().expect("the core gives statuses of HTTP");
            Err(response)
        }
    };
    let half = ReadHalf { stream, replies: None };
    let mut socket = match tungstenite::accept_hdr_with_config(half, check, Some(limits)) {
        Ok(socket) => socket,
        Err(HandshakeError::Failure(error)) => return Err(io::Error::other(error)),
        Err(HandshakeError::Interrupted(_)) => return Err(io::ErrorKind::TimedOut.into()),
    };
    // From now on the session's deadlines count, and the session thread keeps them.
    socket.get_mut().stream.set_read_timeout(None)?;
    let open = open.expect("no handshake succeeds unchecked");
    Ok(Accepted { open, reader: Reader { socket } })
}

fn parse(request: &HttpRequest, config: &Config) -> Result<Open, (u16, &'static str)> {
    if !matches!(request.uri().path(), "/socket.io" | "/socket.io/") {
        return Err((404, ""));
    }
    let query = request.uri().query().unwrap_or_default();
    // tungstenite has seen that it is a GET that asks to become a WebSocket.
    let head = Head::new("GET", "/socket.io/", query).with_websocket(true);
    let refused = |error: RequestError| (error.status(), error.body());
    match Request::parse(&head, config).map_err(refused)? {
        Request::Open(open) => Ok(open),
        // All other requests belong to a session that polls, and there is none.
        _ => Err(refused(RequestError::UnknownSession)),
    }
}

/// Reads the messages of a client.
pub(crate) struct Reader {
    socket: WebSocket<ReadHalf>,
}

impl Reader {
    /// Hands over what comes, until nothing more does or nobody wants it.
    pub(crate) fn run(mut self, inputs: &SyncSender<Input>) {
        self.socket.get_mut().replies = Some(inputs.clone());
        let why = loop {
            let message = match self.socket.read() {
                Ok(tungstenite::Message::Text(text)) => {
                    Message::Text(Bytes::from(text).try_into().expect("tungstenite has checked it"))
                }
                Ok(tungstenite::Message::Binary(bytes)) => Message::Binary(bytes),
                // Its answer is written with the next read.
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

/// What tungstenite reads from. The frames that it writes on its own, pongs and the answer to a close
/// frame, take the way through the session thread, so that they never land inside another frame.
#[derive(Debug)]
struct ReadHalf {
    stream: TcpStream,
    /// None during the handshake.
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

/// The close frame of a server, RFC 6455 §5.5.1.
pub(crate) fn close_frame(code: Option<u16>) -> Vec<u8> {
    let code = code.map(u16::to_be_bytes);
    let payload = code.as_ref().map_or(&[][..], |code| code);
    [&[0x88, payload.len() as u8], payload].concat()
}
