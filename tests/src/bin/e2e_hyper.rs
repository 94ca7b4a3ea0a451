//! The server of `tests/e2e` on hyper.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use socketio_tests::contract;
use tower::{Layer, service_fn};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let service = contract::server().layer().layer(service_fn(app));
    let listener = tokio::net::TcpListener::bind(contract::address()).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            // The peer may disconnect at any time.
            server.serve_connection_with_upgrades(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn app(request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    let text = |text: &'static str| Full::from(text).map_err(|never| match never {}).boxed();
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => Response::new(text("ok")),
        (&Method::POST, "/echo-body") => Response::new(request.into_body().boxed()),
        _ => {
            let mut response = Response::new(text("not found"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    })
}
