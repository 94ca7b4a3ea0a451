use std::collections::BTreeMap;

use socketio_core::{Config, DisconnectReason, LinkError, LinkId};

use super::{Server, Welcome};

/// A conversation in a text file that is replayed against the core: the server's output must match its lines exactly,
/// in order.
///
/// ```text
/// # a comment
/// = EIO=4&transport=polling     opens a session with this query
/// > GET a                       requests and streams have names
/// < a 200 0{"sid":"AAAAAAAAAAAAAAAAAAAA",…}
/// > POST b 40␞42["hi"]          `␞` is the record separator
/// < b 200 ok
/// > WS c                        a stream is opened
/// > c 2probe                    a message; `<0102>` is binary
/// < c 3probe
/// > c lost aborted
/// + 25000                       milliseconds pass
/// ! emit / hello [1,2]          the application: emit, ask, disconnect, close, resume, wait, accept
/// . / hi 1                      the application's log; see `App`
/// ```
#[derive(Debug)]
pub struct Transcript<'a> {
    text: &'a str,
}

impl<'a> Transcript<'a> {
    /// Creates a transcript from its text.
    pub fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// Replays the transcript.
    ///
    /// # Panics
    ///
    /// Panics if the output differs from the transcript.
    pub fn replay(&self) {
        let mut replay: Option<Replay> = None;
        let mut expected = Vec::new();
        for (number, line) in self.text.lines().enumerate() {
            let line = line.trim_end();
            match line.split_at_checked(2) {
                None if line.is_empty() => {}
                Some(("# ", _)) => {}
                Some(("< " | ". ", _)) => expected.push(line.to_owned()),
                Some((sign, rest)) => {
                    if let Some(replay) = &mut replay {
                        replay.compare(&mut expected);
                    }
                    match (sign, &mut replay) {
                        ("= ", None) => replay = Some(Replay::open(rest)),
                        ("> ", Some(replay)) => replay.network(rest),
                        ("+ ", Some(replay)) => replay.server.advance(rest.parse().expect("milliseconds")),
                        ("! ", Some(replay)) => replay.application(rest),
                        _ => panic!("line {}: {line}", number + 1),
                    }
                }
                None => panic!("line {}: {line}", number + 1),
            }
        }
        replay.expect("a session").compare(&mut expected);
    }
}

struct Replay {
    server: Server,
    links: BTreeMap<String, LinkId>,
    waiting: Vec<(String, LinkId)>,
}

impl Replay {
    fn open(query: &str) -> Self {
        let server = Server::open(query, Config::default());
        Self { server, links: BTreeMap::new(), waiting: Vec::new() }
    }

    fn network(&mut self, line: &str) {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (name, body) = rest.split_once(' ').unwrap_or((rest, ""));
        match first {
            "GET" => {
                let link = self.server.get();
                self.name(name, link);
                self.waiting.push((name.to_owned(), link));
            }
            "POST" => {
                let link = self.server.post(body.replace('␞', "\x1e"));
                self.name(name, link);
                self.waiting.push((name.to_owned(), link));
            }
            "WS" => {
                let link = match self.links.is_empty() {
                    true => self.server.attach(),
                    false => self.server.upgrade_with(body),
                };
                self.name(name, link);
            }
            name => {
                let link = self.links[name];
                if let Some(why) = rest.strip_prefix("lost ") {
                    self.server.lost(link, lost(why));
                } else if let Some(hex) = rest.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
                    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
                    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
                    self.server.binary(link, &bytes);
                } else {
                    self.server.text(link, rest);
                }
            }
        }
    }

    fn application(&mut self, line: &str) {
        let mut words = line.splitn(4, ' ');
        let verb = words.next().unwrap_or_default();
        let namespace = words.next().unwrap_or("/");
        let name = words.next().unwrap_or_default();
        match verb {
            "emit" => {
                let json = words.next().unwrap_or("null");
                let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
                self.server.emit(namespace, name, &value);
            }
            "ask" => _ = self.server.ask(namespace, name, None),
            "disconnect" => self.server.disconnect(namespace),
            "resume" => self.server.resume(namespace),
            "busy" => self.server.app().welcome(namespace, Welcome::AcceptBusy),
            "refuse" => {
                let message = [name, words.next().unwrap_or_default()].join(" ").trim_end().to_owned();
                self.server.app().welcome(namespace, Welcome::Reject(message));
            }
            "close" => self.server.close(DisconnectReason::ServerShuttingDown),
            other => panic!("the application cannot {other}"),
        }
    }

    fn name(&mut self, name: &str, link: LinkId) {
        assert!(self.links.insert(name.to_owned(), link).is_none(), "two links named {name}");
    }

    /// Asserts that the output since the last call is as expected.
    fn compare(&mut self, expected: &mut Vec<String>) {
        let mut said: Vec<String> = self.server.log().into_iter().map(|line| format!(". {line}")).collect();
        let server = &self.server;
        self.waiting.retain(|(name, link)| match server.ledger().record(*link) {
            Some(super::Record::Answered(answer)) => {
                said.push(format!("< {name} {answer}").trim_end().to_owned());
                false
            }
            Some(super::Record::Get | super::Record::Post) => true,
            _ => false,
        });
        for (name, link) in &self.links {
            let messages = self.server.messages(*link);
            said.extend(messages.iter().map(|message| format!("< {name} {message}")));
        }
        // There is no order between links.
        let link = |line: &String| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
        let speaker = |line: &String| if line.starts_with('.') { String::new() } else { link(line) };
        expected.sort_by_key(speaker);
        said.sort_by_key(speaker);
        assert_eq!(said, *expected);
        expected.clear();
    }
}

fn lost(why: &str) -> LinkError {
    match why {
        "closed" => LinkError::Closed,
        "aborted" => LinkError::Aborted,
        "failed" => LinkError::Failed,
        "large" => LinkError::TooLarge,
        "stalled" => LinkError::Stalled,
        other => panic!("no loss is named {other}"),
    }
}
