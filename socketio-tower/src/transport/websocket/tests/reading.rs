use proptest::prelude::*;
use socketio_core::LinkError;

use super::*;

/// Returns frames of every kind, with a character split between two fragments, and the expected messages and replies.
fn conversation() -> (Vec<u8>, Vec<Message>, Vec<u8>) {
    let input = [
        frame(TEXT, b"hi"),
        frame(BINARY, &[7; 130]),
        frame(PING, b"one"),
        frame(TEXT, b""),
        frame(TEXT_BEGINS, b"gr\xc3"),
        frame(PING, b"two"),
        frame(CONTINUES, b""),
        frame(ENDS, b"\xbc\xc3\x9f"),
        frame(PONG, b"unasked"),
        frame(BINARY_BEGINS, &[1]),
        frame(ENDS, &[2]),
        frame(TEXT, "[\"é\"]".as_bytes()),
    ]
    .concat();
    let messages =
        vec![text("hi"), binary(&[7; 130]), text(""), text("grüß"), binary(&[1, 2]), text("[\"é\"]")];
    let replies = [reply(PONG, b"one"), reply(PONG, b"two")].concat();
    (input, messages, replies)
}

#[test]
fn a_batch_in_one_read_comes_out_whole() {
    let (input, messages, replies) = conversation();
    let length = input.len() as u64;
    let mut wire = wire([input]);
    assert_eq!(wire.read_ok(), messages);
    assert!(wire.holds_nothing());
    assert_eq!(wire.received(), length);
    assert_eq!(wire.write(), Poll::Ready(()));
    assert_eq!(wire.io.written, replies);
}

#[test]
fn frames_may_be_cut_at_every_byte() {
    let (input, messages, replies) = conversation();
    for cut in 1..input.len() {
        let mut wire = wire([input[..cut].to_vec(), input[cut..].to_vec()]);
        assert_eq!(wire.read_ok(), messages, "cut at {cut}");
        assert!(wire.holds_nothing(), "cut at {cut}");
        assert_eq!(wire.write(), Poll::Ready(()));
        assert_eq!(wire.io.written, replies, "cut at {cut}");
    }
    let mut wire = wire(input.iter().map(|byte| vec![*byte]));
    assert_eq!(wire.read_ok(), messages, "one byte at a time");
    assert!(wire.holds_nothing());
}

#[test]
fn an_incomplete_frame_is_kept_until_it_is_whole_and_no_longer() {
    let input = frame(TEXT, b"hello");
    let mut wire = wire([input[..8].to_vec()]);
    assert_eq!(wire.read_ok(), []);
    assert!(!wire.holds_nothing());
    wire.io.reads.push_back(input[8..].to_vec());
    assert_eq!(wire.read_ok(), [text("hello")]);
    assert!(wire.holds_nothing());
}

#[test]
fn a_ping_between_fragments_is_answered_at_once() {
    let mut wire = wire([[frame(TEXT_BEGINS, b"a"), frame(PING, b"now")].concat()]);
    assert_eq!(wire.read_ok(), []);
    assert!(!wire.holds_nothing(), "a fragmented message is open");
    assert_eq!(wire.write(), Poll::Ready(()));
    assert_eq!(wire.io.written, reply(PONG, b"now"));

    wire.io.reads.push_back([frame(ENDS, b"b"), frame(TEXT, b"c")].concat());
    assert_eq!(wire.read_ok(), [text("ab"), text("c")]);
    assert!(wire.holds_nothing());
}

#[test]
fn violations_are_reported_after_the_messages_before_them() {
    let unmasked = reply(TEXT, b"x");
    let cases = [
        ("unmasked", unmasked, CloseCode::Protocol),
        ("RSV1", frame(TEXT | 0x40, b"x"), CloseCode::Protocol),
        ("RSV2", frame(TEXT | 0x20, b"x"), CloseCode::Protocol),
        ("RSV3", frame(TEXT | 0x10, b"x"), CloseCode::Protocol),
        ("data opcode 3", frame(0x83, b"x"), CloseCode::Protocol),
        ("control opcode 11", frame(0x8b, b""), CloseCode::Protocol),
        ("long ping", frame(PING, &[0; 126]), CloseCode::Protocol),
        ("long close", frame(CLOSE, &[0; 126]), CloseCode::Protocol),
        ("fragmented ping", frame(PING & 0x7f, b""), CloseCode::Protocol),
        ("close of one byte", frame(CLOSE, b"x"), CloseCode::Protocol),
        ("continuation of nothing", frame(ENDS, b"x"), CloseCode::Protocol),
        ("text inside a text", [frame(TEXT_BEGINS, b"a"), frame(TEXT, b"b")].concat(), CloseCode::Protocol),
        ("invalid UTF-8", frame(TEXT, b"\xff"), CloseCode::Invalid),
        ("half a character", frame(TEXT, b"\xc3"), CloseCode::Invalid),
        (
            "half a character at the end of fragments",
            [frame(TEXT_BEGINS, b"a"), frame(ENDS, b"\xc3")].concat(),
            CloseCode::Invalid,
        ),
        ("invalid UTF-8 as a close reason", frame(CLOSE, b"\x03\xe8\xff"), CloseCode::Invalid),
    ];
    for (name, bytes, code) in cases {
        let mut wire = wire([[frame(TEXT, b"before"), bytes, frame(TEXT, b"after")].concat()]);
        let (messages, error) = wire.read_all();
        assert_eq!(messages, [text("before")], "{name}");
        let error = error.expect(name);
        assert_eq!(error.close_code(), Some(code), "{name}");
        assert_eq!(LinkError::from(&error), LinkError::Failed, "{name}");
        assert!(wire.holds_nothing(), "{name}");
    }
}

#[test]
fn the_length_in_a_header_allocates_nothing() {
    for length in [MAX_PAYLOAD as u64 + 1, u64::from(u32::MAX), 0x7fff_ffff_ffff_ffff, u64::MAX] {
        let claim = [&[BINARY, 0x80 | 127], &length.to_be_bytes()[..], &[0; 4]].concat();
        let (messages, error) = wire([claim]).read_all();
        assert!(messages.is_empty());
        assert!(matches!(error, Some(ReadError::TooLarge)), "{length}: {error:?}");
    }
    let mut wire = wire([header(BINARY, MAX_PAYLOAD, 0x80), vec![0; 4], vec![0; 100]]);
    assert_eq!(wire.read_ok(), []);
    let capacity = wire.inbound.as_ref().map(Inbound::partial_capacity);
    assert!(capacity < Some(300), "memory follows what has arrived: {capacity:?}");
}

#[test]
fn one_bound_holds_for_whole_and_for_fragmented_messages() {
    let fits = vec![b'x'; 1000];
    let cases = [
        (frame(TEXT, &fits), true),
        (frame(TEXT, &[&fits[..], b"x"].concat()), false),
        ([frame(TEXT_BEGINS, &fits[..999]), frame(ENDS, b"x")].concat(), true),
        ([frame(TEXT_BEGINS, &fits[..999]), frame(ENDS, b"xx")].concat(), false),
        ([frame(BINARY_BEGINS, &fits), frame(CONTINUES, b""), frame(ENDS, b"x")].concat(), false),
    ];
    for (input, accepted) in cases {
        let (messages, error) = WebSocket::new(Script::new([input]), 1000).read_all();
        assert_eq!(messages.len(), usize::from(accepted));
        match error {
            None => assert!(accepted),
            Some(error) => {
                assert!(!accepted);
                assert_eq!(error.close_code(), Some(CloseCode::Size));
                assert_eq!(LinkError::from(&error), LinkError::TooLarge);
            }
        }
    }
}

#[test]
fn a_million_fragments_of_one_byte_end_at_the_bound() {
    let fragments = frame(CONTINUES, b"x").repeat(10_000);
    let reads = std::iter::once(frame(TEXT_BEGINS, b"")).chain(std::iter::repeat_n(fragments, 100));
    let mut wire = wire(reads);
    assert_eq!(wire.read_ok(), []);
    wire.io.reads.push_back(frame(CONTINUES, b"x"));
    let (messages, error) = wire.read_all();
    assert!(messages.is_empty());
    assert!(matches!(error, Some(ReadError::TooLarge)), "{error:?}");
    assert!(wire.holds_nothing());
}

#[test]
fn a_large_message_leaves_no_buffer_behind() {
    let payload = vec![5; 256 * 1024];
    let mut wire = wire([frame(BINARY, &payload)]);
    assert_eq!(wire.read_ok(), [binary(&payload)]);
    assert!(wire.holds_nothing());

    let parts = payload.chunks(100_000).map(|part| frame(CONTINUES, part));
    let input: Vec<_> = std::iter::once(frame(BINARY_BEGINS, b"")).chain(parts).collect();
    wire.io.reads.push_back([input.concat(), frame(ENDS, b"")].concat());
    assert_eq!(wire.read_ok(), [binary(&payload)]);
    assert!(wire.holds_nothing());
}

#[test]
fn a_busy_peer_yields_after_four_reads() {
    let mut wire = wire(std::iter::repeat_n(frame(TEXT, b"more"), 6));
    let mut seen = 0;
    assert!(matches!(wire.poll_read(&mut context(), keep(|_| seen += 1)), Poll::Ready(Ok(()))));
    assert_eq!(seen, 4);
    assert!(wire.poll_read(&mut context(), keep(|_| seen += 1)).is_pending());
    assert_eq!(seen, 6);
}

/// Reads once and breaks after `max` messages.
fn read_some(wire: &mut WebSocket<Script>, max: usize) -> (Poll<Result<(), ReadError>>, Vec<Message>) {
    let mut messages = Vec::new();
    let read = wire.poll_read(&mut context(), |message| {
        messages.push(message);
        if messages.len() < max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    (read, messages)
}

#[test]
fn a_read_that_breaks_reads_nothing_more_and_loses_nothing() {
    let frames: Vec<_> = ["a", "b", "c", "d", "e"].map(|letter| frame(TEXT, letter.as_bytes())).into();
    let mut wire = wire([frames.concat(), [frame(TEXT, b"f"), frame(TEXT, b"g")[..3].to_vec()].concat()]);
    for (expected, held) in [(["a", "b"], 3 * frames[0].len()), (["c", "d"], frames[0].len())] {
        let (read, messages) = read_some(&mut wire, 2);
        assert!(matches!(read, Poll::Ready(Ok(()))));
        assert_eq!(messages, expected.map(text));
        assert_eq!((wire.received_bytes(), wire.io.reads.len()), (held, 1), "nothing more was read");
    }
    let (read, messages) = read_some(&mut wire, 10);
    assert!(read.is_pending());
    assert_eq!(messages, ["e", "f"].map(text));
    assert_eq!(wire.received_bytes(), 3, "the beginning of a frame");
}

/// The break came with the last message of a read, so nothing was left, and the next read went on.
#[test]
fn a_break_at_the_last_message_of_a_read_reads_nothing_more() {
    let mut wire = wire(["a", "b"].map(|letter| frame(TEXT, letter.as_bytes())));
    let (read, messages) = read_some(&mut wire, 1);
    assert_eq!(messages, ["a"].map(text));
    assert!(matches!(read, Poll::Ready(Ok(()))));
}

#[test]
fn a_violation_after_a_break_is_found_by_the_next_read() {
    let mut wire = wire([[frame(TEXT, b"a"), frame(TEXT, b"b"), vec![0xff; 20]].concat()]);
    assert_eq!(read_some(&mut wire, 1).1, [text("a")]);
    let (read, messages) = read_some(&mut wire, 10);
    assert!(matches!(read, Poll::Ready(Err(ReadError::Violation(_)))));
    assert_eq!((messages, wire.received_bytes()), (vec![text("b")], 0));
}

/// A message of a client in frames, and the expected result.
fn any_message() -> impl Strategy<Value = (Vec<u8>, Option<Message>)> {
    let text = ("[a-zé☃😀]{0,150}", prop::collection::vec(any::<prop::sample::Index>(), 0..4));
    let binary = (
        prop_oneof![
            9 => prop::collection::vec(any::<u8>(), 0..300),
            1 => prop::collection::vec(any::<u8>(), 60_000..70_000),
        ],
        prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    );
    let control = (prop_oneof![Just(PING), Just(PONG)], prop::collection::vec(any::<u8>(), 0..=125));
    prop_oneof![
        text.prop_map(|(value, cuts)| {
            let frames = fragments(TEXT, value.as_bytes(), &cuts);
            (frames, Some(Message::Text(value.into())))
        }),
        binary.prop_map(|(value, cuts)| (
            fragments(BINARY, &value, &cuts),
            Some(Message::Binary(value.into()))
        )),
        control.prop_map(|(first, payload)| (frame(first, &payload), None)),
    ]
}

/// Returns the frames of a message that is split at `cuts`.
fn fragments(first: u8, payload: &[u8], cuts: &[prop::sample::Index]) -> Vec<u8> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
    cuts.sort_unstable();
    let mut frames = Vec::new();
    let (mut start, mut opcode) = (0, first & 0x0f);
    for cut in cuts {
        frames.extend(frame(opcode, &payload[start..cut]));
        (start, opcode) = (cut, CONTINUES);
    }
    frames.extend(frame(ENDS | opcode, &payload[start..]));
    frames
}

proptest! {
    #[test]
    fn where_the_network_cuts_makes_no_difference(
        messages in prop::collection::vec(any_message(), 1..20),
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let input: Vec<u8> = messages.iter().flat_map(|(frames, _)| frames.clone()).collect();
        let expected: Vec<_> = messages.into_iter().filter_map(|(_, message)| message).collect();
        let mut reads = vec![input.clone()];
        cuts.sort_unstable_by_key(|cut| std::cmp::Reverse(cut.index(input.len())));
        for cut in cuts {
            let cut = cut.index(input.len());
            if let Some(last) = reads.last_mut() && 0 < cut && cut < last.len() {
                let head = last[..cut].to_vec();
                let tail = last.split_off(cut);
                *last = tail;
                reads.push(head);
            }
        }
        reads.reverse();
        prop_assert_eq!(reads.concat(), input);

        let mut wire = wire(reads);
        let (messages, error) = wire.read_all();
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(messages, expected);
        prop_assert!(wire.holds_nothing());
    }

    #[test]
    fn no_input_panics(
        reads in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 1..60),
                (any::<u8>(), prop::collection::vec(any::<u8>(), 0..140))
                    .prop_map(|(first, payload)| frame(first & 0x8b, &payload)),
            ],
            1..10,
        ),
    ) {
        let mut wire = wire(reads);
        wire.read_all();
        let _ = wire.write();
    }
}
