use bytes::Bytes;
use socketio_core::cluster::{
    Address, Body, Channels, Classic, Message, Operation, Question, RawArray, Wire,
};
use socketio_core::packet::{EncodeError, Encoder};

/// Decodes a message of Node's classic adapter. The first byte chooses the channel.
pub fn cluster_classic(data: &[u8]) {
    let channels = [
        "socket.io#/#",
        "socket.io#/chat#",
        "socket.io#/#room#",
        "socket.io-request#/#",
        "socket.io-response#/#",
        "socket.io-response#/#node#",
    ];
    cluster(&Wire::Classic(Classic::new("socket.io")), &channels, data);
}

/// Decodes a message of Node's newer adapters. The first byte chooses the channel.
pub fn cluster_channels(data: &[u8]) {
    let channels = ["socket.io#/#", "socket.io#/chat#", "socket.io#/#node#"];
    cluster(&Wire::Channels(Channels::new("socket.io")), &channels, data);
}

fn cluster(wire: &Wire, channels: &[&str], data: &[u8]) {
    let (first, payload) = data.split_first().unwrap_or((&0, &[]));
    let channel = channels[usize::from(*first) % channels.len()];
    let payload = Bytes::copy_from_slice(payload);
    wire.peek(channel.as_bytes(), &payload).expect("a channel of this form");
    let Ok(message) = wire.decode(channel.as_bytes(), &payload) else { return };
    if let Some(event) = event_of(&message) {
        // The text is bounded by the message, and clients can read it.
        let attachments = event.attachments();
        assert!(event.json().len() <= 6 * payload.len() + 50 * attachments.len());
        assert!(attachments.iter().map(Bytes::len).sum::<usize>() <= payload.len());
        let mut encoder = Encoder::default();
        match encoder.raw_event("/", event.json(), attachments, None) {
            Ok(packet) => assert_eq!(RawArray::of_packet(&packet).as_ref(), Some(event)),
            Err(EncodeError::ReservedEvent(_) | EncodeError::TooManyAttachments(_)) => {}
            Err(error) => panic!("{error}: {event:?}"),
        }
    }
    // What is read can be written, unless it exceeds a limit. Numbers and texts change their notation once at most.
    let Some(again) = passed_on(wire, &message) else { return };
    assert_eq!(std::mem::discriminant(&again.body), std::mem::discriminant(&message.body));
    assert_eq!(passed_on(wire, &again), Some(again));
}

fn passed_on(wire: &Wire, message: &Message) -> Option<Message> {
    let sent = wire.encode(&Address::Everyone, message).ok()?;
    Some(wire.decode(&sent.channel, &sent.payload).expect("what is written can be read"))
}

fn event_of(message: &Message) -> Option<&RawArray> {
    match &message.body {
        Body::Operation(Operation::Broadcast { event, .. } | Operation::ServerEvent { event })
        | Body::Question {
            question: Question::Broadcast { event, .. } | Question::ServerEvent { event },
            ..
        } => Some(event),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Messages, Random};
    use super::super::tests::mixed;
    use super::*;

    #[test]
    fn random_messages_of_a_cluster() {
        let pieces = [
            "\u{0}",
            "\u{3}",
            "\u{4}",
            "{\"uid\":\"a\"",
            ",\"type\":",
            "3",
            "5",
            "6",
            "9",
            ",\"requestId\":\"q\"",
            ",\"data\":",
            ",\"packet\":",
            "{\"type\":2",
            ",\"opts\":{\"rooms\":",
            ",\"nsp\":\"/\"",
            "[\"e\"",
            "[",
            "]",
            "{",
            "}",
            ",",
            "null",
            "1e9",
            "\"\\ud83d\"",
        ];
        let mut random = Random::new(6);
        for _ in 0..20_000 {
            let data = mixed(&mut random, &pieces);
            cluster_classic(&data);
            cluster_channels(&data);
        }
    }

    #[test]
    fn mutated_messages_of_a_cluster() {
        let (mut random, mut messages) = (Random::new(7), Messages::new(7));
        let wires = [Wire::Classic(Classic::new("socket.io")), Wire::Channels(Channels::new("socket.io"))];
        for _ in 0..5_000 {
            let mut message = messages.any();
            "/".clone_into(&mut message.namespace);
            for wire in &wires {
                let Ok(sent) = wire.encode(&Address::Everyone, &message) else { continue };
                for channel in [0, 3, 4] {
                    let mut data = [&[channel], &sent.payload[..]].concat();
                    cluster_classic(&data);
                    cluster_channels(&data);
                    let at = 1 + random.below(data.len() as u64 - 1) as usize;
                    match random.below(3) {
                        0 => data.truncate(at),
                        1 => data.insert(at, random.byte()),
                        _ => data[at] = random.byte(),
                    }
                    cluster_classic(&data);
                    cluster_channels(&data);
                }
            }
        }
    }
}
