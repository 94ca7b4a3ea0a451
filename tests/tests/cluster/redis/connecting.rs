//! Ways to a server, and from it.

use std::fs;

use socketio_tests::servers::Redis;

use super::{Served, channel, classic};
use crate::nodes::{redis, until};

#[tokio::test]
async fn a_server_that_is_away_is_an_error() {
    let mut redis = redis!();
    redis.kill();
    let mut served = Served::attempt(classic(&redis.url()), [channel("c")]);
    let error = served.lost().await;
    let expected = format!("cannot connect to Redis at {}: Connection refused", redis.address());
    assert!(error.starts_with(&expected), "{error}");
    redis.restart();
    served.again().await;
    assert_eq!(served.publish("c", "").await, Some(1));
}

#[tokio::test]
async fn both_connections_have_the_name_of_the_node() {
    let redis = redis!();
    let served = Served::start(classic(&redis.url()).client_name("my app"), [channel("c")]).await;
    let name = format!("name=my-app:{} ", served.node.id());
    assert_eq!(redis.command(&["CLIENT", "LIST"]).matches(&name).count(), 2);
}

/// Nothing stays behind when the server leaves the cluster.
#[tokio::test]
async fn dropping_the_future_ends_both_connections() {
    let redis = redis!();
    let connections = || redis.command(&["CLIENT", "LIST"]).matches("name=socket.io:").count();
    let served = Served::start(classic(&redis.url()), [channel("c")]).await;
    assert_eq!(connections(), 2);
    served.serving.abort();
    until("they are closed", || connections() == 0).await;
    drop(served);
}

#[tokio::test]
async fn unix_sockets() {
    let redis = redis!(Redis::options().password("secret").unix_socket());
    let path = redis.unix_socket().display().to_string();
    for url in [format!("unix://:secret@{path}"), format!("redis+unix:{path}?pass=secret&db=3")] {
        let served = Served::start(classic(&url), [channel("c")]).await;
        assert_eq!(served.publish("c", "").await, Some(1));
    }
}

#[tokio::test]
async fn tls() {
    let redis = redis!(Redis::options().password("secret").tls());
    let ca = fs::read(redis.certificate().authority()).expect("a file");
    let url = |host: &str| format!("rediss://:secret@{host}:{}", redis.tls_address().port());
    for host in ["localhost", "127.0.0.1"] {
        let served = Served::start(classic(&url(host)).tls_roots(&ca).expect("PEM"), [channel("c")]).await;
        assert_eq!(served.publish("c", "").await, Some(1));
    }
    let error = Served::attempt(classic(&url("localhost")), []).lost().await;
    assert!(error.contains("UnknownIssuer") || error.contains("no root certificates"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_name_needs_consent() {
    let redis = redis!(Redis::options().tls());
    let ca = fs::read(redis.certificate().authority()).expect("a file");
    let url = format!("rediss://127.0.0.2:{}", redis.tls_address().port());
    // The server listens on 127.0.0.1.
    redis.command(&["CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2"]);
    let backend = || classic(&url).tls_roots(&ca).expect("PEM");
    let error = Served::attempt(backend(), []).lost().await;
    assert!(error.contains("certificate not valid for name \"127.0.0.2\""), "{error}");
    let served = Served::start(backend().danger_accept_invalid_hostnames(true), [channel("c")]).await;
    assert_eq!(served.publish("c", "").await, Some(1));
    // Any name, but not any certificate.
    let error = Served::attempt(classic(&url).danger_accept_invalid_hostnames(true), []).lost().await;
    assert!(!error.contains("not valid for name"), "{error}");
}

#[tokio::test]
async fn the_client_may_have_a_certificate_too() {
    let redis = redis!(Redis::options().tls().argument("--loglevel", &["notice"]));
    redis.command(&["CONFIG", "SET", "tls-auth-clients", "yes"]);
    let read = |path: std::path::PathBuf| fs::read(path).expect("a file");
    let certificate = redis.certificate();
    let url = format!("rediss://localhost:{}", redis.tls_address().port());
    let backend = || classic(&url).tls_roots(read(certificate.authority())).expect("PEM");
    let error = Served::attempt(backend(), []).lost().await;
    assert!(error.contains("CertificateRequired"), "{error}");
    // The server's own certificate does as well.
    let backend =
        backend().tls_identity(read(certificate.certificate()), read(certificate.key())).expect("PEM");
    let served = Served::start(backend, [channel("c")]).await;
    assert_eq!(served.publish("c", "").await, Some(1));
    for (chain, key) in [
        (certificate.authority(), certificate.key()),
        (certificate.key(), certificate.key()),
        (certificate.certificate(), certificate.certificate()),
    ] {
        let error =
            classic(&url).tls_identity(read(chain), read(key)).expect_err("they do not belong together");
        assert!(error.to_string().starts_with("invalid PEM: "), "{error}");
    }
}
