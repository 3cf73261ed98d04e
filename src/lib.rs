//! roadveil
