//! Basic traffic over real sockets, where the kernel decides how much it accepts, and when.

use bytes::Bytes;
use socketio_tower::{Args, Data, Socket, SocketIo};

use crate::client::{Poller, Server, Ws, until};

fn echoing() -> SocketIo {
    let io = SocketIo::new();
    io.of("/", |ns| {
        ns.on("echo", async |socket: Socket, Data(text): Data<String>| drop(socket.emit("echo", &text)));
    });
    io
}

/// On the wall clock: TCP.
#[tokio::test]
async fn a_session_polls_and_moves_to_a_websocket() {
    let io = echoing();
    let server = Server::on_tcp(&io).await;
    let mut poller = Poller::connect(&server.address).await;
    poller.post(r#"42["echo","polled"]"#).await;
    assert_eq!(poller.get().await, r#"42["echo","polled"]"#);
    let mut ws = poller.upgrade().await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send("5").await;
    ws.send(r#"42["echo","upgraded"]"#).await;
    ws.expect(r#"42["echo","upgraded"]"#).await;
    ws.close().await;
    until("its session ends", || io.sessions() == 0).await;
}

/// Many packets leave in one write that the kernel accepts in part: the next write continues at that point.
///
/// On the wall clock: TCP buffers.
#[tokio::test]
async fn packets_are_written_whole_whatever_the_kernel_takes() {
    const ROUNDS: usize = 8;
    let io = echoing();
    let server = Server::on_tcp(&io).await;
    let mut ws = Ws::connect_narrow(&server.address).await;
    let [socket] = &io.namespace("/").expect("it is defined").all().sockets()[..] else {
        panic!("one socket")
    };
    let large = "x".repeat(500_000);
    for round in 0..ROUNDS {
        for n in 0..100 {
            assert!(socket.emit("small", &Args((round, n))).is_queued());
        }
        assert!(socket.emit("large", &large).is_queued());
        assert!(socket.emit("binary", &Bytes::from_static(b"12")).is_queued());
    }
    for round in 0..ROUNDS {
        for n in 0..100 {
            ws.expect(&format!(r#"42["small",{round},{n}]"#)).await;
        }
        ws.expect(&format!(r#"42["large","{large}"]"#)).await;
        ws.expect(r#"451-["binary",{"_placeholder":true,"num":0}]"#).await;
    }
}
