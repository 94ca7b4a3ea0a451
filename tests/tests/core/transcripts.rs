//! Conversations in text files, replayed verbatim.

use socketio_tests::sim::Transcript;

#[test]
fn polling() {
    Transcript::new(include_str!("../transcripts/polling.txt")).replay();
}

#[test]
fn rejoin() {
    Transcript::new(include_str!("../transcripts/rejoin.txt")).replay();
}

#[test]
fn upgrade() {
    Transcript::new(include_str!("../transcripts/upgrade.txt")).replay();
}

#[test]
fn websocket() {
    Transcript::new(include_str!("../transcripts/websocket.txt")).replay();
}

#[test]
#[should_panic(expected = "assertion")]
fn another_answer_is_noticed() {
    let text = include_str!("../transcripts/websocket.txt").replace("43/admin,13[\"ok\"]", "43/admin,13[]");
    Transcript::new(&text).replay();
}
