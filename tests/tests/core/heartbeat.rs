use std::time::Duration;

use socketio_core::DisconnectReason::{PingTimeout, TransportError};
use socketio_core::{Config, LinkId};
use socketio_tests::sim::Server;

// fault 37: a ping sent at once replaced the first response, and a dead peer was noticed too early or too late.
#[test]
fn the_first_ping_comes_late_and_the_death_exactly() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.advance(21_800);
    assert_eq!(server.messages(stream), [""; 0]);
    server.advance(3_200);
    assert_eq!(server.messages(stream), ["2"]);
    server.advance(19_999);
    assert_eq!(server.app().closed(), None);
    server.advance(1);
    assert_eq!((server.clock(), server.app().closed()), (45_000, Some(PingTimeout)));
    assert_eq!(server.messages(stream), ["close"]);
    assert_eq!(server.log(), ["left /: ping timeout", "closed: ping timeout"]);
}

#[test]
fn a_client_that_answers_lives() {
    let (mut server, stream) = Server::joined_by_websocket();
    for _ in 0..20 {
        server.advance(25_000);
        assert_eq!(server.messages(stream), ["2"]);
        server.text(stream, "3");
    }
    assert_eq!(server.app().closed(), None);
}

#[test]
fn any_byte_is_a_sign_of_life() {
    let (mut server, stream) = Server::joined_by_websocket();
    for _ in 0..20 {
        server.advance(25_000);
        assert_eq!(server.messages(stream), ["2"]);
        server.advance(10_000);
        server.activity(stream);
        server.advance(15_000);
        assert_eq!(server.messages(stream), ["2"]);
        server.text(stream, r#"42["hi"]"#);
    }
    assert_eq!(server.app().closed(), None);
}

#[test]
fn a_client_that_polls_is_pinged_there() {
    let mut server = Server::joined();
    for _ in 0..10 {
        let get = server.get();
        server.advance(25_000);
        assert_eq!(server.answer(get), "200 2");
        server.post("3");
    }
    assert_eq!(server.app().closed(), None);
}

#[test]
fn a_client_that_polls_and_answers_nothing_dies() {
    let mut server = Server::joined();
    let ping = server.get();
    server.advance(25_000);
    assert_eq!(server.answer(ping), "200 2");
    let last = server.get();
    server.advance(20_000);
    assert_eq!(server.answer(last), "200 1");
    assert_eq!((server.clock(), server.app().closed()), (45_000, Some(PingTimeout)));
}

#[test]
fn a_client_that_polls_no_more_dies() {
    let mut server = Server::joined();
    server.advance(45_000);
    assert_eq!(server.app().closed(), Some(PingTimeout));
    assert!(server.is_finished());
}

// A client that opened sessions and abandoned them kept each of them alive for 45 s.
#[test]
fn a_client_that_never_comes_back_is_given_up_early() {
    let mut server = Server::polling();
    server.advance(9_999);
    assert_eq!(server.app().closed(), None);
    server.advance(1);
    assert_eq!(server.app().closed(), Some(PingTimeout));
    assert!(server.is_finished());
    let late = server.get();
    assert_eq!(server.answer(late), r#"400 {"code":1,"message":"Session ID unknown"}"#);
}

#[test]
fn a_client_that_comes_back_has_the_whole_time() {
    for comes_back in [Server::get, Server::post_head, Server::upgrade] {
        let mut server = Server::polling();
        server.advance(9_999);
        comes_back(&mut server);
        server.advance(35_000);
        assert_eq!((server.clock(), server.app().closed()), (44_999, None));
        server.advance(1);
        assert!(server.app().closed().is_some(), "it has joined nothing");
    }
}

#[test]
fn an_answer_that_comes_late_is_no_return() {
    let mut server = Server::open("EIO=4&transport=polling", Config::default());
    server.advance(5_000);
    server.get();
    server.advance(5_000);
    assert_eq!(server.app().closed(), Some(PingTimeout), "it has opened the session, and no more");
}

#[test]
fn the_answer_to_a_ping_on_polling_may_come_over_the_stream() {
    let mut server = Server::joined();
    let get = server.get();
    server.advance(25_000);
    assert_eq!(server.answer(get), "200 2");
    let stream = server.upgraded();
    server.text(stream, "3");
    server.advance(25_000);
    assert_eq!(server.messages(stream), ["2"]);
    assert_eq!(server.app().closed(), None);
}

#[test]
fn the_commit_is_a_sign_of_life() {
    let mut server = Server::joined();
    server.advance(24_000);
    let stream = server.upgrade();
    server.text(stream, "2probe");
    server.advance(5_000);
    let get = server.get();
    assert_eq!(server.answer(get), "200 2", "the ping went out between probe and commit");
    server.text(stream, "5");
    server.advance(17_000);
    assert_eq!((server.clock(), server.app().closed()), (46_000, None));
}

// fault 43: a session that upgraded and then fell silent lived forever. The report was about revision 3; the test is
// about revision 4.
#[test]
fn a_session_that_upgrades_and_falls_silent_dies() {
    let mut server = Server::joined();
    let stream = server.upgraded();
    server.advance(45_000);
    assert_eq!(server.app().closed(), Some(PingTimeout));
    assert_eq!(server.messages(stream), ["2", "close"]);
}

// A flood of pongs starts no timers.
#[test]
fn a_flood_of_pongs_changes_nothing() {
    let (mut server, stream) = Server::joined_by_websocket();
    let before = server.timeout();
    (0..1_000).for_each(|_| server.text(stream, "3"));
    assert_eq!(server.timeout(), before);
}

#[test]
fn a_process_that_was_stalled_gives_its_clients_time() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.stall(300_000);
    server.wake();
    assert_eq!(server.messages(stream), ["2"]);
    server.advance(9_000);
    server.text(stream, "3");
    assert_eq!(server.app().closed(), None);
}
/// The frame sizes of a ping and of the event that these tests emit.
/// The size of the frame of a ping; below, that of an event the server sends here.
const PING: usize = 3;
const EVENT: usize = 2 + r#"42["n",1]"#.len();

/// Returns a session whose ping is queued behind a message that the transport has not taken yet.
fn pinged_behind_a_message() -> (Server, LinkId) {
    let (mut server, stream) = Server::joined_by_websocket();
    server.advance(24_000);
    server.messages(stream);
    server.emit("/", "n", &1);
    server.advance(1_000);
    assert_eq!(server.messages(stream), [r#"42["n",1]"#, "2"]);
    (server, stream)
}

// Fault: the timeout of a ping started when the ping was queued, behind megabytes that a slow client had yet to read.
#[test]
fn the_time_of_a_ping_begins_when_the_transport_has_taken_it() {
    let (mut server, stream) = pinged_behind_a_message();
    for left in (PING + 1..PING + EVENT).rev() {
        server.advance(15_000);
        server.progress(stream, left);
    }
    server.advance(15_000);
    server.progress(stream, 0);
    server.advance(19_999);
    assert_eq!(server.app().closed(), None);
    server.text(stream, "3");
    server.advance(1);
    assert_eq!(server.messages(stream), ["2"], "the next one was due meanwhile");
    assert_eq!(server.app().closed(), None);
}

#[test]
fn a_client_that_takes_nothing_and_says_nothing_dies() {
    let (mut server, stream) = pinged_behind_a_message();
    server.advance(5_000);
    server.progress(stream, PING + 1);
    server.advance(19_999);
    assert_eq!(server.app().closed(), None);
    server.advance(1);
    assert_eq!((server.clock(), server.app().closed()), (50_000, Some(PingTimeout)));
}

#[test]
fn a_client_that_takes_all_and_says_nothing_dies() {
    let (mut server, stream) = pinged_behind_a_message();
    server.emit("/", "n", &1);
    server.advance(5_000);
    server.progress(stream, EVENT + 1);
    assert_eq!(server.timeout(), Some(server.now() + Duration::from_secs(20)), "a byte of the ping is left");
    server.advance(5_000);
    server.progress(stream, EVENT);
    // The transport always has more to take, but none of it is the ping.
    for _ in 0..19 {
        server.advance(1_000);
        server.emit("/", "n", &1);
        server.progress(stream, EVENT);
    }
    server.advance(1_000);
    assert_eq!((server.clock(), server.app().closed()), (55_000, Some(PingTimeout)));
}

#[test]
fn progress_on_another_link_says_nothing_of_the_ping() {
    let (mut server, stream) = pinged_behind_a_message();
    let other = server.upgrade();
    assert_eq!(server.messages(other), ["close"]);
    server.advance(10_000);
    server.progress(other, 1);
    server.advance(10_000);
    assert_eq!(server.app().closed(), Some(PingTimeout));
    assert_eq!(server.messages(stream), ["close"]);
}

#[test]
fn the_answer_to_a_get_may_be_slow_too() {
    let mut server = Server::joined();
    server.advance(24_000);
    server.emit("/", "n", &1);
    server.advance(1_000);
    let get = server.get();
    assert_eq!(server.answer(get), r#"200 42["n",1]␞2"#);
    for left in [4, 3, 2] {
        server.advance(15_000);
        server.progress(get, left);
    }
    server.advance(15_000);
    server.progress(get, 0);
    server.progress(get, 0);
    server.advance(19_999);
    assert_eq!(server.app().closed(), None);
    server.advance(1);
    assert_eq!(server.app().closed(), Some(PingTimeout));
}

// Fault: a client that took longer than a heartbeat to send a body was closed although it was sending all the time.
#[test]
fn bytes_of_a_body_are_a_sign_of_life() {
    let mut server = Server::joined();
    server.advance(25_000);
    let post = server.post_head();
    for _ in 0..4 {
        server.advance(15_000);
        server.activity(post);
    }
    server.body(post, r#"42["hi"]"#);
    assert_eq!((server.clock(), server.answer(post)), (85_000, "200 ok"));
    assert_eq!(server.log(), ["/ hi"]);
}

#[test]
fn a_body_of_which_nothing_comes_is_none() {
    let mut server = Server::joined();
    server.advance(24_000);
    server.post_head();
    server.advance(21_000);
    assert_eq!(server.app().closed(), Some(PingTimeout));
}

#[test]
fn a_body_that_never_ends_has_a_deadline() {
    let mut server = Server::joined();
    let post = server.post_head();
    // A ping interval, a ping timeout, and the largest body at 20 kB/s.
    while server.clock() < 94_999 {
        server.advance(13_000.min(94_999 - server.clock() as u64));
        server.activity(post);
    }
    assert_eq!(server.app().closed(), None);
    server.advance(1);
    assert_eq!(server.app().closed(), Some(TransportError));
    assert_eq!(server.answer(post), r#"400 {"code":1,"message":"Session ID unknown"}"#);
}
