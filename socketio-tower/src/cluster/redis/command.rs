/// Appends a command with its arguments.
pub(super) fn write<A: AsRef<[u8]>>(into: &mut Vec<u8>, words: &[&str], arguments: &[A]) {
    header(into, b'*', words.len() + arguments.len());
    for word in words {
        string(into, word.as_bytes());
    }
    for argument in arguments {
        string(into, argument.as_ref());
    }
}

/// Appends a PUBLISH.
pub(super) fn write_publish(into: &mut Vec<u8>, channel: &[u8], payload: &[u8]) {
    const BEGINNING: &[u8] = b"*3\r\n$7\r\nPUBLISH\r\n";
    into.reserve(BEGINNING.len() + channel.len() + payload.len() + 2 * MAX_HEADER);
    into.extend_from_slice(BEGINNING);
    string(into, channel);
    string(into, payload);
}

/// The maximum number of bytes that a string needs beyond its own: `$`, twenty digits and two line ends.
const MAX_HEADER: usize = 25;

fn string(into: &mut Vec<u8>, bytes: &[u8]) {
    header(into, b'$', bytes.len());
    into.extend_from_slice(bytes);
    into.extend_from_slice(b"\r\n");
}

fn header(into: &mut Vec<u8>, marker: u8, mut number: usize) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    into.push(marker);
    into.extend_from_slice(&digits[at..]);
    into.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_arrays_of_strings() {
        let mut bytes = Vec::new();
        write(&mut bytes, &["CLIENT", "LIST", "ID"], &["1234567890"]);
        assert_eq!(bytes, b"*4\r\n$6\r\nCLIENT\r\n$4\r\nLIST\r\n$2\r\nID\r\n$10\r\n1234567890\r\n");
        bytes.clear();
        write::<&str>(&mut bytes, &["PING"], &[]);
        assert_eq!(bytes, b"*1\r\n$4\r\nPING\r\n");
        bytes.clear();
        write_publish(&mut bytes, b"ch", b"");
        assert_eq!(bytes, b"*3\r\n$7\r\nPUBLISH\r\n$2\r\nch\r\n$0\r\n\r\n");
    }
}
