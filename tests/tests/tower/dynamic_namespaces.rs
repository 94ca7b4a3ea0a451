//! Namespaces by pattern: the parameters they capture, their creation, and their removal.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Barrier};

use serde::Deserialize;
use socketio_tower::extract::{Path, State};
use socketio_tower::testing::{ClientError, TestClient, TestSocket, settled};
use socketio_tower::{Auth, NamespaceBuilder, NamespaceEvent, Socket, SocketIo};

use tokio::sync::Notify;

use crate::client::{Log, Server, Ws};

async fn join(io: &SocketIo, path: &str) -> Result<TestSocket, ClientError> {
    TestClient::builder().open(io).await.expect("a session").namespace(path).connect().await
}

fn paths(io: &SocketIo) -> Vec<String> {
    let mut paths: Vec<_> = io.namespaces().iter().map(|ns| ns.path().to_owned()).collect();
    paths.sort();
    paths
}

#[tokio::test(start_paused = true)]
async fn captures_are_arguments_everywhere() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Seat,
        Table,
    }
    #[derive(Deserialize)]
    struct Place {
        hall: String,
        kind: Kind,
        number: Option<u16>,
    }
    #[derive(Deserialize)]
    struct Id(u64);

    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    io.of("/orders/{id}", |ns| {
        ns.middleware(
            async |Path(Id(id)): Path<Id>| if id < 100 { Ok(()) } else { Err("no such order".into()) },
        );
        ns.on_connect(async |socket: Socket, Path(id): Path<u64>| socket.emit("order", &id));
        ns.on("text", async |Path(id): Path<String>, Path((same,)): Path<(String,)>| format!("{id} {same}"));
        let sink = Arc::clone(&log);
        ns.on_disconnect(async move |Path(id): Path<i8>| sink.add(format!("left {id}")));
    });
    io.of("/{hall}/{kind}/{number}", |ns| {
        ns.on("struct", async |Path(Place { hall, kind, number }): Path<Place>| {
            format!("{hall} {kind:?} {number:?}")
        });
        ns.on("tuple", async |Path((_, _, number)): Path<(String, Kind, u16)>| number);
        ns.on("map", async |Path(map): Path<BTreeMap<String, String>>| {
            map.into_values().collect::<Vec<_>>().join("+")
        });
        ns.on("list", async |Path(list): Path<Vec<String>>| list.len() as u64);
        ns.on("one", async |_: Path<String>| {});
        let sink = Arc::clone(&log);
        ns.on_error(move |error| sink.add(error.cause().to_string()));
    });
    io.of("/files/{*path}", |ns| {
        ns.on("path", async |Path(path): Path<String>| path);
    });
    let ask = async |socket: &TestSocket, event: &str| -> String {
        let answer: serde_json::Value = socket.emit_with_ack(event, "").await.unwrap();
        answer.as_str().map_or_else(|| answer.to_string(), str::to_owned)
    };

    let order = join(&io, "/orders/7").await.unwrap();
    assert_eq!(order.expect::<u64>("order").await, 7);
    assert_eq!(ask(&order, "text").await, "7 7");
    assert_eq!(join(&io, "/orders/100").await.unwrap_err().message(), "no such order");
    let refused = join(&io, "/orders/x").await.unwrap_err();
    assert_eq!(refused.message(), "invalid request: path: `id`: invalid digit found in string");
    order.disconnect();
    settled().await;
    log.expect(&["left 7"]).await;

    let place = join(&io, "/west/table/12").await.unwrap();
    assert_eq!(ask(&place, "struct").await, "west Table Some(12)");
    assert_eq!(ask(&place, "tuple").await, "12");
    assert_eq!(ask(&place, "map").await, "west+table+12");
    assert_eq!(ask(&place, "list").await, "3");
    place.emit("one", "");
    let other = join(&io, "/west/chair/many").await.unwrap();
    other.emit("struct", "");
    settled().await;
    log.expect(&[
        "left 7",
        "an argument could not be extracted: path: 3 path parameters where 1 is expected",
        "an argument could not be extracted: path: `kind`: unknown variant `chair`, expected `seat` or `table`",
    ])
    .await;

    // Verbatim: names are not percent-encoded.
    let file = join(&io, "/files/a/b%20c ☃").await.unwrap();
    assert_eq!(ask(&file, "path").await, "a/b%20c ☃");
    assert_eq!(join(&io, "/files").await.unwrap_err().message(), "Invalid namespace");
}

#[tokio::test(start_paused = true)]
async fn what_is_defined_by_its_path_wins_and_children_are_apart() {
    let io = SocketIo::new();
    io.of("/orders/{id}", |ns| {
        ns.on_connect(async |socket: Socket| assert!(socket.join("all")));
        ns.on("who", async |Path(id): Path<String>| id);
    });
    io.of("/orders/all", |ns| {
        ns.on("who", async || "everybody");
    });
    let (one, two) = (join(&io, "/orders/1").await.unwrap(), join(&io, "/orders/2").await.unwrap());
    let all = join(&io, "/orders/all").await.unwrap();
    assert_eq!(all.emit_with_ack::<_, String>("who", "").await.unwrap(), "everybody");
    assert_eq!(two.emit_with_ack::<_, String>("who", "").await.unwrap(), "2");
    // A room belongs to one namespace.
    io.namespace("/orders/1").unwrap().to("all").emit("hello", "one");
    one.expect::<String>("hello").await;
    two.expect_nothing().await;
    assert_eq!(paths(&io), ["/", "/orders/1", "/orders/2", "/orders/all"]);
    assert!(io.namespace("/orders/{id}").is_none() && io.namespace("/orders/3").is_none());
    assert_eq!(io.stats().sockets, 3);

    // A handler that is added later applies to sockets that connect later.
    io.of("/orders/{id}", |ns| {
        ns.on("new", async || "new");
    });
    let late = join(&io, "/orders/1").await.unwrap();
    assert_eq!(late.emit_with_ack::<_, String>("new", "").await.unwrap(), "new");
    assert_eq!(late.emit_with_ack::<_, String>("who", "").await.unwrap(), "1");
    assert_eq!(io.namespace("/orders/1").unwrap().all().count(), 2);
}

/// fault 28: dynamic namespaces were created before authentication, without bound, and never removed.
#[tokio::test(start_paused = true)]
async fn children_live_as_long_as_they_have_sockets() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let io = SocketIo::builder()
        .max_dynamic_namespaces(2)
        .on_namespace(move |event| {
            sink.add(match event {
                NamespaceEvent::Created { path } => format!("created {path}"),
                NamespaceEvent::Removed { path } => format!("removed {path}"),
                other => format!("{other:?}"),
            });
            assert!(log_is_short(&sink), "a hook's fault");
        })
        .build();
    io.of("/{room}", |ns| {
        ns.middleware(async |Auth(auth): Auth<serde_json::Value>| {
            tokio::task::yield_now().await;
            if auth["let me in"] == true { Ok(()) } else { Err("who are you?".into()) }
        });
    });
    let client = TestClient::builder().open(&io).await.unwrap();
    let knock = async |path: &str| client.namespace(path).connect().await.map(drop).unwrap_err();
    let enter = async |path: &str| {
        client.namespace(path).auth(&serde_json::json!({ "let me in": true })).connect().await
    };
    // Rejected clients leave nothing behind.
    for n in 0..10_000 {
        assert_eq!(knock(&format!("/{n}")).await.message(), "who are you?");
    }
    assert_eq!(paths(&io), ["/"]);
    assert!(log.lines().is_empty());

    let a = enter("/a").await.unwrap();
    let b = enter("/b").await.unwrap();
    assert_eq!(enter("/c").await.unwrap_err().message(), "Too many namespaces");
    assert_eq!(paths(&io), ["/", "/a", "/b"]);
    let handle = io.namespace("/a").unwrap();
    a.disconnect();
    settled().await;
    // The namespace is gone, and makes room for another.
    assert!(io.namespace("/a").is_none());
    assert_eq!(paths(&io), ["/", "/b"]);
    let c = enter("/c").await.unwrap();
    b.disconnect();
    settled().await;
    // A handle that was kept reaches the sockets of later clients.
    let again = enter("/a").await.unwrap();
    handle.emit("hello", "again");
    assert_eq!(again.expect::<String>("hello").await, "again");
    client.close().await;
    drop((c, again));
    settled().await;
    let expected = ["created /a", "created /b", "removed /a", "created /c", "removed /b", "created /a"];
    assert_eq!(log.lines()[..6], expected);
    let mut last = log.lines()[6..].to_vec();
    last.sort();
    assert_eq!(last, ["removed /a", "removed /c"]);
}

fn log_is_short(log: &Log) -> bool {
    log.lines().len() < 4
}

/// fault 28: two racing connects created two namespaces of one name.
///
/// On the wall clock: racing threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_race_makes_one_namespace() {
    let io = SocketIo::new();
    io.of("/{room}", |ns| {
        ns.middleware(async || tokio::task::yield_now().await);
    });
    for round in 0..50 {
        let path = format!("/{round}");
        let racing: Vec<_> = (0..8)
            .map(|_| {
                let (io, path) = (io.clone(), path.clone());
                tokio::spawn(async move { join(&io, &path).await.expect("it is let in") })
            })
            .collect();
        let mut sockets = Vec::new();
        for racer in racing {
            sockets.push(racer.await.unwrap());
        }
        assert_eq!(io.namespace(&path).unwrap().all().count(), 8);
        io.namespace(&path).unwrap().emit("all", &round);
        for socket in &sockets {
            assert_eq!(socket.expect::<i32>("all").await, round);
        }
        // Clients join while others leave.
        let (leaving, staying) = sockets.split_at(4);
        leaving.iter().for_each(TestSocket::disconnect);
        let newcomer = join(&io, &path).await.unwrap();
        io.namespace(&path).unwrap().emit("rest", &round);
        for socket in staying.iter().chain([&newcomer]) {
            assert_eq!(socket.expect::<i32>("rest").await, round);
        }
    }
}

#[test]
fn mistakes_are_told_when_the_layer_is_made() {
    let io = SocketIo::new();
    io.of("/a/{id}", |_| {});
    io.of("/a/{other}", |_| {});
    io.of("/b/{", |_| {});
    io.of("/static", |ns| {
        ns.on("x", async |_: Path<u8>| {});
    });
    let errors = io.try_layer().map(drop).unwrap_err();
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert!(errors[0].starts_with("`/a/{other}` is not a valid pattern for namespaces: "), "{errors:?}");
    assert!(errors[1].starts_with("`/b/{` is not a valid pattern for namespaces: "), "{errors:?}");
    assert_eq!(
        errors[2..],
        ["a handler of `/static` takes a Path, but the namespace has no path parameters"]
    );
}

#[test]
#[should_panic(expected = "`disconnect` is an event of the protocol")]
fn mistakes_are_told_at_once_when_there_is_a_layer() {
    let io = SocketIo::new();
    let _layer = io.layer();
    io.of("/", |ns| {
        ns.on("disconnect", async || {});
    });
}

/// A handler whose extractors were not satisfied was silently accepted after the layer had been made, and failed at run
/// time.
#[test]
fn what_is_missing_is_told_at_once_when_there_is_a_layer() {
    let io = SocketIo::new();
    let _layer = io.layer();
    let of = |path: &str, define: fn(&mut NamespaceBuilder)| {
        let defined = std::panic::catch_unwind(AssertUnwindSafe(|| io.of(path, define)));
        let message = defined.expect_err(path).downcast::<String>().expect("a message");
        message.rsplit(": ").next().map(str::to_owned).expect("never empty")
    };
    let state = of("/late", |ns| {
        ns.on("x", async |_: State<u16>| {});
    });
    assert!(state.starts_with("a handler of `/late` takes State<u16>"), "{state}");
    let captures = of("/late", |ns| {
        ns.on("x", async |_: Path<u16>| {});
    });
    assert!(captures.starts_with("a handler of `/late` takes a Path"), "{captures}");
    assert!(io.namespace("/late").is_none());
    // A pattern provides the path parameters, and an earlier mistake does not affect the next definition.
    io.of("/late/{id}", |ns| {
        ns.on("x", async |_: Path<u16>| {});
    });
}

/// Two threads may define one namespace at the same time, and a definition may define another namespace.
///
/// On the wall clock: racing threads.
#[test]
fn definitions_do_not_undo_each_other() {
    let io = SocketIo::new();
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|n: u8| {
            let (io, barrier) = (io.clone(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                io.of("/shared", |ns| {
                    io.of(&format!("/{n}"), |_| {});
                    ns.on(&format!("{n}"), async move || n);
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(io.namespaces().len(), 10);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = join(&io, "/shared").await.unwrap();
        for n in 0..8 {
            assert_eq!(socket.emit_with_ack::<_, u8>(&n.to_string(), "").await.unwrap(), n);
        }
    });
    assert!(io.try_layer().is_ok());
}

/// A client that leaves while its middleware runs never had a socket, so no namespace is created.
#[tokio::test(start_paused = true)]
async fn who_gives_up_while_asking_makes_no_namespace() {
    let log = Arc::new(Log::default());
    let sink = Arc::clone(&log);
    let io = SocketIo::builder().on_namespace(move |event| sink.add(format!("{event:?}"))).build();
    let (asking, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begun, goes) = (Arc::clone(&asking), Arc::clone(&go));
    io.of("/{room}", |ns| {
        ns.middleware(async move || {
            begun.notify_one();
            goes.notified().await;
        });
    });
    io.of("/", |ns| {
        ns.on("ping", async || {});
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send("40/a,").await;
    asking.notified().await;
    ws.send("41/a,").await;
    ws.send(r#"420["ping"]"#).await;
    ws.expect("430[]").await;
    go.notify_one();
    ws.send(r#"421["ping"]"#).await;
    ws.expect("431[]").await;
    ws.send(r#"422["ping"]"#).await;
    ws.expect("432[]").await;
    assert!(log.lines().is_empty());
}
