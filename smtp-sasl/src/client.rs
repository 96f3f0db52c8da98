//! The client's side of an exchange.

use crate::binding::BindingCallback;
use crate::credentials::{Credentials, Offer, Proof};
use crate::registry::ALL;
use crate::scram;
use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::prelude::{Mechname, Registry, SASLClient, SASLConfig, Session, SessionError, State};
use rsasl::property::{AuthId, AuthzId, OAuthBearerToken, Password};
use rsasl::validate::NoValidation;
use smtp_proto::Secret;
use smtp_proto::extension::{Auth, Mechanism};
use std::fmt;

/// Why a client gives an exchange up, or doesn't begin one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthError {
    /// The server offers nothing that these credentials are good for, as safe as it has to be.
    NoMechanism,
    /// The server says what the mechanism doesn't have it say.
    Challenge,
    /// The server didn't show that it knows the password: it may be another one.
    Unproven,
}

impl Credentials {
    /// Begins an exchange by the best mechanism there is: one that is bound to the channel, then one
    /// that doesn't give the password away, then any. The order is the client's own, never the
    /// server's.
    ///
    /// # Errors
    /// [`AuthError::NoMechanism`] if none of those offered will do.
    pub fn begin(&self, offer: Offer<'_>) -> Result<(ClientExchange, Auth<'static>), AuthError> {
        let mechanism = self.choose(&offer).ok_or(AuthError::NoMechanism)?;
        ClientExchange::begin(self, mechanism, offer)
    }
}

/// One exchange with one server.
pub struct ClientExchange {
    /// `None` once it is over.
    session: Option<Session<NoValidation, BindingCallback>>,
    mechanism: Mechanism<'static>,
    /// Challenges so far.
    challenges: u32,
    /// Whether it has said and heard all it has to.
    complete: bool,
}

impl ClientExchange {
    fn begin(
        credentials: &Credentials,
        mechanism: Mechanism<'static>,
        offer: Offer<'_>,
    ) -> Result<(Self, Auth<'static>), AuthError> {
        // SCRAM tells the server whether it would have been bound, had that been offered: whoever took
        // the offer away is found out.
        let plus = format!("{mechanism}-PLUS");
        let plus = offer.mechanisms.iter().any(|one| one.as_str() == plus);
        let prover = Prover {
            credentials: credentials.clone(),
            binds: mechanism.is_bound() || (offer.binding.is_some() && !plus),
        };
        let config = SASLConfig::builder()
            .with_registry(Registry::with_mechanisms(&ALL))
            .with_callback(prover)
            .map_err(|_| AuthError::NoMechanism)?;
        let name = Mechname::parse(mechanism.as_str().as_bytes());
        let name = name.map_err(|_| AuthError::NoMechanism)?;
        let session = SASLClient::with_cb(config, BindingCallback(offer.binding))
            .start_suggested(&[name])
            .map_err(|_| AuthError::NoMechanism)?;
        let mut exchange = Self {
            session: None,
            mechanism: mechanism.clone(),
            challenges: 0,
            complete: false,
        };
        let initial = if session.are_we_first() {
            let stepped = exchange.step(session, None);
            Some(stepped.map_err(|_| AuthError::NoMechanism)?)
        } else {
            exchange.session = Some(session);
            None
        };
        Ok((exchange, Auth::new(mechanism, initial)))
    }

    /// What to respond to a challenge. Deriving SCRAM's keys takes milliseconds, and at most a second
    /// or so.
    ///
    /// # Errors
    /// [`AuthError::Challenge`] or [`AuthError::Unproven`] for one on which to cancel the exchange.
    pub fn respond(&mut self, challenge: &Secret) -> Result<Secret, AuthError> {
        let session = self.session.take().ok_or(AuthError::Challenge)?;
        let challenge = challenge.expose();
        let sound = match self.mechanism.as_str() {
            // It says why the token won't do, and waits for a word before it refuses: 0x01 here (RFC 7628
            // §3.2.3), nothing there.
            "OAUTHBEARER" => return Ok(Secret::from(&b"\x01"[..])),
            "XOAUTH2" => return Ok(Secret::default()),
            name if !scram::is_scram(name) => true,
            _ if self.challenges == 0 => scram::is_server_first(challenge),
            _ => scram::is_message(challenge),
        };
        if !sound {
            return Err(AuthError::Challenge);
        }
        self.challenges += 1;
        self.step(session, Some(challenge))
    }

    /// The server said 235.
    ///
    /// # Errors
    /// [`AuthError::Unproven`] if it hasn't shown that it knows the password, as SCRAM has it do: it
    /// may be another server.
    pub fn accepted(self) -> Result<(), AuthError> {
        if self.complete || !scram::is_scram(self.mechanism.as_str()) {
            Ok(())
        } else {
            Err(AuthError::Unproven)
        }
    }

    fn step(
        &mut self,
        mut session: Session<NoValidation, BindingCallback>,
        challenge: Option<&[u8]>,
    ) -> Result<Secret, AuthError> {
        let mut octets = Vec::new();
        let stepped = session.step(challenge, &mut octets);
        let octets = Secret::from(octets);
        match stepped {
            Ok(State::Running) => self.session = Some(session),
            Ok(State::Finished(_)) => self.complete = true,
            Err(SessionError::MutualAuthenticationFailed) => return Err(AuthError::Unproven),
            Err(_) => return Err(AuthError::Challenge),
        }
        Ok(octets)
    }
}

/// Tells rsasl what it asks.
struct Prover {
    credentials: Credentials,
    /// Whether it could be bound to the channel.
    binds: bool,
}

impl SessionCallback for Prover {
    fn callback(
        &self,
        _: &SessionData,
        _: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        match &self.credentials.proof {
            Proof::Password { user, password } => {
                request
                    .satisfy::<AuthId>(user)?
                    .satisfy::<Password>(password.expose())?;
            }
            Proof::Token { user, token } => {
                // A token is made of ASCII.
                let token = std::str::from_utf8(token.expose()).unwrap_or_default();
                request
                    .satisfy::<AuthId>(user)?
                    .satisfy::<OAuthBearerToken>(token)?;
                // OAUTHBEARER's only name is that (RFC 7628 §3.1).
                let user = self.credentials.other.as_deref().unwrap_or(user);
                request.satisfy::<AuthzId>(user)?;
            }
            Proof::Certificate => {}
        }
        if let Some(other) = &self.credentials.other {
            request.satisfy::<AuthzId>(other)?;
        }
        Ok(())
    }

    fn enable_channel_binding(&self) -> bool {
        self.binds
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoMechanism => "the server offers no mechanism that these credentials can use",
            Self::Challenge => "the server's challenge makes no sense",
            Self::Unproven => "the server didn't show that it knows the password",
        })
    }
}

impl std::error::Error for AuthError {}

impl fmt::Debug for ClientExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientExchange")
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}
