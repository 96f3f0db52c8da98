//! ETRN (RFC 1985) and ATRN (RFC 2645): mail that waits for its host to ask for it.

use crate::address::Domain;
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt;

/// `ETRN SP [option] node`: start the queue for that host, over a connection of its own.
///
/// ```
/// use smtp_proto::extension::{Etrn, Node};
/// let etrn = Etrn::subdomains(&"example.com".try_into()?).unwrap();
/// assert_eq!(etrn.to_string(), "ETRN @example.com");
/// assert!(matches!(etrn.node(), Node::Subdomains(_)));
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Etrn<'a>(Cow<'a, str>);

/// Whose queue an [`Etrn`] is about (RFC 1985 §5.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node<'a> {
    /// A host: `example.com`.
    Host(Domain<'a>),
    /// A domain and all below it: `@example.com`.
    Subdomains(Domain<'a>),
    /// A queue, by a name that the server gave it: `#uucp`.
    Queue(&'a str),
}

/// What becomes of an [`Etrn`] that is accepted (RFC 1985 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queue {
    /// 250: it was started; whether anything waits isn't said.
    Started,
    /// 251: nothing waits.
    Empty,
    /// 252: messages wait, and the queue was started.
    Pending,
    /// 253: so many do.
    Messages(u64),
}

/// `ATRN [SP domain *("," domain)]`: hand over the mail for these domains, or for all that the
/// client may have, on this very connection.
///
/// ```
/// use smtp_proto::extension::Atrn;
/// let atrn = Atrn::new(["example.org".try_into()?, "example.com".try_into()?]).unwrap();
/// assert_eq!(atrn.to_string(), "ATRN example.org,example.com");
/// # Ok::<(), smtp_proto::address::AddressError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Atrn<'a>(Cow<'a, str>);

impl<'a> Etrn<'a> {
    /// For a host; `None` if its name isn't fully qualified, or isn't ASCII.
    pub fn host(host: &Domain<'_>) -> Option<Etrn<'static>> {
        Etrn::read(host.to_string().into())
    }

    /// For a domain and all below it; `None` if its name isn't ASCII.
    pub fn subdomains(domain: &Domain<'_>) -> Option<Etrn<'static>> {
        Etrn::read(alloc::format!("@{domain}").into())
    }

    /// For a queue of that name; `None` if it isn't 1 to 255 octets of visible ASCII.
    pub fn queue(name: &str) -> Option<Etrn<'static>> {
        Etrn::read(alloc::format!("#{name}").into())
    }

    /// Whose queue.
    pub fn node(&self) -> Node<'_> {
        node(&self.0).unwrap_or(Node::Queue(&self.0))
    }

    pub(crate) fn parse(argument: &'a str) -> Option<Self> {
        Self::read(Cow::Borrowed(argument))
    }

    fn read(text: Cow<'a, str>) -> Option<Self> {
        node(&text).is_some().then_some(Self(text))
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Etrn<'static> {
        Etrn(Cow::Owned(self.0.into_owned()))
    }
}

fn node(text: &str) -> Option<Node<'_>> {
    match text.split_at_checked(1)? {
        ("@", domain) => Domain::try_from(domain).ok().map(Node::Subdomains),
        ("#", queue) => is_queue(queue).then_some(Node::Queue(queue)),
        // "must be a fully qualified domain name" (§5)
        _ => Domain::try_from(text)
            .ok()
            .filter(|domain| domain.as_str().contains('.'))
            .map(Node::Host),
    }
}

fn is_queue(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.bytes().all(|octet| octet.is_ascii_graphic())
}

impl<'a> Atrn<'a> {
    /// For these domains; for all that the client may have, where there are none. `None` if the
    /// name of one isn't ASCII.
    pub fn new<'d>(domains: impl IntoIterator<Item = Domain<'d>>) -> Option<Atrn<'static>> {
        let mut list = String::new();
        for domain in domains {
            if !list.is_empty() {
                list.push(',');
            }
            list += domain.as_str();
        }
        Atrn::read(Cow::Owned(list))
    }

    /// The domains; none for all that the client may have.
    pub fn domains(&self) -> impl Iterator<Item = Domain<'_>> {
        domains(&self.0).filter_map(Result::ok)
    }

    pub(crate) fn parse(argument: &'a str) -> Option<Self> {
        Self::read(Cow::Borrowed(argument))
    }

    fn read(text: Cow<'a, str>) -> Option<Self> {
        let sound = domains(&text).all(|domain| domain.is_ok());
        sound.then_some(Self(text))
    }

    /// Cut loose from the line it was read from.
    pub fn into_owned(self) -> Atrn<'static> {
        Atrn(Cow::Owned(self.0.into_owned()))
    }
}

fn domains(list: &str) -> impl Iterator<Item = Result<Domain<'_>, crate::address::AddressError>> {
    let some = (!list.is_empty()).then(|| list.split(','));
    some.into_iter().flatten().map(Domain::try_from)
}

impl Queue {
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Started => 250,
            Self::Empty => 251,
            Self::Pending => 252,
            Self::Messages(_) => 253,
        }
    }
}

/// In the words of RFC 1985 §5.1, less the node.
impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("queuing started"),
            Self::Empty => f.write_str("no messages waiting"),
            Self::Pending => f.write_str("pending messages started"),
            Self::Messages(messages) => write!(f, "{messages} pending messages started"),
        }
    }
}

impl fmt::Display for Etrn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ETRN {}", self.0)
    }
}

impl fmt::Display for Atrn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            "" => f.write_str("ATRN"),
            domains => write!(f, "ATRN {domains}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn a_node_is_a_full_domain_a_domain_with_its_subdomains_or_a_queue() {
        for (argument, sound) in [
            ("uu.net", true),
            ("@foo.com", true),
            ("@foo", true),
            ("#uucp", true),
            ("localname", false),
            ("@", false),
            ("#", false),
            ("#a b", false),
            ("@-a.b", false),
            ("a.b c", false),
            ("ü.net", false),
            ("", false),
        ] {
            assert_eq!(Etrn::parse(argument).is_some(), sound, "{argument}");
        }
    }

    #[test]
    fn atrn_names_domains_without_blanks_or_none_at_all() {
        for (argument, domains) in [
            ("", Some(0)),
            ("example.org", Some(1)),
            ("example.org,example.com", Some(2)),
            ("example.org, example.com", None),
            ("example.org,", None),
            (",", None),
            ("a_b", None),
        ] {
            let atrn = Atrn::parse(argument);
            assert_eq!(
                atrn.map(|atrn| atrn.domains().count()),
                domains,
                "{argument}"
            );
        }
    }

    #[test]
    fn what_no_node_can_be_named_by_is_not_written() {
        let [local, utf8] =
            ["localname", "bücher.example"].map(|name| Domain::parse_utf8(name).unwrap());
        assert_eq!(Etrn::host(&local), None);
        assert_eq!(Etrn::host(&utf8), None);
        assert!(Etrn::subdomains(&local).is_some());
        assert_eq!(Etrn::subdomains(&utf8), None);
        assert_eq!(Etrn::queue("a b"), None);
        assert_eq!(Etrn::queue(&"q".repeat(256)), None);
        assert_eq!(Atrn::new([local, utf8]), None);
    }

    /// RFC 1985 §5.1, RFC 2645 §5.
    #[test]
    fn a_queue_is_told_by_its_code() {
        for (queue, code, text) in [
            (Queue::Started, 250, "queuing started"),
            (Queue::Empty, 251, "no messages waiting"),
            (Queue::Pending, 252, "pending messages started"),
            (Queue::Messages(3), 253, "3 pending messages started"),
        ] {
            assert_eq!((queue.code(), &*queue.to_string()), (code, text));
        }
    }

    const DOMAIN: &str = "[A-Za-z0-9]([A-Za-z0-9-]{0,8}[A-Za-z0-9])?([.][A-Za-z0-9]{1,5}){0,2}";

    proptest! {
        #[test]
        fn reading_undoes_writing(
            names in prop::collection::vec(DOMAIN, 1..5),
            queue in "[!-~]{1,20}",
        ) {
            let domains = names.iter().map(|name| Domain::try_from(&**name).unwrap());
            let domains = domains.collect::<Vec<_>>();
            let (host, subdomains) = (Etrn::host(&domains[0]), Etrn::subdomains(&domains[0]));
            prop_assert_eq!(host.is_some(), names[0].contains('.'));
            let node = subdomains.as_ref().map(Etrn::node);
            prop_assert_eq!(node, Some(Node::Subdomains(domains[0].clone())));
            for etrn in [host, subdomains, Etrn::queue(&queue)].into_iter().flatten() {
                let line = etrn.to_string();
                prop_assert_eq!(Etrn::parse(line.strip_prefix("ETRN ").unwrap()), Some(etrn));
            }
            let atrn = Atrn::new(domains.iter().cloned()).unwrap();
            prop_assert!(atrn.domains().eq(domains));
            let line = atrn.to_string();
            prop_assert_eq!(Atrn::parse(line.strip_prefix("ATRN ").unwrap()), Some(atrn));
        }

        #[test]
        fn writing_undoes_reading(argument in r"[@#]?[A-Za-z0-9.,-]{0,20}|\PC{0,12}") {
            if let Some(etrn) = Etrn::parse(&argument) {
                prop_assert_eq!(etrn.to_string(), format!("ETRN {argument}"));
                prop_assert_eq!(etrn.clone().into_owned(), etrn);
            }
            if let Some(atrn) = Atrn::parse(&argument) {
                let line = format!("ATRN {argument}");
                prop_assert_eq!(atrn.to_string(), line.trim_end());
                prop_assert_eq!(atrn.clone().into_owned(), atrn);
            }
        }
    }
}
