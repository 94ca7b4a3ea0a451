use std::pin::{Pin, pin};
use std::time::Instant;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::turn::Turn;

pin_project! {
    /// The timer of a session, set for the earliest of its deadlines.
    pub(super) struct Timer {
        #[pin]
        sleep: Sleep,
        // The deadline that `sleep` is set to and was polled for. One poll is enough, because the task stays the same.
        // `sleep` is reset for a later deadline too: tokio records that without a lock, whereas an early wake-up brings
        // the whole session into the cache.
        armed: Option<Instant>,
    }
}

impl Timer {
    pub(super) fn new(now: Instant) -> Self {
        Self { sleep: tokio::time::sleep_until(now.into()), armed: None }
    }

    /// Sets the timer to wake the task at the deadline. Returns `true` if the deadline has already passed.
    pub(super) fn arm(self: Pin<&mut Self>, deadline: Instant, turn: &Turn<'_>) -> bool {
        let mut this = self.project();
        if this.armed.is_some_and(|armed| armed == deadline && turn.now < armed) {
            return false;
        }
        *this.armed = Some(deadline);
        this.sleep.as_mut().reset(deadline.into());
        // Polled outside the cooperative budget: if that is exhausted, the timer would not register the waker.
        pin!(tokio::task::unconstrained(this.sleep)).poll(&mut turn.context()).is_ready()
    }
}
