//! Addresses outside of the cluster that callbacks may lead to.

/// A set of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses(pub Vec<Address>);

/// Some of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Host and port, in which a star stands for any text.
    pub pattern: String,
    /// Whether plain HTTP will do.
    pub allows_insecure: bool,
}

impl Addresses {
    /// Refuses an address that is none of them.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, url: &str, scheme: &str, host: &str) -> Result<(), String> {
        for address in &self.0 {
            if fits(&address.pattern.to_lowercase(), &host.to_lowercase()) {
                if scheme == "http" && !address.allows_insecure {
                    return Err(format!("callback address does not allow insecure connections: {url}"));
                }
                return Ok(());
            }
        }
        Err(format!("url does not match any configured callback address: {url}"))
    }
}

/// Whether `text` is `pattern`, in which a star stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| fits(after, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let of = |pattern: &str, allows_insecure| {
            Addresses(vec![Address { pattern: pattern.into(), allows_insecure }])
        };
        let check = |addresses: &Addresses, scheme: &str, host: &str| {
            addresses.check(&format!("{scheme}://{host}"), scheme, host).is_ok()
        };
        assert!(check(&of("*", true), "http", "example.com:80"));
        assert!(!check(&of("*", false), "http", "example.com"));
        assert!(check(&of("*.example.com:*", false), "https", "a.Example.com:1"));
        assert!(!check(&of("*.example.com", false), "https", "example.com"));
        assert!(!check(&Addresses::default(), "https", "example.com"));
    }
}
