//! The matching room from outside: tasks and polls in, answers out, with a history that follows a script.

mod builds;
mod cancel;
mod describe;
mod dispatch;
mod fairness;
mod polls;
mod queries;
mod rates;
mod reserve;
mod spill;
mod sticky;
mod versions;
mod world;
