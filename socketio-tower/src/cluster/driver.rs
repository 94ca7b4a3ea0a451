use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::jobs::Jobs;
use super::server::Server;
use crate::bus::{Backend, BackendError, Bus, Joined, Receive};
use crate::entropy::entropy;

/// The task of a node: it keeps the connection, the timers and the jobs going until the server leaves the cluster.
pub(super) struct Driver {
    pub(super) joined: Arc<Joined>,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) receiver: Arc<dyn Receive>,
    pub(super) jobs: Arc<Jobs>,
    pub(super) server: Server,
}

/// Ends the membership, also if the driver is dropped with its runtime.
struct End<'a>(&'a Driver);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.jobs.clear();
        self.0.joined.left();
    }
}

impl Driver {
    pub(super) async fn run(self) {
        // Declared first, and so dropped after the futures, which may add jobs and orders.
        let _end = End(&self);
        let mut connection = pin!(self.keep_connected());
        let mut timers = pin!(again(|| self.keep_time()));
        let mut jobs = pin!(again(|| self.jobs.work(&self.server)));
        let mut leaving = pin!(self.joined.leave());
        std::future::poll_fn(|cx| {
            for future in
                [timers.as_mut() as Pin<&mut dyn Future<Output = ()>>, jobs.as_mut(), connection.as_mut()]
            {
                let _: Poll<()> = future.poll(cx);
            }
            leaving.as_mut().poll(cx)
        })
        .await;
    }

    /// Connects again and again.
    async fn keep_connected(&self) {
        let mut bus = Bus::new(Arc::clone(&self.joined), Arc::clone(&self.receiver));
        let mut attempts = 0_u32;
        loop {
            let begun = Instant::now();
            let served = AssertUnwindSafe(self.backend.serve(&mut bus)).catch_unwind().await;
            let error = served.unwrap_or_else(|_| BackendError::new("the backend panicked"));
            let has_lasted = self.joined.is_up() && begun.elapsed() > LASTING;
            attempts = if has_lasted { 0 } else { attempts.saturating_add(1) };
            self.joined.down(error);
            tokio::time::sleep(delay(attempts)).await;
        }
    }

    /// Runs the timers of the node. Has it leave when the server is gone.
    async fn keep_time(&self) {
        loop {
            let set = self.joined.timer_set();
            let now = crate::clock::now();
            let next =
                self.joined.poll_timeout().map_or(TICK, |at| at.saturating_duration_since(now)).min(TICK);
            // A timer that is due, or at most a tick.
            tokio::time::timeout(next, set).await.ok();
            if self.server.is_gone() {
                self.joined.leave_by(Instant::now() + LEAVE_TIMEOUT);
            }
            self.joined.handle_timeout();
        }
    }
}

/// Runs a future, and a new one if it panics: a node does not fall silent because of a fault in one message.
async fn again<F: Future<Output = ()>>(mut start: impl FnMut() -> F) {
    while AssertUnwindSafe(start()).catch_unwind().await.is_err() {}
}

/// The time in which the node of a server that was dropped without being closed publishes what is queued.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Returns the part of the time to close that is kept for leaving a cluster.
pub(crate) fn time_to_leave(timeout: Duration) -> Duration {
    (timeout / 10).min(LEAVE_TIMEOUT)
}

/// The interval at which the queue of a lost connection is searched for messages that are too old.
const TICK: Duration = Duration::from_secs(1);

/// The time before the first attempt to connect again, which doubles with each one, and its maximum. Half a second after
/// its restart, a broker has its nodes back; a thousand nodes do not all come at once, because half of the time is
/// random.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LAST_DELAY: Duration = Duration::from_secs(2);

/// The time after which a connection counts as good: the next attempt after its loss is the first. One that is lost
/// earlier may be refused again and again.
const LASTING: Duration = Duration::from_secs(5);

fn delay(attempts: u32) -> Duration {
    let delay = FIRST_DELAY.saturating_mul(1 << attempts.min(10)).min(LAST_DELAY);
    // Between a half and one and a half of it.
    let random = u32::from(entropy()[0]);
    delay / 2 + delay * random / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_maximum() {
        for _ in 0..100 {
            assert!((50..=150).contains(&delay(0).as_millis()));
            assert!((400..=1200).contains(&delay(3).as_millis()));
            assert!((1000..=3000).contains(&delay(u32::MAX).as_millis()));
        }
    }
}
