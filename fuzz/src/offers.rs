//! A server that offers whatever there is, with arguments that forbid nothing.

use smtp_proto::extension::{
    BurlSources, DateTime, FutureRelease, InvalidExtension, Mechanism, Mechanisms, OwnExtension,
    XClientAttributes, XForwardAttributes,
};
use smtp_proto::{Extensions, Offers};

/// Every extension of the crate, and [`own`].
pub(crate) fn everything() -> Offers {
    let last = DateTime::try_from("9999-12-31T23:59:59Z").expect("a date-time");
    let scram = Mechanism::try_from("SCRAM-SHA-256").expect("a mechanism");
    Offers::from(Extensions::ALL)
        .with(Mechanisms::new([Mechanism::PLAIN, Mechanism::LOGIN, scram]))
        .with(FutureRelease::new(999_999_999, last).expect("maxima"))
        .with(BurlSources::imap())
        .with(XClientAttributes::new(["NAME", "ADDR", "LOGIN"]).expect("keywords"))
        .with(XForwardAttributes::new(["NAME", "ADDR"]).expect("keywords"))
        .with(own())
}

/// An extension that the crate doesn't know: `XQUEUE=slow` or `XQUEUE=fast` on MAIL, `XFLAG` on RCPT, and the
/// verb `XFLUSH`.
pub(crate) fn own() -> OwnExtension {
    let own = || {
        OwnExtension::new("XQUEUE")?
            .with_arguments("slow fast")?
            .with_mail_parameter("XQUEUE", |name| matches!(name, Some("slow" | "fast")))?
            .with_rcpt_parameter("XFLAG", |value| value.is_none())?
            .with_verb("XFLUSH")
    };
    let own: Result<_, InvalidExtension> = own();
    own.expect("an extension")
}
