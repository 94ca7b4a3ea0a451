use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The path that names a namespace, such as `/chat`.
///
/// It starts with `/` and contains neither a comma nor a control character, so it can be written into a packet without
/// escaping. Clones share the text.
///
/// The empty text is parsed as the root, and a missing `/` is added, as Node's `io.of` does. Otherwise the text is not
/// changed: `/chat`, `/chat/`, `/Chat` and `/chat?x=1` are four namespaces.
///
/// ```
/// use socketio_core::namespace::{NamespacePath, ParsePathError};
///
/// let path: NamespacePath = "chat".parse()?;
/// assert_eq!(path.as_str(), "/chat");
/// assert_eq!("".parse(), Ok(NamespacePath::root()));
/// # Ok::<(), ParsePathError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespacePath(Arc<str>);

/// The reason a text is not a valid namespace path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParsePathError {
    /// The text contains a comma, which ends the path in a packet: `0/chat,{}`.
    #[error("namespace path contains a comma at byte {at}")]
    Comma {
        /// The position of the comma, in bytes from the start of the text.
        at: usize,
    },
    /// The text contains a control character.
    #[error("namespace path contains the control character {character:?} at byte {at}")]
    Control {
        /// The character.
        character: char,
        /// The position of the character, in bytes from the start of the text.
        at: usize,
    },
}

impl NamespacePath {
    /// Returns the path of the namespace `/`, which packets leave out.
    ///
    /// ```
    /// use socketio_core::namespace::NamespacePath;
    ///
    /// assert!(NamespacePath::root().is_root());
    /// assert_eq!(NamespacePath::root().as_str(), "/");
    /// ```
    pub fn root() -> Self {
        Self(Arc::from(ROOT))
    }

    /// Returns `true` if this is the path `/`.
    pub fn is_root(&self) -> bool {
        self.as_str() == ROOT
    }

    /// Returns the path, with its leading `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NamespacePath {
    type Err = ParsePathError;

    fn from_str(text: &str) -> Result<Self, ParsePathError> {
        for (at, character) in text.char_indices() {
            if character == ',' {
                return Err(ParsePathError::Comma { at });
            }
            if character.is_control() {
                return Err(ParsePathError::Control { character, at });
            }
        }
        Ok(Self(if text.starts_with('/') { Arc::from(text) } else { format!("/{text}").into() }))
    }
}

impl TryFrom<&str> for NamespacePath {
    type Error = ParsePathError;

    fn try_from(text: &str) -> Result<Self, ParsePathError> {
        text.parse()
    }
}

/// `Eq`, `Ord` and `Hash` are consistent with those of the text.
impl Borrow<str> for NamespacePath {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for NamespacePath {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for NamespacePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for NamespacePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

const ROOT: &str = "/";

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    #[test]
    fn a_missing_slash_is_added() {
        for (text, path) in
            [("", "/"), ("/", "/"), ("chat", "/chat"), ("/chat", "/chat"), ("a b/ü", "/a b/ü")]
        {
            assert_eq!(text.parse::<NamespacePath>().map(|path| path.to_string()), Ok(path.to_owned()));
        }
    }

    #[test]
    fn only_the_root_is_the_root() {
        assert!(NamespacePath::root().is_root());
        assert!(!NamespacePath::try_from("//").expect("a path").is_root());
    }

    #[test]
    fn what_a_packet_could_not_carry_is_refused_by_name() {
        assert_eq!("/é,b".parse::<NamespacePath>(), Err(ParsePathError::Comma { at: 3 }));
        for character in ['\0', '\n', '\u{1e}', '\u{7f}', '\u{85}'] {
            let text = format!("/a{character},");
            assert_eq!(text.parse::<NamespacePath>(), Err(ParsePathError::Control { character, at: 2 }));
        }
    }

    #[test]
    fn sets_are_searched_by_text() {
        let paths = ["/a", "b"].map(|text| text.parse::<NamespacePath>().expect("a path"));
        assert!(paths.iter().cloned().collect::<BTreeSet<_>>().contains("/b"));
        let hashed: HashSet<_, foldhash::fast::FixedState> = paths.into_iter().collect();
        assert!(hashed.contains("/a") && !hashed.contains("b"));
    }
}
