//! The server's side of an exchange.

use crate::binding::{BindingCallback, ChannelBinding};
use crate::keys::{self, Hash, ScramKeys};
use crate::prepared;
use crate::registry::{ALL, UNBOUND};
use crate::scram;
use crate::users::{Unavailable, Users};
use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanisms::oauthbearer::properties::{OAuthBearerError, OAuthBearerValidate};
use rsasl::mechanisms::scram::properties::ScramStoredPassword;
use rsasl::mechanisms::xoauth2::properties::XOAuth2Validate;
use rsasl::prelude::{
    Mechname, MessageSent, Registry, SASLConfig, SASLServer, Session, SessionError, State,
    Validation,
};
use rsasl::property::{AuthId, AuthzId, OAuthBearerToken, Password};
use rsasl::validate::{Validate, ValidationError};
use smtp_proto::extension::{Mechanism, Mechanisms};
use smtp_proto::server::AuthStep;
use smtp_proto::{Refusal, Secret};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// What a server authenticates its clients with: its users, and the mechanisms it offers.
#[derive(Clone)]
pub struct Authenticator {
    users: Arc<dyn Users>,
    mechanisms: Mechanisms,
    /// What salts of users there aren't are made of.
    secret: Arc<[u8; 32]>,
}

/// What TLS has shown of a client, and of the connection.
#[derive(Clone, Debug, Default)]
pub struct Channel {
    /// What `-PLUS` binds to.
    pub binding: Option<ChannelBinding>,
    /// The client's certificate, in DER, once it is verified.
    pub certificate: Option<Vec<u8>>,
}

impl Authenticator {
    /// By the users, with the [mechanisms](Users::mechanisms) that they suffice for.
    pub fn new(users: impl Users) -> Self {
        Self {
            mechanisms: users.mechanisms(),
            users: Arc::new(users),
            secret: Arc::new(keys::random()),
        }
    }

    /// With no mechanisms but these.
    pub fn only(mut self, mechanisms: &Mechanisms) -> Self {
        let both = self
            .mechanisms
            .iter()
            .filter(|one| mechanisms.contains(one));
        self.mechanisms = Mechanisms::new(both.cloned());
        self
    }

    /// The mechanisms it offers.
    pub fn mechanisms(&self) -> &Mechanisms {
        &self.mechanisms
    }

    /// Begins an exchange with a client. A mechanism that isn't offered is refused by its first step.
    pub fn begin(&self, mechanism: &Mechanism<'_>, channel: Channel) -> ServerExchange {
        let bound = channel.binding.is_some() && self.mechanisms.iter().any(Mechanism::is_bound);
        let binding = BindingCallback(channel.binding);
        let asker = Asker {
            users: Arc::clone(&self.users),
            secret: Arc::clone(&self.secret),
            certificate: channel.certificate,
            token: OnceLock::new(),
        };
        let offered = self.mechanisms.contains(mechanism);
        let begin = || {
            let registry = Registry::with_mechanisms(if bound { &ALL } else { &UNBOUND });
            let config = SASLConfig::builder()
                .with_registry(registry)
                .with_callback(asker)
                .ok()?;
            let name = Mechname::parse(mechanism.as_str().as_bytes()).ok()?;
            SASLServer::<Identified, _>::with_cb(config, binding)
                .start_suggested(name)
                .ok()
        };
        ServerExchange {
            session: offered.then(begin).flatten(),
            mechanism: mechanism.clone().into_owned(),
            begun: false,
            answered: false,
            identity: None,
        }
    }
}

/// One exchange with one client.
pub struct ServerExchange {
    /// `None` once it has failed.
    session: Option<Session<Identified, BindingCallback>>,
    mechanism: Mechanism<'static>,
    /// Whether it was asked anything, and whether it said anything, so far.
    begun: bool,
    answered: bool,
    /// Who it is, while the last challenge waits for its empty response.
    identity: Option<String>,
}

impl ServerExchange {
    /// What to say to a response, or to an AUTH that came without one.
    ///
    /// It may take milliseconds, and as long as [`Users`] do.
    ///
    /// # Errors
    /// [`Refusal::bad_credentials`] for whatever isn't right,
    /// [`Refusal::authentication_failed_for_now`] where nobody can tell. The exchange is over then.
    pub fn step(&mut self, response: Option<&Secret>) -> Result<AuthStep, Refusal> {
        let response = response.map(Secret::expose);
        if let Some(identity) = self.identity.take() {
            let empty = response.is_some_and(<[u8]>::is_empty);
            self.session = None;
            return empty
                .then_some(AuthStep::Accept(identity))
                .ok_or_else(Refusal::bad_credentials);
        }
        let mut session = self.session.take().ok_or_else(Refusal::bad_credentials)?;
        let first = !std::mem::replace(&mut self.begun, true);
        let mut challenge = Vec::new();
        let state = match response {
            None if !session.are_we_first() && first => {
                // It is the client's to begin (RFC 4954 §4): an empty challenge says so.
                self.session = Some(session);
                return Ok(AuthStep::Challenge(Secret::default()));
            }
            Some(_) if first && session.are_we_first() => {
                // Clients that know what LOGIN will ask for answer before it does.
                let asked = session.step(None, &mut Vec::new());
                asked.and_then(|_| session.step(response, &mut challenge))
            }
            Some(message) if !self.is_sound(message) => return Err(Refusal::bad_credentials()),
            response => session.step(response, &mut challenge),
        };
        self.answered |= response.is_some();
        let verdict = session.validation();
        let challenge = Secret::from(challenge);
        match (state.map_err(|error| refusal(&error))?, verdict) {
            (_, Some(Err(Unavailable))) => Err(Refusal::authentication_failed_for_now()),
            (State::Running, _) => {
                self.session = Some(session);
                Ok(AuthStep::Challenge(challenge))
            }
            (State::Finished(_), Some(Ok(None)) | None) => Err(Refusal::bad_credentials()),
            (State::Finished(MessageSent::No), Some(Ok(Some(identity)))) => {
                Ok(AuthStep::Accept(identity))
            }
            (State::Finished(MessageSent::Yes), Some(Ok(Some(identity)))) => {
                self.identity = Some(identity);
                Ok(AuthStep::Challenge(challenge))
            }
        }
    }

    /// Whether rsasl may be given that: of SCRAM, it takes well-formed messages alone.
    fn is_sound(&self, message: &[u8]) -> bool {
        if !scram::is_scram(self.mechanism.as_str()) {
            true
        } else if self.answered {
            scram::is_message(message)
        } else {
            scram::is_client_first(message, self.mechanism.is_bound())
        }
    }
}

fn refusal(error: &SessionError) -> Refusal {
    match error {
        SessionError::Boxed(error) if error.is::<Unavailable>() => {
            Refusal::authentication_failed_for_now()
        }
        _ => Refusal::bad_credentials(),
    }
}

/// Who the client turned out to be: nobody, or nobody can tell.
struct Identified;

impl Validation for Identified {
    type Value = Result<Option<String>, Unavailable>;
}

/// Asks the users what rsasl asks.
struct Asker {
    users: Arc<dyn Users>,
    secret: Arc<[u8; 32]>,
    certificate: Option<Vec<u8>>,
    /// Whose token it was: rsasl asks whether it is good, and then whose.
    token: OnceLock<Result<Option<String>, Unavailable>>,
}

impl Asker {
    /// Whose token it is; `None` where it isn't anybody's.
    fn token(&self, context: &Context<'_>) -> Result<Option<String>, Unavailable> {
        self.token.get_or_init(|| self.ask_token(context)).clone()
    }

    fn ask_token(&self, context: &Context<'_>) -> Result<Option<String>, Unavailable> {
        let Some(token) = context.get_ref::<OAuthBearerToken>() else {
            return Ok(None);
        };
        // OAUTHBEARER's comes with its scheme (RFC 7628 §3.1, RFC 6750 §2.1), XOAUTH2's without.
        let token = match token.split_at_checked("Bearer ".len()) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer ") => token,
            _ => token,
        };
        let user = context.get_ref::<AuthId>();
        let user = user.or_else(|| context.get_ref::<AuthzId>());
        let user = user.filter(|user| !user.is_empty());
        self.users
            .check_token(user, &Secret::from(token.as_bytes()))
    }

    /// Who the client may be, if it is that user: the one it wants to be, or itself.
    fn act(&self, user: &str, other: Option<&str>) -> Option<String> {
        match other.filter(|other| !other.is_empty() && *other != user) {
            Some(other) => self.users.may_act_as(user, other).then(|| other.to_owned()),
            None => Some(user.to_owned()),
        }
    }

    fn identify(
        &self,
        mechanism: &str,
        context: &Context<'_>,
    ) -> Result<Option<String>, Unavailable> {
        let user = context.get_ref::<AuthId>();
        let authzid = context.get_ref::<AuthzId>();
        let user = match (mechanism, user) {
            ("OAUTHBEARER" | "XOAUTH2", _) => return self.token(context),
            ("EXTERNAL", _) => match &self.certificate {
                Some(certificate) => self.users.check_certificate(certificate)?,
                None => None,
            },
            // Its keys were the right ones.
            (_, Some(user)) if scram::is_scram(mechanism) => {
                let other = authzid.map(|other| scram::unescape(other).ok_or(()));
                let (Some(user), Ok(other)) = (scram::unescape(user), other.transpose()) else {
                    return Ok(None);
                };
                return Ok(self.act(&user, other.as_deref()));
            }
            (_, Some(user)) => {
                let password = context.get_ref::<Password>().unwrap_or_default();
                let (Ok(user), Ok(password)) = (prepared::name(user), prepared::password(password))
                else {
                    return Ok(None);
                };
                let fits = self.users.check_password(&user, &password)?;
                fits.then_some(user)
            }
            (_, None) => None,
        };
        Ok(user.and_then(|user| self.act(&user, authzid)))
    }
}

impl SessionCallback for Asker {
    fn callback(
        &self,
        session: &SessionData,
        context: &Context<'_>,
        request: &mut Request<'_>,
    ) -> Result<(), SessionError> {
        if request.is::<ScramStoredPassword<'_>>() {
            let user = context.get_ref::<AuthId>().and_then(scram::unescape);
            let user = user.unwrap_or_default();
            let hash = match session.mechanism().mechanism.as_str() {
                "SCRAM-SHA-1" | "SCRAM-SHA-1-PLUS" => Hash::Sha1,
                _ => Hash::Sha256,
            };
            let known = self.users.scram_keys(&user, hash);
            let keys = known.map_err(|error| SessionError::Boxed(Box::new(error)))?;
            let keys = keys.unwrap_or_else(|| {
                ScramKeys::of_nobody(hash, self.users.iterations(), &*self.secret, &user)
            });
            request.satisfy::<ScramStoredPassword<'_>>(&ScramStoredPassword::new(
                keys.iterations,
                &keys.salt,
                keys.stored.expose(),
                keys.server.expose(),
            ))?;
        }
        // What it answers a bad token with; whose a good one is, `validate` asks.
        if request.is::<OAuthBearerValidate>() || request.is::<XOAuth2Validate>() {
            let known = self.token(context);
            let known = known.map_err(|error| SessionError::Boxed(Box::new(error)))?;
            let error = OAuthBearerError::new("invalid_token", None, None);
            request
                .satisfy::<OAuthBearerValidate>(&known.is_some().then_some(()).ok_or(error))?
                .satisfy::<XOAuth2Validate>(
                    &known.is_some().then_some(()).ok_or(r#"{"status":"401"}"#),
                )?;
        }
        Ok(())
    }

    fn validate(
        &self,
        session: &SessionData,
        context: &Context<'_>,
        validate: &mut Validate<'_>,
    ) -> Result<(), ValidationError> {
        let mechanism = session.mechanism().mechanism.as_str();
        validate.with::<Identified, _>(|| Ok(self.identify(mechanism, context)))?;
        Ok(())
    }
}

/// The mechanisms; users are nobody's business.
impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("mechanisms", &self.mechanisms)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerExchange")
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}
