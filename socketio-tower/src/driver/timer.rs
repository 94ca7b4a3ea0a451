use std::pin::{Pin, pin};
use std::time::Instant;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::turn::Turn;

pin_project! {
    /// The one timer of a session, for the earliest of its deadlines.
    pub(super) struct Timer {
        #[pin]
        sleep: Sleep,
        // The moment the timer is set to, and polled for, which one task need do once. It is moved only
        // when the next deadline is earlier; when it fires too early, it is set anew.
        armed: Option<Instant>,
    }
}

impl Timer {
    pub(super) fn new(now: Instant) -> Self {
        Self { sleep: tokio::time::sleep_until(now.into()), armed: None }
    }

    /// Wakes the task at the deadline or earlier. Returns whether that is now.
    pub(super) fn arm(self: Pin<&mut Self>, deadline: Instant, turn: &mut Turn<'_, '_>) -> bool {
        let mut this = self.project();
        if this.armed.is_some_and(|armed| deadline >= armed && turn.now < armed) {
            return false;
        }
        *this.armed = Some(deadline);
        this.sleep.as_mut().reset(deadline.into());
        // Outside the cooperative budget: spent, it would leave the timer without a waker.
        pin!(tokio::task::unconstrained(this.sleep)).poll(turn.cx).is_ready()
    }
}
