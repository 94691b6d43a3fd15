//! The matching room from outside: tasks and polls in, answers out, with a history that follows a script.

mod cancel;
mod describe;
mod dispatch;
mod polls;
mod queries;
mod reserve;
mod spill;
mod sticky;
mod world;
