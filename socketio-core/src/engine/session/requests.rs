use std::time::Instant;

use super::Session;
use crate::engine::{Request, RequestError};
use crate::{Link, Transport};

impl Session {
    /// A request of this session has arrived, or what it asked for stands: a [GET](Self::handle_poll), the head of a
    /// [POST](Self::handle_post), the [first message stream](Self::handle_attach) or one to
    /// [upgrade to](Self::handle_upgrade). The request that opened the session is one of its own, too.
    ///
    /// # Errors
    ///
    /// The link was not taken; it is answered with the error. Message streams are always taken.
    pub fn handle_request(
        &mut self,
        link: Link,
        request: &Request,
        now: Instant,
    ) -> Result<(), RequestError> {
        match request {
            Request::Open(open) if open.transport == Transport::Polling => {
                return self.take_poll(link, now);
            }
            Request::Poll(poll) => return self.handle_poll(link, poll, now),
            Request::Post(post) => return self.handle_post(link, post, now),
            Request::Open(_) => self.handle_attach(link, now),
            Request::Upgrade(upgrade) => self.handle_upgrade(link, upgrade, now),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{Head, Response, Transmit};
    use crate::{Config, Sid};

    #[test]
    fn each_request_goes_where_it_belongs() {
        let (config, sid, now) = (Arc::<Config>::default(), Sid::from_entropy([7; 15]), Instant::now());
        let parse = |method, query: &str, websocket| {
            let query = format!("EIO=4&transport={query}");
            let head = Head::new(method, "/", &query).with_websocket(websocket);
            Request::parse(&head, &config).unwrap()
        };
        let own = |transport| format!("{transport}&sid={}", sid.expose());
        let [get, post] = ["GET", "POST"].map(|method| parse(method, &own("polling"), false));
        let [opening, upgrade] =
            ["websocket".to_owned(), own("websocket")].map(|query| parse("GET", &query, true));
        assert_eq!((opening.sid(), upgrade.sid()), (None, Some(&sid)));

        let Request::Open(open) = parse("GET", "polling", false) else { panic!("it opens a session") };
        let mut session = Session::open(Arc::clone(&config), &sid, &open, now);
        let [first, second, third, fourth] = [1, 2, 3, 4].map(Link::new);
        assert_eq!(session.handle_request(first, &Request::Open(open), now), Ok(()));
        let greeting = session.poll_transmit();
        assert!(
            matches!(greeting, Some(Transmit::Respond { link, response: Response::Payload(_) }) if link == first)
        );
        session.handle_delivered(first, now);
        assert_eq!(session.handle_request(second, &get, now), Ok(()));
        assert!(session.is_writable());
        assert_eq!(session.handle_request(third, &post, now), Ok(()));
        assert_eq!(session.handle_request(fourth, &upgrade, now), Ok(()));
        session.handle_message(fourth, &crate::Message::Text("2probe".into()), now);
        assert!(matches!(session.poll_transmit(), Some(Transmit::Message { link, .. }) if link == fourth));

        let Request::Open(open) = &opening else { panic!("it opens a session") };
        let mut session = Session::open(Arc::clone(&config), &sid, open, now);
        assert_eq!(
            session.handle_request(first, &get, now),
            Err(crate::engine::BadRequest::TransportMismatch.into())
        );
        assert_eq!(session.handle_request(second, &opening, now), Ok(()));
        assert!(matches!(session.poll_transmit(), Some(Transmit::Message { link, .. }) if link == second));
    }
}
