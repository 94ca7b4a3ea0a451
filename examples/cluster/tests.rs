use socketio_tower::cluster::Local;
use socketio_tower::testing::{TestClient, TestSocket, settled};
use socketio_tower::{Args, SocketIo};
use tokio::sync::mpsc;

use super::node::{Person, chat, show_people};

async fn node(bus: &Local, name: &str) -> SocketIo {
    let (changed, changes) = mpsc::channel(1);
    let io = SocketIo::new();
    io.of("/", |ns| chat(ns, name, &changed));
    io.join_cluster(bus.clone()).await.expect("the bus is there");
    tokio::spawn(show_people(io.clone(), changes));
    io
}

async fn person(io: &SocketIo, name: &str) -> TestSocket {
    let client = TestClient::builder().open(io).await.expect("a session");
    let auth = serde_json::json!({ "name": name });
    client.namespace("/").auth(&auth).connect().await.expect("it is let in")
}

/// Waits until a client has a list of this length.
async fn people(client: &TestSocket, count: usize) -> Vec<Person> {
    loop {
        let event = client.next_event().await.expect("it is connected");
        if event.name() == "people"
            && let Ok(people) = event.args::<Vec<Person>>()
            && people.len() == count
        {
            return people;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn people_on_two_nodes_see_and_hear_each_other() {
    let bus = Local::new();
    let (one, two) = (node(&bus, "one").await, node(&bus, "two").await);
    let (ann, bob) = (person(&one, "ann").await, person(&two, "bob").await);
    for client in [&ann, &bob] {
        let nodes: Vec<_> = people(client, 2).await.into_iter().map(|person| person.node).collect();
        assert_eq!(nodes, ["one", "two"]);
    }
    settled().await;
    ann.emit("say", "hello");
    loop {
        let event = bob.next_event().await.expect("it is connected");
        if event.name() == "said" {
            let Args((person, text)): Args<(Person, String)> = event.args().expect("a person and a text");
            assert_eq!((person.name.as_str(), text.as_str()), ("ann", "hello"));
            break;
        }
    }
    ann.disconnect();
    assert_eq!(people(&bob, 1).await[0].name, "bob");
}
