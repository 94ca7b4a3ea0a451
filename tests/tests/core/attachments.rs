use socketio_core::DisconnectReason::ForcedClose;
use socketio_tests::sim::Server;

// faults 17 and 23: attachments were matched by order instead of by number, and attachments of two emits were mixed up.
#[test]
fn attachments_follow_their_packet() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, r#"452-["b",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#);
    server.binary(stream, &[1]);
    assert_eq!(server.log(), [""; 0]);
    server.binary(stream, &[2]);
    let json = r#"{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}"#;
    assert_eq!(server.log(), [format!("/ b {json} <01> <02>")]);
}

#[test]
fn an_empty_attachment_is_one() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, r#"451-["b",{"_placeholder":true,"num":0}]"#);
    server.binary(stream, &[]);
    assert_eq!(server.log(), [r#"/ b {"_placeholder":true,"num":0} <>"#]);
}

#[test]
fn ten_are_allowed_and_eleven_are_not() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, r#"4510-["b",{"_placeholder":true,"num":9}]"#);
    (0..10).for_each(|n| server.binary(stream, &[n]));
    assert_eq!(server.log().len(), 1);
    server.text(stream, r#"4511-["b",{"_placeholder":true,"num":9}]"#);
    assert_eq!(server.app().closed(), Some(ForcedClose));
}

// fault 25: text between attachments, or stray ones, left the decoder waiting forever.
#[test]
fn text_in_between_ends_the_connection() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, r#"452-["b",{"_placeholder":true,"num":0}]"#);
    server.binary(stream, &[1]);
    server.text(stream, r#"42["x"]"#);
    assert_eq!(server.app().closed(), Some(ForcedClose));
}

// CVE-2026-69185: the header announces no attachments, and endless binary messages follow.
#[test]
fn a_header_without_attachments_and_stray_binary_end_the_connection() {
    for header in [r#"450-["x"]"#, r#"45-["x"]"#, "460-1[]"] {
        let (mut server, stream) = Server::joined_by_websocket();
        server.text(stream, header);
        assert_eq!(server.app().closed(), Some(ForcedClose));
    }
    let (mut server, stream) = Server::joined_by_websocket();
    server.binary(stream, &[1]);
    assert_eq!(server.app().closed(), Some(ForcedClose));
}

// CVE-2022-2421: the number of a placeholder is not validated.
#[test]
fn numbers_that_name_no_attachment_end_the_connection() {
    for num in ["1", "-1", "0.5", "\"splice\"", "null", "18446744073709551616", "[]"] {
        let (mut server, stream) = Server::joined_by_websocket();
        server.text(stream, &format!(r#"451-["b",{{"_placeholder":true,"num":{num}}}]"#));
        server.binary(stream, &[1]);
        assert_eq!(server.app().closed(), Some(ForcedClose), "{num}");
    }
}

#[test]
fn an_attachment_that_is_named_twice_ends_the_connection() {
    for json in [
        r#"["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
        r#"["b",[{"num":0,"_placeholder":true}],{"a":{"_placeholder":true,"num":0}}]"#,
    ] {
        for header in ["452-", "462-7"] {
            let (mut server, stream) = Server::joined_by_websocket();
            server.text(stream, &format!("{header}{json}"));
            server.binary(stream, &[1]);
            server.binary(stream, &[2]);
            assert_eq!(server.app().closed(), Some(ForcedClose), "{header}{json}");
        }
    }
}

#[test]
fn a_placeholder_in_a_packet_without_attachments_is_data() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, r#"42["b",{"_placeholder":true,"num":7}]"#);
    assert_eq!(server.log(), [r#"/ b {"_placeholder":true,"num":7}"#]);
}

#[test]
fn keep_alive_packets_may_come_in_between() {
    let (mut server, stream) = Server::joined_by_websocket();
    server.text(stream, r#"451-["b",{"_placeholder":true,"num":0}]"#);
    server.text(stream, "3");
    server.binary(stream, &[1]);
    assert_eq!(server.log().len(), 1);
}

// fault 24: slicing in the middle of a multi-byte character panicked.
#[test]
fn characters_of_several_bytes_are_harmless_wherever_they_stand() {
    for text in ["4€", "42€", "451€-", "45€", "42/€", "42/€,€", "42€[\"a\"]", "€€", "b€", "4😀😀"]
    {
        let (mut server, stream) = Server::joined_by_websocket();
        server.text(stream, text);
        assert!(server.app().closed().is_some(), "{text}");
    }
}
