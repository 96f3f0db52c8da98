//! The Enumerated Status Codes of IANA's SMTP Enhanced Status Codes Registry (RFC 5248 §2.1), up to
//! X.7.30 (RFC 8689).
//!
//! The rows at `registry!` are the only list: the names, the texts and the look-up come out of
//! them. A row says nothing about the class; that is for the code it stands in.

use super::EnhancedStatusCode;
use core::fmt;

/// What the registry says about a status.
struct Row {
    status: RegisteredStatus,
    subject: u16,
    detail: u16,
    text: &'static str,
    rfcs: &'static [u16],
}

macro_rules! registry {
    ($($(#[$doc:meta])* $subject:literal . $detail:literal $name:ident $text:literal [$($rfc:literal)*] $basic:literal;)*) => {
        /// A registered subject and detail, named after its sample text, in the order of the codes.
        ///
        /// Each says its sample text, the RFCs and the basic status codes that the registry
        /// associates with it.
        ///
        /// ```
        /// use smtp_proto::reply::{EnhancedStatusCode, RegisteredStatus};
        /// let code = EnhancedStatusCode::new(5, 1, 1).unwrap();
        /// let status = code.registered().unwrap();
        /// assert_eq!(status, RegisteredStatus::BadDestinationMailboxAddress);
        /// assert_eq!(status.to_string(), "Bad destination mailbox address");
        /// assert_eq!(RegisteredStatus::MailboxFull.with_class(4), EnhancedStatusCode::new(4, 2, 2));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum RegisteredStatus {
            $(#[doc = concat!(
                "`X.", $subject, ".", $detail, "` ", $text, ".\n\n",
                $("RFC ", $rfc, "; ",)* "basic status codes: ", $basic, "."
            )]
            $(#[$doc])*
            $name,)*
        }

        const TABLE: &[Row] = &[$(Row {
            status: RegisteredStatus::$name,
            subject: $subject,
            detail: $detail,
            text: $text,
            rfcs: &[$($rfc),*],
        }),*];

        impl RegisteredStatus {
            pub(super) const fn of(subject: u16, detail: u16) -> Option<Self> {
                match (subject, detail) {
                    $(($subject, $detail) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

registry! {
    0 . 0 OtherUndefinedStatus "Other undefined Status" [3463] "any";

    1 . 0 OtherAddressStatus "Other address status" [3463] "none given";
    1 . 1 BadDestinationMailboxAddress "Bad destination mailbox address" [3463] "451, 550";
    1 . 2 BadDestinationSystemAddress "Bad destination system address" [3463] "none given";
    1 . 3 BadDestinationMailboxAddressSyntax "Bad destination mailbox address syntax" [3463] "501";
    1 . 4 DestinationMailboxAddressAmbiguous
        "Destination mailbox address ambiguous" [3463] "none given";
    1 . 5 DestinationAddressValid "Destination address valid" [3463] "250";
    1 . 6 DestinationMailboxHasMoved
        "Destination mailbox has moved, No forwarding address" [3463] "none given";
    1 . 7 BadSendersMailboxAddressSyntax
        "Bad sender's mailbox address syntax" [3463] "none given";
    1 . 8 BadSendersSystemAddress "Bad sender's system address" [3463] "451, 501";
    1 . 9 MessageRelayedToNonCompliantMailer
        "Message relayed to non-compliant mailer" [3886] "none given";
    1 . 10 RecipientAddressHasNullMx "Recipient address has null MX" [7505 7504] "556";

    2 . 0 OtherOrUndefinedMailboxStatus "Other or undefined mailbox status" [3463] "none given";
    2 . 1 MailboxDisabled "Mailbox disabled, not accepting messages" [3463] "none given";
    2 . 2 MailboxFull "Mailbox full" [3463] "552";
    2 . 3 MessageLengthExceedsAdministrativeLimit
        "Message length exceeds administrative limit" [3463] "552";
    2 . 4 MailingListExpansionProblem "Mailing list expansion problem" [3463] "450, 452";

    3 . 0 OtherOrUndefinedMailSystemStatus
        "Other or undefined mail system status" [3463] "221, 250, 421, 451, 550, 554";
    3 . 1 MailSystemFull "Mail system full" [3463] "452";
    3 . 2 SystemNotAcceptingNetworkMessages
        "System not accepting network messages" [3463 7504] "453, 521";
    3 . 3 SystemNotCapableOfSelectedFeatures
        "System not capable of selected features" [3463] "none given";
    3 . 4 MessageTooBigForSystem "Message too big for system" [3463] "552, 554";
    3 . 5 SystemIncorrectlyConfigured "System incorrectly configured" [3463] "none given";
    3 . 6 RequestedPriorityWasChanged "Requested priority was changed" [6710] "250, 251";

    4 . 0 OtherOrUndefinedNetworkOrRoutingStatus
        "Other or undefined network or routing status" [3463] "none given";
    4 . 1 NoAnswerFromHost "No answer from host" [3463] "451";
    4 . 2 BadConnection "Bad connection" [3463] "421";
    4 . 3 DirectoryServerFailure "Directory server failure" [3463] "451, 550";
    4 . 4 UnableToRoute "Unable to route" [3463] "none given";
    4 . 5 MailSystemCongestion "Mail system congestion" [3463] "451";
    4 . 6 RoutingLoopDetected "Routing loop detected" [3463] "none given";
    4 . 7 DeliveryTimeExpired "Delivery time expired" [3463] "none given";

    5 . 0 OtherOrUndefinedProtocolStatus
        "Other or undefined protocol status" [3463]
        "220, 250, 251, 252, 253, 451, 452, 454, 458, 459, 501, 502, 503, 554";
    5 . 1 InvalidCommand
        "Invalid command" [3463] "430, 500, 501, 503, 530, 550, 554, 555";
    5 . 2 SyntaxError "Syntax error" [3463] "500, 501, 502, 550, 555";
    5 . 3 TooManyRecipients "Too many recipients" [3463] "451";
    5 . 4 InvalidCommandArguments
        "Invalid command arguments" [3463] "451, 501, 502, 503, 504, 550, 555";
    5 . 5 WrongProtocolVersion "Wrong protocol version" [3463] "none given";
    5 . 6 AuthenticationExchangeLineIsTooLong
        "Authentication Exchange line is too long" [4954] "500";

    6 . 0 OtherOrUndefinedMediaError "Other or undefined media error" [3463] "none given";
    6 . 1 MediaNotSupported "Media not supported" [3463] "none given";
    6 . 2 ConversionRequiredAndProhibited
        "Conversion required and prohibited" [3463] "none given";
    6 . 3 ConversionRequiredButNotSupported
        "Conversion required but not supported" [3463] "554";
    6 . 4 ConversionWithLossPerformed "Conversion with loss performed" [3463] "250";
    6 . 5 ConversionFailed "Conversion Failed" [3463] "none given";
    6 . 6 MessageContentNotAvailable "Message content not available" [4468] "554";
    6 . 7 NonAsciiAddressesNotPermitted
        "Non-ASCII addresses not permitted for that sender/recipient" [6531] "550, 553";
    6 . 8 Utf8StringReplyIsRequired
        "UTF-8 string reply is required, but not permitted by the SMTP client" [6531]
        "252, 550, 553";
    6 . 9 Utf8HeaderMessageCannotBeTransferred
        "UTF-8 header message cannot be transferred to one or more recipients, so the message must be rejected"
        [6531] "550";
    /// Deprecated: it duplicates X.6.8, whose text it has here for want of one of its own.
    6 . 10 DuplicateOfUtf8StringReplyIsRequired
        "UTF-8 string reply is required, but not permitted by the SMTP client" [6531]
        "none given";

    7 . 0 OtherOrUndefinedSecurityStatus
        "Other or undefined security status" [3463]
        "220, 235, 450, 454, 500, 501, 503, 504, 530, 535, 550";
    7 . 1 DeliveryNotAuthorized
        "Delivery not authorized, message refused" [3463] "451, 454, 502, 503, 533, 550, 551";
    7 . 2 MailingListExpansionProhibited "Mailing list expansion prohibited" [3463] "550";
    7 . 3 SecurityConversionRequiredButNotPossible
        "Security conversion required but not possible" [3463] "none given";
    7 . 4 SecurityFeaturesNotSupported "Security features not supported" [3463] "504";
    7 . 5 CryptographicFailure "Cryptographic failure" [3463] "none given";
    7 . 6 CryptographicAlgorithmNotSupported
        "Cryptographic algorithm not supported" [3463] "none given";
    7 . 7 MessageIntegrityFailure "Message integrity failure" [3463] "none given";
    7 . 8 AuthenticationCredentialsInvalid
        "Authentication credentials invalid" [4954] "535, 554";
    7 . 9 AuthenticationMechanismIsTooWeak
        "Authentication mechanism is too weak" [4954] "534";
    7 . 10 EncryptionNeeded "Encryption Needed" [5248] "523";
    7 . 11 EncryptionRequiredForRequestedAuthenticationMechanism
        "Encryption required for requested authentication mechanism" [4954] "524, 538";
    7 . 12 PasswordTransitionIsNeeded "A password transition is needed" [4954] "422, 432";
    7 . 13 UserAccountDisabled "User Account Disabled" [5248] "525";
    7 . 14 TrustRelationshipRequired "Trust relationship required" [5248] "535, 554";
    7 . 15 PriorityLevelIsTooLow
        "Priority Level is too low" [6710] "450, 550, any other 4XX or 5XX";
    7 . 16 MessageIsTooBigForTheSpecifiedPriority
        "Message is too big for the specified priority" [6710] "552, any other 4XX or 5XX";
    7 . 17 MailboxOwnerHasChanged "Mailbox owner has changed" [7293] "any 5XX";
    7 . 18 DomainOwnerHasChanged "Domain owner has changed" [7293] "any 5XX";
    7 . 19 RrvsTestCannotBeCompleted "RRVS test cannot be completed" [7293] "any 5XX";
    7 . 20 NoPassingDkimSignatureFound "No passing DKIM signature found" [7372 6376] "550";
    7 . 21 NoAcceptableDkimSignatureFound "No acceptable DKIM signature found" [7372 6376] "550";
    7 . 22 NoValidAuthorMatchedDkimSignatureFound
        "No valid author-matched DKIM signature found" [7372 6376] "550";
    7 . 23 SpfValidationFailed "SPF validation failed" [7372 7208] "550";
    7 . 24 SpfValidationError "SPF validation error" [7372 7208] "451, 550";
    7 . 25 ReverseDnsValidationFailed "Reverse DNS validation failed" [7372] "550";
    7 . 26 MultipleAuthenticationChecksFailed
        "Multiple authentication checks failed" [7372] "550";
    7 . 27 SenderAddressHasNullMx "Sender address has null MX" [7505] "550";
    /// Registered by draft-levine-mailbomb-header and no RFC.
    7 . 28 MailFloodDetected "Mail flood detected" [] "none given";
    7 . 29 ArcValidationFailure "ARC validation failure" [8617] "550";
    7 . 30 RequireTlsSupportRequired "REQUIRETLS support required" [8689] "550";
}

impl RegisteredStatus {
    /// Every one, in the order of the codes.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        TABLE.iter().map(|row| row.status)
    }

    /// The code with this subject and detail, or `None` unless class is 2, 4 or 5.
    pub const fn with_class(self, class: u8) -> Option<EnhancedStatusCode> {
        EnhancedStatusCode::new(class, self.subject(), self.detail())
    }

    /// The Y of X.Y.Z.
    pub const fn subject(self) -> u16 {
        self.row().subject
    }

    /// The Z of X.Y.Z.
    pub const fn detail(self) -> u16 {
        self.row().detail
    }

    /// The registered sample text.
    pub const fn text(self) -> &'static str {
        self.row().text
    }

    /// The RFCs the registry refers to, the one that registered it first. Only
    /// [`MailFloodDetected`](Self::MailFloodDetected) has none.
    pub const fn rfcs(self) -> &'static [u16] {
        self.row().rfcs
    }

    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

/// Its sample text.
impl fmt::Display for RegisteredStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::{EnhancedStatusCode, RegisteredStatus};
    use crate::reply::Text;
    use std::collections::BTreeSet;
    use std::string::ToString;
    use std::vec::Vec;

    fn registered(class: u8, subject: u16, detail: u16) -> Option<RegisteredStatus> {
        EnhancedStatusCode::new(class, subject, detail)
            .unwrap()
            .registered()
    }

    #[test]
    fn the_rows_ascend_and_none_is_there_twice() {
        assert!(RegisteredStatus::all().is_sorted_by(|one, next| {
            (one.subject(), one.detail()) < (next.subject(), next.detail())
        }));
        assert_eq!(RegisteredStatus::all().len(), 81);
    }

    #[test]
    fn every_row_is_found_again_through_its_code_in_any_class() {
        for status in RegisteredStatus::all() {
            for class in [2, 4, 5] {
                let code = status.with_class(class).unwrap();
                assert_eq!(code.registered(), Some(status));
                assert!(code.subject_summary().is_some());
            }
            assert_eq!(status.with_class(3), None);
        }
    }

    #[test]
    fn classes_and_subjects_have_summaries_of_their_own() {
        let code = |class, subject| EnhancedStatusCode::new(class, subject, 0).unwrap();
        let classes: BTreeSet<_> = [2, 4, 5].map(|class| code(class, 0).class_summary()).into();
        assert_eq!(classes.len(), 3);
        let subjects = (0..=999).filter_map(|subject| code(5, subject).subject_summary());
        assert_eq!(subjects.collect::<BTreeSet<_>>().len(), 8);
    }

    #[test]
    fn nothing_is_found_that_is_not_a_row() {
        let found = (0..=999)
            .flat_map(|subject| (0..=999).map(move |detail| (subject, detail)))
            .filter_map(|(subject, detail)| registered(5, subject, detail));
        assert!(found.eq(RegisteredStatus::all()));
        assert_eq!(registered(5, 4, 8), None);
        assert_eq!(registered(5, 7, 509), None);
    }

    #[test]
    fn every_text_can_stand_in_a_reply() {
        for status in RegisteredStatus::all() {
            assert!(Text::new(status.text()).is_ok(), "{status:?}");
        }
    }

    #[test]
    fn the_texts_are_those_of_the_rfcs() {
        for (class, subject, detail, text, rfcs) in [
            (2, 1, 5, "Destination address valid", &[3463][..]),
            (2, 3, 6, "Requested priority was changed", &[6710]),
            (4, 7, 0, "Other or undefined security status", &[3463]),
            (4, 7, 12, "A password transition is needed", &[4954]),
            (4, 7, 15, "Priority Level is too low", &[6710]),
            (4, 7, 24, "SPF validation error", &[7372, 7208]),
            (5, 1, 9, "Message relayed to non-compliant mailer", &[3886]),
            (5, 1, 10, "Recipient address has null MX", &[7505, 7504]),
            (5, 6, 6, "Message content not available", &[4468]),
            (
                5,
                6,
                7,
                "Non-ASCII addresses not permitted for that sender/recipient",
                &[6531],
            ),
            (5, 7, 13, "User Account Disabled", &[5248]),
            (5, 7, 19, "RRVS test cannot be completed", &[7293]),
            (5, 7, 28, "Mail flood detected", &[]),
            (5, 7, 29, "ARC validation failure", &[8617]),
            (5, 7, 30, "REQUIRETLS support required", &[8689]),
        ] {
            let status = registered(class, subject, detail).unwrap();
            assert_eq!(status.to_string(), text);
            assert_eq!(status.rfcs(), rfcs);
        }
    }

    #[test]
    fn only_the_duplicate_has_the_text_of_another() {
        let mut texts: Vec<_> = RegisteredStatus::all()
            .map(RegisteredStatus::text)
            .collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), RegisteredStatus::all().len() - 1);
        assert_eq!(
            RegisteredStatus::DuplicateOfUtf8StringReplyIsRequired.text(),
            RegisteredStatus::Utf8StringReplyIsRequired.text()
        );
    }
}
