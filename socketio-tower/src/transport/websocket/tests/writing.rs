use super::*;

#[test]
fn a_burst_of_packets_leaves_no_queue_behind() {
    let mut wire = wire([]);
    for _ in 0..1000 {
        wire.push(Encoded::text_only("x")).expect("open");
    }
    assert_eq!(wire.write(), Poll::Ready(()));
    assert!(wire.is_idle());
    assert_eq!(wire.outbound.capacity(), 0);
}

/// A stream of which the peer reads nothing took the thread's queue, with room for a thousand packets, for a single one.
#[test]
fn a_stalled_stream_does_not_keep_the_queue_of_the_thread() {
    let mut busy = wire([]);
    for _ in 0..1000 {
        busy.push(Encoded::text_only("x")).expect("open");
    }
    assert_eq!(busy.write(), Poll::Ready(()));
    let mut stalled = wire([]);
    stalled.io.room = 0;
    stalled.push(Encoded::text_only("x")).expect("open");
    assert_eq!(stalled.write(), Poll::Pending);
    assert!(stalled.outbound.capacity() <= 16);
    stalled.push(Encoded::text_only("y")).expect("open");
    stalled.io.room = usize::MAX;
    assert_eq!(stalled.write(), Poll::Ready(()));
    assert_eq!(stalled.io.written, [reply(TEXT, b"x"), reply(TEXT, b"y")].concat());
}

#[test]
fn a_pong_goes_behind_what_is_queued_and_never_inside_a_frame() {
    let before = Encoded::text_only("before");
    let after = Encoded::text_only("after");
    let mut wire = wire([]);
    wire.push(before.clone()).expect("open");
    wire.io.room = 3;
    assert_eq!(wire.write(), Poll::Pending);
    wire.io.reads.push_back(frame(PING, b"?"));
    assert_eq!(wire.read_ok(), []);
    wire.push(after.clone()).expect("open");
    wire.io.room = usize::MAX;
    assert_eq!(wire.write(), Poll::Ready(()));
    assert_eq!(wire.io.written, [before.websocket(), &reply(PONG, b"?"), after.websocket()].concat());
}

#[test]
fn a_flood_of_pings_is_bounded_and_the_latest_is_answered() {
    let mut wire = wire((0..10_000_u32).map(|n| frame(PING, &n.to_be_bytes())));
    wire.io.room = 0;
    wire.read_ok();
    assert!(wire.queued_bytes() <= 16 * 127);
    wire.io.room = usize::MAX;
    assert_eq!(wire.write(), Poll::Ready(()));
    let numbers: Vec<_> = (0..16).chain([9_999]).collect();
    let answers: Vec<_> = numbers.iter().map(|n: &u32| reply(PONG, &n.to_be_bytes())).collect();
    assert_eq!(wire.io.written, answers.concat());

    wire.io.reads.push_back(frame(PING, b"again"));
    wire.io.written.clear();
    wire.read_ok();
    assert_eq!(wire.write(), Poll::Ready(()));
    assert_eq!(wire.io.written, reply(PONG, b"again"), "the count goes down with the queue");
}

/// Small and large packets, so that copies and slices alternate.
fn packets() -> Vec<Encoded> {
    [1, 80, 3000, 20, 1021, 1022, 1023, 70_000, 5, 5, 2000, 2000, 9]
        .map(|length| Encoded::text_only(&"x".repeat(length)))
        .to_vec()
}

#[test]
fn partial_writes_lose_and_repeat_nothing() {
    let packets = packets();
    let expected: Vec<u8> = packets.iter().flat_map(|packet| packet.websocket().to_vec()).collect();
    for vectored in [true, false] {
        for per_write in [1, 2, 7, 1000, 1024, 4096, usize::MAX] {
            let mut wire = wire([]);
            (wire.io.vectored, wire.io.per_write) = (vectored, per_write);
            for packet in &packets {
                wire.push(packet.clone()).expect("open");
            }
            assert_eq!(wire.queued_bytes(), expected.len());
            assert_eq!(wire.write(), Poll::Ready(()));
            assert!(wire.io.written == expected, "vectored {vectored}, {per_write} a write");
            assert_eq!(wire.io.flushed, expected.len());
            assert_eq!((wire.sent(), wire.queued_bytes()), (expected.len() as u64, 0));
        }
    }
}

#[test]
fn a_stall_leaves_exact_counts_at_every_byte() {
    let packets = ["ab", "cde", "fghi"].map(Encoded::text_only);
    for room in 0..=15 {
        let mut wire = wire([]);
        wire.io.room = room;
        for packet in &packets {
            wire.push(packet.clone()).expect("open");
        }
        assert_eq!(wire.write().is_ready(), room == 15);
        assert_eq!(wire.queued_bytes(), 15 - room);
        assert_eq!(wire.sent(), room as u64);
        assert_eq!(wire.is_idle(), room == 15);

        wire.io.room = usize::MAX;
        assert_eq!(wire.write(), Poll::Ready(()));
        assert_eq!((wire.sent(), wire.queued_bytes()), (15, 0));
    }
}

#[test]
fn small_frames_leave_in_one_write() {
    for vectored in [true, false] {
        let mut wire = wire([]);
        wire.io.vectored = vectored;
        for _ in 0..500 {
            wire.push(Encoded::text_only(&"x".repeat(80))).expect("open");
        }
        assert_eq!(wire.write(), Poll::Ready(()));
        assert_eq!(wire.io.writes, 1);
    }
    let mut wire = wire([]);
    for packet in packets() {
        wire.push(packet).expect("open");
    }
    assert_eq!(wire.write(), Poll::Ready(()));
    assert_eq!(wire.io.writes, 1, "large ones join by writev");
}

#[test]
fn a_stream_that_takes_nothing_is_an_error() {
    let full = io::Cursor::new(Box::<[u8]>::default());
    let mut wire = WebSocket::new(tokio::io::join(tokio::io::empty(), full), MAX_PAYLOAD);
    wire.push(Encoded::text_only("x")).expect("open");
    let Poll::Ready(Err(error)) = wire.poll_write(&mut context()) else { panic!("no error") };
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
}
