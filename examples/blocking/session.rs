use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use socketio_core::engine::Transmit;
use socketio_core::packet::{self, AckId, Encoder};
use socketio_core::{
    Accept, AckRequest, Connection, ConnectionEvent, Encoded, LinkError, LinkId, Message, Pending, Sid,
    SocketId, SocketKey,
};

use crate::server::Server;
use crate::websocket::{self, Accepted};

/// An input to the thread of a session.
#[derive(Debug)]
pub(crate) enum Input {
    /// A message of the client, from the reader.
    Message(Message),
    /// A reply to a control frame, to be written, from the reader.
    Control(Vec<u8>),
    /// The end of the stream, from the reader.
    Lost(LinkError),
    /// A broadcast packet, from another session.
    Broadcast(Encoded),
}

/// The only link, because a session has one stream and no requests.
const LINK: LinkId = LinkId::new(0);
/// The maximum number of queued inputs. Beyond it, the reader blocks, which applies back-pressure to the client.
const INPUTS: usize = 256;
/// The maximum time for a write without progress.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves one client until its session ends.
pub(crate) fn serve(server: Arc<Server>, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let Accepted { open, reader } = websocket::accept(stream.try_clone()?, &server.config)?;

    let now = Instant::now();
    let sid = Sid::from_entropy(entropy()?);
    let mut connection = Connection::open(Arc::clone(&server.config), &sid, &open, now);
    connection.handle_attach(LINK, now);

    let (sender, inputs) = sync_channel(INPUTS);
    let reader = thread::spawn({
        let sender = sender.clone();
        move || reader.run(&sender)
    });
    let mut session = Session {
        server,
        stream,
        connection,
        inputs: sender,
        socket: None,
        encoder: Encoder::default(),
        asked: 0,
    };
    let served = session.run(&inputs);

    // The reader may be blocked on the stream or the channel: close both.
    session.leave();
    session.stream.shutdown(Shutdown::Both).ok();
    drop(inputs);
    reader.join().ok();
    served
}

struct Session {
    server: Arc<Server>,
    stream: TcpStream,
    /// The connection. The token of an awaited ack is the time of its request.
    connection: Connection<Instant>,
    /// The sender to this thread, for other sessions.
    inputs: SyncSender<Input>,
    /// The socket on `/`, the only namespace.
    socket: Option<(SocketKey, SocketId)>,
    encoder: Encoder,
    /// The number of acks requested so far.
    asked: u64,
}

/// The driver, which does not depend on the application.
impl Session {
    /// Alternately passes input to the core and drains its output.
    fn run(&mut self, inputs: &Receiver<Input>) -> io::Result<()> {
        loop {
            self.drain()?;
            if self.connection.is_finished() {
                return Ok(());
            }
            // Any call may have changed the deadline.
            let input = match self.connection.poll_timeout() {
                Some(deadline) => inputs.recv_timeout(deadline.saturating_duration_since(Instant::now())),
                None => inputs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let now = Instant::now();
            match input {
                Ok(Input::Message(message)) => self.connection.handle_message(LINK, message, now),
                Ok(Input::Control(frame)) => {
                    self.connection.handle_activity(LINK);
                    self.write(&frame)?;
                }
                Ok(Input::Lost(why)) => self.connection.handle_lost(LINK, why, now),
                Ok(Input::Broadcast(packet)) => {
                    if let Some((socket, _)) = self.socket {
                        self.connection.send(socket, packet, None);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            // A busy channel must not starve the timer, which sends pings.
            if self.connection.poll_timeout().is_some_and(|deadline| now >= deadline) {
                self.connection.handle_timeout(now);
            }
        }
    }

    /// Applies the drain rule: polls transmits and events until both return `None`. Handling an event may cause further
    /// transmits.
    fn drain(&mut self) -> io::Result<()> {
        loop {
            while let Some(transmit) = self.connection.poll_transmit() {
                match transmit {
                    // The packet is already framed, including its attachments.
                    Transmit::Message { packet, .. } => self.write(packet.websocket())?,
                    Transmit::Close { code, .. } => self.write(&websocket::close_frame(code))?,
                    // Other transmits are for HTTP requests.
                    _ => {}
                }
            }
            let Some(event) = self.connection.poll(Instant::now()) else { return Ok(()) };
            self.take(event)?;
        }
    }

    /// Writes to the stream. Reports a failed or stalled write to the core, which then ends the session.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Err(error) = self.stream.write_all(bytes) else { return Ok(()) };
        let why = match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => LinkError::Stalled,
            _ => LinkError::Failed,
        };
        self.connection.handle_lost(LINK, why, Instant::now());
        Ok(())
    }
}

/// The application.
impl Session {
    fn take(&mut self, event: ConnectionEvent<Instant>) -> io::Result<()> {
        match event {
            ConnectionEvent::Connect(pending) => self.connect(pending)?,
            ConnectionEvent::Received { socket, event, ack } => {
                if let Err(error) = self.receive(socket, &event, ack) {
                    eprintln!("{}: {error}", event.name());
                }
            }
            ConnectionEvent::Acknowledged { token, args } => {
                println!("the client answered {} after {:?}", args.json(), token.elapsed());
            }
            ConnectionEvent::AckFailed { why, .. } => println!("the client did not answer: {why:?}"),
            ConnectionEvent::Disconnected { reason, .. } => {
                println!("disconnected: {reason}");
                self.leave();
            }
            _ => {}
        }
        Ok(())
    }

    fn connect(&mut self, pending: Pending) -> io::Result<()> {
        if pending.namespace() != "/" {
            self.connection.reject_unknown(pending);
            return Ok(());
        }
        let id = SocketId::from_entropy(entropy()?);
        let Some(socket) = self.connection.accept(pending, Accept::new(id)) else { return Ok(()) };
        println!("connected: {id}");
        self.socket = Some((socket, id));
        self.server.join(id, self.inputs.clone());

        // Sends an event that the client must acknowledge within a second.
        let now = Instant::now();
        let ack = AckId(self.asked);
        self.asked += 1;
        let packet = self.encoder.event("/", "who", "are you?", Some(ack)).map_err(io::Error::other)?;
        let request = AckRequest::new(ack, now, Some(now + Duration::from_secs(1)));
        self.connection.send(socket, packet, Some(request));
        // The socket's events were parked until it is set up.
        self.connection.resume(socket);
        Ok(())
    }

    fn receive(&mut self, socket: SocketKey, event: &packet::Event, ack: Option<AckId>) -> Result<(), Fault> {
        match event.name() {
            "echo" => {
                let value: Value = event.args().first()?;
                let packet = self.encoder.event("/", "echo", &value, None)?;
                self.connection.send(socket, packet, None);
            }
            "add" => {
                let (a, b): (i64, i64) = event.args().all()?;
                if let Some(id) = ack {
                    let packet = self.encoder.ack("/", id, &a.saturating_add(b))?;
                    self.connection.send(socket, packet, None);
                }
            }
            "say" => {
                let text: String = event.args().first()?;
                self.server.broadcast(&self.encoder.event("/", "said", &text, None)?);
            }
            _ => {}
        }
        Ok(())
    }

    fn leave(&mut self) {
        if let Some((_, id)) = self.socket.take() {
            self.server.leave(&id);
        }
    }
}

type Fault = Box<dyn std::error::Error>;

/// Returns randomness of the operating system, because session ids are secrets.
fn entropy() -> io::Result<[u8; 15]> {
    let mut entropy = [0; 15];
    getrandom::fill(&mut entropy).map_err(io::Error::other)?;
    Ok(entropy)
}
