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
    /// Sends an event to the client. Never blocks. Returns whether the event was queued or discarded.
    ///
    /// `args` is one argument of any type that implements `Serialize`. Use [`Args((a, b))`](crate::Args) for several
    /// arguments and [`NoArgs`](crate::NoArgs) for none.
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

    /// Sends a `message` event, like `socket.send` of the official clients.
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// socket.send("hi"); // 42["message","hi"]
    /// # }
    /// ```
    pub fn send<T: ToArgs + ?Sized>(&self, args: &T) -> EmitStatus {
        self.emit("message", args)
    }

    /// Discards events that cannot leave immediately. For frequent events, of which the next one makes up for a lost
    /// one.
    ///
    /// A WebSocket can send immediately if nothing is queued for the client. On long polling, a request must be waiting
    /// for packets, too. Otherwise, `emit` returns [`EmitStatus::Dropped`].
    ///
    /// ```
    /// # fn example(socket: socketio_tower::Socket) {
    /// socket.volatile().emit("position", &[12.5, 3.0]);
    /// # }
    /// ```
    pub fn volatile(&self) -> SocketOperator {
        SocketOperator::new(self.clone()).volatile()
    }

    /// Sends an event and returns a future of the client's acknowledgement. The event is sent immediately, even if the
    /// future is never polled.
    ///
    /// The future fails after [`SocketIoBuilder::ack_timeout`](crate::SocketIoBuilder::ack_timeout); see
    /// [`timeout`](Self::timeout) for another time.
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

    /// Sets the time that [`emit_with_ack`](SocketOperator::emit_with_ack) waits for the acknowledgement.
    ///
    /// ```
    /// use std::time::Duration;
    /// # async fn handler(socket: socketio_tower::Socket) -> Result<(), socketio_tower::AckError> {
    /// let ready: bool = socket.timeout(Duration::from_secs(1)).emit_with_ack("ready?", "").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn timeout(&self, timeout: Duration) -> SocketOperator {
        SocketOperator::new(self.clone()).timeout(timeout)
    }

    /// Returns the number of bytes queued for the client, between `emit` and the kernel.
    pub fn queued_bytes(&self) -> usize {
        self.0.session.mailbox.queued_bytes()
    }

    /// Waits until nothing is queued for the client, or the client is gone. Provides back-pressure to producers that
    /// are faster than a slow client.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: dropping the future has no effect.
    ///
    /// ```
    /// # async fn handler(socket: socketio_tower::Socket, chunks: Vec<String>) {
    /// for chunk in &chunks {
    ///     socket.emit("chunk", chunk);
    ///     socket.drained().await;
    /// }
    /// # }
    /// ```
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

    /// Queues a packet that is encoded for the socket's namespace.
    pub(crate) fn deliver(&self, packet: Encoded, volatile: bool) -> EmitStatus {
        let size = packet.size();
        self.push(size, Command::Send { socket: self.0.key, packet }, volatile)
    }

    /// Queues a packet and requests its acknowledgement.
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

    /// Like [`push`](Self::push), for a socket that is not connected or has outgoing listeners or observers.
    #[cold]
    fn push_observed(&self, size: usize, command: Command, volatile: bool) -> EmitStatus {
        if !self.is_connected() {
            return EmitStatus::Gone;
        }
        if let Command::Send { packet, .. } | Command::Ask { packet, .. } = &command {
            self.notify_outgoing(packet);
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
            discarded => self.count_discarded(discarded),
        }
    }

    #[cold]
    fn count_discarded(&self, pushed: Pushed) -> EmitStatus {
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
