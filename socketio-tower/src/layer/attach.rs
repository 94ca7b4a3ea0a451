use std::sync::Arc;

use http::request::Parts;
use socketio_core::engine::{BadRequest, Request, RequestError};

use super::request::{begin, check_capacity, check_origin, find, head, take_over};
use crate::admission::{AdmissionHook, Rejection};
use crate::namespace::NamespaceSet;
use crate::observer::Observation;
use crate::transport::{ByteStream, PendingStream};

/// Serves a WebSocket stream that is past its handshake. The steps are those of an upgraded request, without a
/// response.
pub(crate) async fn attach(
    namespaces: &Arc<NamespaceSet>,
    parts: &Parts,
    stream: impl ByteStream + 'static,
) -> Result<(), Rejection> {
    let attached = open_or_upgrade(namespaces, parts, stream).await;
    if let Err(rejection) = &attached {
        namespaces.server().observers().tell(|| Observation::RequestRejected { rejection });
        namespaces.server().settings().requests.report_rejection(parts, rejection);
    }
    attached
}

async fn open_or_upgrade(
    namespaces: &Arc<NamespaceSet>,
    parts: &Parts,
    stream: impl ByteStream + 'static,
) -> Result<(), Rejection> {
    let core = &namespaces.server().settings().core;
    check_origin(namespaces.server(), parts)?;
    let hooks = &namespaces.server().settings().requests.admission;
    if !hooks.is_empty() && matches!(Request::parse(&head(parts, true), core)?, Request::Open(_)) {
        check_capacity(namespaces.server())?;
        AdmissionHook::decide(hooks, parts, core.connect_timeout).await?;
    }
    let stream = PendingStream::attached(stream, core.max_payload);
    match Request::parse(&head(parts, true), core)? {
        Request::Open(open) => {
            let (_, driver) = begin(namespaces, parts, &open)?;
            tokio::spawn(driver.with_stream(stream));
            Ok(())
        }
        Request::Upgrade(upgrade) => {
            let session = find(namespaces.server(), &upgrade.sid)?;
            Ok(take_over(&session, upgrade, stream)?)
        }
        _ => Err(RequestError::from(BadRequest::UpgradeMismatch).into()),
    }
}
