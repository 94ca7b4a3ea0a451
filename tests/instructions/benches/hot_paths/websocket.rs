use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use socketio_tower::{Data, Socket};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::Runtime;

use crate::server::{TEXT, quiet_server};

/// A client on a WebSocket, and an echo server behind hyper, on one thread.
pub(crate) struct WebSocket {
    runtime: Runtime,
    connection: DuplexStream,
    /// The frames to send.
    questions: Vec<u8>,
    /// A buffer of the size of the replies.
    answers: Vec<u8>,
}

impl WebSocket {
    /// Prepares `events` events to send at once. They have been echoed before, so that all buffers have grown.
    pub(crate) fn about_to_send(events: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let io = quiet_server();
        io.of("/", |ns| {
            ns.on("message", async |socket: Socket, Data(text): Data<String>| socket.emit("message", &text));
        });
        let service = TowerToHyperService::new(io.layer().service());
        let (connection, end) = tokio::io::duplex(64 * 1024);
        runtime.spawn(http1::Builder::new().serve_connection(TokioIo::new(end), service).with_upgrades());

        let event = format!(r#"42["message","{TEXT}"]"#);
        let questions = masked(&event).repeat(events);
        // The same frames without their masks.
        let answers = vec![0; questions.len() - events * MASK.len()];
        let mut client = Self { runtime, connection, questions, answers };
        client.connect();
        client.exchange();
        client.exchange();
        client
    }

    /// Sends all frames, and reads all replies.
    pub(crate) fn exchange(&mut self) {
        self.runtime.block_on(async {
            self.connection.write_all(&self.questions).await.expect("it is sent");
            self.connection.read_exact(&mut self.answers).await.expect("answers");
        });
    }

    fn connect(&mut self) {
        for (request, answer) in [(HANDSHAKE, "0{\"sid\""), (&masked("40"), "40{\"sid\"")] {
            self.runtime.block_on(async {
                self.connection.write_all(request).await.expect("it is sent");
                let mut received = Vec::new();
                while !received.ends_with(b"}") {
                    self.connection.read_buf(&mut received).await.expect("an answer");
                }
                assert!(String::from_utf8_lossy(&received).contains(answer));
            });
        }
    }
}

/// Returns a short text in one masked frame.
fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | u8::try_from(text.len()).expect("a short text")];
    frame.extend_from_slice(&MASK);
    frame.extend(text.bytes().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

const HANDSHAKE: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
    Host: localhost\r\n\
    Connection: Upgrade\r\n\
    Upgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
