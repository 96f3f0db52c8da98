//! The client's machine against a model of what its server sees: octet by octet of what is written, with
//! replies of any class to any command, in flights cut anywhere, and servers that answer what they
//! weren't asked, stop reading, hang up or say nothing.
//!
//! A turn is what either side does next, wherever the session is by then, so the turns are the model's
//! input and `seen` its state: it makes commands of the octets, and holds each against what was answered
//! when it was written. What the client tells of its messages is held against what the server knows.

#[path = "../common/mod.rs"]
mod common;

mod driver;
mod messages;
mod replies;
mod seen;
mod turn;
mod wire;

use common::models::cases;
use driver::Driver;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use turn::{Terms, Turn};

/// In one dialect or the other.
struct Session<const LMTP: bool>;

impl<const LMTP: bool> ReferenceStateMachine for Session<LMTP> {
    type State = Terms;
    type Transition = Turn;

    fn init_state() -> BoxedStrategy<Terms> {
        turn::terms(LMTP)
    }

    fn transitions(_: &Terms) -> BoxedStrategy<Turn> {
        turn::turn()
    }

    fn apply(terms: Terms, _: &Turn) -> Terms {
        terms
    }
}

impl<const LMTP: bool> StateMachineTest for Session<LMTP> {
    type SystemUnderTest = Driver;
    type Reference = Self;

    fn init_test(terms: &Terms) -> Driver {
        Driver::new(terms)
    }

    fn apply(mut driver: Driver, _: &Terms, turn: Turn) -> Driver {
        driver.take(turn);
        driver
    }

    fn check_invariants(driver: &Driver, _: &Terms) {
        driver.check();
    }
}

prop_state_machine! {
    #![proptest_config(cases(2_500))]

    #[test]
    fn a_client_says_what_it_may_and_knows_what_it_can(sequential 1..60 => Session<false>);

    #[test]
    fn an_lmtp_client_says_what_it_may_and_knows_what_it_can(sequential 1..60 => Session<true>);
}
