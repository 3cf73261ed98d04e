//! ecpp
