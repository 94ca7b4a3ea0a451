use super::*;

/// A handler may emit a hundred thousand packets in one turn, and its session may be busy for hours.
#[test]
fn a_task_that_yields_leaves_no_long_list_behind() {
    let (mailbox, mut list) = (Mailbox::default(), Vec::new());
    mailbox.run(&mut list);
    for _ in 0..100_000 {
        mailbox.push(Command::DisconnectClient).expect("the session is open");
    }
    for _ in 0..3 {
        mailbox.take(&mut list, 0, true);
        list.clear();
        let backlog = Backlog { downstream_bytes: 0, upstream_bytes: 0, writable: true, handlers: 0 };
        mailbox.note(backlog, &mut list);
        assert!(mailbox.lock().commands.capacity() <= MAX_IDLE_COMMANDS);
    }
}

#[test]
fn the_bound_applies_to_packets_next_to_a_large_one() {
    let bound = 1000;
    let mut inner = Inner::default();
    assert!(inner.admit(500, bound));
    assert!(inner.admit(5000, bound), "one packet may be larger");
    assert!(!inner.admit(5000, bound), "but no second one");
    assert!(inner.admit(400, bound));
    assert!(!inner.admit(200, bound));
    // The packets before the large one have left, and a part of it.
    inner.taken_bytes = inner.queued_bytes;
    inner.set_downstream(3000 + 400);
    assert!(inner.admit(600, bound));
    assert!(!inner.admit(1, bound));
    // The large one has left.
    inner.taken_bytes = inner.queued_bytes;
    inner.set_downstream(1000);
    assert!(!inner.admit(1, bound));
    inner.set_downstream(900);
    assert!(inner.admit(100, bound));
    assert!(inner.admit(2000, bound));
}
