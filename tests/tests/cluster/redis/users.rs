//! Passwords, and users with restricted rights.

use socketio_tests::servers::Redis;

use super::{Served, channel, classic, pattern};
use crate::nodes::redis;

/// The rules of the documentation of `Redis`, without what a test leaves out.
fn rules(without: &[&str]) -> Vec<&'static str> {
    let rules = [
        "on",
        ">secret",
        "resetkeys",
        "resetchannels",
        "&socket.io*",
        "&socket.io#/#*",
        "-@all",
        "+subscribe",
        "+psubscribe",
        "+unsubscribe",
        "+punsubscribe",
        "+publish",
        "+pubsub|numsub",
        "+ping",
        "+client|list",
        "+client|kill",
    ];
    rules.into_iter().filter(|rule| !without.contains(rule)).collect()
}

fn url_of(redis: &Redis, user: &str) -> String {
    format!("redis://{user}:secret@{}", redis.address())
}

/// The least that a user needs: it can do everything, and the log of denied commands stays empty.
#[tokio::test]
async fn a_user_with_the_documented_rights_can_do_everything() {
    let redis = redis!(Redis::options().user("app", &rules(&[])));
    let all = [pattern("socket.io#/#*"), channel("socket.io-request#/#")];
    let mut served = Served::start(classic(&url_of(&redis, "app")), all).await;
    assert_eq!(served.publish("socket.io#/#room#", "hello").await, Some(1));
    assert_eq!(served.next().await.1, "hello");
    assert_eq!(served.count("socket.io-request#/#").await, Some(1));
    served.node.subscribe(
        [channel("socket.io-response#/#")],
        [channel("socket.io-request#/#"), pattern("socket.io#/#*")],
    );
    assert_eq!(served.publish("socket.io-response#/#", "").await, Some(1));
    redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    served.lost().await;
    served.again().await;
    assert_eq!(redis.command(&["ACL", "LOG"]), "");
}

#[tokio::test]
async fn without_rights_to_count_there_is_no_number() {
    let left_out = ["+pubsub|numsub", "+ping", "+client|list", "+client|kill"];
    let redis = redis!(Redis::options().user("app", &rules(&left_out)));
    let mut served = Served::start(classic(&url_of(&redis, "app")), [channel("socket.io#/#")]).await;
    assert_eq!(served.count("socket.io#/#").await, None);
    assert_eq!(served.publish("socket.io#/#", "").await, Some(1));
    redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    served.lost().await;
    served.again().await;
    assert_eq!(served.publish("socket.io#/#", "").await, Some(1));
}

/// A node that does not get or send messages does not seem to be up.
#[tokio::test]
async fn a_refused_subscription_or_message_is_an_error_that_names_it() {
    let redis = redis!(Redis::options().user("app", &rules(&[])));
    for subscription in [pattern("socket.io#/chat#*"), channel("other")] {
        let mut served = Served::attempt(classic(&url_of(&redis, "app")), [subscription]);
        let error = served.lost().await;
        let expected = ["refused PSUBSCRIBE socket.io#/chat#*: NOPERM ", "refused SUBSCRIBE other: NOPERM "];
        assert!(expected.iter().any(|expected| error.contains(expected)), "{error}");
    }
    let mut served = Served::start(classic(&url_of(&redis, "app")), []).await;
    let other = served.node.publish_and_count("other", "");
    let allowed = served.node.publish_and_count("socket.io#/#", "");
    let error = served.lost().await;
    assert!(error.contains(" the server refused PUBLISH other: NOPERM "), "{error}");
    assert!(other.await.is_err(), "it is not published");
    assert_eq!(allowed.await, Ok(Some(0)), "what follows it in the same batch is");
}

#[tokio::test]
async fn passwords_are_needed_and_not_shown() {
    let redis = redis!(Redis::options().password("pässword/#").user("app", &rules(&[])));
    let address = redis.address();
    for url in [
        format!("redis://{address}"),
        format!("redis://:mistaken@{address}"),
        format!("redis://app@{address}"),
    ] {
        let error = Served::attempt(classic(&url), []).lost().await;
        assert!(error.contains(": the server refused the login: "), "{url}: {error}");
        assert!(!error.contains("mistaken"), "{error}");
    }
    Served::start(classic(&format!("redis://:p%C3%A4ssword%2F%23@{address}")), []).await;
    Served::start(classic(&format!("redis://:mistaken@{address}/7")).password("pässword/#"), []).await;
    let backend = classic(&format!("redis://{address}")).username("app").password("secret");
    assert!(!format!("{backend:?}").contains("secret"), "{backend:?}");
    Served::start(backend, []).await;
}
