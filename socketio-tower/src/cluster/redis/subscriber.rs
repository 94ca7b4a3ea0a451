use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use socketio_core::cluster::Subscription;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::connection::{MAX_SILENCE, PING_INTERVAL};
use super::reply::{Frame, Reply};
use super::{Connection, Failure, command};
use crate::bus::{BackendError, Inbox};

/// The connection that receives.
pub(super) struct Subscriber {
    connection: Connection,
    inbox: Inbox,
    changes: mpsc::Receiver<Change>,
    /// The requests that are not answered, in order.
    asked: VecDeque<Asked>,
    /// The time at which the oldest of them was sent, or at which one before it was answered.
    asked_at: Instant,
    read_at: Instant,
}

/// Subscriptions to end, and others to begin.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) end: Vec<Subscription>,
    pub(super) begin: Vec<Subscription>,
    /// Resolves when Redis has confirmed all of them.
    pub(super) done: Option<oneshot::Sender<()>>,
}

/// A request that is not answered.
struct Asked {
    /// The number of confirmations that are missing. A PING has one reply.
    missing: usize,
    /// The command to report if it is refused, unless that does not matter.
    command: Option<Box<str>>,
    done: Option<oneshot::Sender<()>>,
}

enum Step {
    Read(Result<(), Failure>),
    Change(Option<Change>),
    Due,
}

/// The number of bytes that are read at once: 250 messages of 256 bytes.
pub(super) const READ: usize = 64 * 1024;

/// The number of reads after which other tasks of the thread run: some milliseconds. After each read, the system calls
/// of the runtime would cost as much as all messages of 1 KiB.
const READS_IN_A_ROW: u32 = 4;

impl Subscriber {
    pub(super) fn new(connection: Connection, inbox: Inbox, changes: mpsc::Receiver<Change>) -> Self {
        let now = Instant::now();
        Self { connection, inbox, changes, asked: VecDeque::new(), asked_at: now, read_at: now }
    }

    /// Receives until the connection is lost.
    pub(super) async fn run(mut self) -> BackendError {
        match self.receive().await {
            Ok(never) => match never {},
            Err(failure) => self.connection.lost(&failure),
        }
    }

    async fn receive(&mut self) -> Result<Infallible, Failure> {
        let mut timer = pin!(sleep_until(self.read_at + PING_INTERVAL));
        let mut reads_in_a_row = 0;
        loop {
            let step = {
                let mut read = pin!(self.connection.read());
                let mut change = pin!(self.changes.recv());
                // What has arrived is read before the deadline is looked at: this task may have been held up itself.
                poll_fn(|cx| {
                    if let Poll::Ready(read) = read.as_mut().poll(cx) {
                        return Poll::Ready(Step::Read(read));
                    }
                    reads_in_a_row = 0;
                    if let Poll::Ready(change) = change.as_mut().poll(cx) {
                        return Poll::Ready(Step::Change(change));
                    }
                    timer.as_mut().poll(cx).map(|()| Step::Due)
                })
                .await
            };
            match step {
                Step::Read(read) => {
                    read?;
                    self.read_at = Instant::now();
                    self.handle_input()?;
                    reads_in_a_row += 1;
                    if reads_in_a_row == READS_IN_A_ROW {
                        reads_in_a_row = 0;
                        tokio::task::yield_now().await;
                        // The publisher waits for it, and must not wait for an end of the messages.
                        if let Ok(change) = self.changes.try_recv() {
                            self.change(change).await?;
                            timer.as_mut().reset(self.deadline());
                        }
                    }
                }
                Step::Change(Some(change)) => {
                    self.change(change).await?;
                    timer.as_mut().reset(self.deadline());
                }
                // The publisher has ended, and this task ends with it.
                Step::Change(None) => return Err(Failure::Closed),
                Step::Due => {
                    if Instant::now() >= self.deadline() {
                        if !self.asked.is_empty() {
                            return Err(Failure::Silent(MAX_SILENCE));
                        }
                        self.ping().await?;
                    }
                    timer.as_mut().reset(self.deadline());
                }
            }
        }
    }

    /// Returns the time at which the server has been silent for too long: to be sent a PING, or for the connection to be
    /// dead. The timer may be set to an earlier time, since it is not set again whenever something is read.
    fn deadline(&self) -> Instant {
        if self.asked.is_empty() {
            self.read_at + PING_INTERVAL
        } else {
            self.read_at.max(self.asked_at) + MAX_SILENCE
        }
    }

    fn handle_input(&mut self) -> Result<(), Failure> {
        loop {
            let inbox = &self.inbox;
            let taken = self.connection.next_frame(|frame| match frame {
                Frame::Message { channel, payload } => {
                    // Copied, since a part of it may be kept longer than the other messages of this read.
                    inbox.receive(channel, &Bytes::copy_from_slice(payload));
                    None
                }
                Frame::TooLarge { channel, .. } => {
                    // Counted as malformed.
                    inbox.receive(channel, &Bytes::new());
                    None
                }
                Frame::Other => None,
                Frame::Confirmation => Some(Ok(())),
                Frame::Reply(Reply::Error(reply)) => Some(Err(reply)),
                Frame::Reply(_) => Some(Ok(())),
            });
            match taken? {
                Some(Some(answer)) => self.handle_answer(answer)?,
                Some(None) => {}
                None => return Ok(()),
            }
        }
    }

    fn handle_answer(&mut self, answer: Result<(), Box<str>>) -> Result<(), Failure> {
        let asked = self.asked.front_mut().ok_or(Failure::Protocol("a reply to no command"))?;
        match (answer, asked.command.take()) {
            (Err(reply), Some(command)) => return Err(Failure::Refused { command, reply }),
            // To a PING, an error is a sign of life too. A refused command has no confirmations.
            (Err(_), None) => asked.missing = 0,
            (Ok(()), command) => {
                asked.command = command;
                asked.missing -= 1;
            }
        }
        if asked.missing == 0
            && let Some(Asked { done, .. }) = self.asked.pop_front()
            && let Some(done) = done
        {
            _ = done.send(());
        }
        Ok(())
    }

    /// Sends a change of subscriptions.
    async fn change(&mut self, change: Change) -> Result<(), Failure> {
        let Change { end, begin, done } = change;
        let (end_patterns, end_channels) = names(end);
        let (patterns, channels) = names(begin);
        let mut last = None;
        for (command, names, is_needed) in [
            ("PUNSUBSCRIBE", end_patterns, false),
            ("UNSUBSCRIBE", end_channels, false),
            ("PSUBSCRIBE", patterns, true),
            ("SUBSCRIBE", channels, true),
        ] {
            if names.is_empty() {
                continue;
            }
            self.asked.extend(last.take());
            command::write(self.connection.output(), &[command], &names);
            let command = is_needed.then(|| describe(command, &names));
            last = Some(Asked { missing: names.len(), command, done: None });
        }
        let Some(last) = last else { return Ok(()) };
        self.ask(Asked { done, ..last }).await
    }

    async fn ping(&mut self) -> Result<(), Failure> {
        command::write::<&str>(self.connection.output(), &["PING"], &[]);
        self.ask(Asked { missing: 1, command: None, done: None }).await
    }

    async fn ask(&mut self, asked: Asked) -> Result<(), Failure> {
        self.asked.push_back(asked);
        self.connection.flush().await?;
        self.asked_at = Instant::now();
        Ok(())
    }
}

/// Separates the names of patterns from those of channels.
fn names(subscriptions: Vec<Subscription>) -> (Vec<Bytes>, Vec<Bytes>) {
    let (mut patterns, mut channels) = (Vec::new(), Vec::new());
    for subscription in subscriptions {
        match subscription {
            Subscription::Pattern(name) => patterns.push(name),
            Subscription::Channel(name) => channels.push(name),
        }
    }
    (patterns, channels)
}

/// Names a command with its first names, for the error of an access control list that does not have one of them.
fn describe(command: &str, names: &[Bytes]) -> Box<str> {
    let mut text = command.to_owned();
    for name in names.iter().take(3) {
        text.push(' ');
        text.push_str(&String::from_utf8_lossy(name));
    }
    if names.len() > 3 {
        text.push_str(" …");
    }
    text.into()
}
