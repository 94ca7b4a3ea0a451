use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use socketio_core::packet::ToArgs;
use socketio_core::{AckRequest, Encoded};

use super::{EmitWithAck, Socket, SocketOperator, with_encoder};
use crate::emit_status::EmitStatus;
use crate::limit::Limit;
use crate::observer::Observation;
use crate::session::{Answer, Command, Pushed};

/// Emitting.
impl Socket {
    /// Sends an event to the client. Never blocks; the answer tells what became of it.
    ///
    /// `args` is one argument, of any type that serializes; several are [`Args((a, b))`](crate::Args), and none are
    /// [`NoArgs`](crate::NoArgs).
    ///
    /// ```
    /// use socketio_tower::{Args, NoArgs, Socket};
    ///
    /// fn greet(socket: &Socket) {
    ///     socket.emit("ready", &NoArgs); //             42["ready"]
    ///     socket.emit("say", "hi"); //                  42["say","hi"]
    ///     socket.emit("move", &Args((1, 2))); //        42["move",1,2]
    ///     socket.emit("sum", &Args(vec![1, 2, 3])); //  42["sum",1,2,3]
    ///     socket.emit("list", &[1, 2, 3]); //           42["list",[1,2,3]]
    /// }
    /// ```
    pub fn emit<T: ToArgs + ?Sized>(&self, event: &str, args: &T) -> EmitStatus {
        self.emit_event(event, args, false)
    }

    /// Sends a `message` event, which is what `socket.send` of the stock clients does.
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.emit("message", args)
    }

    /// Sends only what can leave at once: what comes so often that the next one makes up for one that is lost.
    ///
    /// Over a WebSocket that is so while nothing waits for the client; on long polling while one of its requests waits
    /// for packets. Otherwise the answer is [`EmitStatus::Dropped`].
    pub fn volatile(&self) -> SocketOperator {
        SocketOperator::new(self.clone()).volatile()
    }

    /// Sends an event and awaits the client's answer, for
    /// [`SocketIoBuilder::ack_timeout`](crate::SocketIoBuilder::ack_timeout) at most. The event is sent
    /// at once, whether or not the future is polled.
    ///
    /// ```
    /// # async fn handler(socket: socketio_tower::Socket) -> Result<(), socketio_tower::AckError> {
    /// let age: u8 = socket.emit_with_ack("how old are you", "friend").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_with_ack<T, R>(&self, event: &str, args: &T) -> EmitWithAck<R>
    where
        T: ToArgs + ?Sized,
    {
        SocketOperator::new(self.clone()).emit_with_ack(event, args)
    }

    /// Chooses how long the next [`emit_with_ack`](SocketOperator::emit_with_ack) waits.
    pub fn timeout(&self, timeout: Duration) -> SocketOperator {
        SocketOperator::new(self.clone()).timeout(timeout)
    }

    /// How many bytes wait for the client, between `emit` and the kernel.
    pub fn queued_bytes(&self) -> usize {
        self.0.session.mailbox.queued_bytes()
    }

    /// Waits until nothing waits for the client any more, or it is gone. For those who produce more than
    /// a slow client can take.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time.
    pub async fn drained(&self) {
        poll_fn(|cx| match self.0.session.mailbox.poll_drained(cx.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}

impl Socket {
    /// Encodes an event and queues it.
    pub(super) fn emit_event<T: ToArgs + ?Sized>(&self, event: &str, args: &T, volatile: bool) -> EmitStatus {
        if !self.is_connected() {
            return EmitStatus::Gone;
        }
        match with_encoder(|encoder| encoder.event(self.namespace(), event, args, None)) {
            Ok(packet) => self.deliver(packet, volatile),
            Err(error) => EmitStatus::Invalid(error.into()),
        }
    }

    /// Queues a packet that is encoded for its namespace.
    pub(crate) fn deliver(&self, packet: Encoded, volatile: bool) -> EmitStatus {
        let size = packet.size();
        self.push(size, Command::Send { socket: self.0.key, packet }, volatile)
    }

    /// Queues a packet whose answer is awaited.
    pub(crate) fn ask(&self, packet: Encoded, request: AckRequest<Answer>, volatile: bool) -> EmitStatus {
        let size = packet.size();
        self.push(size, Command::Ask { socket: self.0.key, packet, request: Box::new(request) }, volatile)
    }

    fn push(&self, size: usize, command: Command, volatile: bool) -> EmitStatus {
        if !self.0.presence.lifecycle().is_plainly_connected() {
            return self.push_observed(size, command, volatile);
        }
        self.queue(size, command, volatile)
    }

    /// To a socket that is not connected, or that somebody listens to.
    #[cold]
    fn push_observed(&self, size: usize, command: Command, volatile: bool) -> EmitStatus {
        if !self.is_connected() {
            return EmitStatus::Gone;
        }
        if let Command::Send { packet, .. } | Command::Ask { packet, .. } = &command {
            self.tell_outgoing(packet);
        }
        self.queue(size, command, volatile)
    }

    fn queue(&self, size: usize, command: Command, volatile: bool) -> EmitStatus {
        let mailbox = &self.0.session.mailbox;
        let pushed = match volatile {
            false => mailbox.push_packet(size, self.server().settings(), command),
            true => mailbox.push_volatile(size, self.server().settings(), command),
        };
        match pushed {
            Pushed::Queued => EmitStatus::Queued,
            not_taken => self.count_not_taken(not_taken),
        }
    }

    #[cold]
    fn count_not_taken(&self, pushed: Pushed) -> EmitStatus {
        match pushed {
            Pushed::Queued => EmitStatus::Queued,
            Pushed::Gone => EmitStatus::Gone,
            Pushed::Dropped => {
                self.server().sessions().count_dropped();
                EmitStatus::Dropped
            }
            Pushed::Full => {
                self.server().sessions().count_overflowed();
                self.tell_observers(|_, namespace, socket| Observation::LimitReached {
                    namespace,
                    socket: Some(socket),
                    limit: Limit::QueuedBytes,
                });
                EmitStatus::Full
            }
        }
    }
}
