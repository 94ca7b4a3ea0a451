/// The request of a text message.
#[derive(Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Connects to `/`.
    Connect,
    /// To be echoed verbatim: an echo, or the header of a binary event.
    Echo,
    /// `42ID["ack",ARGUMENTS]`, to be answered by `43ID[ARGUMENTS]`.
    Ack { id: &'a str, arguments: &'a str },
    /// To be sent verbatim to all clients.
    Broadcast,
    /// A pong, or a message that is not in the contract.
    Other,
}

impl<'a> Request<'a> {
    pub fn of(text: &'a str) -> Self {
        if let Some(event) = text.strip_prefix("42") {
            match event.as_bytes().first() {
                Some(b'[') if event.starts_with(r#"["bcast","#) => Self::Broadcast,
                Some(b'[') => Self::Echo,
                _ => event.split_once(r#"["ack","#).map_or(Self::Other, |(id, arguments)| {
                    // Servers parse the number and print it again, so leading zeroes are lost.
                    let zeros = id.bytes().take_while(|&digit| digit == b'0').count();
                    Self::Ack { id: &id[zeros.min(id.len() - 1)..], arguments }
                }),
            }
        } else if text.starts_with("45") {
            Self::Echo
        } else if text.starts_with("40") {
            Self::Connect
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_apart_by_their_first_bytes() {
        for (text, request) in [
            ("40", Request::Connect),
            (r#"42["echo","x"]"#, Request::Echo),
            (r#"451-["bin",{"_placeholder":true,"num":0}]"#, Request::Echo),
            (r#"4217["ack","x"]"#, Request::Ack { id: "17", arguments: r#""x"]"# }),
            (r#"420017["ack",1]"#, Request::Ack { id: "17", arguments: "1]" }),
            (r#"42000["ack",1]"#, Request::Ack { id: "0", arguments: "1]" }),
            (r#"42["bcast","x"]"#, Request::Broadcast),
            (r#"421["echo","x"]"#, Request::Other),
            ("3", Request::Other),
            ("42", Request::Other),
            ("", Request::Other),
        ] {
            assert_eq!(Request::of(text), request, "{text}");
        }
    }
}
