use std::future::poll_fn;
use std::sync::LazyLock;
use std::task::Poll;
use std::time::Instant;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use socketio_core::LinkId;

use super::{Backlog, Mailbox, Pushed};
use crate::config::Settings;
use crate::session::Command;

static SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::default);

/// The size of a packet in bytes.
const SIZE: usize = 10;

impl Mailbox {
    fn push_one(&self) -> Pushed {
        self.push_packet(SIZE, &SETTINGS, Command::DisconnectClient)
    }

    async fn drained(&self) {
        poll_fn(|cx| if self.poll_drained(cx.waker()) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Runs the task in the driver's order of steps until it has taken `commands` commands. Packets leave in the turn
    /// after the one that took them, after that turn has checked the mailbox.
    fn run_until_taken(&self, commands: usize) {
        let (mut left, mut downstream_bytes) = (commands, 0);
        block_on(poll_fn(|cx| {
            let mut taken = Vec::new();
            self.run(&mut taken);
            loop {
                let woken = taken.len();
                left -= woken;
                taken.clear();
                downstream_bytes += SIZE * woken;
                self.take(&mut taken, downstream_bytes, true);
                if woken > 0 || !taken.is_empty() {
                    left -= taken.len();
                    downstream_bytes = SIZE * taken.len();
                    taken.clear();
                    continue;
                }
                downstream_bytes = 0;
                if left == 0 {
                    return Poll::Ready(());
                }
                if self.rest(backlog(downstream_bytes), cx.waker(), &mut Vec::new()) {
                    return Poll::Pending;
                }
            }
        }));
        self.note(backlog(0), &mut Vec::new());
    }
}

fn backlog(downstream_bytes: usize) -> Backlog {
    Backlog { downstream_bytes, upstream_bytes: 0, writable: true, handlers: 0 }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

fn spawn<T: 'static>(
    mailbox: &Arc<Mailbox>,
    run: impl FnOnce(&Mailbox) -> T + 'static,
) -> thread::JoinHandle<T> {
    let mailbox = Arc::clone(mailbox);
    thread::spawn(move || run(&mailbox))
}

/// A lost wake-up leaves the task pending, which loom reports as a deadlock.
#[test]
fn a_push_wakes_a_task_that_rests() {
    check(|| {
        let mailbox = Arc::new(Mailbox::default());
        let one = spawn(&mailbox, |mailbox| assert_eq!(mailbox.push_one(), Pushed::Queued));
        let other = spawn(&mailbox, |mailbox| assert_eq!(mailbox.push_one(), Pushed::Queued));
        mailbox.run_until_taken(2);
        assert_eq!(mailbox.queued_bytes(), 0);
        one.join().unwrap();
        other.join().unwrap();
    });
}

/// The packet leaves before the task rests, so `rest` has to wake the waiter.
#[test]
fn a_waiter_for_an_empty_queue_is_woken_when_the_task_rests() {
    check(|| {
        let mailbox = Arc::new(Mailbox::default());
        let producer = spawn(&mailbox, |mailbox| {
            assert_eq!(mailbox.push_one(), Pushed::Queued);
            block_on(mailbox.drained());
            assert_eq!(mailbox.queued_bytes(), 0);
            assert_eq!(mailbox.push_one(), Pushed::Queued);
        });
        mailbox.run_until_taken(2);
        assert_eq!(mailbox.queued_bytes(), 0);
        producer.join().unwrap();
    });
}

#[test]
fn a_push_while_the_session_closes_is_rejected_or_returned() {
    check(|| {
        let mailbox = Arc::new(Mailbox::default());
        let producer = spawn(&mailbox, |mailbox| {
            let queued = mailbox.push_one() == Pushed::Queued;
            block_on(mailbox.drained());
            queued
        });
        let mut taken = Vec::new();
        mailbox.take(&mut taken, 0, true);
        let returned = mailbox.close();
        let queued = producer.join().unwrap();
        assert_eq!(taken.len() + returned.len(), usize::from(queued));
        assert_eq!(mailbox.queued_bytes(), 0);
        assert_eq!(mailbox.push_one(), Pushed::Gone);
        assert!(mailbox.push(Command::DisconnectClient).is_err());
    });
}

/// The HTTP server takes a response while the application emits and the task drops the response. An underflow of the
/// counters panics.
#[test]
fn a_response_is_counted_once() {
    check(|| {
        let (mailbox, link) = (Arc::new(Mailbox::default()), LinkId::new(0));
        mailbox.respond(link, vec![0; SIZE], Instant::now());
        let server = spawn(&mailbox, move |mailbox| {
            mailbox.take_piece(link, Instant::now());
        });
        let producer = spawn(&mailbox, |mailbox| assert_eq!(mailbox.push_one(), Pushed::Queued));
        mailbox.note(backlog(0), &mut Vec::new());
        mailbox.drop_response(link);
        let mut taken = Vec::new();
        mailbox.take(&mut taken, 0, true);
        server.join().unwrap();
        producer.join().unwrap();
        taken.clear();
        mailbox.take(&mut taken, 0, true);
        mailbox.note(backlog(0), &mut Vec::new());
        assert_eq!(mailbox.queued_bytes(), 0);
    });
}
