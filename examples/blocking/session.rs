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

/// What reaches the thread of a session.
#[derive(Debug)]
pub(crate) enum Input {
    /// From the reader: a message of the client.
    Message(Message),
    /// From the reader: a control frame to be written, the answer to one that came.
    Control(Vec<u8>),
    /// From the reader: nothing more will come.
    Lost(LinkError),
    /// From another session.
    Broadcast(Encoded),
}

/// A session has one stream and no requests, so one link names all there is.
const LINK: LinkId = LinkId::new(0);
/// How many inputs may wait: above it the reader waits, and with it the client.
const INPUTS: usize = 256;
/// How long a client may take nothing of what is written to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves one client, to its end.
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

    // The reader may be waiting for the network or for the channel: let go of both.
    session.leave();
    session.stream.shutdown(Shutdown::Both).ok();
    drop(inputs);
    reader.join().ok();
    served
}

struct Session {
    server: Arc<Server>,
    stream: TcpStream,
    /// The token of an ack that is awaited is when it was asked for.
    connection: Connection<Instant>,
    /// The way to this very thread, for other sessions.
    inputs: SyncSender<Input>,
    /// The socket on the namespace `/`, the only one there is.
    socket: Option<(SocketKey, SocketId)>,
    encoder: Encoder,
    /// How many acks were asked for.
    asked: u64,
}

/// The driver: everything here would be the same for another application.
impl Session {
    /// Feeds the core and drains it, in turns.
    fn run(&mut self, inputs: &Receiver<Input>) -> io::Result<()> {
        loop {
            self.drain()?;
            if self.connection.is_finished() {
                return Ok(());
            }
            // The deadline may have changed with any call, so it is asked for each time.
            let input = match self.connection.poll_timeout() {
                Some(deadline) => inputs.recv_timeout(deadline.saturating_duration_since(Instant::now())),
                None => inputs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let now = Instant::now();
            match input {
                Ok(Input::Message(message)) => self.connection.handle_message(LINK, &message, now),
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
            // A busy channel must not starve the timer: a client that only talks is to be pinged, too.
            if self.connection.poll_timeout().is_some_and(|deadline| now >= deadline) {
                self.connection.handle_timeout(now);
            }
        }
    }

    /// The drain rule: transmit until `None`, then events until `None`. An event makes the application
    /// act, and an act makes more to transmit; so it is over when both are empty.
    fn drain(&mut self) -> io::Result<()> {
        loop {
            while let Some(transmit) = self.connection.poll_transmit() {
                match transmit {
                    // The packet is framed for a WebSocket, its attachments included.
                    Transmit::Message { packet, .. } => self.write(packet.websocket())?,
                    Transmit::Close { code, .. } => self.write(&websocket::close_frame(code))?,
                    // There are no requests to be answered.
                    _ => {}
                }
            }
            let Some(event) = self.connection.poll(Instant::now()) else { return Ok(()) };
            self.take(event)?;
        }
    }

    /// Writes. A client that takes nothing is told to the core, which ends the session.
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

        // An event that the client is to answer within a second.
        let now = Instant::now();
        let ack = AckId(self.asked);
        self.asked += 1;
        let packet = self.encoder.event("/", "who", "are you?", Some(ack)).map_err(io::Error::other)?;
        let request = AckRequest::new(ack, now, Some(now + Duration::from_secs(1)));
        self.connection.send(socket, packet, Some(request));
        // Its events were parked until everything about it is set up.
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

/// Session ids are secrets: the operating system's randomness, and no other.
fn entropy() -> io::Result<[u8; 15]> {
    let mut entropy = [0; 15];
    getrandom::fill(&mut entropy).map_err(io::Error::other)?;
    Ok(entropy)
}
