//! The messages of the contract, prepared in advance, and the expected replies.

use socketio_bench::Event;

use crate::frame::{self, Frame};

/// The number of digits of a message's number, at the start of its payload.
const DIGITS: usize = 4;

/// A number of requests of one kind, and their replies. Each has its number in its payload, which identifies the reply
/// in any order.
#[derive(Debug)]
pub(crate) struct Messages {
    event: Event,
    requests: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
}

/// The kind of a message to a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The correct reply to the request of this number.
    To(usize),
    /// The header of a binary event.
    Header,
    Wrong,
}

impl Messages {
    /// Prepares `count` messages, at most `10^DIGITS`.
    pub(crate) fn new(event: Event, count: usize, size: usize) -> Self {
        let payloads = (0..count).map(|number| payload(number, size));
        let (requests, answers) = payloads
            .enumerate()
            .map(|(number, payload)| match event {
                Event::Echo => {
                    let packet = format!("42[\"echo\",\"{payload}\"]");
                    (frame::text(&packet), packet.into_bytes())
                }
                Event::Ack => {
                    let request = format!("42{number}[\"ack\",\"{payload}\"]");
                    (frame::text(request), format!("43{number}[\"{payload}\"]").into_bytes())
                }
                Event::Binary => {
                    let header = r#"451-["bin",{"_placeholder":true,"num":0}]"#;
                    let frames = [frame::text(header), frame::binary(payload.as_bytes())].concat();
                    (frames, payload.into_bytes())
                }
            })
            .unzip();
        Self { event, requests, answers }
    }

    /// Returns the frames of a request.
    pub(crate) fn request(&self, number: usize) -> &[u8] {
        &self.requests[number]
    }

    /// Returns the packet of the reply; for an echo, the packet of the request.
    pub(crate) fn packet(&self, number: usize) -> &[u8] {
        &self.answers[number]
    }

    pub(crate) fn answer(&self, message: Frame<'_>) -> Answer {
        let (bytes, start) = match (self.event, message) {
            (Event::Echo, Frame::Text(text)) => (text, r#"42["echo",""#.len()),
            (Event::Ack, Frame::Text(text)) => {
                (text, text.iter().position(|byte| *byte == b'"').map_or(0, |quote| quote + 1))
            }
            (Event::Binary, Frame::Binary(bytes)) => (bytes, 0),
            (Event::Binary, Frame::Text(header)) if header.starts_with(b"451-[\"bin\",{") => {
                return Answer::Header;
            }
            _ => return Answer::Wrong,
        };
        match number(bytes, start) {
            Some(number) if self.answers.get(number).is_some_and(|answer| answer == bytes) => {
                Answer::To(number)
            }
            _ => Answer::Wrong,
        }
    }
}

/// Returns a text of `size` bytes that starts with the number.
pub(crate) fn payload(number: usize, size: usize) -> String {
    let filler = ('a'..='z').cycle().take(size.saturating_sub(DIGITS));
    format!("{number:0DIGITS$}").chars().chain(filler).collect()
}

/// Returns the number of the payload at `start`.
pub(crate) fn number(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = bytes.get(start..start + DIGITS)?;
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + usize::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_its_size_and_number() {
        assert_eq!(payload(17, 10), "0017abcdef");
        assert_eq!(number(b"..0017abcdef", 2), Some(17));
        assert_eq!(number(b"..001", 2), None);
        assert_eq!(number(b"00x7", 0), None);
    }

    #[test]
    fn answers_are_told_by_their_number() {
        let echo = Messages::new(Event::Echo, 3, 6);
        assert_eq!(echo.answer(Frame::Text(br#"42["echo","0002ab"]"#)), Answer::To(2));
        assert_eq!(echo.answer(Frame::Text(br#"42["echo","0003ab"]"#)), Answer::Wrong);
        assert_eq!(echo.answer(Frame::Text(br#"42["echo","0002aX"]"#)), Answer::Wrong);
        assert_eq!(echo.answer(Frame::Text(b"41")), Answer::Wrong);
        let ack = Messages::new(Event::Ack, 13, 6);
        assert_eq!(ack.answer(Frame::Text(br#"4312["0012ab"]"#)), Answer::To(12));
        assert_eq!(ack.answer(Frame::Text(br#"4311["0012ab"]"#)), Answer::Wrong);
        let binary = Messages::new(Event::Binary, 2, 6);
        assert_eq!(
            binary.answer(Frame::Text(br#"451-["bin",{"_placeholder":true,"num":0}]"#)),
            Answer::Header
        );
        assert_eq!(binary.answer(Frame::Binary(b"0001ab")), Answer::To(1));
        assert_eq!(binary.answer(Frame::Binary(b"0001a")), Answer::Wrong);
    }
}
