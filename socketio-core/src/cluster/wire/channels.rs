use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Address, Outgoing, Peek, ReadError, Subscription, WriteError};
use crate::Encoded;
use crate::cluster::*;
use crate::namespace::Target;
use crate::packet::RawJson;

#[derive(Debug, Clone)]
pub struct Channels {
    prefix: Arc<str>,
}

fn arr(a: &RawArray) -> Value {
    json!([a.json(), a.attachments().iter().map(|b| b.to_vec()).collect::<Vec<_>>()])
}
fn un(v: &Value) -> Option<RawArray> {
    let att = v[1]
        .as_array()?
        .iter()
        .map(|b| b.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as u8).collect::<Vec<u8>>().into())
        .collect();
    Some(RawArray::new(v[0].as_str()?.to_owned(), att))
}
fn dest(d: &Destination) -> Value {
    json!({"rooms": d.rooms, "except": d.except})
}
fn undest(v: &Value) -> Option<Destination> {
    Some(Destination { rooms: names(&v["rooms"])?, except: names(&v["except"])? })
}
fn names(v: &Value) -> Option<Vec<String>> {
    v.as_array()?.iter().map(|n| n.as_str().map(str::to_owned)).collect()
}

impl Channels {
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    pub(super) fn broadcast<R: AsRef<str>, X: AsRef<str>>(
        &self,
        from: &NodeId,
        namespace: &str,
        packet: &Encoded,
        to: &Target<'_, R, X>,
        volatile: bool,
    ) -> Result<Outgoing, WriteError> {
        let mut except: Vec<String> = to.except.iter().map(|x| x.as_ref().to_owned()).collect();
        except.extend(to.without.map(|i| i.to_string()));
        let to = Destination { rooms: to.rooms.iter().map(|r| r.as_ref().to_owned()).collect(), except };
        let event = RawArray::of_packet(packet).unwrap();
        self.encode(
            &Address::Everyone,
            &Message::new(
                from.clone(),
                namespace,
                Body::Operation(Operation::Broadcast { event, to, volatile }),
            ),
        )
    }

    pub(super) fn encode(&self, to: &Address, message: &Message) -> Result<Outgoing, WriteError> {
        let body = match &message.body {
            Body::Presence(p) => {
                json!({"p": match p { Presence::Hello => 1, Presence::Alive => 2, Presence::Goodbye => 13 }})
            }
            Body::Operation(o) => match o {
                Operation::Broadcast { event, to, volatile } => {
                    json!({"o":"b","e":arr(event),"t":dest(to),"v":volatile})
                }
                Operation::Join { to, rooms } => json!({"o":"j","t":dest(to),"r":rooms}),
                Operation::Leave { to, rooms } => json!({"o":"l","t":dest(to),"r":rooms}),
                Operation::Disconnect { to, close } => json!({"o":"d","t":dest(to),"c":close}),
                Operation::ServerEvent { event } => json!({"o":"s","e":arr(event)}),
            },
            Body::Question { request, extended: _, question } => {
                let mut v = match question {
                    Question::Broadcast { event, to, volatile, .. } => {
                        json!({"q":"b","e":arr(event),"t":dest(to),"v":volatile})
                    }
                    Question::Sockets { to } => json!({"q":"s","t":dest(to)}),
                    Question::ServerEvent { event } => json!({"q":"e","e":arr(event)}),
                    _ => unimplemented!(),
                };
                v["i"] = request.as_str().into();
                v
            }
            Body::Answer { request, answer } => {
                let mut v = match answer {
                    Answer::Clients(n) => json!({"a":"c","n":n}),
                    Answer::Ack(a) => json!({"a":"a","e":arr(a)}),
                    Answer::Unanswered(w) => {
                        json!({"a":"u","w": match w { NoAck::TimedOut => 1, NoAck::NotSent => 2, NoAck::NoHandler => 3, _ => 0 }})
                    }
                    Answer::Sockets(s) => {
                        json!({"a":"s","s": s.iter().map(|f| json!([f.id, f.rooms, f.handshake.as_str(), f.data.as_str()])).collect::<Vec<_>>()})
                    }
                    Answer::ServerEvent(a) => json!({"a":"e","e":arr(a)}),
                    _ => unimplemented!(),
                };
                v["i"] = request.as_str().into();
                v
            }
        };
        let payload =
            json!({"from": message.from.as_ref().unwrap().as_str(), "nsp": message.namespace, "body": body})
                .to_string();
        if payload.len() > super::MAX_MESSAGE {
            return Err(WriteError::TooLarge);
        }
        let channel = match to {
            Address::Everyone => format!("{}#{}#", self.prefix, message.namespace),
            Address::Node(n) => format!("{}#{}#{}#", self.prefix, message.namespace, n.as_str()),
        };
        Ok(Outgoing { channel: channel.into(), payload: payload.into() })
    }

    pub(super) fn peek<'a>(&self, _channel: &'a [u8], _payload: &'a [u8]) -> Option<Peek<'a>> {
        Some(Peek { from: None, topic: None })
    }

    pub(super) fn decode(&self, _channel: &[u8], payload: &Bytes) -> Result<Message, ReadError> {
        let v: Value = serde_json::from_slice(payload).map_err(|_| ReadError::Malformed("json"))?;
        let b = &v["body"];
        let m = ReadError::Malformed("x");
        let req = || b["i"].as_str().and_then(|i| RequestId::parse(i).ok()).ok_or(m);
        let body = if let Some(p) = b["p"].as_u64() {
            Body::Presence(match p {
                1 => Presence::Hello,
                2 => Presence::Alive,
                _ => Presence::Goodbye,
            })
        } else if let Some(o) = b["o"].as_str() {
            let to = || undest(&b["t"]).ok_or(m);
            let rooms = || names(&b["r"]).ok_or(m);
            Body::Operation(match o {
                "b" => {
                    Operation::Broadcast { event: un(&b["e"]).ok_or(m)?, to: to()?, volatile: b["v"] == true }
                }
                "j" => Operation::Join { to: to()?, rooms: rooms()? },
                "l" => Operation::Leave { to: to()?, rooms: rooms()? },
                "d" => Operation::Disconnect { to: to()?, close: b["c"] == true },
                _ => Operation::ServerEvent { event: un(&b["e"]).ok_or(m)? },
            })
        } else if let Some(q) = b["q"].as_str() {
            let to = || undest(&b["t"]).ok_or(m);
            Body::Question {
                request: req()?,
                extended: true,
                question: match q {
                    "b" => Question::Broadcast {
                        event: un(&b["e"]).ok_or(m)?,
                        to: to()?,
                        volatile: b["v"] == true,
                        timeout: None,
                        single: false,
                    },
                    "s" => Question::Sockets { to: to()? },
                    _ => Question::ServerEvent { event: un(&b["e"]).ok_or(m)? },
                },
            }
        } else if let Some(a) = b["a"].as_str() {
            Body::Answer {
                request: req()?,
                answer: match a {
                    "c" => Answer::Clients(b["n"].as_u64().ok_or(m)? as u32),
                    "a" => Answer::Ack(un(&b["e"]).ok_or(m)?),
                    "u" => Answer::Unanswered(match b["w"].as_u64() {
                        Some(1) => NoAck::TimedOut,
                        Some(2) => NoAck::NotSent,
                        Some(3) => NoAck::NoHandler,
                        _ => NoAck::Disconnected,
                    }),
                    "s" => Answer::Sockets(
                        b["s"]
                            .as_array()
                            .ok_or(m)?
                            .iter()
                            .map(|s| {
                                SocketFacts::new(
                                    s[0].as_str().unwrap().to_owned(),
                                    names(&s[1]).unwrap(),
                                    RawJson::parse(s[2].as_str().unwrap()).unwrap(),
                                    RawJson::parse(s[3].as_str().unwrap()).unwrap(),
                                )
                            })
                            .collect(),
                    ),
                    _ => Answer::ServerEvent(un(&b["e"]).ok_or(m)?),
                },
            }
        } else {
            return Err(m);
        };
        let from = v["from"].as_str().and_then(|f| NodeId::parse(f).ok());
        Ok(Message { from, namespace: v["nsp"].as_str().ok_or(m)?.to_owned(), body })
    }

    pub(super) fn of_namespace(&self, node: &NodeId, namespace: &str) -> Vec<Subscription> {
        vec![
            Subscription::Channel(self.questions(namespace)),
            Subscription::Channel(format!("{}#{}#{}#", self.prefix, namespace, node.as_str()).into()),
        ]
    }

    pub(super) fn questions(&self, namespace: &str) -> Bytes {
        format!("{}#{}#", self.prefix, namespace).into()
    }
}
