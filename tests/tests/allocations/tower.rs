//! The cost of a message from hyper's connection to the handler and back.

use crate::client::{Client, answer, binary, binary_answer, text};
use crate::heap::{assert_allocations, uncounted};
use crate::server::Server;

/// The number of messages a client sends before it waits for the replies.
const OUTSTANDING: u64 = 32;

/// Shared by the messages of one read: the buffer they are copied to, and its reference count.
const READ: u64 = 2;

/// A message that is alone in its read: the buffer it is copied to.
const LONE_READ: u64 = 1;

/// The bound on the allocations per message with `OUTSTANDING` messages in flight, everything included.
const GOAL: u64 = 3;
const _: () = assert!(READ + ECHO * OUTSTANDING <= GOAL * OUTSTANDING);
const _: () = assert!(READ + ACK * OUTSTANDING <= GOAL * OUTSTANDING);

#[test]
fn an_echo_of_text() {
    let text_64 = "x".repeat(64);
    let question = text(&format!(r#"42["text","{text_64}"]"#));
    let answer = answer(&format!(r#"42["text","{text_64}"]"#));
    assert_exchange(LONE_READ, ECHO, &question, &answer);
}

/// The text that the handler receives, and the encoded packet.
const ECHO: u64 = 2;

#[test]
fn an_ack() {
    let text_64 = "x".repeat(64);
    let question = text(&format!(r#"427["ack","{text_64}"]"#));
    let answer = answer(&format!(r#"437["{text_64}"]"#));
    assert_exchange(LONE_READ, ACK, &question, &answer);
}

/// The same as for an echo.
const ACK: u64 = 2;

#[test]
fn an_echo_of_bytes() {
    let bytes = [7; 64];
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let mut question = text(&format!(r#"451-["binary",{placeholder}]"#));
    question.extend(binary(&bytes));
    let mut echo = answer(&format!(r#"451-["binary",{placeholder}]"#));
    echo.extend(binary_answer(&bytes));
    assert_exchange(READ, BINARY_ECHO, &question, &echo);
}

/// The bytes that the handler receives, and the encoded packet; the state that collects the attachments, and the list
/// of them.
const BINARY_ECHO: u64 = 4;

/// Asserts the allocations per message, one at a time and with many in flight. `read` are those of the read of one
/// message.
fn assert_exchange(read: u64, figure: u64, question: &[u8], answer: &[u8]) {
    assert_rounds(1, read + figure, question, answer);
    assert_rounds(OUTSTANDING, READ + figure * OUTSTANDING, question, answer);
}

fn assert_rounds(outstanding: u64, figure: u64, question: &[u8], answer: &[u8]) {
    let server = Server::start();
    let client = server.connect();
    let (questions, answers) = (question.repeat(outstanding as usize), answer.repeat(outstanding as usize));
    assert_allocations(&format!("{outstanding} at once"), figure, || {
        client.send(&questions);
        server.run(client.expect(&answers));
    });
}

#[test]
fn a_broadcast_is_encoded_once() {
    const RECIPIENTS: usize = 1000;
    let server = Server::start();
    let clients = server.connect_many(RECIPIENTS);
    let text = "x".repeat(64);
    let packet = answer(&format!(r#"42["text","{text}"]"#));
    assert_allocations("a broadcast to 1 000", BROADCAST, || {
        server.run(async {
            assert!(server.io.emit("text", &text).is_queued());
            for client in &clients {
                client.expect(&packet).await;
            }
        });
    });
    uncounted(|| drop::<Vec<Client>>(clients));
}

/// The encoded packet.
const BROADCAST: u64 = 1;
