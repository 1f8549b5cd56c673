//! Text as a part of a URL. Pure: knows no route and no client.

/// One segment of a path, or one value of a query, as a URL writes it. What
/// comes out needs no quoting in HTML either.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_url_means_otherwise_is_encoded() {
        assert_eq!(super::encode("a b/ä"), "a%20b%2F%C3%A4");
        assert_eq!(super::encode("\"><?#&%"), "%22%3E%3C%3F%23%26%25");
    }
}
