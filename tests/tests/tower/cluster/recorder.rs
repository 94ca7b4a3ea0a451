//! Orders and their limits, on a broker that records them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use socketio_core::cluster::{
    Address, Answer, Body, Classic, Message, NodeId, RequestId, Subscription, Wire,
};
use socketio_core::namespace::Target;
use socketio_core::packet::Encoder;
use socketio_tower::cluster::{Backend, BackendError, Bus, Inbox, Order, Outgoing};
use socketio_tower::testing::{TestClient, settled};
use socketio_tower::{AckError, NoArgs, SocketIo};
use tokio::time::Instant;

/// A broker that takes orders while it is not paused, and passes nothing on. It counts two nodes everywhere.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    inbox: OnceLock<Inbox>,
    is_paused: Mutex<bool>,
    /// The channels of the orders, in their order.
    subscribed: Mutex<Vec<(usize, String)>>,
    published: Mutex<Vec<(usize, Outgoing)>>,
}

fn wire() -> Wire {
    Wire::Classic(Classic::new("k"))
}

impl Backend for Recorder {
    fn wire(&self) -> Wire {
        wire()
    }

    fn serve<'a>(&'a self, bus: &'a mut Bus) -> Pin<Box<dyn Future<Output = BackendError> + Send + 'a>> {
        Box::pin(async {
            drop(bus.subscriptions());
            assert!(self.0.inbox.set(bus.inbox()).is_ok(), "it connects once");
            bus.up();
            let (mut orders, mut count) = (Vec::new(), 0);
            loop {
                bus.orders(&mut orders).await;
                for order in orders.drain(..) {
                    count += 1;
                    self.execute(count, order);
                }
                if *self.0.is_paused.lock().expect("no panic") {
                    std::future::pending::<()>().await;
                }
            }
        })
    }
}

impl Recorder {
    async fn join(&self, io: &SocketIo) {
        io.join_cluster(self.clone()).await.expect("it is connected");
        settled().await;
    }

    fn execute(&self, number: usize, order: Order) {
        match order {
            Order::Publish { message, receipt } => {
                self.0.published.lock().expect("no panic").push((number, message));
                if let Some(receipt) = receipt {
                    receipt.answer(Some(2));
                }
            }
            Order::Count { receipt, .. } => receipt.answer(Some(2)),
            Order::Subscribe(Subscription::Channel(name)) => {
                let name = String::from_utf8(name.into()).expect("text");
                self.0.subscribed.lock().expect("no panic").push((number, name));
            }
            _ => {}
        }
    }

    /// Takes no more orders after the next.
    async fn pause(&self, io: &SocketIo) {
        *self.0.is_paused.lock().expect("no panic") = true;
        io.emit("the last", &NoArgs);
        settled().await;
    }

    fn receive(&self, message: &Outgoing) {
        self.0.inbox.get().expect("it is connected").receive(&message.channel, &message.payload);
    }

    /// Returns the last message that was published.
    fn last(&self) -> Message {
        let published = self.0.published.lock().expect("no panic");
        let (_, Outgoing { channel, payload }) = published.last().expect("a message");
        wire().decode(channel, payload).expect("it was written")
    }
}

/// Encodes a message of another node.
fn message(body: Body) -> Outgoing {
    wire()
        .encode(&Address::Everyone, &Message::new(NodeId::from_entropy([7; 8]), "/", body))
        .expect("a message")
}

#[tokio::test(start_paused = true)]
async fn a_question_leaves_after_the_subscriptions_for_its_answers() {
    let (io, broker) = (SocketIo::new(), Recorder::default());
    io.of("/orders/{id}", |_| {});
    broker.join(&io).await;
    let names: Vec<_> = (0..300).map(|id| format!("/orders/{id}")).collect();
    let namespaces: Vec<_> = names.iter().map(|name| io.namespace(name).expect("it is defined")).collect();
    let mut fetches: Vec<_> =
        namespaces.iter().map(|namespace| Box::pin(namespace.try_fetch_sockets())).collect();
    assert!(fetches.iter_mut().all(|fetch| fetch.as_mut().now_or_never().is_none()));
    settled().await;
    let (subscribed, published) = (broker.0.subscribed.lock().unwrap(), broker.0.published.lock().unwrap());
    for name in &names {
        let asked = format!("k-request#{name}#");
        let (asked, _) = published.iter().find(|(_, it)| it.channel == asked.as_bytes()).expect("a question");
        let channels = subscribed.iter().filter(|(_, channel)| channel.contains(&format!("#{name}#")));
        let numbers: Vec<_> = channels.map(|(number, _)| number).collect();
        assert!(numbers.len() == 3 && numbers.iter().all(|number| *number < asked), "{name}");
    }
}

/// The end of a node ends what waits for its broker.
#[tokio::test(start_paused = true)]
async fn a_node_that_has_left_holds_nothing() {
    let (io, broker) = (SocketIo::new(), Recorder::default());
    broker.join(&io).await;
    broker.pause(&io).await;
    let moving = io.clone();
    let moving = tokio::spawn(async move { moving.to("a").sockets_join("b").await });
    settled().await;
    let begun = Instant::now();
    io.close(Duration::from_secs(1)).await;
    moving.await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
    let stats = io.stats().cluster.unwrap();
    assert_eq!((stats.outbound_bytes, stats.dropped), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_for_other_nodes_is_not_waited_for() {
    let (io, broker) = (SocketIo::new(), Recorder::default());
    broker.join(&io).await;
    let large = "x".repeat(9 * 1024 * 1024);
    let begun = Instant::now();
    let acks = io.emit_with_ack::<_, ()>("event", &large).await;
    assert!(matches!(acks[..], [Err(AckError::Full)]), "{acks:?}");
    let acks = io.server_side_emit_with_ack::<_, ()>("event", &large).await;
    assert!(matches!(acks[..], [Err(AckError::Full)]), "{acks:?}");
    assert_eq!((begun.elapsed(), io.stats().cluster.unwrap().refused), (Duration::ZERO, 2));
}

/// Each socket has 100 kB of data: the snapshots of a hundred sockets do not fit into a message.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_is_reported() {
    let (io, broker) = (SocketIo::new(), Recorder::default());
    io.of("/", |ns| {
        ns.on_connect(async |socket: socketio_tower::Socket| socket.set_data("x".repeat(100_000)));
    });
    broker.join(&io).await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(TestClient::connect(&io).await.unwrap());
    }
    let request = RequestId::parse("QT75gt").unwrap();
    let question = socketio_core::cluster::Question::Sockets { to: Default::default() };
    broker.receive(&message(Body::Question { request, extended: true, question }));
    settled().await;
    let Body::Answer { answer: Answer::Unanswered(reason), .. } = broker.last().body else {
        panic!("an answer")
    };
    assert_eq!(format!("{reason:?}"), "TooLarge");

    // And the other way around.
    let asking = io.clone();
    let asking = tokio::spawn(async move { asking.except("/").try_fetch_sockets().await });
    settled().await;
    let Body::Question { request, .. } = broker.last().body else { panic!("a question") };
    broker.receive(&message(Body::Answer { request, answer: Answer::Unanswered(reason) }));
    let error = asking.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the answers of other nodes are too large");
    assert_eq!(error.sockets.len(), 100);
}

/// A name of a room may consist of the separator.
#[tokio::test(start_paused = true)]
async fn separators_in_names_of_rooms_are_part_of_them() {
    let (io, broker) = (SocketIo::new(), Recorder::default());
    io.of("/", |ns| {
        ns.on_connect(async |socket: socketio_tower::Socket| {
            socket.join("#".repeat(100_000));
        });
    });
    io.of("/orders/{id}", |_| {});
    broker.join(&io).await;
    let client = TestClient::connect(&io).await.unwrap();
    settled().await;
    let packet = Encoder::default().event("/", "news", "x", None).unwrap();
    for (length, arrives) in [(100_000, true), (99_999, false)] {
        let rooms = ["#".repeat(length)];
        let target = Target::rooms(&rooms);
        let sent = wire().broadcast(&NodeId::from_entropy([7; 8]), "/", &packet, &target, false).unwrap();
        broker.receive(&sent);
        if arrives {
            client.expect_event("news").await;
        } else {
            client.expect_nothing().await;
        }
    }
}
