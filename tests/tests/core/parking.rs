use socketio_core::{Config, LinkError, LinkId};
use socketio_tests::sim::{Server, Welcome};

/// Returns a server with a socket on `/` whose connect handler is running.
fn busy(config: Config) -> (Server, LinkId) {
    let (mut server, stream) = Server::websocket_with(config);
    server.app().welcome("/", Welcome::AcceptBusy);
    server.text(stream, "40");
    server.messages(stream);
    server.log();
    (server, stream)
}

// faults 8 and 42: the first events of a client that was connected before its handlers existed were lost, or reordered.
#[test]
fn events_wait_for_the_connect_handler_and_come_in_order() {
    let (mut server, stream) = busy(Config::default());
    for n in 0..500 {
        server.text(stream, &format!(r#"42["n",{n}]"#));
    }
    assert_eq!(server.log(), [""; 0]);
    server.resume("/");
    let expected: Vec<_> = (0..500).map(|n| format!("/ n {n}")).collect();
    assert_eq!(server.log(), expected);
    server.text(stream, r#"42["n",500]"#);
    assert_eq!(server.log(), ["/ n 500"]);
}

#[test]
fn acks_pass_so_that_a_connect_handler_may_await_one() {
    let (mut server, stream) = busy(Config::default());
    server.text(stream, r#"42["n",1]"#);
    server.ask("/", "who", None);
    assert_eq!(server.messages(stream), [r#"420["who",1]"#]);
    server.text(stream, r#"430["me"]"#);
    assert_eq!(server.log(), [r#"answer 1: "me""#]);
}

#[test]
fn the_end_passes_and_what_waits_is_handled_after_it() {
    let (mut server, stream) = busy(Config::default());
    server.text(stream, r#"42["n",1]"#);
    server.text(stream, r#"42["n",2]"#);
    server.text(stream, "41");
    assert_eq!(server.log(), ["left /: client namespace disconnect"]);
    server.resume("/");
    assert_eq!(server.log(), ["/ n 1", "/ n 2"]);
    server.text(stream, "40");
    server.resume("/");
    assert_eq!(server.log(), ["connect /"], "the successor gets nothing of it");
}

#[test]
fn what_waits_outlives_the_connection() {
    let (mut server, stream) = busy(Config::default());
    server.text(stream, r#"42["n",1]"#);
    server.lost(stream, LinkError::Closed);
    assert_eq!(server.log(), ["left /: transport close", "closed: transport close"]);
    server.resume("/");
    assert_eq!(server.log(), ["/ n 1"]);
}

#[test]
fn the_server_may_drop_what_waits() {
    let (mut server, stream) = busy(Config::default());
    server.text(stream, r#"42["n",1]"#);
    server.text(stream, r#"42["n",2]"#);
    server.text(stream, "41");
    server.log();
    assert_eq!(server.forget("/"), 2);
    server.resume("/");
    assert_eq!(server.log(), [""; 0]);
}

#[test]
fn other_namespaces_are_not_concerned() {
    let (mut server, stream) = busy(Config::default());
    server.text(stream, "40/other,");
    server.text(stream, r#"42["n",1]"#);
    server.text(stream, r#"42/other,["hi"]"#);
    assert_eq!(server.log(), ["connect /other", "/other hi"]);
}

#[test]
fn a_socket_may_park_again() {
    let (mut server, stream) = busy(Config::default());
    server.resume("/");
    server.text(stream, r#"42["n",1]"#);
    server.park("/");
    server.text(stream, r#"42["n",2]"#);
    assert_eq!(server.log(), ["/ n 1"]);
    server.resume("/");
    assert_eq!(server.log(), ["/ n 2"]);
}

// Parked events are bounded in number and in bytes. fault 20: queues were bounded by packets only, and dropped
// silently.
#[test]
fn over_the_bound_the_socket_is_disconnected() {
    let (mut few, mut small) = (Config::default(), Config::default());
    few.max_parked_events = 3;
    small.max_parked_bytes = 30;
    for config in [few, small] {
        let (mut server, stream) = busy(config);
        for n in 0..3 {
            server.text(stream, &format!(r#"42["n",{n}]"#));
        }
        assert_eq!((server.log(), server.messages(stream)), (vec![], vec![]));
        server.text(stream, r#"42["n",3]"#);
        assert_eq!(server.log(), ["too much waits: /", "left /: server namespace disconnect"]);
        assert_eq!(server.messages(stream), ["41"]);
        server.text(stream, r#"42["n",4]"#);
        server.text(stream, "40/other,");
        assert_eq!(server.log(), ["connect /other"], "the connection lives");
    }
}

#[test]
fn over_the_bound_within_one_payload() {
    let mut config = Config::default();
    config.max_parked_events = 3;
    let mut server = Server::polling_with(config);
    server.app().welcome("/", Welcome::AcceptBusy);
    server.post("40");
    let events: Vec<_> = (0..10).map(|n| format!(r#"42["n",{n}]"#)).collect();
    let post = server.post(events.join("\x1e"));
    assert_eq!(server.answer(post), "200 ok");
    assert_eq!(server.log(), ["connect /", "too much waits: /", "left /: server namespace disconnect"]);
}

#[test]
fn events_and_the_end_in_one_payload() {
    let mut server = Server::polling();
    server.app().welcome("/", Welcome::AcceptBusy);
    server.post("40");
    server.post("42[\"n\",1]\x1e41");
    assert_eq!(server.log(), ["connect /", "left /: client namespace disconnect"]);
    server.resume("/");
    assert_eq!(server.log(), ["/ n 1"]);
}

/// Returns a server and a client with one socket on `/a` and one on `/b`.
fn two_sockets() -> (Server, LinkId) {
    let (mut server, stream) = Server::websocket();
    for namespace in ["/a", "/b"] {
        server.text(stream, &format!("40{namespace},"));
    }
    server.messages(stream);
    server.log();
    (server, stream)
}

#[test]
fn all_sockets_may_park_at_once_and_take_turns_after_it() {
    let (mut server, stream) = two_sockets();
    server.park_all();
    for n in 0..3 {
        server.text(stream, &format!(r#"42/a,["n",{n}]"#));
    }
    server.text(stream, r#"42/b,["n",0]"#);
    server.ask("/a", "who", None);
    server.text(stream, r#"43/a,0["me"]"#);
    server.text(stream, "40/c,");
    assert_eq!(server.log(), [r#"answer 1: "me""#, "connect /c"], "acks and wishes to connect pass");
    server.text(stream, r#"42/c,["n",0]"#);
    assert_eq!(server.log(), [""; 0]);
    server.resume_all();
    assert_eq!(server.log(), ["/a n 0", "/b n 0", "/c n 0", "/a n 1", "/a n 2"]);
    server.text(stream, r#"42/b,["n",1]"#);
    assert_eq!(server.log(), ["/b n 1"]);
}

#[test]
fn a_socket_that_parks_for_itself_waits_for_itself() {
    let (mut server, stream) = two_sockets();
    server.park("/a");
    server.park_all();
    server.text(stream, r#"42/a,["n",0]"#);
    server.text(stream, r#"42/b,["n",0]"#);
    server.resume_all();
    assert_eq!(server.log(), ["/b n 0"]);
    server.park_all();
    server.resume("/a");
    assert_eq!(server.log(), [""; 0]);
    server.resume_all();
    assert_eq!(server.log(), ["/a n 0"]);
}

#[test]
fn what_came_before_the_end_waits_with_all() {
    let (mut server, stream) = two_sockets();
    server.park_all();
    server.text(stream, r#"42/a,["n",0]"#);
    server.text(stream, "41/a,");
    assert_eq!(server.log(), ["left /a: client namespace disconnect"]);
    server.resume_all();
    assert_eq!(server.log(), ["/a n 0"]);
}

#[test]
fn the_bound_holds_for_all_sockets_of_a_client_together() {
    let mut config = Config::default();
    config.max_parked_events = 3;
    let (mut server, stream) = Server::websocket_with(config);
    for namespace in ["/a", "/b"] {
        server.app().welcome(namespace, Welcome::AcceptBusy);
        server.text(stream, &format!("40{namespace},"));
    }
    server.messages(stream);
    server.log();
    for text in [r#"42/a,["n",0]"#, r#"42/b,["n",1]"#, r#"42/a,["n",2]"#] {
        server.text(stream, text);
    }
    assert_eq!(server.log(), [""; 0]);
    server.text(stream, r#"42/b,["n",3]"#);
    assert_eq!(server.log(), ["too much waits: /b", "left /b: server namespace disconnect"]);
    server.resume("/a");
    assert_eq!(server.log(), ["/a n 0", "/a n 2"], "the other keeps what waits");
}
