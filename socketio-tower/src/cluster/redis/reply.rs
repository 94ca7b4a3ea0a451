use socketio_core::cluster::MAX_MESSAGE;

/// The next thing that a server has sent, in RESP3 or RESP2. Messages are borrowed; replies to commands are few and small.
#[derive(Debug, PartialEq)]
pub(super) enum Frame<'a> {
    /// A message of a channel.
    Message { channel: &'a [u8], payload: &'a [u8] },
    /// The beginning of a message that is larger than [`MAX_MESSAGE`]. This many bytes follow, to be skipped.
    TooLarge { channel: &'a [u8], rest: usize },
    /// The confirmation of one subscription, or of its end.
    Confirmation,
    /// The reply to a command.
    Reply(Reply),
    /// A push of another kind.
    Other,
}

/// A reply to a command.
#[derive(Debug, PartialEq)]
pub(super) enum Reply {
    Integer(i64),
    Text(Box<[u8]>),
    Error(Box<str>),
    /// An array, a set, or the keys and values of a map.
    List(Vec<Self>),
    /// A null, or a value of a kind that no command of ours has.
    Other,
}

/// The reason that there is no frame.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    /// More bytes are needed.
    Incomplete,
    /// The bytes are not RESP.
    Malformed(&'static str),
}

/// The maximum depth of nested replies. That of HELLO has three levels.
const MAX_DEPTH: u8 = 8;

/// The maximum length of a line. The longest are errors.
const MAX_LINE: usize = 64 * 1024;

/// Reads a frame from the beginning of the input. Returns it with its length.
pub(super) fn parse(input: &[u8]) -> Result<(Frame<'_>, usize), Stop> {
    let mut reader = Reader { rest: input };
    let frame = match input {
        [b'>', ..] => reader.push()?,
        _ => Frame::Reply(reader.value(0)?),
    };
    Ok((frame, input.len() - reader.rest.len()))
}

struct Reader<'a> {
    rest: &'a [u8],
}

/// The string that an element of a push is.
enum Part<'a> {
    Bytes(&'a [u8]),
    TooLarge(usize),
}

impl<'a> Reader<'a> {
    fn push(&mut self) -> Result<Frame<'a>, Stop> {
        let mut left = self.count(b'>')?.ok_or(Stop::Malformed("an empty push"))?;
        if left == 0 {
            return Err(Stop::Malformed("an empty push"));
        }
        left -= 1;
        let frame = match (self.bytes()?, left) {
            (b"message" | b"smessage", 2) => return self.message(),
            (b"pmessage", 3) => {
                // The pattern.
                self.bytes()?;
                return self.message();
            }
            (
                b"subscribe" | b"psubscribe" | b"ssubscribe" | b"unsubscribe" | b"punsubscribe"
                | b"sunsubscribe",
                2,
            ) => Frame::Confirmation,
            _ => Frame::Other,
        };
        for _ in 0..left {
            self.value(1)?;
        }
        Ok(frame)
    }

    /// Reads a channel and a payload.
    fn message(&mut self) -> Result<Frame<'a>, Stop> {
        let channel = self.bytes()?;
        Ok(match self.part()? {
            Part::Bytes(payload) => Frame::Message { channel, payload },
            Part::TooLarge(rest) => Frame::TooLarge { channel, rest },
        })
    }

    fn bytes(&mut self) -> Result<&'a [u8], Stop> {
        match self.part()? {
            Part::Bytes(bytes) => Ok(bytes),
            Part::TooLarge(_) => Err(Stop::Malformed("the name of a channel is too long")),
        }
    }

    fn part(&mut self) -> Result<Part<'a>, Stop> {
        match self.rest.first() {
            Some(b'+') => Ok(Part::Bytes(self.line()?)),
            _ => {
                let length = self.count(b'$')?.ok_or(Stop::Malformed("a null in a push"))?;
                if length > MAX_MESSAGE {
                    Ok(Part::TooLarge(length + 2))
                } else {
                    self.bulk(length).map(Part::Bytes)
                }
            }
        }
    }

    fn value(&mut self, depth: u8) -> Result<Reply, Stop> {
        let kind = *self.rest.first().ok_or(Stop::Incomplete)?;
        match kind {
            b':' => Ok(Reply::Integer(number(self.line()?)?)),
            b'+' => Ok(Reply::Text(self.line()?.into())),
            b'-' => Ok(Reply::Error(text(self.line()?))),
            b'$' | b'!' | b'=' => {
                let Some(length) = self.count(kind)? else { return Ok(Reply::Other) };
                if length > MAX_MESSAGE {
                    return Err(Stop::Malformed("a reply is too large"));
                }
                let bytes = self.bulk(length)?;
                Ok(match kind {
                    b'!' => Reply::Error(text(bytes)),
                    // Begins with the kind of the text, such as `txt:`.
                    b'=' => Reply::Text(bytes.get(4..).unwrap_or_default().into()),
                    _ => Reply::Text(bytes.into()),
                })
            }
            b'*' | b'~' | b'%' | b'|' => self.list(kind, depth),
            b'_' | b',' | b'#' | b'(' => self.line().map(|_| Reply::Other),
            _ => Err(Stop::Malformed("an unknown kind of value")),
        }
    }

    fn list(&mut self, kind: u8, depth: u8) -> Result<Reply, Stop> {
        if depth == MAX_DEPTH {
            return Err(Stop::Malformed("a reply is nested too deeply"));
        }
        let Some(count) = self.count(kind)? else { return Ok(Reply::Other) };
        let count = if matches!(kind, b'%' | b'|') { count.saturating_mul(2) } else { count };
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(self.value(depth + 1)?);
        }
        // An attribute is in front of the value that it is about.
        if kind == b'|' { self.value(depth + 1) } else { Ok(Reply::List(list)) }
    }

    /// Reads a length after its marker; `None` is the null of RESP2.
    fn count(&mut self, marker: u8) -> Result<Option<usize>, Stop> {
        match self.rest.first() {
            None => return Err(Stop::Incomplete),
            Some(&first) if first == marker => {}
            Some(_) => return Err(Stop::Malformed("an unexpected kind of value")),
        }
        match number(self.line()?)? {
            -1 => Ok(None),
            length => match usize::try_from(length) {
                Ok(length) if length <= i32::MAX as usize => Ok(Some(length)),
                _ => Err(Stop::Malformed("an invalid length")),
            },
        }
    }

    fn bulk(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Stop::Incomplete)?;
        match rest {
            [b'\r', b'\n', rest @ ..] => {
                self.rest = rest;
                Ok(bytes)
            }
            [] | [b'\r'] => Err(Stop::Incomplete),
            _ => Err(Stop::Malformed("a string does not end where it should")),
        }
    }

    /// Reads a line without its marker and its end.
    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let Some(end) = self.rest.iter().position(|&byte| byte == b'\r') else {
            let too_long = self.rest.len() > MAX_LINE;
            return Err(if too_long { Stop::Malformed("a line is too long") } else { Stop::Incomplete });
        };
        match self.rest.get(end + 1) {
            None => return Err(Stop::Incomplete),
            Some(b'\n') => {}
            Some(_) => return Err(Stop::Malformed("a line does not end where it should")),
        }
        let line = &self.rest[1..end];
        self.rest = &self.rest[end + 2..];
        Ok(line)
    }
}

fn number(text: &[u8]) -> Result<i64, Stop> {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Stop::Malformed("an invalid number"));
    }
    let number = digits.iter().fold(0, |number, digit| 10 * number + i64::from(digit - b'0'));
    Ok(if is_negative { -number } else { number })
}

fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(input: &str) -> Reply {
        match parse(input.as_bytes()) {
            Ok((Frame::Reply(reply), length)) if length == input.len() => reply,
            other => panic!("{input:?}: {other:?}"),
        }
    }

    fn bulk(text: &str) -> Reply {
        Reply::Text(text.as_bytes().into())
    }

    const MESSAGE: &str = ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$5\r\na\r\nb\n\r\n";
    const PMESSAGE: &str = ">4\r\n+pmessage\r\n$2\r\nc*\r\n$2\r\nch\r\n$0\r\n\r\n";

    #[test]
    fn messages_are_read() {
        for (input, payload) in [(MESSAGE, &b"a\r\nb\n"[..]), (PMESSAGE, b"")] {
            let input = format!("{input}+next");
            let (frame, length) = parse(input.as_bytes()).unwrap();
            assert_eq!((frame, &input[length..]), (Frame::Message { channel: b"ch", payload }, "+next"));
        }
    }

    #[test]
    fn replies_are_read() {
        assert_eq!(reply(":0\r\n"), Reply::Integer(0));
        assert_eq!(reply(":-17\r\n"), Reply::Integer(-17));
        assert_eq!(reply("+OK\r\n"), bulk("OK"));
        assert_eq!(reply("-ERR no\r\n"), Reply::Error("ERR no".into()));
        assert_eq!(reply("!6\r\nERR no\r\n"), Reply::Error("ERR no".into()));
        assert_eq!(reply("=8\r\ntxt:id=1\r\n"), bulk("id=1"));
        for null in ["$-1\r\n", "*-1\r\n", "_\r\n", ",1.5\r\n", "#t\r\n", "(123\r\n"] {
            assert_eq!(reply(null), Reply::Other, "{null:?}");
        }
        assert_eq!(reply("*2\r\n$1\r\na\r\n:1\r\n"), Reply::List(vec![bulk("a"), Reply::Integer(1)]));
        assert_eq!(
            reply("%2\r\n+a\r\n*0\r\n+b\r\n~1\r\n:1\r\n"),
            Reply::List(vec![
                bulk("a"),
                Reply::List(vec![]),
                bulk("b"),
                Reply::List(vec![Reply::Integer(1)])
            ])
        );
        assert_eq!(reply("|1\r\n+ttl\r\n:3\r\n:7\r\n"), Reply::Integer(7));
    }

    #[test]
    fn pushes_of_other_kinds_are_skipped() {
        let confirmed = ">3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n";
        assert_eq!(parse(confirmed.as_bytes()), Ok((Frame::Confirmation, confirmed.len())));
        let all_ended = ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n";
        assert_eq!(parse(all_ended.as_bytes()), Ok((Frame::Confirmation, all_ended.len())));
        let invalidated = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n";
        assert_eq!(parse(invalidated.as_bytes()), Ok((Frame::Other, invalidated.len())));
    }

    #[test]
    fn a_message_that_is_too_large_is_not_waited_for() {
        let input = format!(">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n${}\r\n", MAX_MESSAGE + 1);
        let expected = Frame::TooLarge { channel: b"ch", rest: MAX_MESSAGE + 3 };
        assert_eq!(parse(input.as_bytes()), Ok((expected, input.len())));
    }

    #[test]
    fn other_bytes_are_malformed() {
        let deep = "*1\r\n".repeat(9);
        let line = format!("+{}", "x".repeat(MAX_LINE + 1));
        for input in [
            "HTTP/1.1",
            ":x\r\n",
            "+a\rb",
            "$1\r\nabc",
            "$-2\r\n",
            "$9999999999\r\n",
            ">0\r\n",
            ">-1\r\n",
            &deep,
            &line,
        ] {
            assert!(matches!(parse(input.as_bytes()), Err(Stop::Malformed(_))), "{input:?}");
        }
    }

    #[test]
    fn a_part_of_a_frame_is_incomplete() {
        for input in [MESSAGE, PMESSAGE, "%1\r\n+a\r\n$3\r\nabc\r\n", "=8\r\ntxt:id=1\r\n", ":-17\r\n"] {
            for end in 0..input.len() {
                assert_eq!(parse(&input.as_bytes()[..end]), Err(Stop::Incomplete), "{:?}", &input[..end]);
            }
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(input: Vec<u8>) {
            if let Ok((_, length)) = parse(&input) {
                prop_assert!((1..=input.len()).contains(&length));
            }
        }

        #[test]
        fn no_text_of_markers_panics(input in "[-+:$*%>|~=!_0-9a\r\n]{0,40}") {
            if let Ok((_, length)) = parse(input.as_bytes()) {
                prop_assert!((1..=input.len()).contains(&length));
            }
        }
    }
}
