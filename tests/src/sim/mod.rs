//! A network and its clock, in memory.
