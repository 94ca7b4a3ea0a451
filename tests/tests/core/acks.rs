use socketio_core::LinkError;
use socketio_tests::sim::Server;

#[test]
fn an_answer_comes_with_its_token() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.ask("/", "a", None);
    server.ask("/", "b", Some(1_000));
    assert_eq!(server.messages(stream), [r#"420["a",1]"#, r#"421["b",1]"#]);
    server.text(stream, r#"431["b",{"x":1}]"#);
    server.text(stream, "430[]");
    assert_eq!(server.log(), [r#"answer 2: "b",{"x":1}"#, "answer 1: "]);
    server.advance(2_000);
    assert_eq!(server.log(), [""; 0]);
}

#[test]
fn an_answer_may_be_binary() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.ask("/", "a", None);
    server.text(stream, r#"461-0[{"_placeholder":true,"num":0}]"#);
    server.binary(stream, &[1, 2]);
    assert_eq!(server.log(), [r#"answer 1: {"_placeholder":true,"num":0} <0102>"#]);
}

#[test]
fn answers_nobody_awaits_are_ignored() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.ask("/", "a", None);
    for packet in ["437[]", "430[1]", "430[2]", "4318446744073709551615[]"] {
        server.text(stream, packet);
    }
    assert_eq!(server.log(), ["answer 1: 1"]);
}

#[test]
fn an_answer_on_another_namespace_is_another_answer() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, "40/a,");
    server.ask("/", "x", None);
    server.text(stream, "43/a,0[]");
    assert_eq!(server.log(), ["connect /a"]);
}

#[test]
fn patience_ends() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.ask("/", "slow", Some(2_000));
    server.ask("/", "fast", Some(1_000));
    server.advance(1_000);
    assert_eq!(server.log(), ["no answer 2: TimedOut"]);
    server.advance(1_000);
    assert_eq!(server.log(), ["no answer 1: TimedOut"]);
    server.text(stream, "430[]");
    assert_eq!((server.log(), server.awaited_acks()), (vec![], 0));
}

// fault 14: pending acks waited for their timeout although the socket was gone.
#[test]
fn the_end_of_a_socket_ends_its_acks() {
    type Cause = fn(&mut Server, socketio_core::LinkId);
    let causes: [Cause; 4] = [
        |server, stream| server.text(stream, "41"),
        |server, _| server.disconnect("/"),
        |server, stream| server.lost(stream, LinkError::Failed),
        |server, _| server.advance(45_000),
    ];
    for cause in causes {
        let (mut server, stream) = Server::joined_by_websocket();
        server.ask("/", "a", Some(300_000));
        server.ask("/", "b", None);
        cause(&mut server, stream);
        let log = server.log();
        assert_eq!(log[..2], ["no answer 1: Disconnected", "no answer 2: Disconnected"]);
        assert!(log[2].starts_with("left /"), "{log:?}");
    }
}

#[test]
fn a_question_to_a_socket_that_is_gone_is_not_answered() {
    let (mut server, stream) = Server::joined_by_websocket();
    let socket = server.socket("/");
    server.text(stream, "41");
    server.ask_socket(socket, "a", None);
    assert_eq!(server.log(), ["left /: client namespace disconnect", "no answer 1: Disconnected"]);
}

#[test]
fn the_client_is_answered_under_its_id() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, r#"4218446744073709551615["ask"]"#);
    assert_eq!(server.messages(stream), [r#"4318446744073709551615["ok"]"#]);
}
