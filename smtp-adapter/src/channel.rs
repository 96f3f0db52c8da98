//! What TLS shows of a peer, for the mechanisms of AUTH.

use rustls::{ConnectionCommon, ProtocolVersion};
use smtp_sasl::{Channel, ChannelBinding, EXPORTER};

/// What is known of the peer by TLS, its handshake made: the certificate it showed, if any, and what tells
/// this TLS from any other. TLS 1.2 has that only where both sides add to it (RFC 9266 §3), which can't be
/// seen from here, so that there is none.
///
/// ```
/// use smtp_adapter::{channel, rustls::ServerConnection};
/// use smtp_proto::extension::Mechanism;
/// use smtp_sasl::{Authenticator, ServerExchange};
///
/// fn begin(auth: &Authenticator, asked: &Mechanism<'_>, tls: &ServerConnection) -> ServerExchange {
///     auth.begin(asked, channel(tls))
/// }
/// ```
pub fn channel<Side>(tls: &ConnectionCommon<Side>) -> Channel {
    let is_bound = tls.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    let export = || {
        let octets = tls.export_keying_material([0; 32], EXPORTER, Some(&[]));
        octets.ok().map(ChannelBinding::new)
    };
    let chain = tls.peer_certificates().unwrap_or_default();
    Channel {
        binding: is_bound.then(export).flatten(),
        certificate: chain.first().map(|certificate| certificate.to_vec()),
    }
}
