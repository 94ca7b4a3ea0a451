use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::connection::PING_INTERVAL;
use super::reply::{Frame, Reply};
use super::{Change, Connection, Failure, command};
use crate::bus::{BackendError, Bus, Order, Receipt};

/// The connection that publishes.
pub(super) struct Publisher {
    connection: Connection,
    changes: mpsc::Sender<Change>,
    /// Set if the server is a node of a Redis Cluster, which counts only its own subscribers.
    in_cluster: bool,
    /// The commands whose replies are awaited. Kept for its allocation.
    asked: Vec<Asked>,
}

/// A command whose reply is awaited.
enum Asked {
    Publish { channel: bytes::Bytes, receipt: Option<Receipt> },
    Count { receipt: Receipt },
}

enum Step {
    Orders,
    Due,
}

/// The number of bytes that are read at once. The reply to a PUBLISH has four or five.
pub(super) const READ: usize = 4 * 1024;

/// The number of bytes for which a server gets a second more to reply: what the slowest network is assumed to carry.
const BYTES_PER_SECOND: u32 = 1024 * 1024;

impl Publisher {
    pub(super) fn new(connection: Connection, changes: mpsc::Sender<Change>, in_cluster: bool) -> Self {
        Self { connection, changes, in_cluster, asked: Vec::new() }
    }

    /// Executes orders until the connection is lost.
    pub(super) async fn run(mut self, bus: &mut Bus) -> BackendError {
        let mut orders = Vec::new();
        loop {
            let done = match self.wait(bus, &mut orders).await {
                Ok(Step::Orders) => self.execute(&mut orders, bus.is_leaving()).await,
                Ok(Step::Due) => self.ping().await,
                Err(failure) => Err(failure),
            };
            if let Err(failure) = done {
                return self.connection.lost(&failure);
            }
        }
    }

    /// Waits for orders, and returns an error as soon as the connection is closed.
    async fn wait(&mut self, bus: &mut Bus, orders: &mut Vec<Order>) -> Result<Step, Failure> {
        loop {
            let read = {
                let mut read = pin!(timeout(PING_INTERVAL, self.connection.read()));
                let mut ordered = pin!(bus.orders(orders));
                // No orders are taken if the connection is closed.
                poll_fn(|cx| match read.as_mut().poll(cx) {
                    Poll::Ready(read) => Poll::Ready(Some(read)),
                    Poll::Pending => ordered.as_mut().poll(cx).map(|()| None),
                })
                .await
            };
            match read {
                None => return Ok(Step::Orders),
                Some(Err(_)) => return Ok(Step::Due),
                Some(Ok(read)) => read?,
            }
            while let Some(is_reply) = self.connection.next_frame(|frame| matches!(frame, Frame::Reply(_)))? {
                if is_reply {
                    return Err(Failure::Protocol("a reply to no command"));
                }
            }
        }
    }

    async fn execute(&mut self, orders: &mut Vec<Order>, is_leaving: bool) -> Result<(), Failure> {
        let mut change = Change::default();
        for order in orders.drain(..) {
            match order {
                Order::Publish { message, receipt } => {
                    change_subscriptions(&self.changes, &mut change, is_leaving).await;
                    command::write_publish(self.connection.output(), &message.channel, &message.payload);
                    self.asked.push(Asked::Publish { channel: message.channel, receipt });
                }
                Order::Count { channel, receipt } => {
                    change_subscriptions(&self.changes, &mut change, is_leaving).await;
                    command::write(self.connection.output(), &["PUBSUB", "NUMSUB"], &[channel]);
                    self.asked.push(Asked::Count { receipt });
                }
                Order::Subscribe(subscription) => {
                    self.publish().await?;
                    change.begin.push(subscription);
                }
                Order::Unsubscribe(subscription) => {
                    self.publish().await?;
                    if !change.begin.is_empty() {
                        change_subscriptions(&self.changes, &mut change, is_leaving).await;
                    }
                    change.end.push(subscription);
                }
            }
        }
        change_subscriptions(&self.changes, &mut change, is_leaving).await;
        self.publish().await
    }

    /// Sends the commands, and answers their receipts.
    async fn publish(&mut self) -> Result<(), Failure> {
        if self.asked.is_empty() {
            return Ok(());
        }
        let seconds = self.connection.output().len() as u32 / BYTES_PER_SECOND;
        let extra = Duration::from_secs(seconds.into());
        self.connection.flush().await?;
        let mut refused = None;
        for asked in self.asked.drain(..) {
            match (asked, self.connection.reply(extra).await?) {
                (Asked::Publish { receipt, .. }, Reply::Integer(count)) => {
                    if let Some(receipt) = receipt {
                        receipt.answer(usize::try_from(count).ok().filter(|_| !self.in_cluster));
                    }
                }
                (Asked::Publish { channel, .. }, Reply::Error(reply)) => {
                    let command = format!("PUBLISH {}", String::from_utf8_lossy(&channel)).into();
                    refused.get_or_insert(Failure::Refused { command, reply });
                }
                (Asked::Count { receipt }, reply) => {
                    receipt.answer(counted(&reply).filter(|_| !self.in_cluster));
                }
                (Asked::Publish { .. }, _) => {
                    return Err(Failure::Protocol("an unexpected reply to PUBLISH"));
                }
            }
        }
        refused.map_or(Ok(()), Err)
    }

    async fn ping(&mut self) -> Result<(), Failure> {
        // An error is a sign of life too.
        self.connection.ask(&["PING"], &[]).await.map(drop)
    }
}

/// Has the subscriber change its subscriptions. Waits until Redis has confirmed those that begin, since replies to what is
/// published next may come on their channels; and those that end if the node leaves, since it answers what it has heard.
async fn change_subscriptions(changes: &mpsc::Sender<Change>, change: &mut Change, is_leaving: bool) {
    let mut change = std::mem::take(change);
    if change.begin.is_empty() && change.end.is_empty() {
        return;
    }
    let mut confirmed = None;
    if is_leaving || !change.begin.is_empty() {
        let (done, wait) = oneshot::channel();
        change.done = Some(done);
        confirmed = Some(wait);
    }
    let mut is_received = changes.send(change).await.is_ok();
    if let Some(confirmed) = confirmed {
        is_received &= confirmed.await.is_ok();
    }
    if !is_received {
        // The subscriber has ended. It reports the reason, and this future is dropped.
        pending::<()>().await;
    }
}

/// Returns the number in a reply to `PUBSUB NUMSUB` for one channel. A user may be denied the command.
fn counted(reply: &Reply) -> Option<usize> {
    match reply {
        Reply::List(list) => match list[..] {
            [_, Reply::Integer(count)] => usize::try_from(count).ok(),
            _ => None,
        },
        _ => None,
    }
}
