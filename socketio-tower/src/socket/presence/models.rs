use std::sync::Weak;

use foldhash::fast::RandomState;
use loom::sync::{Arc, Mutex, MutexGuard};
use loom::thread;
use socketio_core::SocketId;
use socketio_core::namespace::{MemberKey, Rooms};

use super::{Entry, Lifecycle, Presence};

/// A socket and the rooms of its namespace.
struct Member {
    presence: Presence,
    rooms: Mutex<Rooms<(), RandomState>>,
}

impl Member {
    fn new() -> Arc<Self> {
        let presence = Presence::new(SocketId::from_entropy([0; 15]), Lifecycle::new(false));
        Arc::new(Self { presence, rooms: Mutex::new(Rooms::with_hasher(RandomState::default())) })
    }

    /// Makes the socket a member, like `Namespace::insert`.
    fn connect(&self) -> MemberKey {
        let mut rooms = self.rooms();
        let member = rooms.insert(self.presence.id(), ()).expect("the socket is the only one");
        for room in self.presence.connect(member) {
            rooms.join(member, &room);
        }
        member
    }

    fn join(&self, room: &str) -> bool {
        self.presence.join(room, |member| self.rooms().join(member, room))
    }

    fn leave(&self, room: &str) -> bool {
        self.presence.leave(room, |member| self.rooms().leave(member, room))
    }

    fn is_in(&self, member: MemberKey, room: &str) -> bool {
        self.rooms().is_in(member, room)
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms<(), RandomState>> {
        self.rooms.lock().expect("no thread panics")
    }

    /// Ends the socket, including its disconnect handler.
    fn end(&self) {
        self.presence.lifecycle().end();
        self.presence.retire();
    }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

fn spawn<T: 'static>(
    member: &Arc<Member>,
    run: impl FnOnce(&Member) -> T + 'static,
) -> thread::JoinHandle<T> {
    let member = Arc::clone(member);
    thread::spawn(move || run(&member))
}

#[test]
fn a_room_that_is_joined_while_the_socket_connects_is_not_lost() {
    check(|| {
        let member = Member::new();
        let application = spawn(&member, |member| assert!(member.join("room")));
        let key = member.connect();
        application.join().unwrap();
        assert!(member.is_in(key, "room"));
    });
}

#[test]
fn a_room_that_is_left_while_the_socket_connects_is_left() {
    check(|| {
        let member = Member::new();
        let application = spawn(&member, |member| {
            assert!(member.join("room"));
            assert!(member.leave("room"), "the socket was in the room");
        });
        let key = member.connect();
        application.join().unwrap();
        assert!(!member.is_in(key, "room"));
    });
}

#[test]
fn a_listener_that_is_added_while_the_socket_ends_is_dropped() {
    check(|| {
        let member = Member::new();
        let application = spawn(&member, |member| {
            let captured = std::sync::Arc::new(());
            let weak = std::sync::Arc::downgrade(&captured);
            let listener = Entry::Outgoing(std::sync::Arc::new(move |_, _| _ = &captured));
            member.presence.extras().and_then(|extras| extras.add(listener));
            weak
        });
        member.end();
        let weak: Weak<()> = application.join().unwrap();
        assert_eq!(weak.strong_count(), 0);
    });
}

#[test]
fn a_task_that_is_spawned_while_the_socket_ends_is_cancelled() {
    check(|| {
        let member = Member::new();
        let application = spawn(&member, |member| member.presence.extras().and_then(|extras| extras.tasks()));
        member.end();
        let cancelled = application.join().unwrap();
        assert!(cancelled.is_none_or(|cancelled| cancelled.is_cancelled()));
    });
}
