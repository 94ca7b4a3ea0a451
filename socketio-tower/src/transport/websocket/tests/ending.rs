use futures_util::{SinkExt as _, StreamExt as _};
use socketio_core::LinkError;
use tokio_tungstenite::WebSocketStream;
use tungstenite::protocol::Role;

use super::*;

#[test]
fn a_close_of_the_peer_is_answered_last() {
    let packet = Encoded::text_only("last");
    let mut wire = wire([frame(CLOSE, b"\x03\xe8bye")]);
    wire.push(packet.clone()).expect("open");
    let (_, error) = wire.read_all();
    assert!(matches!(error, Some(ReadError::Closed)));
    assert!(wire.push(packet.clone()).is_err(), "nothing follows a close frame");
    wire.close(Some(CloseCode::Away));
    assert!(wire.poll_shutdown(&mut context()).is_ready());
    assert_eq!(wire.io.written, [packet.websocket(), &reply(CLOSE, b"\x03\xe8bye")].concat());
    assert!(wire.io.shut);
}

#[test]
fn after_a_close_from_here_messages_are_dropped_until_the_peer_answers() {
    let mut wire = wire([]);
    wire.close(None);
    wire.close(Some(CloseCode::Size));
    assert!(wire.poll_shutdown(&mut context()).is_ready());
    assert_eq!(wire.io.written, [CLOSE, 0]);

    wire.io.reads.push_back([frame(TEXT, b"late"), frame(PING, b"?")].concat());
    assert_eq!(wire.read_ok(), []);
    wire.io.reads.push_back(frame(CLOSE, b""));
    let (messages, error) = wire.read_all();
    assert!(messages.is_empty());
    assert!(matches!(error, Some(ReadError::Closed)));
    assert_eq!(wire.write(), Poll::Ready(()));
    assert_eq!(wire.io.written, [CLOSE, 0], "neither a pong nor a second close follows");
}

#[test]
fn a_close_frame_carries_a_code() {
    let mut wire = wire([]);
    wire.close(ReadError::TooLarge.close_code());
    assert_eq!(wire.write(), Poll::Ready(()));
    assert_eq!(wire.io.written, reply(CLOSE, &1009_u16.to_be_bytes()));
}

#[test]
fn after_an_error_input_is_discarded_until_it_ends() {
    let mut wire = wire([reply(TEXT, b"unmasked")]);
    assert!(matches!(wire.read_all().1, Some(ReadError::Violation(_))));
    wire.io.reads.push_back(frame(TEXT, b"ignored"));
    assert_eq!(wire.read_ok(), []);
    wire.io.reads.push_back(Vec::new());
    assert!(matches!(wire.read_all().1, Some(ReadError::Ended)));
}

#[test]
fn the_end_of_the_stream_is_a_close_and_a_failed_read_is_not() {
    let (messages, error) = wire([frame(TEXT, b"a"), frame(TEXT, b"b")[..3].to_vec(), Vec::new()]).read_all();
    assert_eq!(messages, [text("a")]);
    assert_eq!(error.as_ref().map(LinkError::from), Some(LinkError::Closed));

    let mut wire = wire([]);
    wire.io.failure = Some(io::ErrorKind::ConnectionReset);
    let (_, error) = wire.read_all();
    assert_eq!(error.as_ref().map(LinkError::from), Some(LinkError::Failed));
}

#[tokio::test]
async fn a_tungstenite_client_converses_with_it() {
    let (client, server) = tokio::io::duplex(300);
    let mut wire = WebSocket::new(server, MAX_PAYLOAD);
    let large = "x".repeat(100_000);

    // Echoes text messages until the client closes.
    let server = std::future::poll_fn(move |cx| {
        loop {
            let mut texts = Vec::new();
            let read = wire.poll_read(cx, keep(|message| texts.push(message)));
            for message in &texts {
                if let Message::Text(text) = message {
                    wire.push(Encoded::text_only(text)).expect("open");
                }
            }
            match read {
                Poll::Ready(Ok(())) => continue,
                Poll::Ready(Err(ReadError::Closed)) => return wire.poll_shutdown(cx),
                Poll::Ready(Err(error)) => panic!("{error}"),
                Poll::Pending => {}
            }
            match wire.poll_write(cx) {
                Poll::Ready(Err(error)) => panic!("{error}"),
                Poll::Ready(Ok(())) | Poll::Pending => return Poll::Pending,
            }
        }
    });
    let client = async {
        use tungstenite::Message;
        let mut client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
        for text in ["hello", "", "grüß", &large] {
            client.send(Message::text(text)).await.expect("connected");
            let echo = client.next().await.expect("an echo").expect("valid");
            assert_eq!(echo, Message::text(text));
        }
        client.send(Message::Ping("?".into())).await.expect("connected");
        let pong = client.next().await.expect("a pong").expect("valid");
        assert_eq!(pong, Message::Pong("?".into()));
        client.close(None).await.expect("connected");
        let close = client.next().await.expect("a close").expect("valid");
        assert_eq!(close, Message::Close(None));
    };
    let (server, ()) = tokio::join!(server, client);
    server.expect("shut");
}
