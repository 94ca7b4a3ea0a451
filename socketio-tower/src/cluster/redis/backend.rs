use std::future::pending;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};

use futures_util::future::{Either, select};
use socketio_core::cluster::{Classic, Wire};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::{Change, Connected, Publisher, Redis, Subscriber};
use crate::bus::{Backend, BackendError, Bus};

impl Backend for Redis {
    fn wire(&self) -> Wire {
        Wire::Classic(Classic::new(&self.prefix))
    }

    fn serve<'a>(&'a self, bus: &'a mut Bus) -> Pin<Box<dyn Future<Output = BackendError> + Send + 'a>> {
        Box::pin(async {
            match self.connect(bus.node()).await {
                Ok(connected) => serve(connected, bus).await,
                Err(error) => error,
            }
        })
    }
}

/// The maximum number of subscriptions that are sent at once.
const SUBSCRIPTIONS: usize = 256;

/// Subscribes, and moves messages until one of the connections is lost.
async fn serve(connected: Connected, bus: &mut Bus) -> BackendError {
    let Connected { subscriber, publisher, in_cluster } = connected;
    let (changes, receiver) = mpsc::channel(1);
    // The task is aborted when this future is dropped.
    let mut tasks = JoinSet::new();
    tasks.spawn(Subscriber::new(subscriber, bus.inbox(), receiver).run());
    let working = async {
        for begin in bus.subscriptions().chunks(SUBSCRIPTIONS) {
            let (done, confirmed) = oneshot::channel();
            let change = Change { begin: begin.to_vec(), done: Some(done), ..Change::default() };
            _ = changes.send(change).await;
            if confirmed.await.is_err() {
                // The subscriber has ended, and reports the reason.
                return pending().await;
            }
        }
        bus.up();
        Publisher::new(publisher, changes, in_cluster).run(bus).await
    };
    let ended = match select(pin!(tasks.join_next()), pin!(working)).await {
        Either::Left((subscriber, _)) => subscriber,
        Either::Right((error, _)) => Some(Ok(error)),
    };
    // No message is applied after this returns, since the next connection may receive later ones.
    tasks.shutdown().await;
    match ended {
        Some(Ok(error)) => error,
        Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
        _ => BackendError::new("the runtime ends"),
    }
}
