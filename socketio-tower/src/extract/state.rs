use crate::handler::{Extract, ExtractError, Occasion, Requirements};

/// A value of the application, set with [`SocketIoBuilder::state`](crate::SocketIoBuilder::state). It is cloned for
/// every call, so it should be an `Arc` or a handle.
///
/// Using `State` of a type that was not set is a setup error, reported by [`layer()`](crate::SocketIo::layer).
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use socketio_tower::extract::State;
/// use socketio_tower::SocketIo;
///
/// let io = SocketIo::builder().state(Arc::new(AtomicU64::new(0))).build();
/// io.of("/", |ns| {
///     ns.on("visit", async |State(visits): State<Arc<AtomicU64>>| visits.fetch_add(1, Ordering::Relaxed));
/// });
/// let layer = io.layer();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<C: Occasion, T: Clone + Send + Sync + 'static> Extract<C> for State<T> {
    fn extract(context: &mut C) -> Result<Self, ExtractError> {
        let state = context.server().state::<T>();
        state.map(State).ok_or_else(|| ExtractError::internal(missing::<T>()))
    }

    fn require(requirements: &mut Requirements) {
        requirements.state::<T>();
    }
}

fn missing<T>() -> String {
    format!("no state of type {}", std::any::type_name::<T>())
}
