use socketio_core::{Config, DisconnectReason, LinkError};
use socketio_tests::sim::{Server, Welcome};

#[test]
fn probe_and_commit() {
    let mut server = Server::joined();
    let stream = server.upgraded();
    assert_eq!(server.log(), ["upgraded"]);
    server.emit("/", "hello", &1);
    assert_eq!(server.messages(stream), [r#"42["hello",1]"#]);
    server.text(stream, r#"42["hi"]"#);
    assert_eq!(server.log(), ["/ hi"]);
}

#[test]
fn the_probe_releases_a_get_and_later_ones_follow_ever_later() {
    let mut server = Server::joined();
    let first = server.get();
    let stream = server.upgrade();
    server.advance(500);
    assert_eq!(server.answer(first), "", "nothing before the probe");
    server.text(stream, "2probe");
    assert_eq!(server.answer(first), "200 6");
    assert_eq!(server.messages(stream), ["3probe"]);
    server.advance(20);
    for (parked, timeout) in [(20, 20), (40, 40), (80, 80), (160, 100), (260, 100)] {
        let get = server.get();
        server.advance(timeout - 1);
        assert_eq!(server.answer(get), "", "parked {parked} ms after the probe");
        server.advance(1);
        assert_eq!(server.answer(get), "200 6", "parked {parked} ms after the probe");
    }
}

/// A client on localhost probes while its first CONNECT is pending.
#[test]
fn the_probe_leaves_a_get_to_the_connect_reply() {
    let mut server = Server::polling();
    server.app().welcome("/", Welcome::Wait);
    let get = server.get();
    let stream = server.upgrade();
    server.text(stream, "2probe");
    assert_eq!(server.messages(stream), ["3probe"]);
    assert_eq!(server.answer(get), "");
    server.advance(10);
    server.post("40");
    server.decide(Welcome::Accept);
    assert!(server.answer(get).starts_with("200 40{"), "{}", server.answer(get));
    // The next GET is released as usual.
    let get = server.get();
    server.advance(10);
    assert_eq!(server.answer(get), "200 6");
}

#[test]
fn the_probe_waits_for_a_connect_reply_no_longer_than_node() {
    let mut server = Server::polling();
    server.app().welcome("/", Welcome::Wait);
    server.post("40");
    let get = server.get();
    let stream = server.upgrade();
    server.text(stream, "2probe");
    server.advance(99);
    assert_eq!(server.answer(get), "");
    server.advance(1);
    assert_eq!(server.answer(get), "200 6");
}

#[test]
fn packets_still_go_to_the_get_between_probe_and_commit() {
    let mut server = Server::joined();
    let stream = server.upgrade();
    server.text(stream, "2probe");
    let get = server.get();
    server.emit("/", "a", &1);
    assert_eq!(server.answer(get), r#"200 42["a",1]"#);
    assert_eq!(server.messages(stream), ["3probe"]);
}

// fault 5: packets queued during an upgrade were lost.
#[test]
fn packets_that_wait_move_to_the_stream() {
    let mut server = Server::joined();
    let stream = server.upgrade();
    server.text(stream, "2probe");
    server.messages(stream);
    for n in 0..20 {
        server.emit("/", "n", &n);
    }
    server.text(stream, "5");
    assert_eq!(server.messages(stream).len(), 20);
}

#[test]
fn a_get_that_waits_at_the_commit_is_released() {
    let mut server = Server::joined();
    let stream = server.upgrade();
    server.text(stream, "2probe");
    let get = server.get();
    server.text(stream, "5");
    assert_eq!(server.answer(get), "200 6");
}

#[test]
fn a_post_under_way_at_the_commit_counts() {
    let mut server = Server::joined();
    let stream = server.upgrade();
    server.text(stream, "2probe");
    let post = server.post_head();
    server.text(stream, "5");
    server.log();
    server.body(post, r#"42["hi"]"#);
    assert_eq!(server.answer(post), "200 ok");
    assert_eq!(server.log(), ["/ hi"]);
}

#[test]
fn requests_after_the_commit_are_refused_and_harm_nobody() {
    let mut server = Server::joined();
    let stream = server.upgraded();
    let (get, post) = (server.get(), server.post(r#"42["x"]"#));
    let mismatch = r#"400 {"code":3,"message":"Bad request"}"#;
    assert_eq!((server.answer(get), server.answer(post)), (mismatch, mismatch));
    server.emit("/", "alive", &1);
    assert!(server.messages(stream).join("").ends_with(r#"42["alive",1]"#));
}

// fault 4: a failed upgrade ended the polling session. Only the candidate is closed, and its loss, reported later, has
// no effect.
#[test]
fn a_candidate_that_misbehaves_is_closed_alone() {
    let wrong: [&[&str]; 6] =
        [&["2"], &["5"], &["2probe", "2probe"], &["2probe", "42[\"x\"]"], &["x"], &[""]];
    for packets in wrong {
        let mut server = Server::joined();
        let stream = server.upgrade();
        packets.iter().for_each(|packet| server.text(stream, packet));
        assert_eq!(server.messages(stream).last().map(String::as_str), Some("close"), "{packets:?}");
        server.text(stream, "2probe");
        server.lost(stream, LinkError::Closed);
        assert_still_polling(&mut server);
    }
}

// fault 4: a failed upgrade ended the polling session; here the candidate sends binary.
#[test]
fn a_candidate_that_sends_binary_is_closed_alone() {
    let mut server = Server::joined();
    let stream = server.upgrade();
    server.binary(stream, b"2probe");
    assert_eq!(server.messages(stream), ["close"]);
    assert_still_polling(&mut server);
}

// fault 4: a failed upgrade ended the polling session; here the candidate is lost.
#[test]
fn a_candidate_that_is_lost_costs_nothing() {
    for why in
        [LinkError::Closed, LinkError::Aborted, LinkError::Failed, LinkError::Stalled, LinkError::TooLarge]
    {
        let mut server = Server::joined();
        let stream = server.upgrade();
        server.text(stream, "2probe");
        server.messages(stream);
        server.lost(stream, why);
        let closed: &[&str] = if why == LinkError::TooLarge { &["close 1009"] } else { &[] };
        assert_eq!(server.messages(stream), closed);
        assert_still_polling(&mut server);
    }
}

// fault 4: a failed upgrade ended the polling session; here the candidate's stream was never established.
#[test]
fn a_candidate_that_never_stood_costs_nothing() {
    let mut server = Server::joined();
    server.lost(socketio_core::LinkId::new(1_000), LinkError::Failed);
    assert_still_polling(&mut server);
}

// fault 13: upgrades that were begun and never completed piled up.
#[test]
fn a_candidate_that_stalls_is_closed_after_the_timeout() {
    for packets in [&[][..], &["2probe"]] {
        let mut server = Server::joined();
        let stream = server.upgrade();
        packets.iter().for_each(|packet| server.text(stream, packet));
        server.messages(stream);
        server.advance(9_999);
        assert_eq!(server.messages(stream), [""; 0]);
        server.advance(1);
        assert_eq!(server.messages(stream), ["close"]);
        assert_still_polling(&mut server);
    }
}

// fault 12: two streams could take over one session.
#[test]
fn there_is_one_candidate() {
    let mut server = Server::joined();
    let (first, second) = (server.upgrade(), server.upgrade());
    assert_eq!(server.messages(second), ["close"]);
    server.lost(second, LinkError::Closed);
    server.text(first, "2probe");
    server.text(first, "5");
    assert_eq!(server.log(), ["upgraded"]);
}

#[test]
fn another_attempt_may_follow_a_failed_one() {
    let mut server = Server::joined();
    let failed = server.upgrade();
    server.text(failed, "x");
    server.upgraded();
    assert_eq!(server.log(), ["upgraded"]);
}

#[test]
fn an_upgraded_session_takes_no_other_stream() {
    let mut server = Server::joined();
    let stream = server.upgraded();
    let second = server.upgrade();
    assert_eq!(server.messages(second), ["close"]);
    server.emit("/", "alive", &1);
    assert_eq!(server.messages(stream), [r#"42["alive",1]"#]);
}

#[test]
fn the_end_of_the_session_ends_the_candidate() {
    let mut server = Server::joined();
    let stream = server.upgrade();
    server.text(stream, "2probe");
    server.messages(stream);
    server.close(DisconnectReason::ServerShuttingDown);
    assert_eq!(server.messages(stream), ["close"]);
}

#[test]
fn a_session_without_upgrades_takes_none() {
    let mut config = Config::default();
    config.allow_upgrades = false;
    let mut server = Server::open("EIO=4&transport=polling", config);
    let get = server.get();
    assert!(server.answer(get).contains(r#""upgrades":[],"#));
    let stream = server.upgrade();
    assert_eq!(server.messages(stream), ["close"]);
}

#[test]
fn base64_is_a_wish_of_the_stream() {
    let mut server = Server::joined();
    let stream = server.upgrade_with("&b64=1");
    server.text(stream, "2probe");
    server.text(stream, "5");
    server.messages(stream);
    server.emit("/", "b", &bytes::Bytes::from_static(&[1, 2]));
    assert_eq!(server.messages(stream), [r#"451-["b",{"_placeholder":true,"num":0}]"#, "bAQI="]);
}

#[test]
fn the_loss_of_the_old_get_after_the_commit_is_nothing() {
    let mut server = Server::joined();
    let get = server.get();
    server.upgraded();
    server.lost(get, LinkError::Aborted);
    assert_eq!(server.log(), ["upgraded"]);
}

/// Asserts that the session is still polling.
fn assert_still_polling(server: &mut Server) {
    assert_eq!(server.log(), [""; 0]);
    let get = server.get();
    server.emit("/", "alive", &1);
    assert_eq!(server.answer(get), r#"200 42["alive",1]"#);
}
