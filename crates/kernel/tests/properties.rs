//! The laws of the workflow run, for inputs nobody thought of: random lives of random runs, with the clock going on,
//! with workers that say what they may not, and with a store that is late.

#[path = "properties/commands.rs"]
mod commands;
#[path = "properties/laws.rs"]
mod laws;
#[path = "properties/moves.rs"]
mod moves;
#[path = "properties/world.rs"]
mod world;

use proptest::prelude::*;

use world::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// All laws hold after every step; they are listed in `laws.rs`.
    #[test]
    fn a_run_keeps_its_laws(
        start in moves::beginning(),
        moves in prop::collection::vec(moves::any_move(), 1..60),
        seed in any::<u64>(),
    ) {
        let mut world = World::begin(&start, seed);
        for each in &moves {
            world.play(each);
        }
    }

    /// Long lives that no command ends, so that much piles up.
    #[test]
    fn a_long_life_keeps_its_laws(
        moves in prop::collection::vec(moves::harmless_move(), 100..160),
        seed in any::<u64>(),
    ) {
        // One in sixteen cases: these are the slow ones.
        if seed % 16 == 0 {
            let mut world = World::begin(&moves::Beginning::default(), seed);
            for each in &moves {
                world.play(each);
            }
            prop_assert!(world.run.is_running());
        }
    }
}
