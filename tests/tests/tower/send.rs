//! Types that are passed to other threads must be `Send`. All checks are at compile time.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use socketio_tower::layer::{NotFound, ResponseBody, ResponseFuture};
use socketio_tower::{
    AckError, BroadcastOperator, EmitStatus, EmitWithAck, NamespaceHandle, SetupError, Socket, SocketIo,
    SocketIoBuilder, SocketIoLayer, SocketIoService,
};
use tower::Service;

fn send<T: Send + 'static>() {}
fn sync<T: Send + Sync + 'static>() {}
fn future<F: Future + Send>(_: &F) {}

#[test]
fn types() {
    sync::<SocketIo>();
    sync::<SocketIoBuilder>();
    sync::<SocketIoLayer>();
    sync::<SocketIoService<NotFound>>();
    sync::<Socket>();
    sync::<NamespaceHandle>();
    sync::<BroadcastOperator>();
    sync::<EmitStatus>();
    sync::<AckError>();
    sync::<SetupError>();
    send::<EmitWithAck<std::rc::Rc<u8>>>();
    send::<ResponseBody<Full<Bytes>>>();
    type Inner = std::future::Ready<Result<Response<Empty<Bytes>>, std::convert::Infallible>>;
    send::<ResponseFuture<Inner, Full<Bytes>>>();
    send::<<SocketIoService<NotFound> as Service<Request<Full<Bytes>>>>::Future>();
}

#[test]
fn futures() {
    let io = SocketIo::new();
    future(&io.close(std::time::Duration::ZERO));
    let _never_called = |socket: Socket| {
        future(&socket.drained());
        future(&socket.emit_with_ack::<_, u8>("x", "x"));
    };
}
