use std::collections::BTreeSet;

use super::Subscription;
use crate::namespace::{Dispatcher, NamespacePath};

/// Returns patterns for the channels of broadcasts, which are `prefix#NAMESPACE#` and `prefix#NAMESPACE#ROOM#`. No channel
/// matches two of them: Redis would deliver its messages twice.
pub(super) fn of_definitions<'a, I>(prefix: &str, definitions: I) -> BTreeSet<Subscription>
where
    I: IntoIterator<Item = &'a NamespacePath>,
{
    let beginnings: BTreeSet<_> =
        definitions.into_iter().map(|definition| format!("{prefix}#{}", beginning(definition))).collect();
    let (mut patterns, mut last) = (BTreeSet::new(), None);
    for beginning in &beginnings {
        // Sorted, so that whatever has the same beginning follows it directly.
        if last.is_none_or(|last: &str| !beginning.starts_with(last)) {
            patterns.insert(Subscription::Pattern(escape(beginning).into()));
            last = Some(beginning);
        }
    }
    patterns
}

/// Returns the beginning that the names of the channels of all matching namespaces have in common, after the prefix.
fn beginning(definition: &NamespacePath) -> String {
    let mut literal = String::new();
    let mut rest = definition.as_str();
    if Dispatcher::is_pattern(definition) {
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            match rest[at + 1..].strip_prefix(brace) {
                // A literal brace is written twice.
                Some(behind) => {
                    literal.push_str(brace);
                    rest = behind;
                }
                None => return literal,
            }
        }
    }
    literal.push_str(rest);
    literal.push('#');
    literal
}

/// Returns a pattern in the notation of Redis that matches all names with a beginning.
fn escape(beginning: &str) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(beginning.len() + 1);
    for byte in beginning.bytes() {
        if matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\') {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    pattern.push(b'*');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(definitions: &[&str], expected: &[&str]) {
        let paths: Vec<NamespacePath> = definitions.iter().map(|path| path.parse().unwrap()).collect();
        let found = of_definitions("k", &paths);
        let expected: BTreeSet<_> = expected
            .iter()
            .map(|pattern| Subscription::Pattern(pattern.as_bytes().to_vec().into()))
            .collect();
        assert_eq!(found, expected, "{definitions:?}");
    }

    #[test]
    fn a_namespace_is_a_pattern_of_its_own() {
        check(&[], &[]);
        check(&["/"], &["k#/#*"]);
        check(&["/", "/chat", "/chat2", "/a/b"], &["k#/#*", "k#/chat#*", "k#/chat2#*", "k#/a/b#*"]);
    }

    #[test]
    fn a_pattern_is_its_literal_beginning() {
        check(&["/orders/{id}"], &["k#/orders/*"]);
        check(&["/files/{*rest}", "/orders/{id}/items/{item}"], &["k#/files/*", "k#/orders/*"]);
        check(&["/{{x}}"], &["k#/{x}#*"]);
        check(&["/{{x}}/{id}"], &["k#/{x}/*"]);
    }

    #[test]
    fn no_channel_matches_two_patterns() {
        check(&["/orders/{id}", "/orders/{id}/x", "/orders/all", "/orders"], &["k#/orders/*", "k#/orders#*"]);
        check(&["/", "/{id}", "/chat", "/orders/{id}"], &["k#/*"]);
        // A room of the one looks like a namespace of the other.
        check(&["/a", "/a#b", "/a-b"], &["k#/a#*", "k#/a-b#*"]);
    }

    #[test]
    fn special_characters_are_literal() {
        check(&[r"/a*b?[c]\"], &[r"k#/a\*b\?\[c\]\\#*"]);
    }

    proptest::proptest! {
        #[test]
        fn beginnings_are_no_beginnings_of_others(texts in proptest::collection::vec("[/ab#]{0,3}(\\{id\\})?", 0..8)) {
            let paths: Vec<NamespacePath> = texts.iter().map(|text| text.parse().unwrap()).collect();
            let patterns: Vec<_> = of_definitions("k", &paths).into_iter().map(|subscription| {
                let Subscription::Pattern(pattern) = subscription else { panic!("a pattern") };
                pattern.slice(..pattern.len() - 1)
            }).collect();
            for (index, one) in patterns.iter().enumerate() {
                for (other_index, other) in patterns.iter().enumerate() {
                    proptest::prop_assert!(index == other_index || !other.starts_with(one));
                }
            }
            for path in &paths {
                let channel = format!("k#{}", beginning(path));
                proptest::prop_assert!(patterns.iter().any(|pattern| channel.as_bytes().starts_with(pattern)));
            }
        }
    }
}
