//! Tasks that live as long as their socket.

use std::sync::Arc;

use socketio_tower::extract::State;
use socketio_tower::{Socket, SocketIo};

use crate::client::{Log, Server, Ws, until};

/// gevent-socketio: tasks are cancelled when their socket is gone, after its disconnect handler.
#[tokio::test(start_paused = true)]
async fn tasks_end_with_their_socket() {
    struct LogOnDrop(Arc<Log>, &'static str);
    impl Drop for LogOnDrop {
        fn drop(&mut self) {
            self.0.add(self.1);
        }
    }

    let log = Arc::new(Log::default());
    let io = SocketIo::builder().state(Arc::clone(&log)).build();
    io.of("/", |ns| {
        ns.on_connect(async |socket: Socket, State(log): State<Arc<Log>>| {
            let guard = LogOnDrop(log, "cancelled");
            socket.spawn(async move |socket| {
                let _guard = guard;
                for n in 0..3 {
                    tokio::task::yield_now().await;
                    socket.emit("tick", &n);
                }
                std::future::pending::<()>().await;
            });
        });
        ns.on_disconnect(async |socket: Socket, State(log): State<Arc<Log>>| {
            tokio::task::yield_now().await;
            log.add("disconnected");
            drop(socket);
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    for n in 0..3 {
        ws.expect(&format!(r#"42["tick",{n}]"#)).await;
    }
    ws.close().await;
    log.expect(&["disconnected", "cancelled"]).await;
    until("all is released", || Arc::strong_count(&log) == 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_task_is_told_to_the_hook() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on_error(move |error| sink.add(format!("{:?} {}", error.event(), error.cause())));
        ns.on("panic", async |socket: Socket| socket.spawn(async |_| panic!("a task's fault")));
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["panic"]"#).await;
    log.expect(&["None the handler panicked"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_thread_without_a_runtime_may_spawn() {
    let (io, log) = (SocketIo::new(), Arc::new(Log::default()));
    let sink = Arc::clone(&log);
    io.of("/", |ns| {
        ns.on("go", async move |socket: Socket| {
            let sink = Arc::clone(&sink);
            let thread = std::thread::spawn(move || socket.spawn(async move |_| sink.add("ran")));
            thread.join().expect("no panic");
        });
    });
    let server = Server::start(&io);
    let mut ws = Ws::connect(&server.address).await;
    ws.send(r#"42["go"]"#).await;
    log.expect(&["ran"]).await;
}
