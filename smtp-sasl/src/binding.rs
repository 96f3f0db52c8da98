//! What mechanisms are bound to.

use rsasl::prelude::ChannelBindingCallback;
use smtp_proto::Secret;

/// What the TLS of a connection is told from any other by, on both its ends: 32 octets of its exporter
/// for [`EXPORTER`] and no context (RFC 9266).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBinding(Secret);

/// The label of the exporter (RFC 9266 §2).
pub const EXPORTER: &[u8] = b"EXPORTER-Channel-Binding";

impl ChannelBinding {
    /// Those octets. They mean something under TLS 1.3, and under TLS 1.2 only with the extended
    /// master secret (RFC 9266 §3).
    pub fn new(exported: [u8; 32]) -> Self {
        Self(Secret::from(&exported[..]))
    }
}

/// What rsasl asks for.
pub(crate) struct BindingCallback(pub(crate) Option<ChannelBinding>);

impl ChannelBindingCallback for BindingCallback {
    fn get_cb_data(&self, name: &str) -> Option<&[u8]> {
        let ChannelBinding(exported) = self.0.as_ref()?;
        (name == "tls-exporter").then(|| exported.expose())
    }
}
