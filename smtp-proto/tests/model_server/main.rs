//! The server's machine against a model of a server: clients that know the protocol and break it, in
//! flights cut anywhere, decisions that come late or never, waits that run out, peers that don't read.
//!
//! After every turn the events, the replies and what the session is known to be are the model's, and
//! `poll` took no more steps than octets came, and [`driver::STEPS`] more.

#[path = "../common/mod.rs"]
mod common;

mod arrival;
mod body;
mod decisions;
mod driver;
mod model;
mod order;
mod sent;
mod turn;

use common::models::cases;
use driver::Driver;
use model::Model;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use turn::{Choice, Turn};

/// In one dialect or the other.
struct Session<const LMTP: bool>;

impl<const LMTP: bool> ReferenceStateMachine for Session<LMTP> {
    type State = Model;
    type Transition = Turn;

    fn init_state() -> BoxedStrategy<Model> {
        let opening = prop_oneof![8 => Just(Choice::Yes), 1 => turn::choice()];
        (any::<bool>(), any::<bool>(), opening)
            .prop_map(|(strict, one_by_one, opening)| Model::new(LMTP, strict, one_by_one, opening))
            .boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Turn> {
        turn::turn(model)
    }

    fn apply(mut model: Model, turn: &Turn) -> Model {
        model.take(turn);
        model
    }
}

impl<const LMTP: bool> StateMachineTest for Session<LMTP> {
    type SystemUnderTest = Driver;
    type Reference = Self;

    fn init_test(model: &Model) -> Driver {
        Driver::new(model)
    }

    fn apply(mut driver: Driver, _: &Model, turn: Turn) -> Driver {
        driver.take(&turn);
        driver
    }

    fn check_invariants(driver: &Driver, model: &Model) {
        driver.check(model);
    }
}

prop_state_machine! {
    #![proptest_config(cases(2_500))]

    #[test]
    fn a_server_does_what_the_rfcs_have_a_server_do(sequential 1..40 => Session<false>);

    #[test]
    fn an_lmtp_server_does_what_rfc_2033_has_one_do(sequential 1..40 => Session<true>);
}
